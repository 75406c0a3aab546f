//! The published JSON Schema (draft 2020-12) of project files.

/// The schema's text, for `cloze schema` and for editors.
pub const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::SCHEMA;
    use crate::project::decode::KEY_KINDS;
    use crate::project::decode::KeyWord;
    use crate::project::decode::NAMES;
    use crate::project::decode::OBJECT_KINDS;
    use crate::project::decode::SHAPES;
    use crate::project::vault::VaultKind;

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    fn words(list: &Value) -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn every_mapping_has_the_keys_of_the_parser() {
        let schema = schema();
        for (definition, shape) in SHAPES {
            let mapping = if definition.is_empty() { &schema } else { &schema["$defs"][definition] };
            let keys: BTreeSet<String> = mapping["properties"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, set(shape.keys), "{definition}");
            assert_eq!(mapping["additionalProperties"], false, "{definition}");
            let required = mapping.get("required").map(words).unwrap_or_default();
            assert_eq!(required, set(shape.required), "{definition}");
        }
    }

    #[test]
    fn every_closed_mapping_of_the_schema_is_known_to_the_parser() {
        let schema = schema();
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            if definition.get("additionalProperties") == Some(&Value::Bool(false)) {
                assert!(SHAPES.iter().any(|(known, _)| known == name), "{name}");
            }
        }
    }

    #[test]
    fn every_closed_list_of_words_is_the_parser_s() {
        let schema = schema();
        let keys =
            |table: &[(&str, bool)]| table.iter().filter(|(_, ready)| *ready).map(|(word, _)| (*word).to_owned()).collect::<BTreeSet<_>>();
        let vaults: Vec<_> = VaultKind::ALL.iter().map(|(word, _)| (*word, true)).collect();
        let recipients: Vec<_> = KEY_KINDS.iter().map(|(word, kind)| (*word, *kind != KeyWord::Later)).collect();
        assert_eq!(words(&schema["$defs"]["vault"]["properties"]["kind"]["enum"]), keys(&vaults));
        assert_eq!(words(&schema["$defs"]["key"]["properties"]["kind"]["enum"]), keys(&recipients));
        assert_eq!(words(&schema["$defs"]["names"]["enum"]), NAMES.iter().map(|(word, _)| (*word).to_owned()).collect());
        assert_eq!(words(&schema["$defs"]["objectKind"]["enum"]), OBJECT_KINDS.iter().map(|(word, _)| (*word).to_owned()).collect());
    }

    #[test]
    fn it_is_a_schema() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema()));
        assert!(jsonschema::draft202012::new(&schema()).is_ok());
    }
}
