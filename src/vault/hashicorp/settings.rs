//! How a `HashiCorp` Vault is reached.

use std::time::Duration;

use crate::secret::Secret;

/// How a vault is reached. All of it comes from the caller: nothing is read from the environment.
#[derive(Debug)]
pub struct Settings {
    /// Where it is, such as `https://vault.example.com:8200`. Plain `http` is for the loopback only.
    pub address: String,
    /// Where the KV version 2 engine is mounted.
    pub mount: String,
    /// The namespace (Vault Enterprise, `OpenBao`).
    pub namespace: Option<String>,
    /// The token.
    pub token: Secret,
    /// The paths under which secrets may be asked for; everything when there is none.
    pub prefixes: Vec<String>,
    /// How many requests may be open at once.
    pub parallel: usize,
    /// How long one fetch or listing may take with all its retries.
    pub deadline: Duration,
}

impl Settings {
    /// A vault with a mount and a token: no namespace, no limit to prefixes, 16 requests at once, 30 seconds.
    #[must_use]
    pub fn new(address: impl Into<String>, mount: impl Into<String>, token: Secret) -> Self {
        Self {
            address: address.into(),
            mount: mount.into(),
            namespace: None,
            token,
            prefixes: Vec::new(),
            parallel: 16,
            deadline: Duration::from_secs(30),
        }
    }
}
