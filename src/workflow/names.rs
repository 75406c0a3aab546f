//! Names that blanks cannot ask for, found without a network: vaults that the environment does not have, and names that a vault's own rule or
//! the project's prefixes forbid.

use std::collections::BTreeMap;

use crate::blank::Blank;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Settings;
use crate::suggest::suggest;
use crate::workflow::context::Context;

/// A problem at each blank whose vault or name cannot be asked for, and one at each vault whose prefixes cannot be used.
pub(crate) fn check(blanks: &Blanks, context: &Context<'_>) -> Vec<Problem> {
    let settings = context.settings;
    let mut problems = Vec::new();
    let mut rules = BTreeMap::new();
    for vault in &settings.vaults {
        match (context.name_rule)(vault) {
            Ok(rule) => {
                rules.extend(rule.map(|rule| (vault.name(), rule)));
            }
            Err(error) => {
                let reason = format!("vault `{}`: {}", vault.entry.name.value, error.reason);
                problems.push(vault.entry.name.at(Problem::new(Fault::Project, reason, error.next)));
            }
        }
    }
    let wrong = |blank: &Blank| match &blank.source {
        Source::Vault { ask, .. } if settings.vault(&ask.vault).is_none() => Some(stranger(ask, settings).at(blank.place.clone())),
        Source::Vault { ask, .. } => {
            let reason = rules.get(ask.vault.as_str())?.check(&ask.name).err()?;
            let reason = format!("{ask} cannot be asked of vault `{}`: {reason}", ask.vault);
            Some(Problem::new(Fault::Check, reason, "write the secret's name as the vault has it").at(blank.place.clone()))
        }
        Source::Derived { .. } => None,
    };
    problems.extend(blanks.iter().filter_map(|(_, blank)| wrong(blank)));
    problems
}

fn stranger(ask: &SecretRef, settings: &Settings) -> Problem {
    let next = match suggest(&ask.vault, settings.vaults.iter().map(|vault| vault.entry.name.value.as_str())) {
        Some(name) => format!("write `{name}` if that is meant, or add the vault under `vaults:`"),
        None => "add it under `vaults:` in the project file".to_owned(),
    };
    Problem::new(Fault::Check, format!("the environment has no vault `{}`", ask.vault), next)
}
