//! The vaults of an environment.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
pub(super) mod azure;
#[cfg(feature = "env")]
mod env;
#[cfg(feature = "exec")]
mod exec;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "hashicorp")]
mod hashicorp;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::VaultKind;
use crate::project::VaultSettings;
use crate::seal::Keys;
use crate::service::ServiceError;
use crate::vault::Adapter;
use crate::vault::NameRule;
use crate::vault::local;
use crate::vault::local::LocalVault;
use crate::wiring::Wiring;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

/// A vault by its name.
pub(super) type Opened = (String, Arc<dyn Adapter>);

/// A vault by its name, or what is wrong with how it is set up.
pub(super) type Examined = (String, Result<Arc<dyn Adapter>, Problems>);

/// How vaults of that kind are set up; `None` for files, and for what this build leaves out.
pub(super) fn setup(kind: VaultKind) -> Option<Setup> {
    match kind {
        #[cfg(feature = "hashicorp")]
        VaultKind::Hashicorp => Some(hashicorp::SETUP),
        #[cfg(feature = "azure")]
        VaultKind::Azure => Some(azure::SETUP),
        #[cfg(feature = "aws")]
        VaultKind::Aws => Some(aws::SETUP),
        #[cfg(feature = "gcp")]
        VaultKind::Gcp => Some(gcp::SETUP),
        #[cfg(feature = "env")]
        VaultKind::Env => Some(env::SETUP),
        #[cfg(feature = "exec")]
        VaultKind::Exec => Some(exec::SETUP),
        _ => None,
    }
}

/// Which names the secrets of a vault can have; `None` for a kind that this build leaves out.
pub(super) fn name_rule(settings: &VaultSettings) -> Result<Option<NameRule>, ServiceError> {
    if settings.is_local() {
        return local::names(&settings.prefixes()).map(Some);
    }
    setup(settings.kind()).map(|setup| (setup.names)(settings)).transpose()
}

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
        let is_there = |name: &&String| {
            let settings = self.settings.vault(name).filter(|settings| settings.is_local());
            settings.is_some_and(|settings| self.root.exists(settings.text("path")))
        };
        names.iter().filter(is_there).cloned().collect()
    }

    /// Whether one of these vaults is a file, which takes a key to open.
    pub(super) fn needs_keys(&self, names: &BTreeSet<String>) -> bool {
        names.iter().filter_map(|name| self.settings.vault(name)).any(VaultSettings::is_local)
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
        !settings.is_local()
            || settings.entry.name.place.is_some()
            || self.settings.vaults.len() == 1
            || self.root.exists(settings.text("path"))
    }

    /// A vault; the keys are looked at only where it is a file.
    fn vault_or_file(
        &self,
        settings: &VaultSettings,
        keys: Option<&Result<&EnvironmentKeys, Problems>>,
    ) -> Result<Arc<dyn Adapter>, Problems> {
        match keys {
            Some(Ok(opened)) => Ok(self.vault(settings, &opened.keys)?),
            Some(Err(failed)) if settings.is_local() => Err(failed.clone()),
            _ => Ok(self.remote(settings)?),
        }
    }

    fn no_vault(&self, name: &str) -> Problem {
        let known: Vec<&str> = self.settings.vaults.iter().map(|vault| vault.entry.name.value.as_str()).collect();
        Problem::new(Fault::Usage, format!("there is no vault `{name}`"), format!("name one of: {}", known.join(", ")))
    }

    /// Whether each vault of these names is a file.
    pub(super) fn is_offline(&self, names: &BTreeSet<String>) -> bool {
        names.iter().filter_map(|name| self.settings.vault(name)).all(VaultSettings::is_local)
    }

    /// The local vault of that name, for those who keep secrets in it.
    pub(super) fn local_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        let settings = self.settings.vault(name).ok_or_else(|| self.no_vault(name))?;
        if settings.is_local() {
            return self.open_local(settings.text("path"), keys);
        }
        let reason = format!("vault `{name}` is of kind `{}`, not in this project", settings.kind().word());
        Err(Problem::new(Fault::Usage, reason, "change its secrets there"))
    }

    fn vault(&self, settings: &VaultSettings, keys: &Arc<Keys>) -> Result<Arc<dyn Adapter>, Problem> {
        if !settings.is_local() {
            return self.remote(settings);
        }
        let names = local::names(&settings.prefixes()).map_err(|error| refused(settings, error))?;
        Ok(Arc::new(self.open_local(settings.text("path"), keys)?.limited(names)))
    }

    /// A vault that needs no key of the environment.
    fn remote(&self, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
        #[cfg(feature = "http")]
        self.grounds(settings)?;
        let name = &settings.entry.name;
        if settings.is_local() {
            let reason = format!("vault `{}` is a file, and no key was opened for it", name.value);
            return Err(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"));
        }
        let Some(setup) = setup(settings.kind()) else {
            let kind = settings.kind().word();
            let reason = format!("vault `{}` is of kind `{kind}`, which this build of cloze leaves out", name.value);
            return Err(name.at(Problem::new(Fault::Project, reason, format!("use a build with the feature `{kind}`"))));
        };
        (setup.adapter)(self, settings)
    }

    fn open_local(&self, path: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        Ok(LocalVault::open(self.beneath(path)?, Arc::clone(keys), &self.settings.project, &self.settings.environment))
    }
}
