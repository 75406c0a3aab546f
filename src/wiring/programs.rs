//! Vaults that are what the run was started with: its variables, and programs that it allows.

#[cfg(feature = "exec")]
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::VaultSettings;
#[cfg(feature = "exec")]
use crate::project::variable;
#[cfg(feature = "exec")]
use crate::secret::Secret;
#[cfg(feature = "exec")]
use crate::vault::exec::ExecVault;
use crate::wiring::Wiring;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

impl Wiring<'_> {
    /// The variables whose names begin with `prefix`.
    #[cfg(feature = "env")]
    pub(super) fn env(&self, settings: &VaultSettings, prefix: &str) -> Result<crate::vault::env::EnvVault, Problem> {
        let given = crate::vault::env::Settings {
            prefix: prefix.to_owned(),
            variables: std::sync::Arc::clone(self.ports.surroundings),
            prefixes: prefixes(settings),
        };
        crate::vault::env::EnvVault::new(given).map_err(|error| refused(settings, error))
    }

    /// The program, where the run allows it.
    #[cfg(feature = "exec")]
    pub(super) fn exec(&self, settings: &VaultSettings, command: &[String]) -> Result<ExecVault, Problem> {
        if !self.ports.allow_exec {
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
            environment: self.lent(),
            meter: self.ports.meters.of(&settings.entry.name.value),
        };
        ExecVault::new(given).map_err(|error| refused(settings, error))
    }

    /// The variables that a program gets: where programs and the home directory are, the language, and what the run's owner lets through.
    #[cfg(feature = "exec")]
    fn lent(&self) -> Vec<(String, Secret)> {
        let more = self.ports.variables.get(variable::EXEC_ENV).unwrap_or_default();
        let more: Vec<&str> = more.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        let matches = |pattern: &&str, name: &str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *pattern == name,
        };
        let is_lent = |name: &String| BASIC.iter().chain(&more).any(|pattern| matches(pattern, name));
        let names = self.ports.surroundings.names().into_iter().filter(is_lent);
        names.filter_map(|name| self.ports.surroundings.get(&name).map(|value| (name, value))).collect()
    }
}

/// The variables that every program gets; `*` at the end stands for anything.
#[cfg(feature = "exec")]
const BASIC: &[&str] = &["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR"];
