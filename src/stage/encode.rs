//! Encode: `stringData` becomes `data`, and every value of a Secret is base64-encoded once, into its final buffer.

use std::collections::BTreeMap;

use base64::Engine;
use base64::encoded_len;
use base64::engine::general_purpose::STANDARD;

use compact_str::CompactString;

use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::find_mut;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::fill::Filled;
use crate::stage::fill::Used;
use crate::stage::taint::Waiver;

/// Objects as the API server takes them, but for their names. Only [`encode`] makes one.
#[derive(Debug)]
pub struct Encoded {
    objects: Vec<Object<Secret>>,
    used: Vec<Used>,
    waivers: Vec<Waiver>,
    warnings: Vec<Problem>,
}

impl Encoded {
    /// The objects. Every leaf is UTF-8.
    pub fn objects(&self) -> &[Object<Secret>] {
        &self.objects
    }

    /// The objects, what was used, what the templates waive, and the warnings so far.
    pub fn into_parts(self) -> (Vec<Object<Secret>>, Vec<Used>, Vec<Waiver>, Vec<Problem>) {
        (self.objects, self.used, self.waivers, self.warnings)
    }
}

/// Merges a Secret's `stringData` over its `data`, as the API server does, and encodes; moves a ConfigMap's values that
/// are not UTF-8 to `binaryData`. The keys of all three are sorted.
pub fn encode(filled: Filled) -> Result<Encoded, Problems> {
    let (mut objects, used, waivers, warnings) = filled.into_parts();
    let problems = find_mut(&mut objects, |object, problems| {
        if object.is_secret() {
            encode_secret(object, problems);
        } else if object.is_config_map() {
            encode_config_map(object, problems);
        }
    });
    Problems::or(Encoded { objects, used, waivers, warnings }, problems)
}

fn encode_secret(object: &mut Object<Secret>, problems: &mut Vec<Problem>) {
    let mut merged = BTreeMap::new();
    for (field, encoded) in [("data", true), ("stringData", false)] {
        for mut entry in take_entries(object, field, problems) {
            match encode_value(&mut entry.node, encoded) {
                Ok(()) => {
                    merged.insert(entry.key.clone(), entry);
                }
                Err(problem) => problems.push(problem_at(object, field, &entry, problem)),
            }
        }
    }
    put_entries(object, "data", merged);
}

fn encode_config_map(object: &mut Object<Secret>, problems: &mut Vec<Problem>) {
    let mut texts = BTreeMap::new();
    let mut bytes = BTreeMap::new();
    for mut entry in take_entries(object, "binaryData", problems) {
        match encode_value(&mut entry.node, true) {
            Ok(()) => {
                bytes.insert(entry.key.clone(), entry);
            }
            Err(problem) => problems.push(problem_at(object, "binaryData", &entry, problem)),
        }
    }
    for mut entry in take_entries(object, "data", problems) {
        let binary = matches!(&entry.node.value, Value::Leaf(value) if value.expose_text().is_none());
        if binary && let Value::Leaf(value) = &entry.node.value {
            entry.node.value = Value::Leaf(base64_of(value.expose()));
        }
        if bytes.contains_key(&entry.key) {
            let problem = ("is under `binaryData`, too", "keep one of them");
            problems.push(problem_at(object, "data", &entry, problem));
        }
        let kind = if binary { &mut bytes } else { &mut texts };
        kind.insert(entry.key.clone(), entry);
    }
    put_entries(object, "data", texts);
    put_entries(object, "binaryData", bytes);
}

/// Turns a value into base64: a leaf is bytes to be encoded; a text is base64 where the field says so, and is made canonical.
fn encode_value(node: &mut Node<Secret>, encoded: bool) -> Result<(), (&'static str, &'static str)> {
    let value = match &node.value {
        Value::Leaf(value) => Value::Leaf(base64_of(value.expose())),
        Value::Text(text) if encoded => {
            Value::Text(canonical(text).ok_or(("is not base64", "write the text under `stringData`, or encode it"))?)
        }
        Value::Text(text) => Value::Text(STANDARD.encode(text).into()),
        Value::Null => Value::Text(CompactString::default()),
        Value::Bool(_) | Value::Number(_) => return Err(("is not a string", "quote it")),
        Value::List(_) | Value::Map(_) => return Err(("is not a string", "write the text as a block, such as with `|`")),
    };
    node.value = value;
    Ok(())
}

fn base64_of(bytes: &[u8]) -> Secret {
    let length = encoded_len(bytes.len(), true).unwrap_or(usize::MAX);
    let mut out = SecretBuffer::with_capacity(length);
    let written = STANDARD.encode_slice(bytes, out.extend_zeroed(length));
    debug_assert_eq!(written.ok(), Some(length), "the buffer has the exact size");
    out.into()
}

/// The same base64 without the line breaks that Kubernetes' JSON reader passes over. What can be decoded is as it would be encoded: padding and the
/// bits that it leaves over are held to that.
fn canonical(text: &str) -> Option<CompactString> {
    let joined = if text.contains(['\n', '\r']) { text.split(['\n', '\r']).collect() } else { CompactString::new(text) };
    STANDARD.decode(&joined).is_ok().then_some(joined)
}

fn take_entries(object: &mut Object<Secret>, field: &str, problems: &mut Vec<Problem>) -> Vec<Entry<Secret>> {
    // The field stays where it is, empty, until its entries come back.
    let Some(node) = object.root.get_mut(field) else { return Vec::new() };
    match std::mem::replace(&mut node.value, Value::Null) {
        Value::Map(entries) => entries,
        Value::Null => Vec::new(),
        value => {
            let (mark, kind) = (node.mark, Node { mark: node.mark, value }.kind());
            let problem = Problem::new(Fault::Check, format!("`{field}` is {kind}, not a mapping"), "write keys and values under it");
            problems.push(problem.at(object.place(mark)));
            Vec::new()
        }
    }
}

fn put_entries(object: &mut Object<Secret>, field: &str, entries: BTreeMap<CompactString, Entry<Secret>>) {
    if field == "data" && object.is_secret() {
        object.root.take("stringData");
    }
    if entries.is_empty() {
        object.root.take(field);
        return;
    }
    let mark = object.root.get(field).map_or_else(Mark::default, |node| node.mark);
    let mut list = Vec::with_capacity(entries.len());
    list.extend(entries.into_values());
    object.root.set(field, Node { mark, value: Value::Map(list) });
}

fn problem_at(object: &Object<Secret>, field: &str, entry: &Entry<Secret>, (reason, next): (&str, &str)) -> Problem {
    let mark = if entry.node.mark == Mark::default() { entry.mark } else { entry.node.mark };
    Problem::new(Fault::Check, format!("`{}` under `{field}` {reason}", entry.key), next).at(object.place(mark))
}

#[cfg(test)]
mod tests {
    use crate::blank::BlankText;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::digest::Digest;
    use crate::manifest::Leaf;
    use crate::manifest::Mark;
    use crate::manifest::Node;
    use crate::manifest::Object;
    use crate::manifest::Value;
    use crate::problem::Problems;
    use crate::secret::Secret;
    use crate::stage::encode::encode;
    use crate::stage::fill::fill;
    use crate::stage::sample::Chest;
    use crate::stage::sample::NOON;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    fn entries(object: &Object<Secret>, field: &str) -> Vec<(String, String)> {
        let text = |node: &Node<Secret>| match &node.value {
            Value::Text(text) => text.to_string(),
            Value::Leaf(value) => String::from_utf8(value.bytes().to_vec()).unwrap(),
            _ => panic!("no text"),
        };
        let entries = object.root.get(field).and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|entry| (entry.key.to_string(), text(&entry.node))).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[tokio::test]
    async fn each_value_is_encoded_once() {
        let mut blanks = Blanks::default();
        let password = ask(&mut blanks, "pw");
        let encoded = derive(&mut blanks, Filter::B64encode, password);
        let binary = ask(&mut blanks, "bin");
        let data = vec![
            ("z", cloze("_", &[password])),
            ("both", Node::text("b2xk")),
            ("once", cloze("_", &[encoded])),
            ("bytes", cloze("_", &[binary])),
            ("folded", Node::text("cHV\nibGlj\n")),
            ("nothing", Node::made(Value::Null)),
        ];
        let text = vec![("both", Node::text("new")), ("url", cloze("x:_@", &[password])), ("bytes2", cloze("_", &[binary]))];
        let secret = object("Secret", vec![("stringData", map(text)), ("data", map(data)), ("type", Node::text("Opaque"))]);
        let revealed = derive(&mut blanks, Filter::Reveal, binary);
        let shown = derive(&mut blanks, Filter::Reveal, password);
        let config_data = vec![("file", cloze("_", &[revealed])), ("text", cloze("a_", &[shown]))];
        let config = object("ConfigMap", vec![("data", map(config_data)), ("binaryData", map(vec![("b", cloze("_", &[shown]))]))]);
        let vaults = Chest::with(&[("pw", b"s3cret"), ("bin", b"\xff\x00\xfe")]).into_default();
        let filled = fill(vec![secret, config], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap();
        let encoded = encode(filled).unwrap();
        let [secret, config] = encoded.objects() else { panic!("two objects") };
        assert_eq!(
            entries(secret, "data"),
            pairs(&[
                ("both", "bmV3"),
                ("bytes", "/wD+"),
                ("bytes2", "/wD+"),
                ("folded", "cHVibGlj"),
                ("nothing", ""),
                ("once", "czNjcmV0"),
                ("url", "eDpzM2NyZXRA"),
                ("z", "czNjcmV0"),
            ])
        );
        assert!(secret.root.get("stringData").is_none());
        assert_eq!(entries(config, "data"), pairs(&[("text", "as3cret")]));
        assert_eq!(entries(config, "binaryData"), pairs(&[("b", "czNjcmV0"), ("file", "/wD+")]));
    }

    async fn problems_of(fields: Vec<(&str, Node<BlankText>)>) -> Problems {
        let (blanks, vaults) = (Blanks::default(), Chest::default().into_default());
        let filled = fill(vec![object("Secret", fields)], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap();
        encode(filled).unwrap_err()
    }

    #[tokio::test]
    async fn a_key_stands_in_one_field_of_a_config_map() {
        let one = |text: &str| map(vec![("a", Node::text(text))]);
        let config = object("ConfigMap", vec![("data", one("x")), ("binaryData", one("eA=="))]);
        let (blanks, vaults) = (Blanks::default(), Chest::default().into_default());
        let filled = fill(vec![config], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap();
        let problems = encode(filled).unwrap_err();
        assert_eq!(problems.to_string(), "t.yaml (rendered):7:1: `a` under `data` is under `binaryData`, too");
    }

    #[tokio::test]
    async fn what_cannot_be_encoded_is_a_problem_at_its_place() {
        let number = Node { mark: Mark { line: 3, column: 5 }, value: Value::Bool(true) };
        let problems =
            problems_of(vec![("data", map(vec![("a", Node::text("no base64"))])), ("stringData", map(vec![("b", number)]))]).await;
        let texts: Vec<String> = problems.list().iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
        assert_eq!(
            texts,
            [
                "t.yaml (rendered):3:5: `b` under `stringData` is not a string; quote it",
                "t.yaml (rendered):7:1: `a` under `data` is not base64; write the text under `stringData`, or encode it",
            ]
        );
        let problems = problems_of(vec![("data", map(vec![("c", map(Vec::new()))]))]).await;
        assert_eq!(problems.list()[0].next, "write the text as a block, such as with `|`");
        let problems = problems_of(vec![("data", Node::text("x"))]).await;
        assert_eq!(problems.list()[0].reason, "`data` is a string, not a mapping");
    }
}
