//! A Kubernetes object: a tree whose root says what it is.

use std::fmt;
use std::sync::Arc;

use crate::manifest::{Mark, Node};
use crate::place::Place;

/// One object of a release, at the stage that its leaf type `B` says.
#[derive(Debug)]
pub struct Object<B> {
    /// The template that it was read from.
    pub file: Arc<str>,
    /// What it is.
    pub identity: Identity,
    /// The whole tree, `apiVersion`, `kind` and `metadata` included.
    pub root: Node<B>,
}

/// What Kubernetes knows an object by. Two objects of one release never share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Group and version, such as `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for what belongs to the cluster.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl<B> Object<B> {
    /// The place of a mark in what this object's template rendered to.
    pub fn place(&self, mark: Mark) -> Place {
        Place::rendered(Arc::clone(&self.file), mark.line, mark.column)
    }

    /// The mark of a field, or of the object where it has none.
    pub fn mark_at(&self, path: &[&str]) -> Mark {
        self.root.at(path).map_or(self.root.mark, |node| node.mark)
    }

    /// Whether it is a `v1` ConfigMap.
    pub fn is_config_map(&self) -> bool {
        self.identity.kind == "ConfigMap" && self.identity.api_version == "v1"
    }

    /// Whether it is a `v1` Secret.
    pub fn is_secret(&self) -> bool {
        self.identity.kind == "Secret" && self.identity.api_version == "v1"
    }
}

impl Identity {
    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether `KIND/NAME` is that object; how a kind is capitalised does not matter.
    pub fn is_called(&self, named: &str) -> bool {
        named.split_once('/').is_some_and(|(kind, name)| kind.eq_ignore_ascii_case(&self.kind) && name == self.name)
    }
}

impl fmt::Display for Identity {
    /// `Kind namespace/name`, or `Kind name` for what belongs to the cluster.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}
