//! Encode: `stringData` becomes `data`, and every value of a Secret is base64-encoded once, into its final buffer.

use std::collections::BTreeMap;

use base64::Engine;
use base64::encoded_len;
use base64::engine::general_purpose::STANDARD;

use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
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
    let mut problems = Vec::new();
    for object in &mut objects {
        if object.is_secret() {
            encode_secret(object, &mut problems);
        } else if object.is_config_map() {
            encode_config_map(object, &mut problems);
        }
    }
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
            let problem = ("stands under `data` and under `binaryData`", "keep one of them");
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
        Value::Text(text) => Value::Text(STANDARD.encode(text)),
        Value::Null => Value::Text(String::new()),
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

/// The same base64 without the line breaks that Kubernetes' JSON reader passes over.
fn canonical(text: &str) -> Option<String> {
    let joined: String = text.chars().filter(|letter| !matches!(letter, '\n' | '\r')).collect();
    STANDARD.decode(&joined).ok().map(|bytes| STANDARD.encode(bytes))
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

fn put_entries(object: &mut Object<Secret>, field: &str, entries: BTreeMap<String, Entry<Secret>>) {
    if field == "data" && object.is_secret() {
        object.root.take("stringData");
    }
    if entries.is_empty() {
        object.root.take(field);
        return;
    }
    let mark = object.root.get(field).map_or_else(Mark::default, |node| node.mark);
    object.root.set(field, Node { mark, value: Value::Map(entries.into_values().collect()) });
}

fn problem_at(object: &Object<Secret>, field: &str, entry: &Entry<Secret>, (reason, next): (&str, &str)) -> Problem {
    let mark = if entry.node.mark == Mark::default() { entry.mark } else { entry.node.mark };
    Problem::new(Fault::Check, format!("`{}` under `{field}` {reason}", entry.key), next).at(object.place(mark))
}
