//! Bounds on what one text may cost.

use crate::manifest::Mark;
use crate::manifest::read::fault::ReadFault;

/// Bounds on what one text may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text, as it is written and again after aliases are expanded.
    pub bytes: usize,
    /// Depth of nesting; at most 1,000.
    pub depth: usize,
    /// Nodes after aliases and merge keys are expanded.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 100, nodes: 1_000_000 }
    }
}

impl ReadFault {
    /// Whether it says that a text has more bytes or nodes than `limits` allow.
    pub fn exceeds(&self, limits: Limits) -> bool {
        [too_many_nodes(self.mark, limits), too_many_bytes(self.mark, limits)].iter().any(|fault| fault.reason == self.reason)
    }
}

/// The fault of a document that nests deeper than the limit.
pub(super) fn too_deep(mark: Mark, limits: Limits) -> ReadFault {
    ReadFault::new(mark, format!("nested more than {} levels deep", limits.depth), "nest less deep")
}

/// The fault of a text that has more bytes than the limit, as written or with its aliases expanded.
pub(super) fn too_many_bytes(mark: Mark, limits: Limits) -> ReadFault {
    ReadFault::new(mark, format!("more than {} bytes of text", limits.bytes), "use fewer aliases or split the file")
}

/// The fault of a document that has more nodes than the limit.
pub(super) fn too_many_nodes(mark: Mark, limits: Limits) -> ReadFault {
    ReadFault::new(mark, format!("more than {} values", limits.nodes), "use fewer aliases or split the file")
}
