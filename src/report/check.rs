//! What `check` reports when it finds no problem.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;
use crate::report::WaiverReport;

/// A project without problems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// How many objects the templates describe.
    pub objects: usize,
    /// How many warnings were printed.
    pub warnings: usize,
    /// The rules that templates waive.
    pub waivers: Vec<WaiverReport>,
    /// What the vaults answered; only with `--online`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<ProbedSecrets>,
}

/// Secrets that vaults were asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProbedSecrets {
    /// Distinct secrets that were found.
    pub found: usize,
    /// How many of them had to be read to know that.
    pub read: usize,
}

/// The environments of a project, each checked by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckAllReport {
    /// The project.
    pub project: String,
    /// Its environments, in the order of the project file.
    pub environments: Vec<EnvironmentCheck>,
}

/// What came of checking an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EnvironmentCheck {
    /// The environment.
    pub environment: String,
    /// How many problems were printed.
    pub problems: usize,
    /// The report, if there are no problems.
    pub check: Option<CheckReport>,
}

impl Report for CheckAllReport {
    const KIND: &'static str = "CheckAllReport";
}

impl Report for CheckReport {
    const KIND: &'static str = "CheckReport";
}
