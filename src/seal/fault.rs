//! Why something sealed does not open.

/// One text for a wrong key, a wrong context and damage: nobody can tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not open: it was sealed under another key or as something else, or it was changed since")]
pub struct OpenFault;
