//! How a `HashiCorp` Vault is reached.

use crate::secret::Secret;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;
use crate::vault::hashicorp::AuthMethod;
use crate::vault::hashicorp::KvEngine;

/// How a vault is reached. All of it comes from the caller: nothing is read from the environment.
#[derive(Debug)]
pub struct Settings {
    /// Where it is, such as `https://vault.example.com:8200`. Plain `http` is for the loopback only.
    pub address: String,
    /// Where the KV engine is mounted.
    pub mount: String,
    /// The namespace (Vault Enterprise, `OpenBao`), for the login too.
    pub namespace: Option<String>,
    /// The version of the KV engine.
    pub engine: KvEngine,
    /// How one gets in.
    pub login: AuthMethod,
    /// The paths under which secrets may be asked for; everything when there is none.
    pub prefixes: Vec<String>,
    /// Who is believed to be the vault, and who says that it is us.
    pub transport: Transport,
    /// How much at once, how fast and how long.
    pub limits: RequestLimits,
}

impl Settings {
    /// A vault with a mount of KV version 2 and a token: no namespace, no limit to prefixes, the usual limits.
    #[must_use]
    pub fn new(address: impl Into<String>, mount: impl Into<String>, token: Secret) -> Self {
        Self {
            address: address.into(),
            mount: mount.into(),
            namespace: None,
            engine: KvEngine::default(),
            login: AuthMethod::Token(token),
            prefixes: Vec::new(),
            transport: Transport::default(),
            limits: RequestLimits::default(),
        }
    }
}
