//! The manifests of a release on their way to a target.

use std::fmt;

use crate::manifest::Identity;
use crate::manifest::Phase;

/// All manifests of a release, in apply order.
#[derive(Debug)]
pub struct ManifestSet<'a> {
    /// How they are written.
    pub syntax: Syntax,
    /// The manifests.
    pub manifests: Vec<Manifest<'a>>,
}

/// One object of a release, written out.
pub struct Manifest<'a> {
    /// What Kubernetes will know it by.
    pub identity: &'a Identity,
    /// Its name without the content's suffix.
    pub base: &'a str,
    /// When it is applied.
    pub phase: Phase,
    /// One document, ending in a newline.
    pub bytes: &'a [u8],
    /// The template that it comes from, where that is known.
    pub file: Option<&'a str>,
}

/// The syntax of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML.
    Yaml,
    /// JSON, a document a line.
    Json,
}

impl<'a> Manifest<'a> {
    /// A manifest, applied when its kind is.
    pub fn new(identity: &'a Identity, base: &'a str, bytes: &'a [u8]) -> Self {
        Self { identity, base, phase: Phase::of(identity), bytes, file: None }
    }

    /// The same from that template.
    #[must_use]
    pub fn of_template(self, file: &'a str) -> Self {
        Self { file: Some(file), ..self }
    }

    /// What its template calls it.
    pub fn named_by_template(&self) -> Identity {
        Identity { name: self.base.to_owned(), ..self.identity.clone() }
    }
}

impl fmt::Debug for Manifest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("identity", &self.identity).field("base", &self.base).finish_non_exhaustive()
    }
}
