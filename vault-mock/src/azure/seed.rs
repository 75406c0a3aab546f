//! What an Azure server starts with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What an Azure server starts with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The tenant's id.
    pub tenant: Option<String>,
    /// The resource that challenges name; by default `https://` and the vault's domain, which is its host without the first of three or
    /// more labels.
    pub resource: Option<String>,
    /// How many seconds a token lasts; an hour when absent.
    pub token_seconds: Option<u64>,
    /// The applications that are known; `demo-client` with the secret `demo-secret` when there is none.
    pub clients: Vec<Client>,
    /// Names and their versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Version>>,
    /// Names of secrets that were deleted and can be recovered.
    pub deleted: Vec<String>,
}

/// An application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// The application's id.
    pub id: String,
    /// Its client secret.
    pub secret: Option<String>,
    /// Its certificate in PEM.
    pub certificate: Option<String>,
    /// The tokens of others that it may log in with.
    pub federated: Option<Federated>,
    /// Which of `get`, `list`, `set` and `delete` it may do; everything when absent.
    pub may: Option<Vec<String>>,
}

/// A federated credential. The signature of a token is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federated {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
    /// The claim `aud`.
    pub audience: String,
}

/// A version of a secret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The value.
    pub value: String,
    /// A hint about what it is.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// From when it is meant to be used, in seconds since 1970.
    #[serde(default)]
    pub nbf: Option<u64>,
    /// Until when it is meant to be used, in seconds since 1970.
    #[serde(default)]
    pub exp: Option<u64>,
    /// What people note at it.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Seed {
    /// Adds a version of a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.entry(name.to_owned()).or_default().push(Version { value: value.to_owned(), ..Version::default() });
        self
    }

    /// Adds an application.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }
}
