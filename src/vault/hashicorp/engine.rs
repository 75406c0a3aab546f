//! The two versions of the KV engine.

use std::fmt;

/// Which KV engine is mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KvEngine {
    /// Version 1: one value for each name, without versions.
    V1,
    /// Version 2: versions that can be pinned, deleted and destroyed.
    #[default]
    V2,
}

impl KvEngine {
    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::V1 => Self::V2,
            Self::V2 => Self::V1,
        }
    }
}

impl fmt::Display for KvEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "KV version 1",
            Self::V2 => "KV version 2",
        })
    }
}
