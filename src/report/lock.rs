//! What `lock` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::project::LockChange;
use crate::report::Report;

/// A lock file, and what differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LockReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The path of the lock file in the project.
    pub lock: String,
    /// How many secrets it pins.
    pub secrets: usize,
    /// What differs.
    pub changes: Vec<VersionChange>,
    /// What is true of the file.
    pub state: LockState,
    /// Whether the file was written.
    pub written: bool,
}

/// What is true of a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// It has the current versions.
    UpToDate,
    /// It was written just now.
    Written,
    /// It does not exist; only with `--check`.
    Missing,
    /// It is not a lock file; only with `--check`.
    Invalid,
    /// It has other versions; only with `--check`.
    OutOfDate,
}

/// A secret whose version differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VersionChange {
    /// The vault.
    pub vault: String,
    /// The name of the secret in it.
    pub name: String,
    /// The version that templates ask for, if they do.
    pub asked: Option<String>,
    /// The version before, if the secret had one.
    pub before: Option<String>,
    /// The version now, if the secret has one.
    pub after: Option<String>,
}

impl Report for LockReport {
    const KIND: &'static str = "LockReport";
}

impl From<&LockChange> for VersionChange {
    fn from(LockChange { secret, before, after }: &LockChange) -> Self {
        let secret = secret.clone();
        Self { vault: secret.vault, name: secret.name, asked: secret.asked, before: before.clone(), after: after.clone() }
    }
}
