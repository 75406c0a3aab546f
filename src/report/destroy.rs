//! What `destroy` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::PrunedObjects;
use crate::report::Report;

/// What was taken out of a cluster, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestroyReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The cluster.
    pub cluster: String,
    /// Whether nothing was removed, and this is what would be.
    pub dry_run: bool,
    /// The objects.
    #[serde(flatten)]
    pub objects: PrunedObjects,
}

impl Report for DestroyReport {
    const KIND: &'static str = "DestroyReport";
}
