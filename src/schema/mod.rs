//! JSON Schemas of values (<https://json-schema.org>): what one refuses, in words of our own. Nothing here bounds what that costs.

mod flaw;
mod pointer;
mod violation;
mod words;

pub use pointer::dotted;
pub use pointer::steps;
pub use violation::Spot;
pub use violation::Violation;

use std::error::Error;

use boon::Compiler;
use boon::Schemas;
use boon::UrlLoader;
use serde_json::Value;

use crate::schema::flaw::flaws;
use crate::schema::pointer::URL;
use crate::schema::violation::Collector;

/// What `schema` refuses of `values`, at most so many violations; where it is no schema itself, what is wrong with it. Drafts 4 to 2020-12 are known by `$schema`; without it,
/// the last of them holds. What `format` says is asked for, as the drafts before 2019-09 have it.
pub fn violations(schema: &Value, values: &Value, most: usize) -> Vec<Violation> {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.use_loader(Box::new(Nowhere));
    let mut parts = Schemas::new();
    let found = match compiler.add_resource(URL, schema.clone()) {
        Ok(()) => compiler.compile(URL, &mut parts),
        Err(error) => Err(error),
    };
    let mut found = match found {
        Ok(index) => {
            let mut collector = Collector::of_values(schema, values);
            if let Err(error) = parts.validate(values, index) {
                collector.collect(&error);
            }
            collector.found
        }
        Err(error) => flaws(schema, &error),
    };
    found.truncate(most);
    found
}

/// A schema is one file: no other is read for it, and no server is asked.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, _url: &str) -> Result<Value, Box<dyn Error>> {
        Err("nothing is loaded".into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::Just;
    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use serde_json::Value;
    use serde_json::json;

    use super::Spot;
    use super::Violation;
    use super::violations;

    fn told(schema: &Value, values: &Value) -> Vec<String> {
        let line = |Violation { spot, reason, next, see }: Violation| {
            let spot = match spot {
                Spot::Value(pointer) => format!("value {pointer}"),
                Spot::Schema(pointer) => format!("schema {pointer}"),
            };
            format!("{spot}: {reason}; {next}{}", see.map(|see| format!("; see {see}")).unwrap_or_default())
        };
        violations(schema, values, 100).into_iter().map(line).collect()
    }

    /// What a schema for the value `a` says of it.
    fn of(schema: &Value, value: &Value) -> String {
        let found = told(&json!({ "properties": { "a": schema } }), &json!({ "a": value }));
        assert_eq!(found.len(), 1, "{schema} {value} {found:?}");
        let found = found[0].strip_prefix("value /a: `a` ").unwrap_or(&found[0]).to_owned();
        assert!(!found.contains("CANARY"), "{found}");
        found
    }

    #[test]
    fn every_keyword_has_words_of_its_own_and_none_repeats_the_value() {
        for (schema, value, words) in [
            (json!({"type": "integer"}), json!("CANARY"), "is a string, not a whole number; write a whole number, without quotes"),
            (json!({"type": "integer"}), json!(1.5), "is a number with a fraction, not a whole number; write a whole number"),
            (json!({"type": "string"}), json!(1), "is a number, not a string; put it in quotes"),
            (json!({"type": "boolean"}), json!("yes"), "is a string, not a boolean; write a boolean, without quotes"),
            (json!({"type": ["array", "null"]}), json!({"b": 1}), "is a mapping, not null or a list; write null or a list"),
            (
                json!({"enum": ["debug", "info", 1]}),
                json!("CANARY"),
                "is not one of the values that the schema lists; write `debug`, `info` or `1`",
            ),
            (json!({"enum": [{}]}), json!("CANARY"), "is not the value that the schema asks for; write one that the schema lists"),
            (json!({"const": true}), json!("CANARY"), "is not the value that the schema asks for; write `true`"),
            (json!({"format": "ipv4"}), json!("CANARY"), "is not an IPv4 address; write one, such as `192.0.2.1`"),
            (json!({"format": "uri-template"}), json!("{CANARY"), "is not in the format `uri-template`; correct it"),
            (json!({"pattern": "^v[0-9]+$"}), json!("CANARY"), "does not match the pattern `^v[0-9]+$`; write it so that it matches"),
            (json!(false), json!("CANARY"), "is not allowed here; remove it"),
            (json!({"minimum": 1}), json!(0), "is less than the minimum of 1; change it"),
            (json!({"maximum": 65535}), json!(70_000), "is greater than the maximum of 65535; change it"),
            (json!({"exclusiveMinimum": 0}), json!(0), "is not greater than 0; change it"),
            (json!({"exclusiveMaximum": 9}), json!(9), "is not less than 9; change it"),
            (json!({"multipleOf": 5}), json!(7), "is not a multiple of 5; change it"),
            (json!({"minLength": 8}), json!("CANARY"), "has fewer than 8 characters; change it"),
            (json!({"maxLength": 1}), json!("CANARY"), "has more than 1 character; change it"),
            (json!({"minItems": 1}), json!([]), "has 0 items, fewer than 1; add items"),
            (json!({"maxItems": 1}), json!([1, 2]), "has 2 items, more than 1; remove items"),
            (json!({"minProperties": 2}), json!({"b": 1}), "has 1 key, fewer than 2; add keys"),
            (json!({"maxProperties": 1}), json!({"b": 1, "c": 2}), "has 2 keys, more than 1; remove keys"),
            (
                json!({"uniqueItems": true}),
                json!([1, 2, 1]),
                "has the same item twice: items 0 and 2, counted from 0; remove one of the two",
            ),
            (
                json!({"contains": {"const": 1}}),
                json!(["CANARY"]),
                "has too few items that match `contains` in the schema; add one; see /properties/a",
            ),
            (
                json!({"contains": {"const": 1}, "maxContains": 1}),
                json!([1, 1]),
                "has too many items that match `contains` in the schema; remove items; see /properties/a",
            ),
            (json!({"not": {"type": "string"}}), json!("CANARY"), "matches what the schema forbids; change it; see /properties/a"),
            (
                json!({"oneOf": [{"minimum": 1}, {"minimum": 2}]}),
                json!(3),
                "matches two alternatives in the schema, which allows only one; change it to match only one; see /properties/a",
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "array"}]}),
                json!(1),
                "is a number, not a string or a list; write a string or a list",
            ),
            (
                json!({"anyOf": [{"const": "a"}, {"enum": ["b", "c"]}]}),
                json!("CANARY"),
                "is not one of the values that the schema lists; write `a`, `b` or `c`",
            ),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 2}]}),
                json!("CANARY"),
                "has more than 2 characters; change it",
            ),
            (
                json!({"oneOf": [
                    {"properties": {"kind": {"const": "tcp"}, "port": {"type": "integer"}}},
                    {"properties": {"kind": {"const": "unix"}, "path": {"type": "string"}}},
                ]}),
                json!({"kind": "tcp", "port": "CANARY"}),
                "value /a/port: `a.port` is a string, not a whole number; write a whole number, without quotes",
            ),
            (
                json!({"anyOf": [{"minimum": 5}, {"multipleOf": 7}]}),
                json!(1),
                "does not match any of the 2 alternatives in the schema; change it to match one of them; see /properties/a",
            ),
            (
                json!({"properties": {"port": {}}, "additionalProperties": false}),
                json!({"prot": "CANARY"}),
                "value /a/prot: `a.prot` is not a key that the schema allows; write `port`",
            ),
            (
                json!({"additionalProperties": false}),
                json!({"x.y": "CANARY"}),
                "value /a/x.y: `a.x\\.y` is not a key that the schema allows; remove it, or add it to the schema's `properties`",
            ),
            (
                json!({"properties": {"b": {}}, "unevaluatedProperties": false}),
                json!({"c": "CANARY"}),
                "value /a/c: `a.c` is not allowed here; remove it",
            ),
            (
                json!({"required": ["b"]}),
                json!({}),
                "schema /properties/a/required/0: the value `a.b` is required, and nothing sets it; set it in a values file of the environment",
            ),
            (
                json!({"dependentRequired": {"b": ["c"]}}),
                json!({"b": "CANARY"}),
                "value /a/b: `a.b` is set without `a.c`, which it needs; add `a.c`",
            ),
            (
                json!({"propertyNames": {"pattern": "^[a-z]+$"}}),
                json!({"B": "CANARY"}),
                "value /a/B: the name of the key `a.B` is not allowed by the schema; give it a name that matches `^[a-z]+$`; see /properties/a",
            ),
            (
                json!({"propertyNames": {"maxLength": 1}}),
                json!({"bb": "CANARY"}),
                "value /a/bb: the name of the key `a.bb` is not allowed by the schema; rename it; see /properties/a",
            ),
        ] {
            assert_eq!(of(&schema, &value), words, "{schema}");
        }
        let names = json!({"properties": {"a": {"additionalProperties": {"propertyNames": {"maxLength": 1}}}}});
        let found = told(&names, &json!({"b": {"cc": 1}, "a": {"x": {"ddd": 1}}}));
        assert!(found[0].starts_with("value /a/x/ddd: the name of the key `a.x.ddd` is not allowed"), "{found:?}");
        let tuple = json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}], "additionalItems": false});
        assert_eq!(
            told(&tuple, &json!([1, 2])),
            ["value : the top level of the values has 1 item more than the schema allows; remove items"]
        );
        assert_eq!(
            told(&json!({"minProperties": 1}), &json!({})),
            ["value : the top level of the values has 0 keys, fewer than 1; add keys"]
        );
    }

    #[test]
    fn all_violations_are_told_and_groups_are_looked_into() {
        let schema = json!({
            "$defs": {"port": {"type": "integer", "maximum": 65535}},
            "properties": {"web": {"allOf": [{"$ref": "#/$defs/port"}]}, "db": {"$ref": "#/$defs/port"}},
            "required": ["tag", "name"],
            "if": {"properties": {"db": {"const": "x"}}}, "then": {"required": ["host"]},
        });
        let told = told(&schema, &json!({"web": 99_999, "db": "x", "name": "n"}));
        assert_eq!(told.len(), 4, "{told:?}");
        let starts = ["schema /required/0: the value `tag`", "schema /then/required/0: the value `host`", "value /web: ", "value /db: "];
        for start in starts {
            assert!(told.iter().any(|line| line.starts_with(start)), "{start} {told:?}");
        }
        let many = json!({"additionalProperties": {"type": "string"}});
        let values: Value = (0..200).map(|number| (number.to_string(), json!(1))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(violations(&many, &values, 100).len(), 100);
    }

    #[test]
    fn what_is_wrong_with_a_schema_is_told_at_its_place() {
        let drafts = "write `https://json-schema.org/draft/2020-12/schema`; 2019-09 and drafts 7, 6 and 4 are supported, too";
        let copy = "copy that schema into `$defs`, and write `#/$defs/NAME`";
        let leads = |text: &str| format!("the reference `{text}` points to another file or a server, which cloze does not read; {copy}");
        let nothing =
            |text: &str| format!("the reference `{text}` does not point to anything in the schema; correct it, as in `#/$defs/NAME`");
        for (schema, words) in [
            (json!([]), "schema : this is not a JSON Schema: the schema is a list, not a boolean or a mapping; write a boolean or a mapping".to_owned()),
            (
                json!({"properties": {"a": {"type": "strin"}}}),
                "schema /properties/a/type: this is not a JSON Schema: `properties.a.type` is not one of the values that the schema lists; write `array`, \
                 `boolean`, `integer`, `null`, `number`, `object` or `string`"
                    .to_owned(),
            ),
            (
                json!({"required": "a"}),
                "schema /required: this is not a JSON Schema: `required` is a string, not a list; write a list".to_owned(),
            ),
            (json!({"$schema": "https://example.com/draft"}), format!("schema /$schema: `https://example.com/draft` is not a draft of JSON Schema that cloze supports; {drafts}")),
            (json!({"$schema": "http://json-schema.org/draft-03/schema#"}), format!("schema /$schema: `http://json-schema.org/draft-03/schema#` is not a draft of JSON Schema that cloze supports; {drafts}")),
            (json!({"$schema": "no draft"}), format!("schema /$schema: `no draft` is not a draft of JSON Schema that cloze supports; {drafts}")),
            (json!({"properties": {"a": {"$ref": "other.json"}}}), format!("schema /properties/a/$ref: {}", leads("other.json"))),
            (json!({"properties": {"a": {"$ref": "../other.json#/b"}}}), format!("schema /properties/a/$ref: {}", leads("../other.json#/b"))),
            (json!({"items": {"$ref": "https://example.com/s.json#"}}), format!("schema /items/$ref: {}", leads("https://example.com/s.json#"))),
            (json!({"items": {"$ref": "https://example.com"}}), format!("schema /items/$ref: {}", leads("https://example.com"))),
            (json!({"allOf": [{"$ref": "file:///etc/passwd"}]}), format!("schema /allOf/0/$ref: {}", leads("file:///etc/passwd"))),
            (json!({"items": {"$ref": "#/$defs/gone"}}), format!("schema /items/$ref: {}", nothing("#/$defs/gone"))),
            (json!({"items": {"$ref": "#gone"}}), format!("schema /items/$ref: {}", nothing("#gone"))),
            (json!({"items": {"$ref": "#/a~5"}}), format!("schema /items/$ref: {}", nothing("#/a~5"))),
            (json!({"items": {"$ref": "https://[/x"}}), "schema /items/$ref: this is not a JSON Schema: `items.$ref` is not a URL or a path; write one, such as `/health`".to_owned()),
            (json!({"$defs": {"a": {"$id": "https://["}}}), "schema /$defs/a: this is not a valid id for a schema; write a URL, or leave it out".to_owned()),
            (
                json!({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}),
                "schema /$defs/b: another part of the schema has the same id; rename one of the two".to_owned(),
            ),
            (json!({"properties": {"a": {"pattern": "(?=x)"}}}), "schema /properties/a/pattern: `properties.a.pattern` is not a regular expression that cloze supports; correct it; look-around and back-references are not supported".to_owned()),
            (json!({"patternProperties": {"(": {}}}), "schema /patternProperties/(: `(` is not a regular expression that cloze supports; correct it; look-around and back-references are not supported".to_owned()),
            (json!({"$ref": "#"}), "schema : the schema refers to itself in an endless loop; put the `$ref` that leads back under `properties` or `items`".to_owned()),
        ] {
            let found = told(&schema, &json!({"a": 1}));
            assert_eq!(found, [words], "{schema}");
        }
    }

    #[test]
    fn a_schema_may_name_its_own_parts_and_that_of_its_draft() {
        for schema in [
            json!({"$id": "https://example.com/values", "$defs": {"p": {"$id": "port", "type": "integer"}}, "properties": {"a": {"$ref": "port"}}}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"p": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/p"}}}),
        ] {
            assert_eq!(told(&schema, &json!({"a": 1})), Vec::<String>::new());
            assert_eq!(
                told(&schema, &json!({"a": "b"})),
                ["value /a: `a` is a string, not a whole number; write a whole number, without quotes"]
            );
        }
        let itself = json!({"$ref": "https://json-schema.org/draft/2020-12/schema"});
        assert_eq!(told(&itself, &json!({"type": "object"})), Vec::<String>::new());
    }

    fn schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(true)),
            Just(json!({"type": "integer"})),
            Just(json!({"type": ["string", "null"]})),
            Just(json!({"enum": [1, "x", null]})),
            Just(json!({"minimum": 1, "maximum": 2})),
            Just(json!({"pattern": "^x", "minLength": 2})),
        ];
        leaf.prop_recursive(3, 20, 3, |inner| {
            let list = proptest::collection::vec(inner.clone(), 1..3);
            let map = proptest::collection::btree_map("[a-c]", inner.clone(), 1..3);
            prop_oneof![
                list.clone().prop_map(|list| json!({ "allOf": list })),
                list.clone().prop_map(|list| json!({ "anyOf": list })),
                list.prop_map(|list| json!({ "oneOf": list })),
                inner.clone().prop_map(|schema| json!({ "not": schema })),
                inner.clone().prop_map(|schema| json!({ "items": schema, "uniqueItems": true })),
                (map, any::<bool>()).prop_map(|(map, more)| json!({"properties": map, "additionalProperties": more, "required": ["a"]})),
                (inner.clone(), inner.clone(), inner).prop_map(|(one, two, three)| json!({"if": one, "then": two, "else": three})),
            ]
        })
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            (0..4).prop_map(Value::from),
            "[xy]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn another_validator_says_the_same(schema in schema(), values in values()) {
            let found = violations(&schema, &values, 100);
            prop_assert_eq!(found.is_empty(), jsonschema::is_valid(&schema, &values), "{} {} {:?}", schema, values, found);
        }
    }
}
