//! What is read in one piece.

/// A name as the service has it, and a version if one is pinned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) version: Option<String>,
}
