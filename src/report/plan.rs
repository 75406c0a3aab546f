//! What `plan` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::DiffReport;
use crate::report::Report;

/// A plan that was written, and what a deploy of it would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The file that it was written to, as the command line names it.
    pub file: String,
    /// The number that the release will have; that of the current one where nothing changes.
    pub release: u64,
    /// The release that it follows: the plan can be deployed as long as that is the current one.
    pub follows: Option<u64>,
    /// What changes.
    pub changes: DiffReport,
}

impl Report for PlanReport {
    const KIND: &'static str = "PlanReport";
}
