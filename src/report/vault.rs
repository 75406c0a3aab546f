//! What the commands of `vault` report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;
use crate::vault::ListedSecret;

/// The secrets of a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VaultListReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The name of the vault in the project file.
    pub vault: String,
    /// Its secrets.
    pub secrets: Vec<SecretEntry>,
}

/// A secret in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretEntry {
    /// Its name.
    pub name: String,
    /// Its current version, if the list says so.
    pub version: Option<String>,
    /// When that version was made (RFC 3339), if the list says so.
    pub created: Option<String>,
    /// Whether it was removed or disabled.
    pub removed: bool,
}

/// A secret that was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VaultChangeReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The name of the vault in the project file.
    pub vault: String,
    /// The name of the secret.
    pub name: String,
    /// Its version now.
    pub version: u64,
    /// Whether anything was written; not if the value was the same before.
    pub written: bool,
}

/// Secrets that were set together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VaultChangesReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The name of the vault in the project file.
    pub vault: String,
    /// The secrets.
    pub secrets: Vec<SecretChange>,
}

/// What became of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretChange {
    /// Its name.
    pub name: String,
    /// Its version now.
    pub version: u64,
    /// Whether anything was written; not if the value was the same before.
    pub written: bool,
}

impl Report for VaultListReport {
    const KIND: &'static str = "VaultListReport";
}

impl Report for VaultChangeReport {
    const KIND: &'static str = "VaultChangeReport";
}

impl Report for VaultChangesReport {
    const KIND: &'static str = "VaultChangesReport";
}

impl From<&ListedSecret> for SecretEntry {
    fn from(listed: &ListedSecret) -> Self {
        Self {
            name: listed.name.clone(),
            version: listed.version.clone(),
            created: listed.created.map(|time| time.to_string()),
            removed: listed.removed,
        }
    }
}
