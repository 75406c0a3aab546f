//! What `doctor` reports: the steps to each vault, to each holder of a key, to the history and to the cluster.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;
use crate::service::Diagnostic;

/// The vaults of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DoctorReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// Each vault, in the order of their names.
    pub vaults: Vec<VaultDiagnosis>,
    /// Each service that holds a key of the environment, in the project's order.
    pub keys: Vec<VaultDiagnosis>,
    /// The store of the history; absent where one vault alone was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<VaultDiagnosis>,
    /// The environment's cluster, with each permission that the project needs there; absent where deploys only write, and where one vault alone was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<VaultDiagnosis>,
}

/// A vault, the holder of a key, the store of the history or the cluster, and the steps to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VaultDiagnosis {
    /// Its name in the project file; of a key its kind and id; `history`; `cluster`.
    pub name: String,
    /// What it is; empty if it could not be set up.
    pub vault: String,
    /// Whether every step went well.
    pub ok: bool,
    /// The steps; the last one is where it fails, but that all permissions in a cluster are tried.
    pub findings: Vec<StepReport>,
}

/// A step to a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepReport {
    /// The step, such as `connection`.
    pub step: String,
    /// Whether it went well.
    pub ok: bool,
    /// What was found, if it went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What is wrong, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Report for DoctorReport {
    const KIND: &'static str = "DoctorReport";
}

impl VaultDiagnosis {
    /// Of the vault of that name.
    pub fn new(name: String, vault: String, findings: &[Diagnostic]) -> Self {
        let findings: Vec<StepReport> = findings.iter().map(StepReport::from).collect();
        Self { name, vault, ok: findings.iter().all(|finding| finding.ok), findings }
    }
}

impl From<&Diagnostic> for StepReport {
    fn from(Diagnostic { step, outcome }: &Diagnostic) -> Self {
        let step = step.to_string();
        match outcome {
            Ok(found) => Self { step, ok: true, found: Some(found.clone()), reason: None, next: None },
            Err(error) => Self { step, ok: false, found: None, reason: Some(error.reason.clone()), next: Some(error.next.clone()) },
        }
    }
}
