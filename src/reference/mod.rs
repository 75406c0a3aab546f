//! Who refers to a ConfigMap or Secret: tables of fields, shapes where no table reaches, and what others produce.

mod annotation;
mod external;
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
pub use producer::{Product, always_there, products};
pub use scope::Scopes;
pub use shape::{pod_specs, pod_templates};
pub use walk::walk;

/// One field that names a ConfigMap or Secret.
#[derive(Debug)]
pub struct Site<'a> {
    /// Which of the two.
    pub referent: ConfigKind,
    /// The name that stands there, without a namespace.
    pub name: &'a str,
    /// The namespace that the field carries; `None` for the referring object's own.
    pub namespace: Option<&'a str>,
    /// The keys that are asked for, with their places.
    pub keys: Vec<(&'a str, Mark)>,
    /// Whether `binaryData` is out of the field's reach, as it is of `configMapKeyRef`.
    pub text_only: bool,
    /// Whether the object has to be there.
    pub presence: Presence,
    /// Where the name stands.
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

/// A string in a custom resource that no table knows.
#[derive(Debug)]
pub struct Stranger<'a> {
    /// The key of the mapping that the string's mapping stands under; empty at the root.
    pub parent: &'a str,
    /// The string's own key.
    pub key: &'a str,
    /// The string.
    pub text: &'a str,
    /// Where it stands.
    pub mark: Mark,
}

/// What [`walk`] tells about an object, and what it writes back.
pub trait Visit {
    /// A field that names a ConfigMap or Secret. The name to write in its stead, or `None` to leave it.
    fn reference(&mut self, site: &Site<'_>) -> Option<String>;

    /// The names that a permission for `name` has to cover besides or instead of it; empty to leave it.
    fn permission(&mut self, referent: ConfigKind, name: &str) -> Vec<String>;

    /// Whether the admission policy of that kind and name takes ConfigMaps as parameters; `None` when the release does not
    /// have it.
    fn parameters(&self, kind: &str, policy: &str) -> Option<bool>;

    /// A name under `key` that is no string.
    fn misfit(&mut self, key: &str, found: &'static str, mark: Mark);

    /// A pod template begins.
    fn enter_template(&mut self) {}

    /// A pod template ended. An annotation to put on it.
    fn leave_template(&mut self) -> Option<(String, String)> {
        None
    }

    /// A string in a custom resource that no table knows.
    fn stranger(&mut self, stranger: &Stranger<'_>) {
        let _ = stranger;
    }
}
