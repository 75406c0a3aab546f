//! What `status` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ObjectReport;
use crate::report::PrunedObjects;
use crate::report::ReleaseReport;
use crate::report::Report;

/// What runs in the cluster of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The context of the kubeconfig; `in-cluster` for the cluster that this runs in.
    pub cluster: String,
    /// The release that the cluster holds; null where nothing was applied yet.
    pub release: Option<u64>,
    /// The newest release of the history; null where there is none.
    pub recorded: Option<ReleaseReport>,
    /// The objects whose health shows only after they were applied, such as workloads.
    pub objects: Vec<ObjectHealth>,
    /// How many objects there are beside them, such as ConfigMaps, which are ready as soon as they are there.
    pub others: usize,
    /// What of the release that the cluster holds is no longer as it says; null where the environment's key is not at hand.
    pub drift: Option<Vec<FieldDrift>>,
    /// Other fields that people or tools set on these objects.
    pub foreign: Vec<FieldDrift>,
    /// What nothing uses any more, which a prune would remove or which is protected from it; null where the key is not at hand, and where the newest release was
    /// not seen to run.
    pub unused: Option<PrunedObjects>,
}

/// A field of an object that others changed. Its value is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldDrift {
    /// The object, under its name in the cluster.
    pub object: ObjectReport,
    /// The field, such as `spec.replicas`; null where the object is gone.
    pub field: Option<String>,
    /// Who set it, as the API server knows managers of fields; null where it was removed.
    pub manager: Option<String>,
}

/// An object and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObjectHealth {
    /// The object.
    pub object: ObjectReport,
    /// How it is.
    pub health: HealthWord,
    /// Why it is not ready; null when it is.
    pub reason: Option<String>,
}

/// How an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HealthWord {
    /// It is as its manifest says.
    Ready,
    /// It is on its way.
    Progressing,
    /// It cannot go on by itself, but an autoscaler, an operator or a person may cure it.
    Stuck,
    /// The cluster knows that it failed.
    Failed,
}

impl Report for StatusReport {
    const KIND: &'static str = "StatusReport";
}
