//! An Azure Key Vault from its settings: which of the ways in is taken is decided here, by what the project says and what is set.

use std::sync::Arc;

use crate::identity::azure::Credential;
use crate::identity::id_token::IdToken;
use crate::identity::trust::CredentialDestination;
use crate::identity::trust::is_entra;
use crate::key::KeyWrap;
use crate::key::vault_and_name;
use crate::key::wrapping_key;
use crate::problem::Problem;
use crate::project::Spanned;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::vault::Adapter;
use crate::vault::azure::AzureVault;
use crate::vault::azure::Settings;
use crate::vault::azure::is_service;
use crate::vault::azure::names;
use crate::wiring::Wiring;
use crate::wiring::needs::Needs;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

pub(super) const SETUP: Setup = Setup::remote(adapter, |settings| names(&settings.prefixes()), destinations, key);

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    vault(wiring, settings).map(|vault| Arc::new(vault) as _)
}

fn key(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem> {
    let (_, name) = vault_and_name(settings.text("key")).ok_or_else(|| {
        let error = ServiceError {
            fault: ServiceFault::BadName,
            reason: "it is not the address of a key without a version".to_owned(),
            next: "write `key: https://VAULT.vault.azure.net/keys/NAME`".to_owned(),
        };
        refused(settings, error)
    })?;
    Ok(Box::new(wrapping_key(settings.key_id(), vault(wiring, settings)?, name.to_owned())))
}

/// The vault's address, which a key's begins with.
fn url(settings: &VaultSettings) -> &str {
    if settings.entry.key.is_none() {
        return settings.text("url");
    }
    let key = settings.text("key");
    vault_and_name(key).map_or(key, |(vault, _)| vault)
}

fn vault(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<AzureVault, Problem> {
    let given = Settings {
        url: url(settings).to_owned(),
        credential: credential(wiring, Some(&settings.entry.name), settings)?,
        authority: settings.owned("authority"),
        api_version: settings.owned("apiVersion"),
        prefixes: settings.prefixes(),
        environment: Arc::clone(wiring.ports.tools),
        transport: wiring.transport(settings.location("ca"), None)?,
        limits: wiring.limits(settings),
    };
    let vault = AzureVault::new(given, Arc::clone(wiring.ports.entropy), Arc::clone(wiring.ports.clock));
    vault.map_err(|error| refused(settings, error))
}

fn destinations<'s>(wiring: &'s Wiring<'_>, settings: &'s VaultSettings) -> Vec<CredentialDestination<'s>> {
    let url = url(settings);
    let vault = CredentialDestination { address: url, audience: None, is_service, named: None, loopback: true };
    // A stand-in for a vault may have one for the authority; a vault elsewhere has none here, in plain http.
    let stand_in = Base::new(url).is_ok_and(|base| base.is_local());
    let named = wiring.set(variable::AZURE_AUTHORITY_HOST);
    let authority = settings.get("authority").map(|address| CredentialDestination {
        address,
        is_service: is_entra,
        named,
        loopback: stand_in,
        ..vault
    });
    [vault].into_iter().chain(authority).collect()
}

/// The way in that the project says, or the first one for which something is set; the Azure CLI where nothing is.
pub(in crate::wiring) fn credential(
    wiring: &Wiring<'_>,
    vault: Option<&Spanned<String>>,
    settings: &VaultSettings,
) -> Result<Credential, Problem> {
    let set = |variable: Variable| wiring.ports.variables.get(variable).is_some() || wiring.ports.variables.secret(variable).is_some();
    let way = match settings.get("credential") {
        Some(way) => way,
        None if set(variable::AZURE_CLIENT_SECRET) => "client-secret",
        None if settings.get("certificate").is_some() => "client-certificate",
        None if settings.get("tokenFile").is_some() || set(variable::AZURE_ID_TOKEN) => "workload-identity",
        None if set(variable::ACTIONS_ID_TOKEN_REQUEST_URL) && settings.get("client").is_some() => "github",
        None if set(variable::SYSTEM_OIDCREQUESTURI) && settings.get("serviceConnection").is_some() => "azure-pipelines",
        None => "azure-cli",
    };
    let needs = Needs { wiring, settings, vault, way: ("credential", way) };
    let application = || -> Result<(String, String), Problem> { Ok((needs.said("tenant")?, needs.said("client")?)) };
    Ok(match way {
        "client-secret" => {
            let (tenant, client) = application()?;
            Credential::ClientSecret { tenant, client, secret: needs.secret(variable::AZURE_CLIENT_SECRET)? }
        }
        "client-certificate" => {
            let (tenant, client) = application()?;
            let location =
                settings.location("certificate").ok_or_else(|| needs.missing("a `certificate`", "set AZURE_CLIENT_CERTIFICATE_PATH"))?;
            Credential::ClientCertificate { tenant, client, pem: wiring.file(&location, "the client certificate")? }
        }
        "workload-identity" => {
            let (tenant, client) = application()?;
            let token = match (settings.location("tokenFile"), wiring.ports.variables.secret(variable::AZURE_ID_TOKEN)) {
                (Some(location), _) => IdToken::File(wiring.located(&location)?),
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
                transport: wiring.usual_transport()?,
            };
            Credential::Federated { tenant, client, token }
        }
        "azure-pipelines" => {
            let (tenant, client) = application()?;
            let token = IdToken::AzurePipelines {
                url: needs.plain(variable::SYSTEM_OIDCREQUESTURI)?,
                connection: needs.said("serviceConnection")?,
                token: needs.secret(variable::SYSTEM_ACCESSTOKEN)?,
                transport: wiring.usual_transport()?,
            };
            Credential::Federated { tenant, client, token }
        }
        "managed-identity" => Credential::ManagedIdentity { client: settings.owned("client") },
        _ => Credential::AzureCli { tenant: settings.owned("tenant") },
    })
}
