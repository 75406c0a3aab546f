//! What a way into a vault needs, and the words for what is missing.

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Spanned;
use crate::project::VaultSettings;
use crate::project::variable::Variable;
use crate::secret::Secret;
use crate::wiring::Wiring;

/// A way into a vault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs<'a> {
    pub(super) wiring: &'a Wiring<'a>,
    pub(super) settings: &'a VaultSettings,
    /// The vault's name; the history needs it where there is none.
    pub(super) vault: Option<&'a Spanned<String>>,
    /// The way, as the project file would say it: a key and its word.
    pub(super) way: (&'static str, &'a str),
}

impl Needs<'_> {
    /// What the project says under `key`.
    pub(super) fn said(&self, key: &str) -> Result<String, Problem> {
        let next = || format!("add `{key}: …` to it, or set the variable for it");
        self.settings.owned(key).ok_or_else(|| self.missing(&format!("a `{key}`"), &next()))
    }

    /// A variable that is not a secret.
    pub(super) fn plain(&self, variable: Variable) -> Result<String, Problem> {
        self.wiring.ports.variables.get(variable).map(str::to_owned).ok_or_else(|| self.unset(variable))
    }

    /// A variable that is a secret.
    pub(super) fn secret(&self, variable: Variable) -> Result<Secret, Problem> {
        self.wiring.ports.variables.secret(variable).map(Secret::duplicate).ok_or_else(|| self.unset(variable))
    }

    fn unset(&self, variable: Variable) -> Problem {
        self.missing(variable.name, &format!("set {}: {}", variable.name, variable.about))
    }

    /// The problem of something that is missing.
    pub(super) fn missing(&self, what: &str, next: &str) -> Problem {
        let (key, word) = self.way;
        match self.vault {
            Some(name) => name.at(Problem::new(Fault::Vault, format!("{} needs {what} for `{key}: {word}`", self.settings.asker()), next)),
            None => Problem::new(Fault::History, format!("the history needs {what} for the way in `{word}`"), next),
        }
    }
}
