//! The cluster that deploys apply to: what a project file says of it, and what applies.

use std::time::Duration;

use crate::project::check::seconds;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::resolver::Resolver;
use crate::project::resolver::file;
use crate::project::spanned::Spanned;

/// The section `cluster` of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterEntry {
    /// The context of the kubeconfig.
    pub context: Spanned<String>,
    /// The namespace of the inventory; the environment's when absent.
    pub namespace: Option<Spanned<String>>,
    /// How long a rollout may take, as [`seconds`] reads it.
    pub wait: Option<Spanned<String>>,
    /// What to do after a rollout that failed.
    pub on_failure: Option<Spanned<OnFailure>>,
    /// Of how many releases objects that are named by their content stay.
    pub keep: Option<Spanned<u64>>,
    /// Whether deploys and rollbacks remove what nothing needs any more.
    pub prune: Option<Spanned<bool>>,
}

/// How deploys apply to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The namespace of the inventory.
    pub namespace: String,
    /// How long a rollout may take.
    pub wait: Duration,
    /// What to do after a rollout that failed.
    pub on_failure: OnFailure,
    /// Of how many of the newest releases objects that are named by their content stay, at least 1.
    pub keep: u64,
    /// Whether deploys and rollbacks remove what nothing needs any more.
    pub prune: bool,
}

/// What to do after a rollout that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Go back to the last release that was proven.
    Rollback,
    /// Leave it as it is.
    Stop,
}

impl OnFailure {
    fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Stop => "stop",
        }
    }
}

/// The words of `on-failure`.
pub(in crate::project) const ON_FAILURE: &[(&str, OnFailure)] = &[("rollback", OnFailure::Rollback), ("stop", OnFailure::Stop)];

/// How deploys of an environment whose section says `entry` apply; `namespace` is the environment's.
pub(in crate::project) fn cluster(resolver: &mut Resolver<'_>, entry: &ClusterEntry, namespace: &str) -> ClusterSettings {
    let own = Some((namespace.to_owned(), Origin::Default));
    let choice = Choice::of([entry.namespace.as_ref().and_then(|said| file(said, String::clone)), own]);
    let namespace = resolver.note("cluster.namespace", &choice, String::clone).unwrap_or_default();
    let said = entry.wait.as_ref().and_then(|said| file(said, |text| seconds(text).unwrap_or(WAIT)));
    let wait = resolver.note("cluster.wait", &Choice::of([said, Some((WAIT, Origin::Default))]), u64::to_string).unwrap_or(WAIT);
    let said = entry.on_failure.as_ref().and_then(|said| file(said, |word| *word));
    let choice = Choice::of([said, Some((OnFailure::Rollback, Origin::Default))]);
    let on_failure = resolver.note("cluster.on-failure", &choice, |word| word.word().to_owned()).unwrap_or(OnFailure::Rollback);
    let said = entry.keep.as_ref().and_then(|said| file(said, |keep| *keep));
    let keep = resolver.note("cluster.keep", &Choice::of([said, Some((KEEP, Origin::Default))]), u64::to_string).unwrap_or(KEEP);
    let said = entry.prune.as_ref().and_then(|said| file(said, |prune| *prune));
    let prune = resolver.note("cluster.prune", &Choice::of([said, Some((true, Origin::Default))]), bool::to_string).unwrap_or(true);
    ClusterSettings { namespace, wait: Duration::from_secs(wait), on_failure, keep, prune }
}

/// How many seconds a rollout may take, where nobody says it.
const WAIT: u64 = 600;
/// Of how many releases objects stay, where nobody says it: as many as a Deployment keeps revisions.
const KEEP: u64 = 10;
