//! Who asks Entra ID for a token.

use crate::identity::id_token::IdToken;
use crate::secret::Secret;

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

impl Credential {
    /// What it is, for a message.
    pub(super) fn words(&self) -> String {
        match self {
            Self::ClientSecret { client, .. } => format!("application {client} with a client secret"),
            Self::ClientCertificate { client, .. } => format!("application {client} with a certificate"),
            Self::Federated { client, token, .. } => format!("application {client} with {}", token.words()),
            Self::ManagedIdentity { client: Some(client) } => format!("the managed identity {client}"),
            Self::ManagedIdentity { client: None } => "the machine's managed identity".to_owned(),
            Self::AzureCli { .. } => "the user of the Azure CLI".to_owned(),
        }
    }

    /// The tenant that is given.
    pub(super) fn tenant(&self) -> Option<&str> {
        match self {
            Self::ClientSecret { tenant, .. } | Self::ClientCertificate { tenant, .. } | Self::Federated { tenant, .. } => Some(tenant),
            Self::AzureCli { tenant } => tenant.as_deref(),
            Self::ManagedIdentity { .. } => None,
        }
    }

    /// The application's id.
    pub(super) fn client(&self) -> Option<&str> {
        match self {
            Self::ClientSecret { client, .. } | Self::ClientCertificate { client, .. } | Self::Federated { client, .. } => Some(client),
            Self::ManagedIdentity { .. } | Self::AzureCli { .. } => None,
        }
    }
}
