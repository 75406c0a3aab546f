//! The environment variables that cloze heeds, each a constant. The library reads none; the binary hands them in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::nearest::nearest;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::quote::quote;
use crate::secret::Secret;

/// An environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it sets.
    pub about: &'static str,
    /// Whether its value is a secret, which is shown nowhere.
    pub secret: bool,
}

const fn plain(name: &'static str, about: &'static str) -> Variable {
    Variable { name, about, secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Variable {
    Variable { name, about, secret: true }
}

/// The project's directory.
pub const DIR: Variable = plain("CLOZE_DIR", "the project's directory, as `-C`");
/// The environment.
pub const ENV: Variable = plain("CLOZE_ENV", "the environment, as `-e`");
/// The namespace of objects that name none.
pub const NAMESPACE: Variable = plain("CLOZE_NAMESPACE", "the namespace of objects that name none, as `--namespace`");
/// How objects are named.
pub const NAMES: Variable = plain("CLOZE_NAMES", "`versioned` or `stable`, as `--names`");
/// Patterns of templates.
pub const TEMPLATES: Variable = plain("CLOZE_TEMPLATES", "patterns of templates, separated by commas, in place of the project's");
/// More values files.
pub const VALUES: Variable = plain("CLOZE_VALUES", "values files, separated by commas, on top of the environment's");
/// Where the history is kept.
pub const HISTORY_URL: Variable = plain("CLOZE_HISTORY_URL", "where the history is kept, as `--history`");
/// The key file.
pub const KEY_FILE: Variable = plain("CLOZE_KEY_FILE", "the key file, a path anywhere on the machine");
/// The passphrase of a passphrase recipient.
pub const PASSPHRASE: Variable = secret("CLOZE_PASSPHRASE", "the passphrase of a recipient of kind `passphrase`");
/// The context of the kubeconfig.
pub const CONTEXT: Variable = plain("CLOZE_CONTEXT", "the context of the kubeconfig, as `--context`");
/// How long vaults may be asked.
pub const DEADLINE: Variable = plain("CLOZE_DEADLINE", "how many seconds vaults may be asked, as `--deadline`");
/// Whose masker is told of values.
pub const MASK: Variable = plain("CLOZE_MASK", "`auto`, `github` or `azure`: whose log masker is told of values, as `--mask-ci`");
/// The form of the output.
pub const FORMAT: Variable = plain("CLOZE_FORMAT", "`human` or `json`, as `--format`");
/// Whether to colour.
pub const COLOR: Variable = plain("CLOZE_COLOR", "`auto`, `always` or `never`, as `--color`");
/// The address of a HashiCorp Vault that has none in the project file.
pub const VAULT_ADDR: Variable = plain("VAULT_ADDR", "the address of a `hashicorp` vault for which the project file says none");
/// The namespace of a HashiCorp Vault that has none in the project file.
pub const VAULT_NAMESPACE: Variable = plain("VAULT_NAMESPACE", "the namespace of a `hashicorp` vault for which the project file says none");
/// The token for HashiCorp Vaults.
pub const VAULT_TOKEN: Variable = secret("VAULT_TOKEN", "the token for `hashicorp` vaults");

/// All of them.
pub const ALL: &[Variable] = &[
    DIR,
    ENV,
    NAMESPACE,
    NAMES,
    TEMPLATES,
    VALUES,
    HISTORY_URL,
    KEY_FILE,
    PASSPHRASE,
    CONTEXT,
    DEADLINE,
    MASK,
    FORMAT,
    COLOR,
    VAULT_ADDR,
    VAULT_NAMESPACE,
    VAULT_TOKEN,
];

/// The values of those variables that are set and not empty. `Debug` prints names only.
#[derive(Default)]
pub struct Variables {
    plain: BTreeMap<&'static str, String>,
    secret: BTreeMap<&'static str, Secret>,
    unknown: Vec<Problem>,
}

impl Variables {
    /// Keeps what cloze heeds of a process environment and drops the rest.
    pub fn collect(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Problems> {
        let mut variables = Self::default();
        let mut problems = Vec::new();
        for (name, value) in pairs {
            let Some(name) = name.to_str() else { continue };
            match ALL.iter().find(|known| known.name == name) {
                Some(_) if value.is_empty() => {}
                Some(known) if known.secret => {
                    variables.secret.insert(known.name, Secret::new(value.into_encoded_bytes()));
                }
                Some(known) => match value.into_string() {
                    Ok(value) => {
                        variables.plain.insert(known.name, value);
                    }
                    Err(_) => {
                        problems.push(Problem::new(Fault::Usage, format!("`{name}` is not UTF-8 text"), "set it to text, or unset it"));
                    }
                },
                None if name.starts_with("CLOZE_") => {
                    let next = match nearest(name, ALL.iter().map(|known| known.name)) {
                        Some(known) => format!("write `{known}`"),
                        None => "unset it".to_owned(),
                    };
                    variables.unknown.push(Problem::new(Fault::Usage, format!("unknown environment variable {}", quote(name)), next));
                }
                None => {}
            }
        }
        variables.unknown.sort();
        Problems::or(variables, problems)
    }

    /// The value of a variable that is no secret.
    pub fn get(&self, variable: Variable) -> Option<&str> {
        self.plain.get(variable.name).map(String::as_str)
    }

    /// The value of a variable that is a secret.
    pub fn secret(&self, variable: Variable) -> Option<&Secret> {
        self.secret.get(variable.name)
    }

    /// A warning for each variable that begins with `CLOZE_` and that nobody heeds.
    pub fn unknown(&self) -> &[Problem] {
        &self.unknown
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.plain.keys()).entries(self.secret.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::ALL;
    use super::ENV;
    use super::VAULT_TOKEN;
    use super::Variables;

    fn pairs(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    #[test]
    fn only_known_variables_are_kept_and_secrets_do_not_print() {
        let variables =
            Variables::collect(pairs(&[("CLOZE_ENV", "dev"), ("VAULT_TOKEN", "CANARY"), ("PATH", "/bin"), ("CLOZE_NAMES", "")])).unwrap();
        assert_eq!(variables.get(ENV), Some("dev"));
        assert_eq!(variables.get(VAULT_TOKEN), None);
        assert_eq!(variables.secret(VAULT_TOKEN).unwrap().expose(), b"CANARY");
        assert_eq!(format!("{variables:?}"), r#"{"CLOZE_ENV", "VAULT_TOKEN"}"#);
    }

    #[test]
    fn a_slip_in_a_name_is_told() {
        let variables = Variables::collect(pairs(&[("CLOZE_NAMSPACE", "x"), ("CLOZE_", "")])).unwrap();
        let lines: Vec<String> = variables.unknown().iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
        assert_eq!(
            lines,
            ["unknown environment variable `CLOZE_NAMSPACE`; write `CLOZE_NAMESPACE`", "unknown environment variable `CLOZE_`; unset it"]
        );
    }

    #[test]
    fn what_is_no_text_is_a_problem() {
        let problems = Variables::collect([(OsString::from("CLOZE_ENV"), OsString::from_vec(vec![0xff]))]).unwrap_err();
        assert_eq!(format!("{problems}; {}", problems.list()[0].next), "`CLOZE_ENV` is not UTF-8 text; set it to text, or unset it");
    }

    #[test]
    fn every_variable_stands_in_the_list_once_and_is_described() {
        let source = include_str!("variable.rs");
        let constants = source.lines().filter(|line| line.starts_with("pub const ") && line.contains(": Variable =")).count();
        assert_eq!(ALL.len(), constants);
        let mut names: Vec<&str> = ALL.iter().map(|variable| variable.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), constants);
        assert!(ALL.iter().all(|variable| !variable.about.is_empty()));
    }
}
