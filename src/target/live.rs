//! What a release would change of what is live in a target.

use std::convert::Infallible;

use crate::manifest::Identity;
use crate::manifest::Node;
use crate::problem::Problem;

/// What putting a release would change.
#[derive(Debug, Default)]
pub struct LiveDifference {
    /// The release that the target holds; `None` where nothing was put there yet.
    pub release: Option<u64>,
    /// The objects of the release that differ, in apply order.
    pub objects: Vec<LiveObject>,
    /// The objects that earlier releases put there and this one does not have.
    pub left: Vec<Identity>,
    /// What to look at.
    pub warnings: Vec<Problem>,
}

/// An object that differs.
#[derive(Debug)]
pub struct LiveObject {
    /// What Kubernetes knows it by.
    pub identity: Identity,
    /// It as it is now and as it would be, without what only the server sets; `None` for one that comes. Both hold values in clear, and are wiped.
    pub change: Option<(Node<Infallible>, Node<Infallible>)>,
}

impl Drop for LiveObject {
    fn drop(&mut self) {
        if let Some((before, after)) = &mut self.change {
            before.wipe();
            after.wipe();
        }
    }
}
