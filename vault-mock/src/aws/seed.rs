//! What an AWS server starts with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What an AWS server starts with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The region; `eu-central-1` when absent.
    pub region: Option<String>,
    /// The access keys that are known; one `AKIADEMO` with the secret `demo-secret-key` when there is none.
    pub keys: Vec<Key>,
    /// Secrets and their versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Value>>,
    /// Secrets that are scheduled for deletion.
    pub deleted: Vec<String>,
    /// Secrets whose key in KMS is disabled.
    pub undecryptable: Vec<String>,
    /// Parameters and their versions, oldest first.
    pub parameters: BTreeMap<String, Parameter>,
}

/// An access key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The session token that must come with it, for temporary keys.
    #[serde(default)]
    pub session: Option<String>,
    /// Whether its session is over.
    #[serde(default)]
    pub expired: bool,
    /// What it may not do.
    #[serde(default)]
    pub deny: Vec<Denial>,
}

/// Something that is not allowed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// The action, such as `secretsmanager:GetSecretValue` or `kms:Decrypt`.
    pub action: String,
    /// The secret or parameter; all of them when absent.
    #[serde(default)]
    pub name: Option<String>,
}

/// A secret's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Text.
    Text(String),
    /// Bytes.
    Binary {
        /// Base64 (RFC 4648).
        binary: String,
    },
}

/// A parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// `String`, `StringList` or `SecureString`, which it is when absent.
    #[serde(default)]
    pub kind: Option<String>,
    /// The values, oldest first.
    pub values: Vec<String>,
    /// Names of versions.
    #[serde(default)]
    pub labels: BTreeMap<String, u64>,
}

impl Seed {
    /// Adds a version of a secret that is text.
    #[must_use]
    pub fn secret(mut self, name: &str, text: &str) -> Self {
        self.secrets.entry(name.to_owned()).or_default().push(Value::Text(text.to_owned()));
        self
    }

    /// Adds a version of a parameter that is a `SecureString`.
    #[must_use]
    pub fn parameter(mut self, name: &str, text: &str) -> Self {
        let new = || Parameter { kind: None, values: Vec::new(), labels: BTreeMap::new() };
        self.parameters.entry(name.to_owned()).or_insert_with(new).values.push(text.to_owned());
        self
    }

    /// Adds an access key.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }
}

impl Key {
    /// A key that may do everything.
    #[must_use]
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: secret.to_owned(), session: None, expired: false, deny: Vec::new() }
    }

    /// That may not do `action`, on `name` or at all.
    #[must_use]
    pub fn without(mut self, action: &str, name: Option<&str>) -> Self {
        self.deny.push(Denial { action: action.to_owned(), name: name.map(str::to_owned) });
        self
    }

    /// Whether it may do `action` on `name`.
    pub(crate) fn may(&self, action: &str, name: &str) -> bool {
        !self.deny.iter().any(|denial| denial.action == action && denial.name.as_ref().is_none_or(|other| other == name))
    }
}
