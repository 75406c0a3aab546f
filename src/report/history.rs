//! What `history` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::history::Action;
use crate::history::Outcome;
use crate::history::Summary;
use crate::report::PrunedObjects;
use crate::report::Report;

/// The releases of an environment, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// Where the history is kept.
    pub history: String,
    /// What names this very history, to be noted where `--store-id` may be needed; null before the first release.
    pub store_id: Option<String>,
    /// The releases.
    pub releases: Vec<ReleaseReport>,
}

/// A release, as far as it shows without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReleaseReport {
    /// Its number.
    pub release: u64,
    /// When it was recorded (RFC 3339).
    pub time: String,
    /// Who released it.
    pub actor: String,
    /// The revision of its sources.
    pub revision: Option<String>,
    /// The note that was kept with it.
    pub note: Option<String>,
    /// `deploy`, or `rollback to N`.
    pub action: String,
    /// What became of it: `emitted`, `applied`, `failed`, `rolled back by N`, `destroyed`, or `outcome unknown`.
    pub outcome: String,
    /// How many manifests it has.
    pub manifests: u64,
    /// How many of them no release before had.
    pub changed: u64,
}

/// When and by whom a release was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordedBy {
    /// When (RFC 3339).
    pub time: String,
    /// Who released it.
    pub actor: String,
    /// The revision of its sources.
    pub revision: Option<String>,
}

impl From<&Summary> for RecordedBy {
    fn from(Summary { time, actor, revision, .. }: &Summary) -> Self {
        Self { time: time.to_string(), actor: actor.clone(), revision: revision.clone() }
    }
}

/// A history whose every object is what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerifyReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// Releases whose chain was verified.
    pub releases: u64,
    /// Objects of the store that were verified.
    pub objects: u64,
}

impl Report for HistoryReport {
    const KIND: &'static str = "HistoryReport";
}

/// What was copied from one store to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CopyReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// Where the history is.
    pub from: String,
    /// Where its copy is.
    pub to: String,
    /// How many releases it has.
    pub releases: u64,
    /// How many objects were written.
    pub written: u64,
    /// How many objects were there already and are the same.
    pub there: u64,
}

/// What pruning removed, or would remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PruneReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// Where the history is kept.
    pub history: String,
    /// Whether nothing was removed, and this is what would be.
    pub dry_run: bool,
    /// The oldest release that stays.
    pub first: u64,
    /// The newest release.
    pub newest: u64,
    /// The releases that were removed.
    pub removed: Vec<u64>,
    /// How many objects of the store were removed, those of the releases included.
    pub objects: u64,
    /// The cluster from which objects were removed, too; null where the history alone was pruned.
    pub cluster: Option<String>,
    /// What was removed there.
    pub pruned: Option<PrunedObjects>,
}

impl Report for PruneReport {
    const KIND: &'static str = "PruneReport";
}

impl Report for CopyReport {
    const KIND: &'static str = "HistoryCopyReport";
}

impl Report for VerifyReport {
    const KIND: &'static str = "HistoryVerifyReport";
}

impl ReleaseReport {
    /// Of a release and what became of it.
    pub fn new(summary: &Summary, outcome: &Outcome) -> Self {
        Self {
            release: summary.number,
            time: summary.time.to_string(),
            actor: summary.actor.clone(),
            revision: summary.revision.clone(),
            note: summary.note.clone(),
            action: match summary.action {
                Action::Deploy => "deploy".to_owned(),
                Action::Rollback { of } => format!("rollback to {of}"),
            },
            outcome: match outcome {
                Outcome::Unknown => "outcome unknown".to_owned(),
                Outcome::Known(event) => event.what.to_string(),
            },
            manifests: summary.manifests,
            changed: summary.changed,
        }
    }
}
