//! Where a vault's settings would send credentials, and whether their owner trusts that server with them. Nothing is sent here.

use crate::identity::trust::CredentialDestination;
use crate::identity::trust::Grounds;
use crate::identity::trust::TrustedOrigins;
use crate::identity::trust::Untrusted;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::VaultSettings;
#[cfg(any(feature = "azure", feature = "gcp", feature = "hashicorp"))]
use crate::project::variable::Variable;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::words;
use crate::wiring::Wiring;
use crate::wiring::vaults::setup;

impl Wiring<'_> {
    /// What `doctor` says of the servers to which a vault's or a key's settings send credentials; nothing for a vault that has none.
    pub(super) fn trust_step(&self, settings: &VaultSettings) -> Option<Diagnostic> {
        setup(settings.kind())?.destinations?;
        let outcome = match self.grounds(settings) {
            Ok(said) if said.is_empty() => Ok("the provider's own service".to_owned()),
            Ok(said) => Ok(said.join(", ")),
            Err(Problem { reason, next, .. }) => Err(ServiceError { fault: ServiceFault::Unauthenticated, reason, next }),
        };
        Some(Diagnostic { step: DiagnosticStep::Trust, outcome })
    }

    /// Why each server that a vault's settings name may have credentials.
    ///
    /// # Errors
    /// One may not: only the project says so.
    pub(super) fn grounds(&self, settings: &VaultSettings) -> Result<Vec<String>, Problem> {
        let Some(destinations) = setup(settings.kind()).and_then(|setup| setup.destinations) else { return Ok(Vec::new()) };
        let (trusted, refused) = self.judge(&settings.asker(), destinations(self, settings));
        if !refused.is_empty() {
            return Err(untrusted(settings, &refused));
        }
        // What the settings leave open goes to the provider's own hosts, or where the user's own tools say.
        if trusted.is_empty() || trusted.iter().any(|(grounds, _)| *grounds == Grounds::Service) {
            check_authorities(settings)?;
        }
        Ok(trusted.into_iter().filter_map(|(grounds, origin)| Some(format!("{origin}: {}", words_of(grounds)?))).collect())
    }

    /// Why each destination may have credentials, with its origin, and those that may not. The person at the terminal is asked about those of
    /// `asker`.
    pub(super) fn judge(&self, asker: &str, destinations: Vec<CredentialDestination<'_>>) -> (Vec<(Grounds, String)>, Vec<Untrusted>) {
        let trusted = TrustedOrigins::new(self.settings.trust.iter().map(String::as_str));
        let (mut allowed, mut refused) = (Vec::new(), Vec::new());
        for destination in destinations {
            let grounds = match trusted.check(&destination) {
                Err(untrusted) if self.ports.prompt.trusts(asker, &untrusted.to_string()) => Ok(Grounds::Listed),
                other => other,
            };
            match grounds {
                Ok(grounds) => allowed.push((grounds, Base::new(destination.address).map_or_else(|_| String::new(), |base| base.origin()))),
                Err(untrusted) => refused.push(untrusted),
            }
        }
        (allowed, refused)
    }

    /// A variable that is set, with its name.
    #[cfg(any(feature = "azure", feature = "gcp", feature = "hashicorp"))]
    pub(super) fn set(&self, variable: Variable) -> Option<(&'static str, &str)> {
        Some((variable.name, self.ports.variables.get(variable)?))
    }
}

/// Why a server may have credentials, in words; nothing for an address that nothing is sent to.
fn words_of(grounds: Grounds) -> Option<String> {
    match grounds {
        Grounds::Service => Some("the provider's own service".to_owned()),
        Grounds::Variable(name) => Some(format!("named by {name}")),
        Grounds::Listed => Some("trusted by CLOZE_TRUST or the user's own file".to_owned()),
        Grounds::Loopback => Some("this machine".to_owned()),
        Grounds::Unusable => None,
    }
}

/// Refuses authorities that only the project names for a server of the provider's: anyone on the way there could be that server.
fn check_authorities(settings: &VaultSettings) -> Result<(), Problem> {
    let Some(Location::Beneath(path)) = settings.location("ca") else { return Ok(()) };
    let name = &settings.entry.name;
    let reason =
        format!("{} is the provider's own service, and only the project says that `{path}` may sign its certificate", settings.asker());
    Err(name.at(Problem::new(
        Fault::Vault,
        reason,
        "remove `ca`, and name the file in SSL_CERT_FILE where cloze runs if a proxy there opens TLS",
    )))
}

fn untrusted(settings: &VaultSettings, refused: &[Untrusted]) -> Problem {
    let origins: Vec<&str> = refused.iter().map(|untrusted| untrusted.origin.as_str()).collect();
    let entries: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let what = match refused {
        [Untrusted { audience: Some(audience), .. }] => format!("an id token for `{}`", words::tame(audience, 128)),
        _ => "this run's credentials".to_owned(),
    };
    let name = &settings.entry.name;
    let reason = format!("{} would send {what} to {}, which is not a trusted origin", settings.asker(), origins.join(" and "));
    let next = format!(
        "add {} to CLOZE_TRUST where the pipeline keeps its protected settings, or run the command at a terminal and confirm it",
        entries.join(" and ")
    );
    name.at(Problem::new(Fault::Vault, reason, next))
}
