//! What an object of configuration is, and how its name behaves.

use std::fmt;

/// A kind whose objects hold configuration, are named by content and are referred to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// A `v1` ConfigMap.
    ConfigMap,
    /// A `v1` Secret.
    Secret,
}

/// How an object's name behaves when its content changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Names {
    /// The name carries a digest of the content, and the object never changes.
    Versioned,
    /// The name stays and the content is updated in place.
    Stable,
}

impl ConfigKind {
    /// The kind as Kubernetes writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    /// The kind that Kubernetes writes so, if it is one of the two.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "ConfigMap" => Some(Self::ConfigMap),
            "Secret" => Some(Self::Secret),
            _ => None,
        }
    }
}

impl fmt::Display for ConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Names {
    /// The word in project files and annotations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Versioned => "versioned",
            Self::Stable => "stable",
        }
    }
}
