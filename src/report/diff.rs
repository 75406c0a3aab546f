//! What `diff` and dry runs report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ChangedObject;
use crate::report::Report;
use crate::report::WaiverReport;
use crate::stage::diff::Change;
use crate::stage::diff::ChangeKind;

/// What a release would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The release that it was compared with, if there is one.
    pub against: Option<u64>,
    /// The objects that differ.
    pub changes: Vec<ObjectDiff>,
    /// The rules that templates waive.
    pub waivers: Vec<WaiverReport>,
    /// How many warnings were printed.
    pub warnings: usize,
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
        Self { object: ChangedObject::new(kind, identity), before, after }
    }
}

impl Report for DiffReport {
    const KIND: &'static str = "DiffReport";
}
