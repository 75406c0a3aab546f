//! Where something is: file, line and column.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

/// A place in a file of the project. Lines and columns count from 1; 0 means unknown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the project's root, with forward slashes.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether line and column count in the text that the template rendered to, not in the template itself.
    pub rendered: bool,
}

impl Place {
    /// A place in a file on disk.
    #[must_use]
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, rendered: false }
    }

    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self::new(file, 0, 0)
    }

    /// A place in what `file` rendered to.
    #[must_use]
    pub fn rendered(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { rendered: true, ..Self::new(file, line, column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.rendered) {
            (0, _) => f.write_str(&self.file),
            (_, false) => write!(f, "{}:{}:{}", self.file, self.line, self.column),
            (_, true) => write!(f, "{} (rendered):{}:{}", self.file, self.line, self.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn displays_as_editors_expect() {
        assert_eq!(Place::new("a.yaml", 3, 7).to_string(), "a.yaml:3:7");
        assert_eq!(Place::rendered("a.yaml", 3, 7).to_string(), "a.yaml (rendered):3:7");
        assert_eq!(Place::file("a.yaml").to_string(), "a.yaml");
    }
}
