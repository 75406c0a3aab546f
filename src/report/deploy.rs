//! What `deploy` and `rollback` report.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::Identity;
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
    /// The objects that differ from the release before; empty if nothing was recorded.
    pub changes: Vec<ChangedObject>,
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

/// An object of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// Group and version, such as `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty if it belongs to the cluster.
    pub namespace: String,
    /// The name that its template gives it.
    pub name: String,
}

impl From<Identity> for ObjectReport {
    fn from(Identity { api_version, kind, namespace, name }: Identity) -> Self {
        Self { api_version, kind, namespace, name }
    }
}

/// As [`Identity`] is written.
impl fmt::Display for ObjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version, kind, namespace, name } = self.clone();
        Identity { api_version, kind, namespace, name }.fmt(f)
    }
}

impl Report for DeployReport {
    const KIND: &'static str = "DeployReport";
}
