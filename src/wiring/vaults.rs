//! The vaults of an environment.

use std::collections::BTreeSet;
use std::sync::Arc;

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
use crate::wiring::Wiring;
use crate::wiring::keys::EnvironmentKeys;

/// A vault by its name.
pub(super) type Opened = (String, Arc<dyn Adapter>);

/// A vault by its name, or what is wrong with how it is set up.
pub(super) type Examined = (String, Result<Arc<dyn Adapter>, Problems>);

impl Wiring<'_> {
    /// The vaults of these names. The others are not set up: what they lack does not matter.
    pub(super) fn vaults(
        &self,
        names: &BTreeSet<String>,
        keys: Option<&Result<&EnvironmentKeys, Problems>>,
    ) -> Result<Vec<Opened>, Problems> {
        let mut vaults = Vec::new();
        let mut problems = Vec::new();
        for (name, vault) in self.examined(names, keys) {
            match vault {
                Ok(vault) => vaults.push((name, vault)),
                Err(failed) => problems.extend(failed.into_list()),
            }
        }
        Problems::or(vaults, problems)
    }

    /// Those of these names that are files, and exist.
    pub(super) fn present_files(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let is_there = |name: &&String| match self.settings.vault(name).map(|settings| &settings.target) {
            Some(VaultTarget::Local { path }) => self.root.exists(path),
            _ => false,
        };
        names.iter().filter(is_there).cloned().collect()
    }

    /// Whether one of these vaults is a file, which takes a key to open.
    pub(super) fn needs_keys(&self, names: &BTreeSet<String>) -> bool {
        names.iter().filter_map(|name| self.settings.vault(name)).any(|settings| settings.target.is_local())
    }

    /// The names of the vaults to examine: that one, or all that are meant.
    pub(super) fn wanted(&self, name: Option<&str>) -> Result<BTreeSet<String>, Problem> {
        if let Some(name) = name {
            self.settings.vault(name).ok_or_else(|| self.no_vault(name))?;
            return Ok(BTreeSet::from([name.to_owned()]));
        }
        let meant = self.settings.vaults.iter().filter(|settings| self.is_meant(settings));
        Ok(meant.map(|settings| settings.entry.name.value.clone()).collect())
    }

    /// The vaults of these names in the project's order: each, or what is wrong with how it is set up.
    pub(super) fn examined(&self, names: &BTreeSet<String>, keys: Option<&Result<&EnvironmentKeys, Problems>>) -> Vec<Examined> {
        let wanted = self.settings.vaults.iter().filter(|settings| names.contains(&settings.entry.name.value));
        wanted.map(|settings| (settings.entry.name.value.clone(), self.vault_or_file(settings, keys))).collect()
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
        keys: Option<&Result<&EnvironmentKeys, Problems>>,
    ) -> Result<Arc<dyn Adapter>, Problems> {
        match keys {
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
    pub(super) fn is_offline(&self, names: &BTreeSet<String>) -> bool {
        names.iter().filter_map(|name| self.settings.vault(name)).all(|settings| settings.target.is_local())
    }

    /// The local vault of that name, for those who keep secrets in it.
    pub(super) fn local_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
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
