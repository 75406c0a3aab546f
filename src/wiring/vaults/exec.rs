//! A program that the run allows, as a vault.

use std::path;
use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::secret::Secret;
use crate::vault::Adapter;
use crate::vault::exec::ExecVault;
use crate::vault::exec::Settings;
use crate::vault::exec::names;
use crate::wiring::Wiring;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

pub(super) const SETUP: Setup = Setup::here(adapter, |settings| names(&settings.prefixes()));

/// The variables that every program gets; `*` at the end is for anything.
const BASIC: &[&str] = &["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR"];

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    if !wiring.ports.allow_exec {
        let name = &settings.entry.name;
        let reason = format!("vault `{}` runs a program, which this run does not allow", name.value);
        let next = "pass `--allow-exec`, or set CLOZE_ALLOW_EXEC=1, if you trust the project";
        return Err(name.at(Problem::new(Fault::Vault, reason, next)));
    }
    let given = Settings {
        command: settings.list("command").to_vec(),
        directory: path::absolute(wiring.base).unwrap_or_else(|_| wiring.base.to_owned()),
        deadline: wiring.settings.deadline,
        prefixes: settings.prefixes(),
        environment: lent(wiring),
        meter: wiring.ports.meters.of(settings.name()),
    };
    Ok(Arc::new(ExecVault::new(given).map_err(|error| refused(settings, error))?))
}

/// The variables that a program gets: where programs and the home directory are, the language, and what the run's owner lets through.
fn lent(wiring: &Wiring<'_>) -> Vec<(String, Secret)> {
    let more = wiring.ports.variables.get(variable::EXEC_ENV).unwrap_or_default();
    let more: Vec<&str> = more.split([',', ' ']).filter(|name| !name.is_empty()).collect();
    let matches = |pattern: &&str, name: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *pattern == name,
    };
    let is_lent = |name: &String| BASIC.iter().chain(&more).any(|pattern| matches(pattern, name));
    let names = wiring.ports.surroundings.names().into_iter().filter(is_lent);
    names.filter_map(|name| wiring.ports.surroundings.get(&name).map(|value| (name, value))).collect()
}
