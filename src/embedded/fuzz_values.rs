//! Hostile values in files of every format, read back by readers that are not ours.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::prop_oneof;
use proptest::proptest;
use proptest::sample::select;
use proptest::strategy::Strategy;

use crate::blank::BlankId;
use crate::blank::Piece;
use crate::embedded::EmbeddedFault;
use crate::embedded::Format;
use crate::embedded::Treatment;
use crate::embedded::place;
use crate::secret::Secret;

const FRAGMENTS: &[&str] = &[
    "\"",
    "'",
    "\\",
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    "#",
    " #",
    ";",
    " ;",
    "=",
    ":",
    ": ",
    "- ",
    "${HOME}",
    "$(id)",
    "$",
    "`",
    "`id`",
    "<!--",
    "-->",
    "]]>",
    "]]",
    ">",
    "<",
    "&",
    "&amp;",
    "<![CDATA[",
    "\u{e9}",
    "\u{1f511}",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\u{7f}",
    "\u{1}",
    "{",
    "}",
    "[",
    "]",
    ",",
    "---\n",
    "...",
    "%",
    "@",
    "!",
    "|",
    ">",
    "*a",
    "'''",
    "\"\"\"",
    "\\n",
    "\\u0041",
    "a",
    "key: value",
    "\nkey: value",
    "x=1",
    "\nx=1",
    "/",
    "//",
    "/*",
    "\"\n\"",
    "true",
    "null",
    "0x1",
];

fn values() -> impl Strategy<Value = String> {
    let fragment =
        prop_oneof![4 => select(FRAGMENTS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => "[a-z0-9]{1,6}"];
    vec(fragment, 0..8).prop_map(|parts| parts.concat())
}

/// The file with `⟦0⟧`, `⟦1⟧`, … filled by `values`.
pub(super) fn fill(format: Format, template: &str, values: &[&str]) -> Result<String, EmbeddedFault> {
    fill_as(format, template, values, Treatment::Escape)
}

fn fill_as(format: Format, template: &str, values: &[&str], treatment: Treatment) -> Result<String, EmbeddedFault> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (number, after) = after.split_once('⟧').unwrap();
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Blank(BlankId(number.parse().unwrap())));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    let secrets: Vec<Secret> = values.iter().map(|value| Secret::copy_of(value.as_bytes())).collect();
    let plan = place(format, &pieces, &|_| treatment).map_err(|mut faults| faults.remove(0))?;
    let filled = plan.assemble(&|id: BlankId| &secrets[id.0 as usize])?;
    Ok(filled.expose_text().unwrap().to_owned())
}

fn yaml(text: &str) -> BTreeMap<String, serde_yaml::Value> {
    serde_yaml::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {text:?}"))
}

/// Every scalar that a YAML 1.2 reader finds, in order.
fn yaml_scalars(text: &str) -> Vec<String> {
    let mut scalars = Vec::new();
    for event in saphyr_parser::Parser::new_from_str(text) {
        let (event, _) = event.unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
        if let saphyr_parser::Event::Scalar(value, ..) = event {
            scalars.push(value.into_owned());
        }
    }
    scalars
}

fn xml(text: &str) -> Vec<(String, String)> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut found = Vec::new();
    let mut current = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                current.clear();
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned();
                    found.push((attribute.key.as_ref().to_owned(), value));
                }
            }
            Event::Text(part) => current.push_str(&part.xml10_content()),
            Event::CData(part) => current.push_str(&part.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().unwrap() {
                Some(character) => current.push(character),
                None => current.push_str(quick_xml::escape::resolve_predefined_entity(&entity).unwrap()),
            },
            Event::End(tag) => found.push((tag.name().as_ref().to_owned(), std::mem::take(&mut current))),
            Event::Eof => return found,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn json(a in values(), b in values()) {
        let text = fill(Format::Json, "// c\n{\"k\": \"⟦0⟧\", \"n\": [1, {\"u\": \"x⟦1⟧/⟦0⟧y\"}], /* c */ \"t\": true,}", &[&a, &b]).unwrap();
        let strict = text.replacen("// c\n", "", 1).replacen("/* c */", "", 1);
        let strict = format!("{}}}", &strict[..strict.len() - 2]);
        let expected = serde_json::json!({"k": a, "n": [1, {"u": format!("x{b}/{a}y")}], "t": true});
        assert_eq!(serde_json::from_str::<serde_json::Value>(&strict).unwrap(), expected);
    }

    #[test]
    fn json_as_a_value_of_its_own(a in values()) {
        let quoted = serde_json::to_string(&a).unwrap();
        let text = fill_as(Format::Json, "{\"k\": ⟦0⟧, \"l\": [⟦0⟧]}", &[&quoted], Treatment::Json).unwrap();
        let in_yaml = fill_as(Format::Yaml, "k: ⟦0⟧\nl: [⟦0⟧]\n", &[&quoted], Treatment::Json).unwrap();
        assert_eq!(yaml(&in_yaml)["l"][0].as_str(), Some(a.as_str()));
        assert_eq!(yaml_scalars(&in_yaml)[1], a);
        let in_toml = fill_as(Format::Toml, "k = ⟦0⟧ # c\nl = [⟦0⟧]\n", &[&quoted], Treatment::Json).unwrap();
        assert_eq!(toml::from_str::<toml::Table>(&in_toml).unwrap()["l"][0].as_str(), Some(a.as_str()));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), serde_json::json!({"k": a, "l": [a]}));
    }

    #[test]
    fn yaml_in_quotes_and_plain(a in values(), b in values()) {
        let template = "top: \"⟦0⟧\"\nsingle: 'it''s \\ \"⟦1⟧\"'\nplain: ⟦0⟧ # c\nurl: a://⟦1⟧\\\"@db\nlist:\n- ⟦0⟧\n- {f: ⟦1⟧, g: ['⟦0⟧', x⟦1⟧]}\nlast: 1\n";
        let text = fill(Format::Yaml, template, &[&a, &b]).unwrap();
        let read = yaml(&text);
        assert_eq!(read.len(), 6);
        assert_eq!(read["top"].as_str(), Some(a.as_str()));
        assert_eq!(read["single"].as_str(), Some(format!("it's \\ \"{b}\"").as_str()));
        assert_eq!(read["plain"].as_str(), Some(a.as_str()));
        assert_eq!(read["url"].as_str(), Some(format!("a://{b}\\\"@db").as_str()));
        assert_eq!(read["list"][0].as_str(), Some(a.as_str()));
        assert_eq!(read["list"][1]["f"].as_str(), Some(b.as_str()));
        assert_eq!(read["list"][1]["g"][0].as_str(), Some(a.as_str()));
        assert_eq!(read["list"][1]["g"][1].as_str(), Some(format!("x{b}").as_str()));
        assert_eq!(read["last"].as_i64(), Some(1));
        let scalars = yaml_scalars(&text);
        assert_eq!(scalars.len(), 17);
        assert_eq!((&scalars[1], &scalars[5], &scalars[9], &scalars[11]), (&a, &a, &a, &b));
    }

    #[test]
    fn yaml_in_blocks(a in values(), b in values()) {
        let template = "clip: |\n  ⟦0⟧\nkeep:\n- |+2 # c\n  x⟦1⟧y\n\n    ⟦0⟧\n- k: |-\n    z\n    ⟦1⟧ .\nlast: 1\n";
        let Ok(text) = fill(Format::Yaml, template, &[&a, &b]) else { return Ok(()) };
        let read = yaml(&text);
        let clipped = if a.is_empty() || a.ends_with('\n') { a.clone() } else { format!("{a}\n") };
        assert_eq!(read["clip"].as_str(), Some(clipped.as_str()), "{text:?}");
        assert_eq!(read["keep"][0].as_str(), Some(format!("x{b}y\n\n  {a}\n").as_str()), "{text:?}");
        assert_eq!(read["keep"][1]["k"].as_str(), Some(format!("z\n{b} .").as_str()), "{text:?}");
        assert_eq!(read["last"].as_i64(), Some(1));
    }

    #[test]
    fn toml(a in values(), b in values()) {
        let template = "k = \"⟦0⟧\"\nl = 'a\\\"⟦1⟧'\n[t.\"x\"]\nm = \"\"\"\nx ⟦0⟧\\\n   ⟦1⟧\"\"\"\nn = ['''\n⟦1⟧\\\"''', {o = \"⟦0⟧\"}] # c\np = 1\n";
        let text = fill(Format::Toml, template, &[&a, &b]).unwrap();
        let read: toml::Table = toml::from_str(&text).unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
        assert_eq!(read["k"].as_str(), Some(a.as_str()));
        assert_eq!(read["l"].as_str(), Some(format!("a\\\"{b}").as_str()));
        let table = &read["t"]["x"];
        assert_eq!(table["m"].as_str(), Some(format!("x {a}{b}").as_str()));
        assert_eq!(table["n"][0].as_str(), Some(format!("{b}\\\"").as_str()));
        assert_eq!(table["n"][1]["o"].as_str(), Some(a.as_str()));
        assert_eq!((read.len(), table.as_table().unwrap().len()), (3, 3));
    }

    #[test]
    fn properties(a in values(), b in values()) {
        // The reader of this test knows no surrogate pairs; Java does.
        let (a, b) = (a.replace(|c| c > '\u{ffff}', ""), b.replace(|c| c > '\u{ffff}', ""));
        let template = "# c\nk=⟦0⟧\nl : x⟦1⟧ y⟦0⟧\\\n   ⟦1⟧.\n! c\nm\\ n ⟦0⟧=\nlast=1\n";
        let text = match fill(Format::Properties, template, &[&a, &b]) {
            Ok(text) => text,
            Err(_) if a.is_empty() => return Ok(()),
            Err(fault) => panic!("{fault:?}"),
        };
        let read = java_properties::read(text.as_bytes()).unwrap();
        assert_eq!(read.len(), 4, "{text:?}");
        assert_eq!(read["k"], a);
        assert_eq!(read["l"], format!("x{b} y{a}{b}."));
        assert_eq!(read["m n"], format!("{a}="));
    }

    #[test]
    fn ini_files_carry_a_value_or_refuse_it(a in values()) {
        let Ok(text) = fill(Format::Ini, "; c\n[s]\nk = ⟦0⟧\nl=x⟦0⟧y\n[t]\nm = 1\n", &[&a]) else { return Ok(()) };
        for enabled_quote in [false, true] {
            let option = ini::ParseOption { enabled_escape: false, enabled_quote, ..ini::ParseOption::default() };
            let read = ini::Ini::load_from_str_opt(&text, option).unwrap();
            assert_eq!(read.len(), 3, "{text:?}");
            let section = read.section(Some("s")).unwrap();
            assert_eq!(section.get("k"), Some(a.as_str()), "{text:?}");
            assert_eq!(section.get("l"), Some(format!("x{a}y").as_str()), "{text:?}");
            assert_eq!(section.len(), 2);
        }
    }

    #[test]
    fn env(a in values(), b in values()) {
        let template = "# c\nexport K=⟦0⟧\nL=\"x⟦1⟧ $$ \"# c\nM='⟦0⟧ ⟦1⟧'\nN=a://u:⟦1⟧@db # c\nO=1\n";
        let template = template.replace("$$ \"#", "\" #");
        let text = match fill(Format::Env, &template, &[&a, &b]) {
            Ok(text) => text,
            Err(_) if a.contains('\0') || b.contains('\0') => return Ok(()),
            Err(fault) => panic!("{fault:?}"),
        };
        let read: Vec<(String, String)> =
            dotenvy::Iter::new(text.as_bytes()).collect::<Result<_, _>>().unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
        let expected = [
            ("K", a.clone()),
            ("L", format!("x{b} ")),
            ("M", format!("{a} {b}")),
            ("N", format!("a://u:{b}@db")),
            ("O", "1".to_owned()),
        ];
        assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value)), "{text:?}");
    }

    #[test]
    fn xml_files(a in values(), b in values()) {
        let template = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY e \">\">]>\n<r a=\"⟦0⟧\" b='x⟦1⟧'><!-- c --><t>⟦1⟧ y</t><c><![CDATA[]]]⟦0⟧]</c>]]></c></r>";
        let Ok(text) = fill(Format::Xml, template, &[&a, &b]) else {
            let carried = |value: &str| value.chars().all(|c| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..));
            assert!(!carried(&a) || !carried(&b));
            return Ok(());
        };
        let read = xml(&text);
        let expected = [("a", a.clone()), ("b", format!("x{b}")), ("t", format!("{b} y")), ("c", format!("]]]{a}]</c>")), ("r", String::new())];
        assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value)), "{text:?}");
    }
}

#[test]
fn env_files_mean_the_same_to_a_shell() {
    let mut values: Vec<String> = FRAGMENTS.iter().map(|text| (*text).to_owned()).collect();
    values.push("a'b`id`\\$HOME\"\n!".to_owned());
    for value in values {
        let text = fill(Format::Env, "A=⟦0⟧\nB=\"x⟦0⟧\"\nC='⟦0⟧y'\nD=a⟦0⟧b\n", &[&value]).unwrap();
        let script = format!("{text}\nprintf '%s\\001' \"$A\" \"$B\" \"$C\" \"$D\"");
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        let expected = format!("{value}\u{1}x{value}\u{1}{value}y\u{1}a{value}b\u{1}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
