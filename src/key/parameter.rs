//! A parameter of a slot: a number or a text. Nothing nested, nothing that two readers could read differently.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::Visitor;

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// A number, such as a cost.
    Number(u64),
    /// A text, such as a salt in base64.
    Text(String),
}

impl Parameter {
    /// The number, if it is one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }
}

impl From<u64> for Parameter {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Reads parameters and refuses a name that comes twice.
pub(super) fn distinct<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Parameter>, D::Error> {
    deserializer.deserialize_map(Distinct)
}

struct Distinct;

impl<'de> Visitor<'de> for Distinct {
    type Value = BTreeMap<String, Parameter>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parameters = BTreeMap::new();
        while let Some((name, parameter)) = map.next_entry::<String, Parameter>()? {
            if parameters.insert(name, parameter).is_some() {
                return Err(A::Error::custom("a parameter comes twice"));
            }
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Parameter;
    use super::distinct;

    fn read(text: &str) -> Option<BTreeMap<String, Parameter>> {
        distinct(&mut serde_json::Deserializer::from_str(text)).ok()
    }

    #[test]
    fn numbers_and_texts_only() {
        let parameters = read(r#"{"memory": 65536, "salt": "AA=="}"#).unwrap();
        assert_eq!(parameters["memory"].number(), Some(65_536));
        assert_eq!(parameters["salt"].text(), Some("AA=="));
        assert_eq!((parameters["memory"].text(), parameters["salt"].number()), (None, None));
        for other in [r#"{"a": 1.5}"#, r#"{"a": -1}"#, r#"{"a": null}"#, r#"{"a": true}"#, r#"{"a": []}"#, r#"{"a": {}}"#, "[]", "7"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_comes_once() {
        assert_eq!(read(r#"{"a": 1, "a": 1}"#), None);
    }
}
