//! The vaults of an environment.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::AzureTarget;
use crate::project::HashicorpTarget;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::project::VaultTarget;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::vault::Meter;
use crate::vault::Vault;
use crate::vault::limited::Limited;
use crate::vault::local::LocalVault;
use crate::wiring::Wiring;

/// Counters of calls, by the vault's name.
#[derive(Debug, Default)]
pub struct Meters {
    list: Mutex<BTreeMap<String, Arc<Meter>>>,
}

impl Meters {
    /// The counter of a vault, made when it is first asked for.
    pub fn of(&self, vault: &str) -> Arc<Meter> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(list.entry(vault.to_owned()).or_default())
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<(String, Arc<Meter>)> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().map(|(name, meter)| (name.clone(), Arc::clone(meter))).collect()
    }
}

/// Bytes of a file that a vault's settings name: a token, a certificate.
const FILE_LIMIT: u64 = 1 << 20;

impl Wiring<'_> {
    /// The vaults by name.
    pub fn vaults(&self, keys: &Arc<Keys>) -> Result<BTreeMap<String, Arc<dyn Vault>>, Problems> {
        let mut vaults = BTreeMap::new();
        let mut problems = Vec::new();
        for settings in &self.settings.vaults {
            match self.vault(settings, keys) {
                Ok(vault) => {
                    vaults.insert(settings.entry.name.value.clone(), vault);
                }
                Err(problem) => problems.push(problem),
            }
        }
        Problems::or(vaults, problems)
    }

    /// The vaults that are files: they can be asked without a network.
    pub fn local_vaults(&self, keys: &Arc<Keys>) -> Result<BTreeMap<String, Arc<dyn Vault>>, Problem> {
        let mut vaults: BTreeMap<String, Arc<dyn Vault>> = BTreeMap::new();
        for settings in &self.settings.vaults {
            if let VaultTarget::Local { path } = &settings.target
                && self.root.exists(path)
            {
                vaults.insert(settings.entry.name.value.clone(), self.vault(settings, keys)?);
            }
        }
        Ok(vaults)
    }

    /// Whether every vault is a file.
    pub fn is_offline(&self) -> bool {
        self.settings.vaults.iter().all(|settings| matches!(settings.target, VaultTarget::Local { .. }))
    }

    /// The local vault of that name, for those who keep secrets in it.
    pub fn local_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        let Some(settings) = self.settings.vault(name) else {
            let known: Vec<&str> = self.settings.vaults.iter().map(|vault| vault.entry.name.value.as_str()).collect();
            return Err(Problem::new(Fault::Usage, format!("there is no vault `{name}`"), format!("name one of: {}", known.join(", "))));
        };
        match &settings.target {
            VaultTarget::Local { path } => Ok(self.open_local(path, keys)?),
            VaultTarget::Hashicorp(HashicorpTarget { address, .. }) => Err(elsewhere(name, &format!("kept at {address}"))),
            VaultTarget::Azure(AzureTarget { url, .. }) => Err(elsewhere(name, &format!("kept at {url}"))),
            _ => Err(elsewhere(name, &format!("of kind `{}`", settings.entry.kind.word()))),
        }
    }

    /// Any vault of that name.
    pub fn any_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<Arc<dyn Vault>, Problem> {
        match self.settings.vault(name) {
            Some(settings) => self.vault(settings, keys),
            None => self.local_vault(name, keys).map(|vault| Arc::new(vault) as Arc<dyn Vault>),
        }
    }

    fn vault(&self, settings: &VaultSettings, keys: &Arc<Keys>) -> Result<Arc<dyn Vault>, Problem> {
        let prefixes: Vec<String> = settings.entry.prefixes.iter().map(|prefix| prefix.value.clone()).collect();
        match &settings.target {
            VaultTarget::Local { path } => {
                let vault = Arc::new(self.open_local(path, keys)?);
                Ok(if prefixes.is_empty() { vault } else { Arc::new(Limited::new(vault, &prefixes)) })
            }
            #[cfg(feature = "hashicorp")]
            VaultTarget::Hashicorp(target) => Ok(Arc::new(self.hashicorp(settings, target, prefixes)?)),
            _ => Err(self.not_built(settings)),
        }
    }

    fn not_built(&self, settings: &VaultSettings) -> Problem {
        let kind = settings.entry.kind.word();
        let reason = format!("vault `{}` is of kind `{kind}`, which this build of cloze leaves out", settings.entry.name.value);
        settings.entry.name.blame(Problem::new(Fault::Project, reason, format!("use a build with the feature `{kind}`")))
    }

    /// The file that a setting names.
    pub(super) fn file(&self, location: &Location, what: &str) -> Result<Secret, Problem> {
        let path = self.located(location)?;
        let shown = path.display();
        let problem = |reason: String| Problem::new(Fault::Vault, reason, "check the path and its permissions");
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > FILE_LIMIT => {
                return Err(problem(format!("{what} `{shown}` is larger than {} KiB", FILE_LIMIT >> 10)));
            }
            Ok(_) => fs::read(&path),
            Err(error) => Err(error),
        };
        bytes.map(Secret::new).map_err(|error| problem(format!("{what} `{shown}` cannot be read: {}", error.kind())))
    }

    fn open_local(&self, path: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        Ok(LocalVault::open(self.beneath(path)?, Arc::clone(keys), &self.settings.project, &self.settings.environment))
    }
}

fn elsewhere(name: &str, place: &str) -> Problem {
    Problem::new(Fault::Usage, format!("vault `{name}` is {place}, not in this project"), "change its secrets there")
}
