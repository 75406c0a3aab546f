//! What `deploy` and `rollback` report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ObjectReport;
use crate::report::PrunedObjects;
use crate::report::Report;
use crate::report::UsedSecret;
use crate::report::WaiverReport;
use crate::stage::diff::ChangeKind;

/// A release that is current and was written to its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeployReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The release's number.
    pub release: u64,
    /// Whether this run recorded it; else it was current already.
    pub recorded: bool,
    /// How many manifests it has.
    pub manifests: u64,
    /// Where they were written.
    pub target: String,
    /// What became of it, as `history` shows it: `applied` where it was seen to run, else `emitted`.
    pub outcome: String,
    /// The objects that differ from the release before; empty if nothing was recorded.
    pub changes: Vec<ChangedObject>,
    /// What was removed of earlier releases once this one was seen to run; null where nothing was looked for.
    pub pruned: Option<PrunedObjects>,
    /// The secrets that were filled in.
    pub secrets: Vec<UsedSecret>,
    /// The rules that templates waive.
    pub waivers: Vec<WaiverReport>,
    /// How many warnings were printed.
    pub warnings: usize,
}

/// An object that differs from the release before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangedObject {
    /// What happens to it.
    pub change: ChangeKind,
    /// The object.
    #[serde(flatten)]
    pub object: ObjectReport,
}

impl Report for DeployReport {
    const KIND: &'static str = "DeployReport";
}
