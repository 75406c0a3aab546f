//! An Azure Key Vault from its settings: which of the ways in is taken is decided here, by what the project says and what is set.

use std::sync::Arc;

use crate::identity::azure::Credential;
use crate::identity::id_token::IdToken;
use crate::problem::Problem;
use crate::project::AzureTarget;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::vault::azure::AzureVault;
use crate::vault::azure::Settings;
use crate::wiring::Wiring;
use crate::wiring::needs::Needs;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

impl Wiring<'_> {
    /// The vault that `target` describes.
    pub(super) fn azure(&self, settings: &VaultSettings, target: &AzureTarget) -> Result<AzureVault, Problem> {
        let given = Settings {
            url: target.url.clone(),
            credential: self.credential(Some(settings), target)?,
            authority: target.authority.clone(),
            api_version: target.api_version.clone(),
            prefixes: prefixes(settings),
            environment: Arc::clone(self.ports.tools),
            transport: self.transport(target.ca.as_ref(), None)?,
            limits: self.limits(settings),
        };
        AzureVault::new(given, Arc::clone(self.ports.entropy), Arc::clone(self.ports.clock)).map_err(|error| refused(settings, error))
    }

    /// The way in that the project says, or the first one for which something is set; the Azure CLI where nothing is.
    pub(super) fn credential(&self, settings: Option<&VaultSettings>, target: &AzureTarget) -> Result<Credential, Problem> {
        let set = |variable: Variable| self.ports.variables.get(variable).is_some() || self.ports.variables.secret(variable).is_some();
        let way = match target.credential.as_deref() {
            Some(way) => way,
            None if set(variable::AZURE_CLIENT_SECRET) => "client-secret",
            None if target.certificate.is_some() => "client-certificate",
            None if target.token_file.is_some() || set(variable::AZURE_ID_TOKEN) => "workload-identity",
            None if set(variable::ACTIONS_ID_TOKEN_REQUEST_URL) && target.client.is_some() => "github",
            None if set(variable::SYSTEM_OIDCREQUESTURI) && target.service_connection.is_some() => "azure-pipelines",
            None => "azure-cli",
        };
        let needs = Needs { wiring: self, settings, way: ("credential", way) };
        let application = || -> Result<(String, String), Problem> {
            Ok((needs.said("tenant", target.tenant.as_ref())?, needs.said("client", target.client.as_ref())?))
        };
        Ok(match way {
            "client-secret" => {
                let (tenant, client) = application()?;
                Credential::ClientSecret { tenant, client, secret: needs.secret(variable::AZURE_CLIENT_SECRET)? }
            }
            "client-certificate" => {
                let (tenant, client) = application()?;
                let location =
                    target.certificate.as_ref().ok_or_else(|| needs.missing("a `certificate`", "set AZURE_CLIENT_CERTIFICATE_PATH"))?;
                Credential::ClientCertificate { tenant, client, pem: self.file(location, "the client certificate")? }
            }
            "workload-identity" => {
                let (tenant, client) = application()?;
                let token = match (&target.token_file, self.ports.variables.secret(variable::AZURE_ID_TOKEN)) {
                    (Some(location), _) => IdToken::File(self.located(location)?),
                    (None, Some(token)) => IdToken::Text(token.duplicate()),
                    (None, None) => return Err(needs.missing("a federated token", "set AZURE_FEDERATED_TOKEN_FILE or AZURE_ID_TOKEN")),
                };
                Credential::Federated { tenant, client, token }
            }
            "github" => {
                let (tenant, client) = application()?;
                let url = needs.plain(variable::ACTIONS_ID_TOKEN_REQUEST_URL)?;
                let token = IdToken::GitHub {
                    url,
                    token: needs.secret(variable::ACTIONS_ID_TOKEN_REQUEST_TOKEN)?,
                    transport: self.usual_transport()?,
                };
                Credential::Federated { tenant, client, token }
            }
            "azure-pipelines" => {
                let (tenant, client) = application()?;
                let token = IdToken::AzurePipelines {
                    url: needs.plain(variable::SYSTEM_OIDCREQUESTURI)?,
                    connection: needs.said("serviceConnection", target.service_connection.as_ref())?,
                    token: needs.secret(variable::SYSTEM_ACCESSTOKEN)?,
                    transport: self.usual_transport()?,
                };
                Credential::Federated { tenant, client, token }
            }
            "managed-identity" => Credential::ManagedIdentity { client: target.client.clone() },
            _ => Credential::AzureCli { tenant: target.tenant.clone() },
        })
    }
}
