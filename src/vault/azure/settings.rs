//! How an Azure key vault is reached.

use crate::identity::id_token::IdToken;
use crate::secret::Secret;
use crate::service::http::Limits;
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
    /// Who is believed to be the vault and the authority.
    pub transport: Transport,
    /// How much at once, how fast and how long. Without a rate it is the published one, 4,000 in 10 seconds.
    pub limits: Limits,
}

/// Who asks.
#[derive(Debug)]
pub enum Credential {
    /// An application with a client secret.
    ClientSecret {
        /// The tenant's id or domain.
        tenant: String,
        /// The application's id.
        client: String,
        /// The client secret's value.
        secret: Secret,
    },
    /// An application with a certificate.
    ClientCertificate {
        /// The tenant's id or domain.
        tenant: String,
        /// The application's id.
        client: String,
        /// The certificate's chain and its RSA key in PEM, in any order.
        pem: Secret,
    },
    /// An application that trusts the tokens of another issuer: AKS workload identity, GitHub Actions, GitLab, Azure Pipelines.
    Federated {
        /// The tenant's id or domain.
        tenant: String,
        /// The application's id.
        client: String,
        /// The other issuer's token.
        token: IdToken,
    },
    /// The identity of the machine or the app, by the metadata service or App Service.
    ManagedIdentity {
        /// The client id of a user-assigned one.
        client: Option<String>,
    },
    /// Whoever is logged in to the Azure CLI.
    AzureCli {
        /// The tenant, if not the usual one.
        tenant: Option<String>,
    },
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
            transport: Transport::default(),
            limits: Limits::default(),
        }
    }
}

impl Credential {
    /// What it is, for a message.
    pub(super) fn words(&self) -> String {
        match self {
            Self::ClientSecret { client, .. } => format!("application {client} with a client secret"),
            Self::ClientCertificate { client, .. } => format!("application {client} with a certificate"),
            Self::Federated { client, token, .. } => format!("application {client} with {}", token.words()),
            Self::ManagedIdentity { client: Some(client) } => format!("the managed identity {client}"),
            Self::ManagedIdentity { client: None } => "the machine's managed identity".to_owned(),
            Self::AzureCli { .. } => "whoever is logged in to the Azure CLI".to_owned(),
        }
    }
}
