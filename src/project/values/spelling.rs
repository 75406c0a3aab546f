//! Numbers come out of a template as they were written, or are refused: `1.10` is a version to its author and 1.1 to YAML.

use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Number;
use serde_json::Value;

use crate::project::values::budget::ValuesBudget;

/// Whether a template writes `number` as `text` says it.
pub(super) fn keeps(number: &Number, text: &str) -> bool {
    // Tera writes floats as Rust's `Debug` does, `| json` as serde_json does.
    number.to_string() == text && (!number.is_f64() || number.as_f64().is_some_and(|float| format!("{float:?}") == text))
}

/// What is wrong with a number that is written otherwise.
pub(super) const LOSES: &str = "a template would write this number in another form";

/// What to do about it.
pub(super) const QUOTE: &str = "put it in quotes to keep every character, or write it without leading `+`, trailing zeros and exponent";

/// Walks a values file again beside the value that was read, and refuses numbers that lose their spelling.
#[derive(Clone, Copy)]
pub(super) struct Spelling<'b, 'v> {
    /// Where refusals are noted.
    pub(super) budget: &'b ValuesBudget,
    /// What was read here; null where it does not matter.
    pub(super) value: &'v Value,
}

impl<'de> DeserializeSeed<'de> for Spelling<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.value {
            Value::Number(_) => deserializer.deserialize_str(self),
            Value::Array(_) => deserializer.deserialize_seq(self),
            Value::Object(_) => deserializer.deserialize_map(self),
            Value::Null | Value::Bool(_) | Value::String(_) => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ()),
        }
    }
}

impl<'de> Visitor<'de> for Spelling<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.value {
            Value::Number(number) if !keeps(number, text) => Err(self.budget.fail(LOSES, QUOTE)),
            _ => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut values = self.value.as_array().into_iter().flatten();
        while items.next_element_seed(Spelling { value: values.next().unwrap_or(&Value::Null), ..self })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            // What `<<` merges was checked where its anchor is.
            let value = self.value.get(&key).filter(|_| key != "<<");
            entries.next_value_seed(Spelling { value: value.unwrap_or(&Value::Null), ..self })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::project::values::budget::ValuesLimits;
    use crate::project::values::read::read;

    #[test]
    fn numbers_keep_their_spelling_or_are_refused() {
        for text in [
            "1.10",
            "0e12345",
            "1234e56",
            "5.184e+06",
            "1e3",
            "+1",
            "-0",
            ".5",
            "5.",
            "1.0e2",
            "0x1F",
            "0o17",
            "0b101",
            "0.00001",
            "12345678901234567890.5",
        ] {
            for place in [format!("a: {text}"), format!("a: [b, {text}]"), format!("a:\n  b: {{c: {text}}}"), format!("&x a: &y {text}")] {
                let problem = read("v.yaml", &place, ValuesLimits::default()).map_or_else(|problem| problem.to_string(), |_| String::new());
                assert!(problem.ends_with("a template would write this number in another form"), "{place}: {problem}");
            }
        }
        for text in ["1", "-1", "0", "1.5", "-0.25", "1.0", "18446744073709551615", "'1.10'", "\"0e1\"", "1_000", "v1.10", "0755", "1.2.3"]
        {
            assert!(read("v.yaml", &format!("a: {text}\nb: [{text}]"), ValuesLimits::default()).is_ok(), "{text}");
        }
        assert!(read("v.yaml", "b: &b {x: 1.5}\nm: {<<: *b, y: 2}\nk: {80: 1, true: 2.5}", ValuesLimits::default()).is_ok());
    }
}
