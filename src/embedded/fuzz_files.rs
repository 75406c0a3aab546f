//! Files made of bits of syntax, with one blank among them. Where a real reader takes the file with a word in the blank's
//! stead, and we place the blank, the reader must take the filled file the same but for that word.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::proptest;
use proptest::sample::select;
use proptest::strategy::Strategy;
use serde::Deserialize;

use crate::embedded::Format;
use crate::embedded::fuzz_values::fill;

const WORD: &str = "Qq7Q";
const VALUES: &[&str] = &[
    "x",
    "a: b",
    "- a",
    "#",
    "x # y",
    "'",
    "\"",
    "\\",
    "a\nb",
    "a\n\n  b",
    "]",
    "}",
    "{a: b}",
    ",",
    "&a",
    "*a",
    "|",
    "%",
    "\u{e9}",
    "-->",
    "]]>",
    "<b>",
    "1",
    "null",
    "$x",
    "`",
    "=",
    "---",
    "x\n---\ny",
];

fn check(format: Format, template: &str, value: &str, read: fn(&str) -> Option<Vec<String>>) {
    let Some(expected) = read(&template.replace("⟦0⟧", WORD)) else { return };
    let Ok(text) = fill(format, template, &[value]) else { return };
    let expected: Vec<String> = expected.into_iter().map(|scalar| scalar.replace(WORD, value)).collect();
    let found = read(&text);
    // The reader of YAML 1.2 wants a bracket that closes after a quoted scalar indented; libyaml, and so Kubernetes, does not.
    if found.is_none() && format == Format::Yaml && libyaml_takes(&text) == libyaml_takes(&template.replace("⟦0⟧", WORD)) {
        return;
    }
    assert_eq!(found, Some(expected), "{template:?} filled with {value:?} is {text:?}");
}

fn libyaml_takes(text: &str) -> bool {
    serde_yaml::Deserializer::from_str(text).all(|document| serde_yaml::Value::deserialize(document).is_ok())
}

fn files(bits: &'static [&'static str]) -> impl Strategy<Value = String> {
    (vec(select(bits), 0..9), vec(select(bits), 0..9)).prop_map(|(before, after)| format!("{}⟦0⟧{}", before.concat(), after.concat()))
}

const YAML: &[&str] = &[
    "a: ", "b:\n", "\n", "\n  ", "\n    ", "  ", " ", "- ", "\n- ", "\n  - ", "? ", "\n: ", "\"", "'", "''", "\\", "[", "]", "{", "}",
    ", ", ",", ": ", ":", "#", " #", "|\n", "|-\n", "|+\n", ">\n", "|2\n", "|\n  ", ">-\n  ", "&x ", "*x", "!t ", "\n---\n", "\n...\n",
    "x", "y z", "\nc: ", "\n  d: ", "-", "\t", "\n\n", "\"k\":", "\r\n",
];

fn yaml(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for event in saphyr_parser::Parser::new_from_str(text) {
        use saphyr_parser::Event;
        found.push(match event.ok()?.0 {
            Event::Scalar(value, ..) => value.into_owned(),
            Event::SequenceStart(..) => "[".into(),
            Event::MappingStart(..) => "{".into(),
            Event::SequenceEnd => "]".into(),
            Event::MappingEnd => "}".into(),
            Event::DocumentStart(..) => "---".into(),
            Event::Alias(..) => "*".into(),
            _ => continue,
        });
    }
    Some(found)
}

const TOML: &[&str] = &[
    "a = ",
    "b.c = ",
    "\n",
    "\nd = ",
    "\n[t]\n",
    "[[u]]\n",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\n",
    "[",
    "]",
    "{e = ",
    "}",
    ", ",
    "1",
    "true",
    "#",
    " # ",
    " ",
    "x",
    "\n\"f g\" = ",
    "\\\n",
];

fn toml_leaves(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            found.push(format!("{path} {}", table.len()));
            table.iter().for_each(|(key, value)| toml_leaves(value, &format!("{path}.{key}"), found));
        }
        toml::Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| toml_leaves(value, &format!("{path}.{index}"), found));
        }
        toml::Value::String(text) => found.push(format!("{path} = {text}")),
        other => found.push(format!("{path} = {other}")),
    }
}

fn toml(text: &str) -> Option<Vec<String>> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let mut found = Vec::new();
    toml_leaves(&toml::Value::Table(table), "", &mut found);
    Some(found)
}

const JSON: &[&str] = &["{", "}", "[", "]", ",", ":", "\"", "\"a\":", "\"b\"", "\\", "\\\\", "\\u00", "1", "null", " ", "\n", "x"];

fn json(text: &str) -> Option<Vec<String>> {
    fn walk(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                found.push(format!("{{{}", map.len()));
                for (key, value) in map {
                    found.push(key.clone());
                    walk(value, found);
                }
            }
            serde_json::Value::Array(list) => {
                found.push(format!("[{}", list.len()));
                for value in list {
                    walk(value, found);
                }
            }
            serde_json::Value::String(text) => found.push(text.clone()),
            other => found.push(other.to_string()),
        }
    }
    let mut found = Vec::new();
    walk(&serde_json::from_str(text).ok()?, &mut found);
    Some(found)
}

const XML: &[&str] = &[
    "<a>",
    "</a>",
    "<a b=\"",
    "<a b='",
    "\">",
    "'>",
    "\"",
    "'",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x ",
    "?>",
    "&amp;",
    "&#65;",
    "&",
    ";",
    "x",
    " ",
    "\n",
    "]",
    ">",
    "=",
];

fn xml(text: &str) -> Option<Vec<String>> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut found = vec![String::new()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => {
                found.push(format!("<{}", tag.name().as_ref()));
                for attribute in tag.attributes() {
                    let attribute = attribute.ok()?;
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
                    found.push(format!("{}={value}", attribute.key.as_ref()));
                }
                found.push(String::new());
            }
            Event::Text(part) => found.last_mut()?.push_str(&part.xml10_content()),
            Event::CData(part) => found.last_mut()?.push_str(&part.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(character) => found.last_mut()?.push(character),
                None => found.last_mut()?.push_str(quick_xml::escape::resolve_predefined_entity(&entity)?),
            },
            Event::End(_) => found.extend(["</".to_owned(), String::new()]),
            Event::Comment(_) => found.extend(["<!--".to_owned(), String::new()]),
            Event::PI(_) => found.extend(["<?".to_owned(), String::new()]),
            Event::Eof => return Some(found),
            Event::Decl(_) | Event::DocType(_) => return None,
        }
    }
}

const PROPERTIES: &[&str] =
    &["a=", "b : ", "c ", "\n", "\\\n", "\\\n  ", "\\", "\\u00", "#", "!", "=", ":", " ", "x", "\\ ", "\nd=", "\r\n", "\t"];

fn properties(text: &str) -> Option<Vec<String>> {
    let read: BTreeMap<String, String> = java_properties::read(text.as_bytes()).ok()?.into_iter().collect();
    Some(read.into_iter().map(|(key, value)| format!("{key}={value}")).collect())
}

const ENV: &[&str] = &["A=", "export B=", "\n", "\nC=", "\"", "'", "\\", "\\\"", "${X}", "`", "#", " #", " ", "x", "=", "\\n", "\n\n"];

fn env(text: &str) -> Option<Vec<String>> {
    dotenvy::Iter::new(text.as_bytes()).map(|pair| pair.ok().map(|(key, value)| format!("{key}={value}"))).collect()
}

proptest! {
    #[test]
    fn yaml_files(template in files(YAML), value in select(VALUES)) {
        check(Format::Yaml, &template, value, yaml);
    }

    #[test]
    fn toml_files(template in files(TOML), value in select(VALUES)) {
        check(Format::Toml, &template, value, toml);
    }

    #[test]
    fn json_files(template in files(JSON), value in select(VALUES)) {
        check(Format::Json, &template, value, json);
    }

    #[test]
    fn xml_files(template in files(XML), value in select(VALUES)) {
        check(Format::Xml, &template, value, xml);
    }

    #[test]
    fn properties_files(template in files(PROPERTIES), value in select(VALUES)) {
        check(Format::Properties, &template, value, properties);
    }

    #[test]
    fn env_files(template in files(ENV), value in select(VALUES)) {
        // A shell joins lines there; the reader of this test does not.
        if !template.contains("\\\n") {
            check(Format::Env, &template, value, env);
        }
    }
}
