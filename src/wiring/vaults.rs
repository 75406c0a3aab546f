//! The vaults of an environment.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::history::HistoryStore;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::AzureTarget;
use crate::project::HashicorpTarget;
use crate::project::VaultSettings;
use crate::project::VaultTarget;
use crate::seal::Keys;
use crate::service::ServiceError;
use crate::vault::Adapter;
use crate::vault::local;
use crate::vault::local::LocalVault;
use crate::wiring::EnvironmentKeys;
use crate::wiring::IfMissing;
use crate::wiring::OpenVaults;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// The vaults of these names. The others are not set up: what they lack is no matter.
    pub fn vaults(&self, names: &BTreeSet<String>, keys: &Arc<Keys>) -> Result<OpenVaults, Problems> {
        self.set_up(names, |settings| Ok(self.vault(settings, keys)?))
    }

    /// Those of these names that are files: they can be asked without a network.
    pub fn local_vaults(&self, names: &BTreeSet<String>, keys: &Arc<Keys>) -> Result<OpenVaults, Problems> {
        let is_there = |name: &&String| match self.settings.vault(name).map(|settings| &settings.target) {
            Some(VaultTarget::Local { path }) => self.root.exists(path),
            _ => false,
        };
        self.vaults(&names.iter().filter(is_there).cloned().collect(), keys)
    }

    /// The vaults of these names, for those who read no history: a key is needed only where one of them is a file.
    pub async fn named_vaults(&self, names: &BTreeSet<String>, store: &dyn HistoryStore) -> Result<OpenVaults, Problems> {
        let local = names.iter().filter_map(|name| self.settings.vault(name)).any(|settings| settings.target.is_local());
        let opened = if local { Some(self.keys(store, IfMissing::Fail).await) } else { None };
        self.set_up(names, |settings| self.vault_or_file(settings, opened.as_ref()))
    }

    fn set_up(
        &self,
        names: &BTreeSet<String>,
        one: impl Fn(&VaultSettings) -> Result<Arc<dyn Adapter>, Problems>,
    ) -> Result<OpenVaults, Problems> {
        let mut vaults = Vec::new();
        let mut problems = Vec::new();
        for settings in self.settings.vaults.iter().filter(|settings| names.contains(&settings.entry.name.value)) {
            match one(settings) {
                Ok(vault) => vaults.push((settings.entry.name.value.clone(), vault)),
                Err(failed) => problems.extend(failed.into_list()),
            }
        }
        Problems::or(vaults.into_iter().collect(), problems)
    }

    /// The vaults that can be examined, in the project's order: each by its name, or what is wrong with how it is set up. A key is needed
    /// only where one of them is a file.
    pub async fn examined(
        &self,
        name: Option<&str>,
        store: &dyn HistoryStore,
    ) -> Result<Vec<(String, Result<Arc<dyn Adapter>, Problems>)>, Problem> {
        let wanted: Vec<&VaultSettings> = match name {
            Some(name) => vec![self.settings.vault(name).ok_or_else(|| self.no_vault(name))?],
            None => self.settings.vaults.iter().filter(|settings| self.is_meant(settings)).collect(),
        };
        let local = wanted.iter().any(|settings| settings.target.is_local());
        let opened = if local { Some(self.keys(store, IfMissing::Fail).await) } else { None };
        let one = |settings: &VaultSettings| (settings.entry.name.value.clone(), self.vault_or_file(settings, opened.as_ref()));
        Ok(wanted.into_iter().map(one).collect())
    }

    /// Whether a vault is more than a default that nobody uses.
    fn is_meant(&self, settings: &VaultSettings) -> bool {
        match &settings.target {
            VaultTarget::Local { path } => settings.entry.name.place.is_some() || self.settings.vaults.len() == 1 || self.root.exists(path),
            _ => true,
        }
    }

    /// A vault; the keys are looked at only where it is a file.
    fn vault_or_file(
        &self,
        settings: &VaultSettings,
        opened: Option<&Result<EnvironmentKeys, Problems>>,
    ) -> Result<Arc<dyn Adapter>, Problems> {
        match opened {
            Some(Ok(opened)) => Ok(self.vault(settings, &opened.keys)?),
            Some(Err(failed)) if settings.target.is_local() => Err(failed.clone()),
            _ => Ok(self.remote(settings)?),
        }
    }

    fn no_vault(&self, name: &str) -> Problem {
        let known: Vec<&str> = self.settings.vaults.iter().map(|vault| vault.entry.name.value.as_str()).collect();
        Problem::new(Fault::Usage, format!("there is no vault `{name}`"), format!("name one of: {}", known.join(", ")))
    }

    /// Whether each vault of these names is a file.
    pub fn is_offline(&self, names: &BTreeSet<String>) -> bool {
        names.iter().filter_map(|name| self.settings.vault(name)).all(|settings| settings.target.is_local())
    }

    /// The local vault of that name, for those who keep secrets in it.
    pub fn local_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        let settings = self.settings.vault(name).ok_or_else(|| self.no_vault(name))?;
        match &settings.target {
            VaultTarget::Local { path } => Ok(self.open_local(path, keys)?),
            VaultTarget::Hashicorp(HashicorpTarget { address, .. }) => Err(elsewhere(name, &format!("kept at {address}"))),
            VaultTarget::Azure(AzureTarget { url, .. }) => Err(elsewhere(name, &format!("kept at {url}"))),
            _ => Err(elsewhere(name, &format!("of kind `{}`", settings.entry.kind.word()))),
        }
    }

    fn vault(&self, settings: &VaultSettings, keys: &Arc<Keys>) -> Result<Arc<dyn Adapter>, Problem> {
        match &settings.target {
            VaultTarget::Local { path } => {
                let names = local::names(&prefixes(settings)).map_err(|error| refused(settings, error))?;
                Ok(Arc::new(self.open_local(path, keys)?.limited(names)))
            }
            _ => self.remote(settings),
        }
    }

    /// A vault that needs no key of the environment.
    fn remote(&self, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
        #[cfg(feature = "http")]
        self.grounds(settings)?;
        match &settings.target {
            VaultTarget::Local { path } => {
                let reason = format!("vault `{}` is the file `{path}`, and no key was opened for it", settings.entry.name.value);
                Err(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"))
            }
            #[cfg(feature = "hashicorp")]
            VaultTarget::Hashicorp(target) => Ok(Arc::new(self.hashicorp(settings, target)?)),
            #[cfg(feature = "azure")]
            VaultTarget::Azure(target) => Ok(Arc::new(self.azure(settings, target)?)),
            #[cfg(feature = "aws")]
            VaultTarget::Aws(target) => Ok(Arc::new(self.aws(settings, target)?)),
            #[cfg(feature = "gcp")]
            VaultTarget::Gcp(target) => Ok(Arc::new(self.gcp(settings, target)?)),
            #[cfg(feature = "env")]
            VaultTarget::Env { prefix } => Ok(Arc::new(self.env(settings, prefix)?)),
            #[cfg(feature = "exec")]
            VaultTarget::Exec { command } => Ok(Arc::new(self.exec(settings, command)?)),
            #[cfg(not(all(
                feature = "azure",
                feature = "hashicorp",
                feature = "aws",
                feature = "gcp",
                feature = "env",
                feature = "exec"
            )))]
            _ => Err(not_built(settings)),
        }
    }

    fn open_local(&self, path: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        Ok(LocalVault::open(self.beneath(path)?, Arc::clone(keys), &self.settings.project, &self.settings.environment))
    }
}

#[cfg(not(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp", feature = "env", feature = "exec")))]
fn not_built(settings: &VaultSettings) -> Problem {
    let kind = settings.entry.kind.word();
    let reason = format!("vault `{}` is of kind `{kind}`, which this build of cloze leaves out", settings.entry.name.value);
    settings.entry.name.at(Problem::new(Fault::Project, reason, format!("use a build with the feature `{kind}`")))
}

/// The error of a vault whose settings cannot be used, at the place where it is named.
pub(super) fn refused(settings: &VaultSettings, error: ServiceError) -> Problem {
    let name = &settings.entry.name;
    name.at(Problem::new(Fault::Vault, format!("vault `{}`: {}", name.value, error.reason), error.next))
}

pub(super) fn prefixes(settings: &VaultSettings) -> Vec<String> {
    settings.entry.prefixes.iter().map(|prefix| prefix.value.clone()).collect()
}

fn elsewhere(name: &str, place: &str) -> Problem {
    Problem::new(Fault::Usage, format!("vault `{name}` is {place}, not in this project"), "change its secrets there")
}
