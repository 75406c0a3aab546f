//! Where a vault's settings would send credentials, and whether their owner trusts that server with them. Nothing is sent here.

use crate::identity::trust::Destination;
use crate::identity::trust::Grounds;
use crate::identity::trust::TrustedOrigins;
use crate::identity::trust::Untrusted;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::project::VaultTarget;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::Step;
use crate::service::http::Base;
use crate::service::words;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// What `doctor` says of the servers to which a vault's settings send credentials; nothing for a vault that has none.
    pub(super) fn trust_step(&self, vault: &str) -> Option<Diagnostic> {
        let settings = self.settings.vault(vault)?;
        if matches!(settings.target, VaultTarget::Local { .. } | VaultTarget::Env { .. } | VaultTarget::Exec { .. }) {
            return None;
        }
        let outcome = match self.grounds(settings) {
            Ok(said) if said.is_empty() => Ok("the provider's own service".to_owned()),
            Ok(said) => Ok(said.join(", ")),
            Err(Problem { reason, next, .. }) => Err(ServiceError { fault: ServiceFault::Unauthenticated, reason, next }),
        };
        Some(Diagnostic { step: Step::Trust, outcome })
    }

    /// Why each server that a vault's settings name may have credentials.
    ///
    /// # Errors
    /// One may not: only the project says so.
    pub(super) fn grounds(&self, settings: &VaultSettings) -> Result<Vec<String>, Problem> {
        let (said, refused) = self.judge(&format!("vault `{}`", settings.entry.name.value), self.destinations(&settings.target));
        if refused.is_empty() { Ok(said) } else { Err(untrusted(settings, &refused)) }
    }

    /// Why each destination may have credentials, and those that may not. The person at the terminal is asked about those of `asker`.
    pub(super) fn judge(&self, asker: &str, destinations: Vec<Destination<'_>>) -> (Vec<String>, Vec<Untrusted>) {
        let trusted = TrustedOrigins::new(self.settings.trust.iter().map(String::as_str));
        let (mut said, mut refused) = (Vec::new(), Vec::new());
        for destination in destinations {
            let grounds = match trusted.check(&destination) {
                Err(untrusted) if self.ports.prompt.trusts(asker, &untrusted.to_string()) => Ok(Grounds::Listed),
                other => other,
            };
            let shown = || Base::new(destination.address).map_or_else(|_| String::new(), |base| base.origin());
            match grounds {
                Ok(Grounds::Service) => said.push(format!("{}: the provider's own service", shown())),
                Ok(Grounds::Variable(name)) => said.push(format!("{}: named by {name}", shown())),
                Ok(Grounds::Listed) => said.push(format!("{}: trusted by CLOZE_TRUST or the user's own file", shown())),
                Ok(Grounds::Loopback) => said.push(format!("{}: this machine", shown())),
                Ok(Grounds::Unusable) => {}
                Err(untrusted) => refused.push(untrusted),
            }
        }
        (said, refused)
    }

    /// Where the settings send credentials. What they leave open goes to the provider's own hosts, or where the user's own tools say.
    fn destinations<'s>(&'s self, target: &'s VaultTarget) -> Vec<Destination<'s>> {
        let set = |variable: Variable| Some((variable.name, self.ports.variables.get(variable)?));
        match target {
            VaultTarget::Hashicorp(target) => {
                let named = [variable::BAO_ADDR, variable::VAULT_ADDR].into_iter().find_map(set);
                // What is set for one vault is not sent to another, not even on this machine.
                let own = matches!(target.token_file, Some(Location::Beneath(_)));
                let audience = target.audience.as_deref().filter(|_| target.auth == "jwt");
                vec![Destination { address: &target.address, audience, is_service: |_| false, named, loopback: named.is_none() || own }]
            }
            #[cfg(feature = "azure")]
            VaultTarget::Azure(target) => {
                let vault = Destination {
                    address: &target.url,
                    audience: None,
                    is_service: crate::vault::azure::is_service,
                    named: None,
                    loopback: true,
                };
                // A stand-in for a vault may have one for the authority; a vault elsewhere has none here, in plain http.
                let stand_in = Base::new(&target.url).is_ok_and(|base| base.is_local());
                let authority = target.authority.as_deref().map(|address| Destination {
                    address,
                    is_service: crate::identity::trust::is_entra,
                    named: set(variable::AZURE_AUTHORITY_HOST),
                    loopback: stand_in,
                    ..vault
                });
                [vault].into_iter().chain(authority).collect()
            }
            #[cfg(feature = "aws")]
            VaultTarget::Aws(target) => {
                let (is_service, own): (fn(&str) -> bool, _) = match target.service.as_str() {
                    "parameter-store" => (|host| crate::identity::aws::is_service("ssm", host), "AWS_ENDPOINT_URL_SSM"),
                    _ => (|host| crate::identity::aws::is_service("secretsmanager", host), "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
                };
                let named = [own, "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, self.ports.tools.text(name)?)));
                let endpoint = target.endpoint.as_deref();
                endpoint.map(|address| Destination { address, audience: None, is_service, named, loopback: true }).into_iter().collect()
            }
            #[cfg(feature = "gcp")]
            VaultTarget::Gcp(target) => {
                let named = set(variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER);
                let is_service = crate::vault::gcp::is_service;
                let endpoint = target.endpoint.as_deref();
                endpoint.map(|address| Destination { address, audience: None, is_service, named, loopback: true }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

fn untrusted(settings: &VaultSettings, refused: &[Untrusted]) -> Problem {
    let origins: Vec<&str> = refused.iter().map(|untrusted| untrusted.origin.as_str()).collect();
    let entries: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let what = match refused {
        [Untrusted { audience: Some(audience), .. }] => format!("an id token for `{}`", words::tame(audience, 128)),
        _ => "this run's credentials".to_owned(),
    };
    let name = &settings.entry.name;
    let reason = format!("vault `{}` would send {what} to {}, which nobody but the project trusts", name.value, origins.join(" and "));
    let next = format!(
        "add {} to CLOZE_TRUST where the pipeline keeps its protected settings, or run the command at a terminal and confirm it",
        entries.join(" and ")
    );
    name.at(Problem::new(Fault::Vault, reason, next))
}
