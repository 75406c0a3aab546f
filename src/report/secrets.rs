//! What `secrets` reports: what an environment asks of its vaults, and who uses it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::ObjectReport;
use crate::report::Report;
use crate::report::SecretEntry;

/// The secrets of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretsReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The newest release; null where there is none yet, or where it could not be read.
    pub release: Option<u64>,
    /// Why the newest release could not be read; null where it was, and where there is none yet.
    pub unknown: Option<String>,
    /// Whether the vaults were asked for what they know of the secrets.
    pub online: bool,
    /// The secrets that templates ask for or that the newest release was filled with.
    pub secrets: Vec<SecretUsage>,
    /// The secrets in vaults that nobody asks for; null where the vaults were not asked for a list.
    pub unused: Option<Vec<UnusedSecret>>,
    /// The vaults that gave no list.
    pub unlisted: Vec<UnlistedVault>,
}

/// The secrets of every environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretsAllReport {
    /// The project.
    pub project: String,
    /// Its environments in the order of the project file, but for those that could not be read.
    pub environments: Vec<SecretsReport>,
}

/// A secret, or a field of one, and who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretUsage {
    /// The vault.
    pub vault: String,
    /// The name of the secret in it.
    pub name: String,
    /// The field of it.
    pub key: Option<String>,
    /// The version that templates ask for, if they do.
    pub asked: Option<String>,
    /// The version that the newest release was filled with, empty where its vault has no versions; null where that release does not have the secret.
    pub deployed: Option<String>,
    /// The version that is current in the vault; null where the vault was not asked, did not say it, or has no versions.
    pub current: Option<String>,
    /// When the version was made that a deploy would use now (RFC 3339), where the vault says so.
    pub created: Option<String>,
    /// Until when it is meant to be used (RFC 3339), where the vault says so.
    pub expires: Option<String>,
    /// Why the vault says nothing of it; null where it does, and where it was not asked.
    pub problem: Option<String>,
    /// Where templates ask for it; empty where only the newest release has it.
    pub places: Vec<String>,
    /// The objects that its value gets into.
    pub used_by: Vec<SecretUser>,
}

/// An object with a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretUser {
    /// The object.
    pub object: ObjectReport,
    /// The objects that refer to it, such as workloads.
    pub used_by: Vec<ObjectReport>,
}

/// A secret that nobody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnusedSecret {
    /// The vault.
    pub vault: String,
    /// What its list says of it.
    #[serde(flatten)]
    pub secret: SecretEntry,
}

/// A vault that gave no list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnlistedVault {
    /// The name of the vault in the project file.
    pub vault: String,
    /// Why.
    pub reason: String,
}

impl Report for SecretsReport {
    const KIND: &'static str = "SecretsReport";
}

impl Report for SecretsAllReport {
    const KIND: &'static str = "SecretsAllReport";
}
