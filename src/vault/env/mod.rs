//! Environment variables as a vault, for CI systems that inject secrets into them.
//!
//! A secret's variable is the configured prefix and the secret's name, letter for letter: with the prefix `SHOP_`, `DB_PASSWORD` is
//! `SHOP_DB_PASSWORD`. A variable that is set to nothing is an empty value; one that is not set is not there. There are no versions.
//! Listing needs a prefix: without one it would show what else the environment holds. A run's own credentials are never given.

mod credential;
mod name;
mod settings;

pub use settings::Settings;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Surroundings;
use crate::vault::Vault;
use crate::vault::env::credential::is_credential;
use crate::vault::name_rule::Cover;

/// Environment variables.
#[derive(Debug)]
pub struct EnvVault {
    prefix: String,
    variables: Arc<dyn Surroundings>,
    names: NameRule,
}

impl EnvVault {
    /// The variables that `settings` name. Nothing is read here.
    ///
    /// # Errors
    /// A prefix that no variable's name has.
    pub fn new(settings: Settings) -> Result<Self, ServiceError> {
        let Settings { prefix, variables, prefixes } = settings;
        let names = names(&prefix, &prefixes)?;
        Ok(Self { prefix, variables, names })
    }

    /// The variable of an ask, if the ask can be answered at all.
    fn variable(&self, ask: &SecretRef) -> Result<String, ServiceError> {
        self.names.checked(&ask.name)?;
        let variable = format!("{}{}", self.prefix, ask.name);
        if let Some(version) = &ask.version {
            let reason = format!("variables have no versions, and version `{}` of `{variable}` was asked for", words::tame(version, 32));
            return Err(ServiceError::new(ServiceFault::Unsupported, reason, "leave `version` out"));
        }
        Ok(variable)
    }

    fn read(&self, ask: &SecretRef) -> Result<SecretValue, ServiceError> {
        let variable = self.variable(ask)?;
        let value = self.variables.get(&variable).ok_or_else(|| unset(&variable))?;
        SecretValue::plain(value, "", Some(true)).of_key(ask.key.as_deref())
    }

    /// What is known of a variable that is in `set` because it is there.
    fn described(&self, set: &BTreeSet<String>, ask: &SecretRef) -> Result<SecretMetadata, ServiceError> {
        let variable = self.variable(ask)?;
        if set.contains(&variable) { Ok(SecretMetadata::new("", Some(true))) } else { Err(unset(&variable)) }
    }

    /// The secrets whose variables are set.
    fn set(&self) -> BTreeSet<String> {
        let all = self.variables.names();
        let below = all.iter().filter_map(|variable| variable.strip_prefix(self.prefix.as_str()));
        below.filter(|name| self.check_name(name).is_ok()).map(str::to_owned).collect()
    }
}

/// Which names the secrets can have whose variables begin with `prefix`.
///
/// # Errors
/// A prefix that no variable's name has.
pub fn names(prefix: &str, prefixes: &[String]) -> Result<NameRule, ServiceError> {
    name::check_prefix(prefix).map_err(|reason| {
        let reason = format!("the prefix of the variables cannot be used: {reason}");
        ServiceError::new(ServiceFault::BadName, reason, "give a prefix such as `SHOP_`")
    })?;
    let prefix = prefix.to_owned();
    let own = move |name: &str| {
        let variable = format!("{prefix}{name}");
        name::check(if name.is_empty() { name } else { &variable })?;
        if !is_credential(&variable) {
            return Ok(());
        }
        Err(format!("`{variable}` is one of the run's own credentials or settings, which no vault gives"))
    };
    NameRule::new(own, Cover::Start, prefixes)
}

fn unset(variable: &str) -> ServiceError {
    let next = "set it where cloze runs, or check the name: lower and upper case differ";
    ServiceError::new(ServiceFault::NotFound, format!("the variable `{variable}` is not set"), next)
}

impl fmt::Display for EnvVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => f.write_str("the environment's variables"),
            prefix => write!(f, "the environment's variables {prefix}…"),
        }
    }
}

#[async_trait]
impl Vault for EnvVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        asks.iter().map(|ask| self.read(ask)).collect()
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan::none(CallPlan::distinct(asks))
    }

    /// A value is read where a field of it is asked for.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let set: BTreeSet<String> = self.variables.names().into_iter().collect();
        let probe = |ask: &SecretRef| {
            if ask.key.is_some() {
                return self.read(ask).map(|fetched| SecretMetadata::from(&fetched));
            }
            self.described(&set, ask)
        };
        asks.iter().map(probe).collect()
    }
}

#[async_trait]
impl ListSecrets for EnvVault {
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        if self.prefix.is_empty() {
            let reason = "without a prefix, all of the environment would be listed";
            return Err(ServiceError::new(ServiceFault::Unsupported, reason, "give the vault a prefix, such as `SHOP_`"));
        }
        Ok(self.set().into_iter().map(ListedSecret::named).collect())
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let set: BTreeSet<String> = self.variables.names().into_iter().collect();
        asks.iter().map(|ask| self.described(&set, ask)).collect()
    }
}

#[async_trait]
impl Diagnose for EnvVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        let prefix = &self.prefix;
        let outcome = match self.set().len() {
            _ if prefix.is_empty() => Ok("every variable that a template names is one of its secrets".to_owned()),
            0 => {
                let reason = format!("no variable begins with `{prefix}`");
                Err(ServiceError::new(ServiceFault::NotFound, reason, "set the variables where cloze runs, or correct the prefix"))
            }
            1 => Ok(format!("1 variable begins with `{prefix}`")),
            count => Ok(format!("{count} variables begin with `{prefix}`")),
        };
        vec![Diagnostic { step: DiagnosticStep::Setup, outcome }]
    }
}

impl Close for EnvVault {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::EnvVault;
    use super::Settings;
    use crate::secret::Secret;
    use crate::vault::Adapter;
    use crate::vault::Surroundings;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::Versions;

    #[derive(Debug, Default)]
    struct Table(Mutex<BTreeMap<String, Vec<u8>>>);

    impl Surroundings for Table {
        fn get(&self, name: &str) -> Option<Secret> {
            self.0.lock().unwrap().get(name).map(|value| Secret::copy_of(value))
        }

        fn names(&self) -> Vec<String> {
            self.0.lock().unwrap().keys().cloned().collect()
        }
    }

    #[derive(Debug)]
    struct Bench {
        table: Arc<Table>,
        vault: EnvVault,
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            self.table.0.lock().unwrap().insert(format!("SHOP_{name}"), value.to_vec());
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.put(name, json.as_bytes()).await;
        }

        async fn remove(&self, name: &str) {
            self.table.0.lock().unwrap().remove(&format!("SHOP_{name}"));
        }

        fn abilities(&self) -> Abilities {
            Abilities {
                versions: Versions::None,
                binary: true,
                nul: false,
                remembers: false,
                probes: true,
                good: &["a", "DB_1", "1", "_"],
                ..Abilities::default()
            }
        }

        fn name(&self, neutral: &str) -> String {
            neutral.replace(['/', '-'], "_")
        }
    }

    #[tokio::test]
    async fn conforms() {
        let table = Arc::new(Table::default());
        table.0.lock().unwrap().insert("PATH".to_owned(), b"/bin".to_vec());
        let variables: Arc<dyn Surroundings> = Arc::clone(&table) as Arc<dyn Surroundings>;
        let vault = EnvVault::new(Settings { prefix: "SHOP_".to_owned(), variables, prefixes: Vec::new() }).unwrap();
        suite::all(&Bench { table, vault }).await;
    }
}
