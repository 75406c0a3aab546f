//! Why a text cannot be read.

use std::fmt;

use crate::manifest::Mark;

/// Why a text cannot be read, and where. Says nothing of the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFault {
    /// Where in the text.
    pub mark: Mark,
    /// What is wrong; a lowercase fragment.
    pub reason: String,
    /// What to do.
    pub next: String,
}

impl ReadFault {
    pub(super) fn new(mark: Mark, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { mark, reason: reason.into(), next: next.into() }
    }
}

impl fmt::Display for ReadFault {
    /// Place, reason and next step in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}; {}", self.mark.line, self.mark.column, self.reason, self.next)
    }
}
