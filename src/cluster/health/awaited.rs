//! What is waited for, how long, and what is said meanwhile.

use std::time::Duration;

use kube::core::ApiResource;

use crate::cluster::health::pod::CrashedContainer;
use crate::cluster::health::verdict::Health;

/// An object that was applied and has to become ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// Its kind, as the API server serves it.
    pub resource: ApiResource,
    /// Its namespace; `None` for a kind that belongs to the cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The object.
    pub object: Awaited,
    /// Its health when the wait ended.
    pub health: Health,
    /// The container whose end kept it from being ready, where one did.
    pub crashed: Option<CrashedContainer>,
}

/// Which objects are watched, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitLimits {
    /// The label selector that all of the awaited objects have in common, so that one watch serves all of a kind in a namespace.
    pub selector: String,
    /// What is not ready by then has failed.
    pub deadline: Duration,
    /// How long an object may be stuck before it has failed. [`WaitLimits::GRACE`] but in tests.
    pub grace: Duration,
}

impl WaitLimits {
    /// Long enough for an autoscaler to bring a node, or for an operator to make a Secret.
    pub const GRACE: Duration = Duration::from_mins(1);
}

/// What happens while objects are waited for.
#[derive(Debug)]
pub enum Progress<'a> {
    /// An object's health is another one.
    Changed {
        /// The object.
        object: &'a Awaited,
        /// Its health now.
        health: &'a Health,
        /// How many objects are ready.
        ready: usize,
        /// How many are waited for.
        of: usize,
    },
    /// The API server does not answer. The wait goes on.
    Away {
        /// Why, as a lowercase fragment.
        reason: &'a str,
    },
    /// It answers again.
    Back,
    /// Pods, ReplicaSets or events may not be read: failures are seen late, by the status of their owners.
    Hidden {
        /// The plural of the kind, such as `pods`.
        plural: &'a str,
        /// The namespace.
        namespace: &'a str,
    },
}
