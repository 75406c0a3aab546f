//! A vault as it applies: where it is and how it is entered. What is secret stays with the variables.

use crate::project::location::Location;

/// Where a vault is and how it is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultTarget {
    /// A file beneath the root.
    Local {
        /// The file.
        path: String,
    },
    /// A KV engine.
    Hashicorp(HashicorpTarget),
    /// An Azure Key Vault.
    Azure(AzureTarget),
    /// A service of AWS.
    Aws(AwsTarget),
    /// A project of Google Cloud.
    Gcp(GcpTarget),
    /// Environment variables.
    Env {
        /// What their names begin with; a secret's name is what follows.
        prefix: String,
    },
    /// A program.
    Exec {
        /// The program and its arguments.
        command: Vec<String>,
    },
}

impl VaultTarget {
    /// Whether it is a file that the environment's keys open.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local { .. })
    }
}

/// A KV engine of HashiCorp Vault or OpenBao.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashicorpTarget {
    /// Scheme, host and port.
    pub address: String,
    /// The engine's mount path.
    pub mount: String,
    /// `kv-v1` or `kv-v2`.
    pub engine: String,
    /// The Vault namespace.
    pub namespace: Option<String>,
    /// `token`, `approle`, `kubernetes` or `jwt`.
    pub auth: String,
    /// Where that method is mounted, if not at its own name.
    pub auth_mount: Option<String>,
    /// The role to log in as.
    pub role: Option<String>,
    /// The audience of a token that is asked for at the CI system.
    pub audience: Option<String>,
    /// The file of the token, or of the JWT to log in with.
    pub token_file: Option<Location>,
    /// Authorities in PEM.
    pub ca: Option<Location>,
    /// The client's certificate in PEM.
    pub client_certificate: Option<Location>,
    /// Its key in PEM.
    pub client_key: Option<Location>,
}

/// An Azure Key Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureTarget {
    /// `https://NAME.vault.azure.net`
    pub url: String,
    /// The way in, if the project says which.
    pub credential: Option<String>,
    /// The tenant's id.
    pub tenant: Option<String>,
    /// The application's id.
    pub client: Option<String>,
    /// The authority's host.
    pub authority: Option<String>,
    /// The version of the service's interface.
    pub api_version: Option<String>,
    /// The service connection of Azure Pipelines.
    pub service_connection: Option<String>,
    /// The client certificate and its key in PEM.
    pub certificate: Option<Location>,
    /// The file of the federated token.
    pub token_file: Option<Location>,
    /// Authorities in PEM.
    pub ca: Option<Location>,
}

/// A service of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsTarget {
    /// `secrets-manager` or `parameter-store`.
    pub service: String,
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared configuration.
    pub profile: Option<String>,
    /// Another endpoint.
    pub endpoint: Option<String>,
    /// Authorities in PEM.
    pub ca: Option<Location>,
}

/// A project of Google Cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcpTarget {
    /// Its id.
    pub project: String,
    /// The location of regional secrets.
    pub location: Option<String>,
    /// Another endpoint.
    pub endpoint: Option<String>,
    /// A file of credentials.
    pub credentials: Option<Location>,
    /// Authorities in PEM.
    pub ca: Option<Location>,
}
