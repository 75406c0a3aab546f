//! A HashiCorp Vault or OpenBao from its settings.

use std::sync::Arc;

use crate::identity::id_token::IdToken;
use crate::problem::Problem;
use crate::project::HashicorpTarget;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::secret::Secret;
use crate::vault::hashicorp::Engine;
use crate::vault::hashicorp::HashicorpVault;
use crate::vault::hashicorp::Login;
use crate::vault::hashicorp::Settings;
use crate::wiring::Wiring;
use crate::wiring::needs::Needs;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

/// Where Kubernetes puts a pod's token.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl Wiring<'_> {
    /// The vault that `target` describes.
    pub(super) fn hashicorp(&self, settings: &VaultSettings, target: &HashicorpTarget) -> Result<HashicorpVault, Problem> {
        let identity = match (&target.client_certificate, &target.client_key) {
            (Some(certificate), key) => Some((certificate, key.as_ref().unwrap_or(certificate))),
            (None, _) => None,
        };
        let given = Settings {
            address: target.address.clone(),
            mount: target.mount.clone(),
            namespace: target.namespace.clone(),
            engine: if target.engine == "kv-v1" { Engine::V1 } else { Engine::V2 },
            login: self.login(settings, target)?,
            prefixes: prefixes(settings),
            transport: self.transport(target.ca.as_ref(), identity)?,
            limits: self.limits(settings),
        };
        HashicorpVault::new(given, Arc::clone(self.ports.entropy)).map_err(|error| refused(settings, error))
    }

    fn login(&self, settings: &VaultSettings, target: &HashicorpTarget) -> Result<Login, Problem> {
        let way = target.auth.as_str();
        let needs = Needs { wiring: self, settings: Some(settings), way: ("auth", way) };
        let mount = target.auth_mount.clone().unwrap_or_else(|| way.to_owned());
        Ok(match way {
            "approle" => Login::AppRole {
                mount,
                role_id: needs.secret(variable::VAULT_ROLE_ID)?,
                secret_id: self.ports.variables.secret(variable::VAULT_SECRET_ID).map(Secret::duplicate),
            },
            "kubernetes" => {
                let location = target.token_file.clone().unwrap_or_else(|| Location::Anywhere(SERVICE_ACCOUNT.into()));
                let token = IdToken::File(self.located(&location)?);
                Login::Kubernetes { mount, role: needs.said("role", target.role.as_ref())?, token }
            }
            "jwt" => {
                Login::Jwt { mount, role: target.role.clone(), audience: target.audience.clone(), token: self.id_token(&needs, target)? }
            }
            _ => Login::Token(self.token(&needs, target)?),
        })
    }

    /// The token: from the file that the project names for this vault, a variable, the file that a variable names, or the one that `vault
    /// login` leaves.
    fn token(&self, needs: &Needs<'_>, target: &HashicorpTarget) -> Result<Secret, Problem> {
        if let Some(location @ Location::Beneath(_)) = &target.token_file {
            return Ok(trimmed(&self.file(location, "the token file")?));
        }
        let variable = [variable::BAO_TOKEN, variable::VAULT_TOKEN].into_iter().find_map(|variable| self.ports.variables.secret(variable));
        if let Some(token) = variable {
            return Ok(token.duplicate());
        }
        let left = || Some(self.ports.home?.join(".vault-token")).filter(|path| path.is_file()).map(Location::Anywhere);
        match target.token_file.clone().or_else(left) {
            Some(location) => Ok(trimmed(&self.file(&location, "the token file")?)),
            None => Err(needs.missing("a token", "set VAULT_TOKEN, or log in with `vault login`")),
        }
    }

    /// The JWT to log in with: from a variable, a file, or the CI system's own service.
    fn id_token(&self, needs: &Needs<'_>, target: &HashicorpTarget) -> Result<IdToken, Problem> {
        if let Some(location @ Location::Beneath(_)) = &target.token_file {
            return Ok(IdToken::File(self.located(location)?));
        }
        if let Some(token) = self.ports.variables.secret(variable::VAULT_ID_TOKEN) {
            return Ok(IdToken::Text(token.duplicate()));
        }
        if let Some(location) = &target.token_file {
            return Ok(IdToken::File(self.located(location)?));
        }
        if let Some(url) = self.ports.variables.get(variable::ACTIONS_ID_TOKEN_REQUEST_URL) {
            let token = needs.secret(variable::ACTIONS_ID_TOKEN_REQUEST_TOKEN)?;
            return Ok(IdToken::GitHub { url: url.to_owned(), token, transport: self.usual_transport()? });
        }
        if let Some(url) = self.ports.variables.get(variable::SYSTEM_OIDCREQUESTURI) {
            let connection = needs.plain(variable::AZURESUBSCRIPTION_SERVICE_CONNECTION_ID)?;
            let token = needs.secret(variable::SYSTEM_ACCESSTOKEN)?;
            return Ok(IdToken::AzurePipelines { url: url.to_owned(), connection, token, transport: self.usual_transport()? });
        }
        Err(needs
            .missing("a JWT", "set VAULT_ID_TOKEN or VAULT_TOKEN_FILE, or let the CI job ask for one (`permissions: id-token: write`)"))
    }
}

/// Without the line end that editors and `echo` leave.
fn trimmed(token: &Secret) -> Secret {
    Secret::copy_of(token.expose().trim_ascii())
}
