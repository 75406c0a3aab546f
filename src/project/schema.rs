//! The published JSON Schema (draft 2020-12) of project files. What it says of vaults is made of the tables that the reader has.

use std::sync::LazyLock;

use serde_json::json;

use crate::project::vault::Field;
use crate::project::vault::Form;
use crate::project::vault::KeyKind;
use crate::project::vault::VaultKind;

/// The schema's text, for `cloze schema` and for editors.
pub static SCHEMA: LazyLock<String> =
    LazyLock::new(|| include_str!("schema.json").replacen("    \"vault\": {},\n", &vaults(), 1).replacen("    \"key\": {},\n", &keys(), 1));

/// The definitions of all kinds of vaults.
fn vaults() -> String {
    let kinds = VaultKind::all();
    let words: Vec<&str> = kinds.iter().map(|(word, _)| *word).collect();
    let each: Vec<String> = words.iter().map(|word| format!("        {{ \"$ref\": \"#/$defs/{word}Vault\" }}")).collect();
    let mut text = format!(
        "    \"vault\": {{\n      \"type\": \"object\",\n      \"required\": [\"kind\"],\n      \"properties\": {{ \"kind\": {{ \"enum\": {} }} }},\n      \
         \"oneOf\": [\n{}\n      ]\n    }},\n",
        json!(words),
        each.join(",\n")
    );
    for (word, kind) in kinds {
        let properties: String = kind.fields().iter().map(property).collect();
        text += &format!(
            "    \"{word}Vault\": {{\n      \"description\": {},\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \
             \"required\": {},\n      \"properties\": {{\n        \"kind\": {{ \"const\": \"{word}\" }},\n{properties}        \
             \"prefixes\": {{ \"$ref\": \"#/$defs/prefixes\" }}\n      }}\n    }},\n",
            json!(kind.about()),
            json!(kind.required())
        );
    }
    text
}

/// The definitions of all recipients of keys.
fn keys() -> String {
    let kinds = KeyKind::all();
    let own = [("key-file", "keyFile".to_owned()), ("passphrase", "passphrase".to_owned()), ("age", "age".to_owned())];
    let all: Vec<(&str, String)> = own.into_iter().chain(kinds.iter().map(|(word, _)| (*word, format!("{word}Key")))).collect();
    let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
    let each: Vec<String> = all.iter().map(|(_, name)| format!("        {{ \"$ref\": \"#/$defs/{name}\" }}")).collect();
    let mut text = format!(
        "    \"key\": {{\n      \"type\": \"object\",\n      \"required\": [\"kind\"],\n      \"properties\": {{ \"kind\": {{ \"enum\": {} }} }},\n      \
         \"oneOf\": [\n{}\n      ]\n    }},\n",
        json!(words),
        each.join(",\n")
    );
    for (word, kind) in kinds {
        let properties: Vec<String> = kind.fields().into_iter().map(property).collect();
        text += &format!(
            "    \"{word}Key\": {{\n      \"description\": {},\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \
             \"required\": {},\n      \"properties\": {{\n        \"kind\": {{ \"const\": \"{word}\" }},\n{}\n      }}\n    }},\n",
            json!(kind.about()),
            json!(kind.required()),
            properties.concat().trim_end_matches(",\n")
        );
    }
    text
}

/// A key of a vault with its form.
fn property(field: &Field) -> String {
    let variables: Vec<&str> = field.variables.iter().map(|variable| variable.name).collect();
    let default = if variables.is_empty() { field.default.map(str::to_owned) } else { Some(variables.join(", then ")) };
    let description = default.map_or_else(|| field.about.to_owned(), |default| format!("{} Default: {default}", field.about));
    let form = match field.form {
        Form::Text => "\"type\": \"string\", \"minLength\": 1".to_owned(),
        Form::Texts => "\"type\": \"array\", \"minItems\": 1, \"items\": { \"type\": \"string\", \"minLength\": 1 }".to_owned(),
        Form::Address => "\"$ref\": \"#/$defs/address\"".to_owned(),
        Form::Path => "\"$ref\": \"#/$defs/path\"".to_owned(),
        Form::VaultPath => "\"$ref\": \"#/$defs/vaultPath\"".to_owned(),
        Form::Count => "\"type\": \"integer\", \"minimum\": 1".to_owned(),
        Form::Word(words, _) => format!("\"enum\": {}", json!(words)),
    };
    format!("        \"{}\": {{ \"description\": {}, {form} }},\n", field.key, json!(description))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::SCHEMA;
    use crate::policy::Amount;
    use crate::policy::Rule;
    use crate::policy::Severity;
    use crate::project::decode::NAMES;
    use crate::project::decode::OBJECT_KINDS;
    use crate::project::decode::SHAPES;
    use crate::project::decode::key_words;
    use crate::project::vault::KeyKind;
    use crate::project::vault::VaultKind;

    fn schema() -> Value {
        serde_json::from_str(&SCHEMA).unwrap()
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
                let is_vault = VaultKind::all().iter().any(|(word, _)| format!("{word}Vault") == *name);
                let is_key = KeyKind::all().iter().any(|(word, _)| format!("{word}Key") == *name);
                assert!(is_vault || is_key || SHAPES.iter().any(|(known, _)| known == name), "{name}");
            }
        }
    }

    #[test]
    fn every_closed_list_of_words_is_the_parser_s() {
        let schema = schema();
        let recipients = key_words().into_iter().map(|(word, _)| word.to_owned()).collect();
        assert_eq!(words(&schema["$defs"]["key"]["properties"]["kind"]["enum"]), recipients);
        assert_eq!(words(&schema["$defs"]["names"]["enum"]), NAMES.iter().map(|(word, _)| (*word).to_owned()).collect());
        assert_eq!(words(&schema["$defs"]["objectKind"]["enum"]), OBJECT_KINDS.iter().map(|(word, _)| (*word).to_owned()).collect());
    }

    #[test]
    fn every_rule_of_a_policy_is_the_parser_s() {
        let definitions = &schema()["$defs"];
        let mut rules = words(&definitions["plainRule"]["properties"]["rule"]["enum"]);
        let others =
            ["secretsRule", "resourcesRule"].map(|rule| definitions[rule]["properties"]["rule"]["const"].as_str().unwrap().to_owned());
        rules.extend(others);
        assert_eq!(rules, set(&Rule::BUILT_IN));
        let amounts = Amount::WORDS.iter().map(|(word, _)| (*word).to_owned()).collect();
        assert_eq!(words(&definitions["resourcesRule"]["properties"]["resources"]["items"]["enum"]), amounts);
        assert_eq!(words(&definitions["severity"]["enum"]), Severity::WORDS.iter().map(|(word, _)| (*word).to_owned()).collect());
    }

    #[test]
    fn it_is_a_schema() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema()));
        assert!(jsonschema::draft202012::new(&schema()).is_ok());
    }
}
