//! What `deploy` and `rollback` report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ObjectReport;
use crate::report::PrunedObjects;
use crate::report::Report;
use crate::report::UsedSecret;
use crate::report::WaiverReport;
use crate::stage::diff::ChangeKind;

/// A release that is current, and what came of it in its target.
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
    /// What became of it, as `history` shows it: `applied` where it was seen to run, `emitted` where it was written or applied, else `failed` or
    /// `rolled back by N`.
    pub outcome: String,
    /// Why it is not in its target as it should be; null where it is.
    pub failure: Option<FailureReport>,
    /// What the target did with each object of the release; empty where it did nothing.
    pub objects: Vec<ObjectOutcome>,
    /// ConfigMaps and Secrets that were changed under the name that they had, and the workloads whose pods go on.
    pub in_place: Vec<InPlaceReport>,
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

/// Why a release is not in its target as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailureReport {
    /// What is wrong, and whether it was taken back.
    pub reason: String,
    /// What to do about it.
    pub next: String,
    /// The objects that keep it from running.
    pub objects: Vec<FailedObject>,
    /// The way back; null where it was not taken back.
    pub taken_back: Option<TakenBack>,
}

/// An object that keeps a release from running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailedObject {
    /// The object.
    #[serde(flatten)]
    pub object: ObjectReport,
    /// Why.
    pub reason: String,
    /// What a container of it said last; null where none crashed, where its log may not be read, or where it was not asked for.
    pub log: Option<LogReport>,
    /// Which right is missing to read it; null where it was read, or was not asked for.
    pub log_denied: Option<String>,
}

/// The end of a container's log, without the values of the release and of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogReport {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The last lines, oldest first.
    pub lines: Vec<String>,
}

/// How a release was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TakenBack {
    /// The release whose manifests came back.
    pub to: u64,
    /// The release that brought them.
    pub by: u64,
}

/// What a target did with an object of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObjectOutcome {
    /// The object.
    #[serde(flatten)]
    pub object: ObjectReport,
    /// `created`, `changed`, `unchanged`, `removed` or `failed`.
    pub outcome: String,
    /// Why it failed; null where it did not.
    pub reason: Option<String>,
}

/// A ConfigMap or Secret that was changed under the name that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InPlaceReport {
    /// It.
    #[serde(flatten)]
    pub object: ObjectReport,
    /// Workloads whose pods have it as files, and see the change within two minutes.
    pub files: Vec<ObjectReport>,
    /// Workloads whose pods have it in their environment, and see the change when they start again.
    pub environment: Vec<ObjectReport>,
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
