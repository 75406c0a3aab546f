//! What `key init` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;

/// The keys of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The path of the keyring in the project.
    pub keyring: String,
    /// Whether the keys were made by this run; else the environment had some, and they open its keyring.
    pub created: bool,
    /// The key files that were made.
    pub key_files: Vec<String>,
}

impl Report for KeyReport {
    const KIND: &'static str = "KeyReport";
}
