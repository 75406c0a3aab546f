//! Where the manifests of a release go: a directory, a stream, memory.

mod claim;
mod container_log;
mod directory;
mod file_name;
mod inventory;
mod live;
mod manifest_set;
mod memory;
mod progress;
mod put;
mod stream;
mod unneeded;
mod unproven;
mod worktree;

#[cfg(test)]
mod suite;

pub use claim::Claim;
pub use container_log::ContainerLog;
pub use directory::Directory;
pub use file_name::file_names;
pub use live::{LiveDifference, LiveObject};
pub use manifest_set::{Manifest, ManifestSet, Syntax};
pub use memory::MemoryTarget;
pub use progress::{RolloutObserver, RolloutProgress};
pub use put::{Effect, ObjectEffect, Put};
pub use stream::Stream;
pub use unneeded::{Needed, Pruned};
pub use unproven::Unproven;
pub use worktree::{Exposure, PathKind, exposed_to_git, tracked_by_git};

use std::fmt;

use async_trait::async_trait;

use crate::manifest::Identity;
use crate::problem::Problem;
use crate::problem::Problems;

/// Takes the manifests of releases, one release at a time.
///
/// `Display` names the target for messages.
#[async_trait]
pub trait Target: fmt::Display + fmt::Debug + Send + Sync {
    /// Looks for all that would keep `set` from being put there for `claim`, and changes nothing. Gives what to look at.
    async fn check(&self, claim: &Claim, set: &ManifestSet<'_>) -> Result<Vec<Problem>, Problems> {
        let _ = (claim, set);
        Ok(Vec::new())
    }

    /// What putting `set` there would change of what is there now, after it was checked as [`Target::check`] does; `None` where that is not known.
    /// Changes nothing.
    async fn compare(&self, claim: &Claim, set: &ManifestSet<'_>) -> Result<Option<LiveDifference>, Problems> {
        self.check(claim, set).await?;
        Ok(None)
    }

    /// Waits until no other run writes there.
    async fn reserve(&self, claim: &Claim) -> Result<Box<dyn Reservation + '_>, Problem>;

    /// What is there now, in apply order; `None` where that cannot be known.
    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem>;

    /// Whether what is put there runs there: a release can be proven, and one that fails can be taken back.
    fn runs(&self) -> bool {
        false
    }
}

/// The right to write to a target, which ends with this value or its process.
#[async_trait]
pub trait Reservation: Send {
    /// Makes the target hold `set` and nothing else, and says what that did to each object. An error is about the whole: then nothing
    /// was changed, or what was is part of the error's reason.
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem>;

    /// The id of what the target keeps its releases in, once something was put there; `None` where that has none.
    fn inventory(&self) -> Option<&str> {
        None
    }

    /// What of `set`, which was put there, runs once and has run to its end: lines to be remembered.
    async fn finished(&mut self, set: &ManifestSet<'_>) -> Vec<String> {
        let _ = set;
        Vec::new()
    }

    /// Takes note that it is remembered what [`Reservation::finished`] gave for `set`: that may be removed now.
    async fn remembered(&mut self, set: &ManifestSet<'_>) {
        let _ = set;
    }

    /// Waits until `set`, which was put there, works; whether it is known to.
    async fn prove(&mut self, set: &ManifestSet<'_>) -> Result<bool, Unproven> {
        let _ = set;
        Ok(false)
    }

    /// Removes what earlier releases left and nothing needs, where the target keeps that; or says what it would remove. An error removed nothing.
    async fn prune(&mut self, needed: &Needed, dry_run: bool) -> Result<Pruned, Problem> {
        let _ = (needed, dry_run);
        Ok(Pruned::default())
    }
}

/// An object that a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedObject {
    /// What Kubernetes knows it by.
    pub identity: Identity,
    /// Its name without the content's suffix.
    pub base: String,
}

impl ObservedObject {
    /// What its template calls it.
    pub fn named_by_template(&self) -> Identity {
        Identity { name: self.base.clone(), ..self.identity.clone() }
    }
}
