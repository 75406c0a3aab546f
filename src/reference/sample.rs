//! Trees and objects for tests, written as JSON.

use serde_json::Value as Json;

use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Object;
use crate::manifest::Value;

/// The tree of a JSON value; the n-th node of the text is in line n.
pub(crate) fn node<B>(json: &Json) -> Node<B> {
    build(json, &mut 0)
}

/// The object of a JSON value, as if read from `x.yaml`.
pub(crate) fn object<B>(json: &Json) -> Object<B> {
    let text = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let identity = Identity {
        api_version: text("/apiVersion"),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    Object { file: "x.yaml".into(), identity, root: node(json) }
}

/// The JSON value of a tree without leaves.
pub(crate) fn json<B>(node: &Node<B>) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::from(*flag),
        Value::Number(Number::Int(number)) => Json::from(*number),
        Value::Number(Number::Uint(number)) => Json::from(*number),
        Value::Number(Number::Float(number)) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Leaf(_) => Json::from("<leaf>"),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.node))).collect(),
    }
}

fn build<B>(json: &Json, line: &mut u32) -> Node<B> {
    *line += 1;
    let mark = Mark { line: *line, column: 1 };
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Number(number.as_i64().map_or(Number::Float(0.5), Number::Int)),
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => Value::List(items.iter().map(|item| build(item, line)).collect()),
        Json::Object(map) => Value::Map(map.iter().map(|(key, value)| Entry { key: key.into(), mark, node: build(value, line) }).collect()),
    };
    Node { mark, value }
}
