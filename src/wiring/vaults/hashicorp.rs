//! A HashiCorp Vault or OpenBao from its settings.

use std::sync::Arc;

use crate::identity::id_token::IdToken;
use crate::identity::trust::CredentialDestination;
use crate::key::KeyWrap;
use crate::key::transit;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::secret::Secret;
use crate::vault::Adapter;
use crate::vault::hashicorp::AuthMethod;
use crate::vault::hashicorp::HashicorpVault;
use crate::vault::hashicorp::KvEngine;
use crate::vault::hashicorp::Settings;
use crate::vault::hashicorp::names;
use crate::wiring::Wiring;
use crate::wiring::needs::Needs;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

/// Where Kubernetes puts a pod's token.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

pub(super) const SETUP: Setup = Setup::remote(adapter, |settings| names(&settings.prefixes()), destinations, key);

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    vault(wiring, settings).map(|vault| Arc::new(vault) as _)
}

fn key(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem> {
    Ok(Box::new(transit(settings.key_id(), vault(wiring, settings)?, settings.text("key").to_owned())))
}

fn vault(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<HashicorpVault, Problem> {
    let identity = settings.location("clientCertificate").map(|certificate| {
        let key = settings.location("clientKey").unwrap_or_else(|| certificate.clone());
        (certificate, key)
    });
    let given = Settings {
        address: settings.text("address").to_owned(),
        mount: settings.text("mount").to_owned(),
        namespace: settings.owned("namespace"),
        engine: if settings.entry.key.is_none() && settings.text("engine") == "kv-v1" { KvEngine::V1 } else { KvEngine::V2 },
        login: login(wiring, settings)?,
        prefixes: settings.prefixes(),
        transport: wiring.transport(settings.location("ca"), identity)?,
        limits: wiring.limits(settings),
    };
    let vault = HashicorpVault::new(given, Arc::clone(wiring.ports.entropy));
    vault.map_err(|error| refused(settings, error))
}

fn destinations<'s>(wiring: &'s Wiring<'_>, settings: &'s VaultSettings) -> Vec<CredentialDestination<'s>> {
    let named = [variable::BAO_ADDR, variable::VAULT_ADDR].into_iter().find_map(|variable| wiring.set(variable));
    // What is set for one vault is not sent to another, not even on this machine.
    let own = matches!(settings.location("tokenFile"), Some(Location::Beneath(_)));
    let audience = match jwt_source(wiring, settings) {
        _ if settings.text("auth") != "jwt" => None,
        // Whatever audience the project asks for. At Entra ID, the holder of such a token acts as the service connection.
        Some(JwtSource::AzurePipelines(_)) => Some(IdToken::AZURE_PIPELINES_AUDIENCE),
        _ => settings.get("audience"),
    };
    vec![CredentialDestination {
        address: settings.text("address"),
        audience,
        is_service: |_| false,
        named,
        loopback: named.is_none() || own,
    }]
}

fn login(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<AuthMethod, Problem> {
    let way = settings.text("auth");
    let needs = Needs { wiring, settings, vault: Some(&settings.entry.name), way: ("auth", way) };
    let mount = settings.owned("authMount").unwrap_or_else(|| way.to_owned());
    Ok(match way {
        "approle" => AuthMethod::AppRole {
            mount,
            role_id: needs.secret(variable::VAULT_ROLE_ID)?,
            secret_id: wiring.ports.variables.secret(variable::VAULT_SECRET_ID).map(Secret::duplicate),
        },
        "kubernetes" => {
            let location = settings.location("tokenFile").unwrap_or_else(|| Location::Anywhere(SERVICE_ACCOUNT.into()));
            let token = IdToken::File(wiring.located(&location)?);
            AuthMethod::Kubernetes { mount, role: needs.said("role")?, token }
        }
        "jwt" => AuthMethod::Jwt { mount, role: settings.owned("role"), audience: settings.owned("audience"), token: id_token(&needs)? },
        _ => AuthMethod::Token(token(&needs)?),
    })
}

/// The token: from the file that the project names for this vault, a variable, the file that a variable names, or the one that `vault
/// login` leaves.
fn token(needs: &Needs<'_>) -> Result<Secret, Problem> {
    let (wiring, file) = (needs.wiring, needs.settings.location("tokenFile"));
    if let Some(location @ Location::Beneath(_)) = &file {
        return Ok(trimmed(&wiring.file(location, "the token file")?));
    }
    let variable = [variable::BAO_TOKEN, variable::VAULT_TOKEN].into_iter().find_map(|variable| wiring.ports.variables.secret(variable));
    if let Some(token) = variable {
        return Ok(token.duplicate());
    }
    let left = || Some(wiring.ports.home?.join(".vault-token")).filter(|path| path.is_file()).map(Location::Anywhere);
    match file.clone().or_else(left) {
        Some(location) => Ok(trimmed(&wiring.file(&location, "the token file")?)),
        None => Err(needs.missing("a token", "set VAULT_TOKEN, or log in with `vault login`")),
    }
}

/// Where the JWT to log in with comes from.
enum JwtSource<'a> {
    File(Location),
    Variable(&'a Secret),
    GitHub(&'a str),
    AzurePipelines(&'a str),
}

/// The first that there is: a file of the project, a variable, a file that a variable names, the CI system's own service.
fn jwt_source<'a>(wiring: &'a Wiring<'_>, settings: &VaultSettings) -> Option<JwtSource<'a>> {
    let variables = &wiring.ports.variables;
    let file = settings.location("tokenFile");
    let own = file.clone().filter(|location| matches!(location, Location::Beneath(_))).map(JwtSource::File);
    own.or_else(|| variables.secret(variable::VAULT_ID_TOKEN).map(JwtSource::Variable))
        .or_else(|| file.map(JwtSource::File))
        .or_else(|| variables.get(variable::ACTIONS_ID_TOKEN_REQUEST_URL).map(JwtSource::GitHub))
        .or_else(|| variables.get(variable::SYSTEM_OIDCREQUESTURI).map(JwtSource::AzurePipelines))
}

fn id_token(needs: &Needs<'_>) -> Result<IdToken, Problem> {
    let wiring = needs.wiring;
    Ok(match jwt_source(wiring, needs.settings) {
        Some(JwtSource::File(location)) => IdToken::File(wiring.located(&location)?),
        Some(JwtSource::Variable(token)) => IdToken::Text(token.duplicate()),
        Some(JwtSource::GitHub(url)) => IdToken::GitHub {
            url: url.to_owned(),
            token: needs.secret(variable::ACTIONS_ID_TOKEN_REQUEST_TOKEN)?,
            transport: wiring.usual_transport()?,
        },
        Some(JwtSource::AzurePipelines(url)) => IdToken::AzurePipelines {
            url: url.to_owned(),
            connection: needs.plain(variable::AZURESUBSCRIPTION_SERVICE_CONNECTION_ID)?,
            token: needs.secret(variable::SYSTEM_ACCESSTOKEN)?,
            transport: wiring.usual_transport()?,
        },
        None => {
            let next = "set VAULT_ID_TOKEN or VAULT_TOKEN_FILE, or let the CI job ask for one (`permissions: id-token: write`)";
            return Err(needs.missing("a JWT", next));
        }
    })
}

/// Without the line end that editors and `echo` leave.
fn trimmed(token: &Secret) -> Secret {
    Secret::copy_of(token.expose().trim_ascii())
}
