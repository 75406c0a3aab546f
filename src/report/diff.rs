//! What `diff` and dry runs report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ChangedObject;
use crate::report::ObjectReport;
use crate::report::RecordedBy;
use crate::report::Report;
use crate::report::WaiverReport;
use crate::stage::diff::ChangeKind;
use crate::stage::diff::Difference;
use crate::stage::diff::FieldChange;

/// What a release changes, or would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The release that it was compared with, if there is one.
    pub against: Option<u64>,
    /// When and by whom that release was recorded.
    pub recorded: Option<RecordedBy>,
    /// The revision of the project that it was compared with, where it was one, as the command line names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
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
    /// When and by whom that was recorded, where the history still has it.
    pub recorded: Option<RecordedBy>,
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
    /// When the version after was made (RFC 3339), where its vault was asked and said so.
    pub created: Option<String>,
    /// Until when the version after is meant to be used (RFC 3339), where its vault was asked and said so.
    pub expires: Option<String>,
    /// The objects that have its value, before or after.
    #[serde(rename = "usedBy")]
    pub used_by: Vec<ObjectReport>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldDiff {
    /// Where it is, such as `spec.template.spec.containers[name=web].image`; within a text that is JSON or YAML by what is in it, such as
    /// `data["limits.yaml"].requests`.
    pub path: String,
    /// What happens to it.
    pub change: FieldChangeKind,
    /// Its value before, as YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its value after, as YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The lines of a text that differ, each with its sign (`-`, `+`, a space for one that both have), and `@@` lines where a part begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// What can happen to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldChangeKind {
    /// Only the later manifest has it.
    Added,
    /// Both have it, with other values.
    Changed,
    /// Only the earlier manifest has it.
    Removed,
    /// The items of a list are in another order.
    Reordered,
    /// It has the new name of an object that is named by its content.
    Follows,
}

impl From<FieldChange> for FieldDiff {
    fn from(FieldChange { path, difference }: FieldChange) -> Self {
        let (change, before, after, lines) = match difference {
            Difference::Added(after) => (FieldChangeKind::Added, None, Some(after), Vec::new()),
            Difference::Removed(before) => (FieldChangeKind::Removed, Some(before), None, Vec::new()),
            Difference::Changed(before, after) => (FieldChangeKind::Changed, Some(before), Some(after), Vec::new()),
            Difference::Lines(lines) => (FieldChangeKind::Changed, None, None, lines),
            Difference::Reordered => (FieldChangeKind::Reordered, None, None, Vec::new()),
            Difference::Follows(before, after) => (FieldChangeKind::Follows, Some(before), Some(after), Vec::new()),
        };
        Self { path, change, before, after, lines }
    }
}

/// An object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObjectDiff {
    /// The object, and what happens to it.
    #[serde(flatten)]
    pub object: ChangedObject,
    /// The fields in which a changed object differs, in the order of its manifest.
    pub fields: Vec<FieldDiff>,
    /// Its manifest before, with masked values; empty if it is added.
    pub before: String,
    /// Its manifest after, with masked values; empty if it is removed.
    pub after: String,
}

impl Report for DiffReport {
    const KIND: &'static str = "DiffReport";
}
