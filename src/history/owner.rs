//! Whose history it is.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Whose history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.environment)
    }
}
