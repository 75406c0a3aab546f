//! What `diff` and dry runs report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ChangedObject;
use crate::report::ObjectReport;
use crate::report::Report;
use crate::report::WaiverReport;
use crate::stage::diff::Change;
use crate::stage::diff::ChangeKind;

/// What a release changes, or would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The release that it was compared with, if there is one.
    pub against: Option<u64>,
    /// The release that was compared with it; `null` for what the templates make now.
    pub release: Option<u64>,
    /// The secrets whose values differ. Those of vaults that were not asked have the values that were recorded.
    pub secrets: Vec<SecretDiff>,
    /// The objects that differ, in apply order, then those that are gone.
    pub changes: Vec<ObjectDiff>,
    /// The workloads that replace their pods.
    pub restarts: Vec<ObjectReport>,
    /// The rules that templates waive.
    pub waivers: Vec<WaiverReport>,
    /// The cluster, where it was compared with what is live there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveReport>,
    /// How many warnings were printed.
    pub warnings: usize,
}

/// A cluster that was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LiveReport {
    /// Its name in messages, such as `cluster shop-prod`.
    pub target: String,
    /// The release that it holds; null where nothing was applied yet.
    pub release: Option<u64>,
    /// The objects of the environment in it that the release does not have. An apply leaves them there.
    pub left: Vec<ObjectReport>,
}

/// A secret whose value differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretDiff {
    /// What happens to it.
    pub change: ChangeKind,
    /// The vault.
    pub vault: String,
    /// The name of the secret in it.
    pub name: String,
    /// The field of it.
    pub key: Option<String>,
    /// The versions before; empty if it is added or its vault has no versions.
    pub before: Vec<String>,
    /// The versions after; empty if it is removed or its vault has no versions.
    pub after: Vec<String>,
}

/// An object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObjectDiff {
    /// The object, and what happens to it.
    #[serde(flatten)]
    pub object: ChangedObject,
    /// Its manifest before, with masked values; empty if it is added.
    pub before: String,
    /// Its manifest after, with masked values; empty if it is removed.
    pub after: String,
}

impl From<Change> for ObjectDiff {
    fn from(change: Change) -> Self {
        let (kind, identity, before, after) = match change {
            Change::Added(object) => (ChangeKind::Added, object.identity, String::new(), object.text),
            Change::Removed(object) => (ChangeKind::Removed, object.identity, object.text, String::new()),
            Change::Changed { identity, before, after } => (ChangeKind::Changed, identity, before, after),
        };
        Self { object: ChangedObject { change: kind, object: identity.into() }, before, after }
    }
}

impl Report for DiffReport {
    const KIND: &'static str = "DiffReport";
}
