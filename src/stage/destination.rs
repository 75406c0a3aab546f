//! The field that a text with blanks is in: it decides whether a secret is allowed there, and how it is encoded.

use crate::blank::BlankText;
use crate::manifest::Mark;
use crate::manifest::Object;
use crate::stage::path::Step;
use crate::stage::path::field_of;
use crate::stage::path::walk_leaves;

/// The field that a text with blanks is in, with its key where it is one of a ConfigMap's or Secret's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination<'a> {
    /// `data` of a Secret, base64.
    SecretData(&'a str),
    /// `stringData` of a Secret.
    SecretText(&'a str),
    /// `data` of a ConfigMap.
    ConfigText(&'a str),
    /// `binaryData` of a ConfigMap, base64.
    ConfigBytes(&'a str),
    /// Anywhere else.
    Elsewhere,
}

impl<'a> Destination<'a> {
    fn of(object: &Object<BlankText>, path: &'a [Step<'a>]) -> Self {
        let [Step::Key(field), Step::Key(key)] = path else { return Self::Elsewhere };
        match &**field {
            "data" if object.is_secret() => Self::SecretData(key),
            "stringData" if object.is_secret() => Self::SecretText(key),
            "data" if object.is_config_map() => Self::ConfigText(key),
            "binaryData" if object.is_config_map() => Self::ConfigBytes(key),
            _ => Self::Elsewhere,
        }
    }

    /// The key of the ConfigMap or Secret.
    pub(super) fn key(self) -> Option<&'a str> {
        match self {
            Self::SecretData(key) | Self::SecretText(key) | Self::ConfigText(key) | Self::ConfigBytes(key) => Some(key),
            Self::Elsewhere => None,
        }
    }

    /// Whether a secret value is allowed here without a waiver.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::SecretData(_) | Self::SecretText(_))
    }

    /// Whether the value is base64 in the manifest and so can be any bytes.
    pub(super) fn takes_bytes(self) -> bool {
        self != Self::Elsewhere
    }

    /// Whether text in this field of a template is base64 already.
    pub(super) fn is_encoded(self) -> bool {
        matches!(self, Self::SecretData(_) | Self::ConfigBytes(_))
    }
}

/// A text with blanks, and where it is.
#[derive(Debug)]
pub(super) struct Occurrence<'a> {
    pub(super) object: &'a Object<BlankText>,
    pub(super) path: &'a [Step<'a>],
    pub(super) destination: Destination<'a>,
    pub(super) cloze: &'a BlankText,
    pub(super) mark: Mark,
}

impl Occurrence<'_> {
    /// The field of the object's root that it is in; empty where that is no field.
    pub(super) fn root_field(&self) -> &str {
        match self.path.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// The path, as in `spec.containers[0].args[1]`.
    pub(super) fn field(&self) -> String {
        field_of(self.path)
    }
}

/// Shows every text with blanks to `see`, in the order of [`crate::manifest::Node::map_leaves`].
pub(super) fn visit(object: &Object<BlankText>, see: &mut dyn FnMut(&Occurrence<'_>)) {
    walk_leaves(&object.root, &mut |cloze, path, mark| {
        see(&Occurrence { object, path, destination: Destination::of(object, path), cloze, mark });
    });
}
