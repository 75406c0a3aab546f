//! How an Azure key vault is reached.

use std::sync::Arc;

use crate::identity::ToolEnvironment;
use crate::identity::azure::Credential;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;

/// How a key vault is reached.
#[derive(Debug)]
pub struct Settings {
    /// Where it is, such as `https://shop-prod.vault.azure.net`. Plain `http` is for the loopback only.
    pub url: String,
    /// Who asks.
    pub credential: Credential,
    /// Where tokens come from; by default Entra ID of the cloud that the vault is in.
    pub authority: Option<String>,
    /// The version of the interface; by default 7.5, which every cloud has.
    pub api_version: Option<String>,
    /// What the names of secrets must begin with; everything when there is none.
    pub prefixes: Vec<String>,
    /// The variables of Azure's own machines.
    pub environment: Arc<ToolEnvironment>,
    /// Who is believed to be the vault and the authority.
    pub transport: Transport,
    /// How much at once, how fast and how long. Without a rate it is the published one, 4,000 in 10 seconds.
    pub limits: RequestLimits,
}

impl Settings {
    /// A vault and who asks: nothing else out of the ordinary.
    #[must_use]
    pub fn new(url: impl Into<String>, credential: Credential) -> Self {
        Self {
            url: url.into(),
            credential,
            authority: None,
            api_version: None,
            prefixes: Vec::new(),
            environment: Arc::default(),
            transport: Transport::default(),
            limits: RequestLimits::default(),
        }
    }
}
