//! Vaults that are what the run was started with: its variables, and programs that it allows.

#[cfg(feature = "exec")]
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::VaultSettings;
#[cfg(feature = "exec")]
use crate::project::variable;
#[cfg(feature = "exec")]
use crate::vault::exec::ExecVault;
use crate::wiring::Wiring;
#[cfg(feature = "exec")]
use crate::wiring::metered::Metered;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

impl Wiring<'_> {
    /// The variables whose names begin with `prefix`.
    #[cfg(feature = "env")]
    pub(super) fn env(&self, settings: &VaultSettings, prefix: &str) -> Result<crate::vault::env::EnvVault, Problem> {
        let given = crate::vault::env::Settings {
            prefix: prefix.to_owned(),
            variables: std::sync::Arc::clone(self.surroundings),
            prefixes: prefixes(settings),
        };
        crate::vault::env::EnvVault::new(given).map_err(|error| refused(settings, error))
    }

    /// The program, where the run allows it.
    #[cfg(feature = "exec")]
    pub(super) fn exec(&self, settings: &VaultSettings, command: &[String]) -> Result<Metered<ExecVault>, Problem> {
        if !self.allow_exec {
            let name = &settings.entry.name;
            let reason = format!("vault `{}` runs a program, which this run does not allow", name.value);
            return Err(name.at(Problem::new(
                Fault::Vault,
                reason,
                "give `--allow-exec`, or set CLOZE_ALLOW_EXEC=1, if you trust the project",
            )));
        }
        let given = crate::vault::exec::Settings {
            command: command.to_vec(),
            directory: std::path::absolute(self.base).unwrap_or_else(|_| self.base.to_owned()),
            deadline: self.settings.deadline,
            prefixes: prefixes(settings),
            withheld: variable::ALL
                .iter()
                .filter(|variable| variable.name.starts_with("CLOZE_"))
                .map(|variable| variable.name.to_owned())
                .collect(),
        };
        let vault = ExecVault::new(given).map_err(|error| refused(settings, error))?;
        Ok(Metered::new(vault, self.meters.of(&settings.entry.name.value)))
    }
}
