//! Where something is kept.

use std::fmt;
use std::path::PathBuf;

/// Where something is kept that need not lie in the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Beneath the project's root.
    Beneath(String),
    /// Anywhere, by a path that the user of the machine chose.
    Anywhere(PathBuf),
}

impl fmt::Display for Location {
    /// The path; a `file` URL for what may lie anywhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beneath(path) => f.write_str(path),
            Self::Anywhere(path) => write!(f, "file://{}", path.display()),
        }
    }
}
