//! What earlier releases left in a target.

use crate::manifest::Identity;
use crate::problem::Problem;

/// What a target keeps when it removes what earlier releases left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needed {
    /// The objects of the release that it holds.
    pub current: Vec<Identity>,
    /// Objects of other releases that stay, too.
    pub kept: Vec<Identity>,
    /// What a release that failed brought: revisions of workloads that name it do not keep it.
    pub failed: Vec<Identity>,
    /// Whether nothing but that is removed.
    pub only_failed: bool,
}

/// What was removed of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The objects that were removed, or would be.
    pub removed: Vec<Identity>,
    /// Objects that no release needs and that stay, since they hold data or say that they must.
    pub protected: Vec<Identity>,
    /// What did not work.
    pub warnings: Vec<Problem>,
}
