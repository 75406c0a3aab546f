//! What `status` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ObjectReport;
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
