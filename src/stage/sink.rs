//! Where in an object a text with blanks stands, as far as it decides what may land there and how it is encoded.

use crate::blank::BlankText;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;

/// A place that a value can land in, with its key where it is one of a ConfigMap's or Secret's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink<'a> {
    /// `data` of a Secret, base64.
    SecretData,
    /// `stringData` of a Secret.
    SecretText(&'a str),
    /// `data` of a ConfigMap.
    ConfigText(&'a str),
    /// `binaryData` of a ConfigMap, base64.
    ConfigBytes,
    /// `spec.encryptedData` of a `SealedSecret`.
    Wrapped,
    /// Anywhere else.
    Elsewhere,
}

/// A step from an object's root to a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Sink<'a> {
    fn of(object: &Object<BlankText>, path: &[Step<'a>]) -> Self {
        match path {
            [Step::Key("data"), Step::Key(_)] if object.is_secret() => Self::SecretData,
            [Step::Key("stringData"), Step::Key(key)] if object.is_secret() => Self::SecretText(key),
            [Step::Key("data"), Step::Key(key)] if object.is_config_map() => Self::ConfigText(key),
            [Step::Key("binaryData"), Step::Key(_)] if object.is_config_map() => Self::ConfigBytes,
            [Step::Key("spec"), Step::Key("encryptedData"), Step::Key(_)]
                if object.identity.kind == "SealedSecret" && object.identity.group() == "bitnami.com" =>
            {
                Self::Wrapped
            }
            _ => Self::Elsewhere,
        }
    }

    /// Whether a secret may land here without anybody's leave.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::SecretData | Self::SecretText(_) | Self::Wrapped)
    }

    /// Whether what lands here is base64 in the manifest and so may be any bytes.
    pub(super) fn takes_bytes(self) -> bool {
        !matches!(self, Self::Wrapped | Self::Elsewhere)
    }

    /// Whether a text that stands here is base64 already.
    pub(super) fn is_encoded(self) -> bool {
        matches!(self, Self::SecretData | Self::ConfigBytes)
    }
}

/// A text with blanks where it stands.
#[derive(Debug)]
pub(super) struct Spot<'a> {
    pub(super) object: &'a Object<BlankText>,
    pub(super) path: &'a [Step<'a>],
    pub(super) sink: Sink<'a>,
    pub(super) cloze: &'a BlankText,
    pub(super) mark: Mark,
}

impl Spot<'_> {
    /// The path as people write it: `spec.containers[0].args[1]`.
    pub(super) fn field(&self) -> String {
        let mut text = String::new();
        for step in self.path {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) if key.contains(['.', '/', '[']) => text.extend(["[\"", key, "\"]"]),
                Step::Key(key) => text.extend([".", key]),
                Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
            }
        }
        text
    }
}

/// Shows every text with blanks to `see`, in the order of [`Node::map_leaves`].
pub(super) fn visit(object: &Object<BlankText>, see: &mut dyn FnMut(&Spot<'_>)) {
    fn walk<'a>(object: &'a Object<BlankText>, node: &'a Node<BlankText>, path: &mut Vec<Step<'a>>, see: &mut dyn FnMut(&Spot<'_>)) {
        match &node.value {
            Value::Leaf(cloze) => see(&Spot { object, path, sink: Sink::of(object, path), cloze, mark: node.mark }),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    walk(object, item, path, see);
                    path.pop();
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    path.push(Step::Key(&entry.key));
                    walk(object, &entry.node, path, see);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
    walk(object, &object.root, &mut Vec::new(), see);
}
