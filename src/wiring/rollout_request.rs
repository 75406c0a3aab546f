//! How a release is to go to a cluster, and how all is taken out of it.

use std::sync::Arc;
use std::time::Duration;

use crate::target::RolloutObserver;

/// How a release goes to a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct RolloutRequest<'a> {
    /// The objects of others to take over, as `KIND/NAME`; twice where a tool manages one.
    pub adopt: &'a [String],
    /// Whether fields that other managers hold are taken over.
    pub force: bool,
    /// Whether it is waited for.
    pub proves: bool,
    /// Whether the logs of containers that crash are asked for.
    pub logs: bool,
    /// Who hears what is waited for.
    pub observer: Option<&'a Arc<dyn RolloutObserver>>,
}

/// How an environment is taken out of its cluster.
#[derive(Debug, Clone, Copy)]
pub struct DestroyRequest<'a> {
    /// Whether nothing is removed, and it is said what would be.
    pub dry_run: bool,
    /// Whether nobody is asked.
    pub yes: bool,
    /// How long objects may take to go; as long as a rollout where it is `None`.
    pub timeout: Option<Duration>,
    /// Who hears what is waited for.
    pub observer: Option<&'a Arc<dyn RolloutObserver>>,
}
