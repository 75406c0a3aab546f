//! Values files: one YAML mapping each, read by `serde_yaml` into JSON values within limits.

use std::collections::HashSet;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::EnumAccess;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::values::budget::ValuesBudget;
use crate::project::values::budget::ValuesLimits;
use crate::project::values::key::UniqueKey;
use crate::project::values::spelling::Spelling;

/// The mapping that `text` holds; an empty text is an empty mapping. Merge keys (`<<`) are expanded, keys that are numbers or
/// booleans become text. The problem says the place and never quotes the text, except for a key that is there twice.
pub fn read(file: &str, text: &str, limits: ValuesLimits) -> Result<Value, Problem> {
    let whole = |reason: String, next: &str| Problem::new(Fault::Project, reason, next).at(Place::file(file));
    if text.len() > limits.bytes {
        let reason = format!("the file has {} bytes, more than the {} that are allowed here", text.len(), limits.bytes);
        return Err(whole(reason, "make the file smaller or split it"));
    }
    if let Some(line) = too_many_brackets(text) {
        let problem = Problem::new(Fault::Project, "brackets nest too deeply", "flatten the values");
        return Err(problem.at(Place::new(file, line, 1)));
    }
    let budget = ValuesBudget::new(limits);
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else { return Ok(Value::Object(Map::new())) };
    let seed = Seed { budget: &budget, depth: 0, merge: false, second: false };
    let value = seed.deserialize(first).map_err(|error| budget.problem(file, text, &error))?;
    if let Some(second) = documents.next()
        && let Err(error) = (Seed { second: true, ..seed }).deserialize(second)
    {
        return Err(budget.problem(file, text, &error));
    }
    if let Some(first) = serde_yaml::Deserializer::from_str(text).next() {
        (Spelling { budget: &budget, value: &value }).deserialize(first).map_err(|error| budget.problem(file, text, &error))?;
    }
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Ok(Value::Object(Map::new())),
        _ => Err(whole("the file is not a mapping".to_owned(), "write `key: value` lines")),
    }
}

/// Brackets that may be open at once.
const MOST_OPEN: u32 = 256;

/// The line where more brackets are open than any values need, counted without regard to quotes: the parser's cost grows with
/// the square of this depth, before it can tell the depth.
fn too_many_brackets(text: &str) -> Option<u32> {
    let (mut open, mut line) = (0_u32, 1);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MOST_OPEN {
            return Some(line);
        }
    }
    None
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Seed<'b> {
    budget: &'b ValuesBudget,
    depth: usize,
    /// Whether this is the value of a merge key, which must be a mapping or a list of mappings.
    merge: bool,
    /// Whether this is a second document, which must be empty.
    second: bool,
}

impl Seed<'_> {
    fn spend<E: Error>(&self) -> Result<(), E> {
        if self.second {
            let next = "keep one document: remove the `---` or move the rest to a file of its own";
            return Err(self.budget.fail("a second document begins here", next));
        }
        self.budget.spend(self.depth)
    }

    fn scalar<E: Error>(&self, value: Value) -> Result<Value, E> {
        if self.merge {
            return Err(self.budget.fail("`<<` merges something that is not a mapping", "write `<<: *anchor` of a mapping"));
        }
        Ok(value)
    }

    fn number<E: Error>(&self, value: Option<Value>) -> Result<Value, E> {
        match value {
            Some(value) => self.scalar(value),
            None => Err(self.budget.fail("this number does not fit 64 bits", "put it in quotes")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.spend()?;
        self.scalar(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.spend()?;
        self.scalar(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.spend()?;
        self.scalar(Value::from(value))
    }

    fn visit_i128<E: Error>(self, _value: i128) -> Result<Value, E> {
        self.number(None)
    }

    fn visit_u128<E: Error>(self, _value: u128) -> Result<Value, E> {
        self.number(None)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.spend()?;
        self.number(Number::from_f64(value).map(Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend()?;
        self.scalar(Value::from(value))
    }

    /// Also what an empty second document is.
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.budget.spend(self.depth)?;
        self.scalar(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.spend()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed { depth: self.depth + 1, ..self })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.spend()?;
        let mut map = Map::new();
        let mut merged = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = entries.next_key_seed(UniqueKey { budget: self.budget, seen: &seen })? {
            let merge = key == "<<";
            let value = entries.next_value_seed(Seed { depth: self.depth + 1, merge, ..self })?;
            seen.insert(key.clone());
            match value {
                Value::Array(list) if merge => merged.extend(list),
                value if merge => merged.push(value),
                value => {
                    map.insert(key, value);
                }
            }
        }
        // The mapping's own keys beat merged ones, and earlier merged ones beat later ones (yaml.org/type/merge.html).
        for (key, value) in merged.into_iter().filter_map(|value| if let Value::Object(map) = value { Some(map) } else { None }).flatten() {
            map.entry(key).or_insert(value);
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _tagged: A) -> Result<Value, A::Error> {
        Err(self.budget.fail("a value has a tag", "remove the tag, the word that begins with `!`"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::read;
    use crate::project::values::budget::ValuesLimits;

    fn values(text: &str) -> Value {
        read("v.yaml", text, ValuesLimits::default()).unwrap()
    }

    fn refusal(text: &str) -> String {
        let problem = read("v.yaml", text, ValuesLimits::default()).unwrap_err();
        format!("{problem}; {}", problem.next)
    }

    #[test]
    fn types_are_those_of_yaml() {
        assert_eq!(
            values("a: 1\nb: [true, ~, 1.5, x]\nc: {80: web, true: t}\nd: 0755\ne: yes\n"),
            json!({"a": 1, "b": [true, null, 1.5, "x"], "c": {"80": "web", "true": "t"}, "d": "0755", "e": "yes"})
        );
    }

    #[test]
    fn an_empty_file_is_an_empty_mapping() {
        for text in ["", "\n", "# nothing\n", "---\n", "~\n", "--- {}\n...\n", "a: 1\n---\n"] {
            let expected = if text.starts_with('a') { json!({"a": 1}) } else { json!({}) };
            assert_eq!(values(text), expected, "{text:?}");
        }
    }

    #[test]
    fn merge_keys_are_expanded_and_own_keys_win() {
        assert_eq!(
            values("base: &b {x: 1, y: 1}\nmore: &m {y: 2, z: 2}\nall: {<<: [*b, *m], x: 0}\none:\n  <<: *b\n"),
            json!({"base": {"x": 1, "y": 1}, "more": {"y": 2, "z": 2}, "all": {"x": 0, "y": 1, "z": 2}, "one": {"x": 1, "y": 1}})
        );
        assert_eq!(
            refusal("a:\n  <<: text\n"),
            "v.yaml:2:7: `<<` merges something that is not a mapping; write `<<: *anchor` of a mapping"
        );
    }

    #[test]
    fn places_and_reasons() {
        assert_eq!(refusal("a: 1\nb:\n  c: 1\n  c: 2\n"), "v.yaml:4:3: the key `c` is in this mapping twice; remove one of the two");
        assert_eq!(
            refusal("a: 1\n---\nb: 2\n"),
            "v.yaml:3:1: a second document begins here; keep one document: remove the `---` or move the rest to a file of its own"
        );
        assert_eq!(refusal("- a\n"), "v.yaml: the file is not a mapping; write `key: value` lines");
        assert_eq!(refusal("a: !env HOME\n"), "v.yaml:1:4: a value has a tag; remove the tag, the word that begins with `!`");
        assert_eq!(refusal("a: .inf\n"), "v.yaml:1:4: this number does not fit 64 bits; put it in quotes");
        assert_eq!(refusal("a: 18446744073709551616\n"), "v.yaml:1:4: this number does not fit 64 bits; put it in quotes");
        assert_eq!(refusal("a:\n  1.5: x\n"), "v.yaml:2:3: this cannot be a key; put the key in quotes");
        assert_eq!(refusal("a:\n\tb: 1\n"), "v.yaml:2:1: a tab indents this line, which YAML forbids; indent with spaces");
        let syntax = "this is not valid YAML; check quotes, brackets, colons and indentation at and above this line";
        assert_eq!(refusal("a: b: c\n"), format!("v.yaml:1:5: {syntax}"));
        assert_eq!(refusal("a: *none\n"), format!("v.yaml:1:4: {syntax}"));
    }

    #[test]
    fn no_problem_quotes_a_value() {
        for text in [
            "a: \"CANARY\n",
            "a: [CANARY\nb: c",
            "a: CANARY: x",
            "a: !t CANARY",
            "CANARY",
            "a: @CANARY",
            "a: 1\n---\nCANARY",
            "a: &x CANARY\nb: {<<: *x}",
        ] {
            assert!(!refusal(text).contains("CANARY"), "{}", refusal(text));
        }
    }

    #[test]
    fn bombs_end_in_a_problem() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            laughs.extend([format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", "))]);
        }
        assert!(refusal(&laughs).contains("more than 100000 values, aliases expanded; write fewer or smaller aliases"));
        assert_eq!(refusal(&format!("a:\n {}", "[".repeat(500_000))), "v.yaml:2:1: brackets nest too deeply; flatten the values");
        assert!(
            refusal(&format!("a: {}{}", "[".repeat(100), "]".repeat(100)))
                .contains("values nest deeper than 64 levels; flatten the values")
        );
        assert!(refusal("a: &a [*a]").contains("values nest deeper than 64 levels"));
        let wide = format!("a: {}{}", "[".repeat(255), "x,".repeat(50_000));
        assert!(refusal(&wide).contains("v.yaml:"));
        let block = (0..3_000).map(|depth| " ".repeat(depth.min(340))).collect::<Vec<_>>().join("a:\n");
        assert!(refusal(&block).contains("v.yaml:"));
        assert_eq!(
            refusal(&"a".repeat(2 << 20)),
            "v.yaml: the file has 2097152 bytes, more than the 1048576 that are allowed here; make the file smaller or split it"
        );
    }
}
