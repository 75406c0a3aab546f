//! Paths from an object's root to what it holds.

use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step<'a> {
    /// An item of a list, from 0.
    Index(usize),
    /// A value of a mapping.
    Key(Cow<'a, str>),
}

impl Step<'_> {
    /// The same step with a text of its own.
    pub(super) fn to_owned_step(&self) -> Step<'static> {
        match self {
            Self::Index(index) => Step::Index(*index),
            Self::Key(key) => Step::Key(Cow::Owned(key.clone().into_owned())),
        }
    }
}

/// A path as people write it: `spec.containers[0].args[1]`.
pub(super) fn field_of(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) => push_key(&mut text, key),
            Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

/// Adds a key to a path as people write it.
pub(super) fn push_key(path: &mut String, key: &str) {
    match key {
        _ if key.contains(['.', '/', '[']) => path.extend(["[\"", key, "\"]"]),
        _ if path.is_empty() => path.push_str(key),
        _ => path.extend([".", key]),
    }
}

/// Shows every leaf with its path and its mark, in the order of [`Node::map_leaves`].
pub(super) fn walk_leaves<'a, B>(root: &'a Node<B>, see: &mut dyn FnMut(&'a B, &[Step<'a>], Mark)) {
    fn walk<'a, B>(node: &'a Node<B>, path: &mut Vec<Step<'a>>, see: &mut dyn FnMut(&'a B, &[Step<'a>], Mark)) {
        match &node.value {
            Value::Leaf(leaf) => see(leaf, path, node.mark),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    walk(item, path, see);
                    path.pop();
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    path.push(Step::Key(Cow::Borrowed(&entry.key)));
                    walk(&entry.node, path, see);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
    walk(root, &mut Vec::new(), see);
}
