//! Who refers to a ConfigMap or Secret: tables of fields, shapes where no table reaches, and what others produce.

mod annotation;
mod external;
mod fixed;
mod learned;
mod permission;
mod producer;
mod rule;
#[cfg(test)]
pub(crate) mod sample;
mod scope;
mod shape;
mod storage;
mod table;
mod walk;

use crate::manifest::ConfigKind;
use crate::manifest::Mark;

pub use external::External;
pub use learned::Learned;
pub use learned::Taught;
pub use producer::{Product, always_there, products};
pub use scope::Scopes;
pub use shape::{pod_specs, pod_templates};
pub use walk::walk;

/// One field that names a ConfigMap or Secret.
#[derive(Debug)]
pub struct ReferenceSite<'a> {
    /// Which of the two.
    pub referent: ConfigKind,
    /// The name that is there, without a namespace.
    pub name: &'a str,
    /// The namespace that the field carries; `None` for the referring object's own.
    pub namespace: Option<&'a str>,
    /// The keys that are asked for, with their places.
    pub keys: Vec<(&'a str, Mark)>,
    /// Whether `binaryData` is out of the field's reach, as it is of `configMapKeyRef`.
    pub text_only: bool,
    /// Whether the object has to be there.
    pub presence: Presence,
    /// What the field belongs to, where the cluster never lets it change: `the pod template of a Job`.
    pub fixed: Option<&'static str>,
    /// Where the name is.
    pub mark: Mark,
}

/// A permission for one ConfigMap or Secret.
#[derive(Debug)]
pub struct Permission<'a> {
    /// Which of the two.
    pub referent: ConfigKind,
    /// Its name.
    pub name: &'a str,
    /// Whether it may be changed.
    pub writes: bool,
    /// Where the name is.
    pub mark: Mark,
}

/// Whether what a field names has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A pod does not start, or an object does not work, without it.
    Required,
    /// It may be absent, with or without its keys.
    Optional,
}

/// A string that no rule takes for a reference, though it may be one.
#[derive(Debug)]
pub struct FreeText<'a> {
    /// What it is.
    pub place: TextPlace,
    /// The key of the mapping that the string's mapping is under; empty at the root.
    pub parent: &'a str,
    /// The string's own key; the variable's name for a variable's literal.
    pub key: &'a str,
    /// Whether the string, or the mapping that it is in, is one of a list.
    pub listed: bool,
    /// The string.
    pub text: &'a str,
    /// Where it is.
    pub mark: Mark,
}

/// What a string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPlace {
    /// An argument or a part of a command.
    Argument,
    /// The literal of an environment variable.
    Variable,
    /// An annotation.
    Annotation,
    /// An attribute of a volume, or another free parameter.
    Parameter,
    /// A field of a custom resource.
    Field,
}

/// What [`walk`] tells about an object, and what it writes back.
pub trait Visit {
    /// A field that names a ConfigMap or Secret. The name to write in its stead, or `None` to leave it.
    fn reference(&mut self, site: &ReferenceSite<'_>) -> Option<String> {
        let _ = site;
        None
    }

    /// The names that a permission has to cover besides or instead of its own; empty to leave it.
    fn permission(&mut self, permission: &Permission<'_>) -> Vec<String> {
        let _ = permission;
        Vec::new()
    }

    /// Whether the admission policy of that kind and name takes ConfigMaps as parameters; `None` when the release does not
    /// have it.
    fn parameters(&self, kind: &str, policy: &str) -> Option<bool> {
        let _ = (kind, policy);
        None
    }

    /// A name under `key` that is not a string.
    fn misfit(&mut self, key: &str, found: &'static str, mark: Mark) {
        let _ = (key, found, mark);
    }

    /// A pod template begins.
    fn enter_template(&mut self) {}

    /// A pod template ended. An annotation to put on it.
    fn leave_template(&mut self) -> Option<(String, String)> {
        None
    }

    /// A string that no rule takes for a reference. Labels, selectors and ports are not shown.
    fn text(&mut self, text: &FreeText<'_>) {
        let _ = text;
    }
}
