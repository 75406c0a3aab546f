//! What a server of Google Secret Manager starts with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a server of Google Secret Manager starts with. The crate's documentation shows it as YAML.
///
/// A regional secret is written `LOCATION/NAME`, in all of its parts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The project's id; `demo-project` when absent.
    pub project: Option<String>,
    /// Secrets and their versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Payload>>,
    /// Versions that are not enabled.
    pub states: Vec<Change>,
    /// Names of versions.
    pub aliases: BTreeMap<String, BTreeMap<String, u64>>,
    /// What the identity may do with all secrets; everything when absent.
    pub may: Option<Vec<Permission>>,
    /// Secrets with which the identity may do nothing.
    pub denied: Vec<String>,
}

/// A value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes {
        /// In standard base64.
        base64: String,
    },
}

/// A version that is not enabled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The secret.
    pub secret: String,
    /// The version's number.
    pub version: u64,
    /// What it is.
    pub state: State,
}

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its value can be read.
    Enabled,
    /// Its value cannot be read for now.
    Disabled,
    /// Its value is no more.
    Destroyed,
}

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// `secretmanager.versions.access`
    Access,
    /// `secretmanager.versions.get`
    Get,
    /// `secretmanager.secrets.list`
    List,
    /// `secretmanager.versions.list`
    Versions,
}

impl Seed {
    /// Adds a version of a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.entry(name.to_owned()).or_default().push(Payload::Text(value.to_owned()));
        self
    }

    /// Denies everything with a secret.
    #[must_use]
    pub fn deny(mut self, name: &str) -> Self {
        self.denied.push(name.to_owned());
        self
    }

    /// Limits what may be done.
    #[must_use]
    pub fn may(mut self, permissions: &[Permission]) -> Self {
        self.may = Some(permissions.to_vec());
        self
    }
}

impl Permission {
    /// As Google names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Access => "secretmanager.versions.access",
            Self::Get => "secretmanager.versions.get",
            Self::List => "secretmanager.secrets.list",
            Self::Versions => "secretmanager.versions.list",
        }
    }
}
