//! From settings to adapters: the one file that knows both.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::history::HistoryStore;
use crate::history::Objects;
use crate::history::Reader;
use crate::key::KeyFile;
use crate::key::KeyWrap;
use crate::key::Keyring;
use crate::key::Passphrase;
use crate::output::create_once;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::Location;
use crate::project::Root;
use crate::project::Settings;
use crate::project::VaultSettings;
use crate::project::VaultTarget;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::story::past::owner;
use crate::vault::Meters;
use crate::vault::Vault;
use crate::vault::hashicorp;
use crate::vault::hashicorp::HashicorpVault;
use crate::vault::http::Limits;
use crate::vault::limited::Limited;
use crate::vault::local::LocalVault;

/// What adapters are made from.
#[derive(Debug, Clone, Copy)]
pub struct Wiring<'a> {
    /// The project's root.
    pub root: &'a Root,
    /// The same as a path.
    pub base: &'a Path,
    /// What applies to this run.
    pub settings: &'a Settings,
    /// The passphrase, where a recipient of that kind is asked.
    pub passphrase: Option<&'a Secret>,
    /// The token for HashiCorp vaults.
    pub token: Option<&'a Secret>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a Arc<dyn Entropy>,
    /// Count the calls to each vault.
    pub meters: &'a Meters,
}

/// The keys of an environment.
#[derive(Debug)]
pub struct Trust {
    /// The keys.
    pub keys: Arc<Keys>,
    /// The text of the keyring that gave them.
    pub keyring: String,
    /// The key file that was made for it just now, if one was.
    pub founded: Option<PathBuf>,
}

/// What to do when an environment has no keys yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Founding {
    /// Make them.
    Allowed,
    /// That is a problem.
    Refused,
}

impl Wiring<'_> {
    /// The store of the environment's history.
    pub fn store(&self) -> Result<Objects, Problem> {
        Ok(Objects::local(&self.located(&self.settings.history)?))
    }

    /// The file that remembers the history's head.
    pub fn pin(&self) -> Result<PathBuf, Problem> {
        self.beneath(&self.settings.pin)
    }

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

    /// The vaults of these names, for those who read no history: a key is needed only where one of them is a file.
    pub async fn named_vaults(
        &self,
        names: &BTreeSet<String>,
        store: &dyn HistoryStore,
    ) -> Result<BTreeMap<String, Arc<dyn Vault>>, Problems> {
        let wanted = || self.settings.vaults.iter().filter(|settings| names.contains(&settings.entry.name.value));
        let trust =
            if wanted().any(|settings| settings.target.is_local()) { Some(self.trust(store, Founding::Refused).await) } else { None };
        let mut vaults = BTreeMap::new();
        let mut problems = Vec::new();
        for settings in wanted() {
            match self.vault_or_file(settings, trust.as_ref()) {
                Ok(vault) => {
                    vaults.insert(settings.entry.name.value.clone(), vault);
                }
                Err(failed) => problems.extend(failed.into_list()),
            }
        }
        Problems::or(vaults, problems)
    }

    /// The vaults that can be examined, in the project's order: each by its name, or what is wrong with how it is set up. A key is needed
    /// only where one of them is a file.
    pub async fn examined(
        &self,
        name: Option<&str>,
        store: &dyn HistoryStore,
    ) -> Result<Vec<(String, Result<Arc<dyn Vault>, Problems>)>, Problem> {
        let wanted: Vec<&VaultSettings> = match name {
            Some(name) => vec![self.settings.vault(name).ok_or_else(|| self.no_vault(name))?],
            None => self.settings.vaults.iter().filter(|settings| self.is_meant(settings)).collect(),
        };
        let local = wanted.iter().any(|settings| settings.target.is_local());
        let trust = if local { Some(self.trust(store, Founding::Refused).await) } else { None };
        let one = |settings: &VaultSettings| (settings.entry.name.value.clone(), self.vault_or_file(settings, trust.as_ref()));
        Ok(wanted.into_iter().map(one).collect())
    }

    /// Whether a vault is more than a default that nobody uses.
    fn is_meant(&self, settings: &VaultSettings) -> bool {
        match &settings.target {
            VaultTarget::Local { path } => settings.entry.name.place.is_some() || self.settings.vaults.len() == 1 || self.root.exists(path),
            VaultTarget::Hashicorp { .. } => true,
        }
    }

    /// A vault; the keys are looked at only where it is a file.
    fn vault_or_file(&self, settings: &VaultSettings, trust: Option<&Result<Trust, Problems>>) -> Result<Arc<dyn Vault>, Problems> {
        match trust {
            Some(Ok(trust)) => Ok(self.vault(settings, &trust.keys)?),
            Some(Err(failed)) if settings.target.is_local() => Err(failed.clone()),
            _ => Ok(self.remote(settings)?),
        }
    }

    fn no_vault(&self, name: &str) -> Problem {
        let known: Vec<&str> = self.settings.vaults.iter().map(|vault| vault.entry.name.value.as_str()).collect();
        Problem::new(Fault::Usage, format!("there is no vault `{name}`"), format!("name one of: {}", known.join(", ")))
    }

    /// Whether every vault is a file.
    pub fn is_offline(&self) -> bool {
        self.settings.vaults.iter().all(|settings| matches!(settings.target, VaultTarget::Local { .. }))
    }

    /// The local vault of that name, for those who keep secrets in it.
    pub fn local_vault(&self, name: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        let Some(settings) = self.settings.vault(name) else {
            return Err(self.no_vault(name));
        };
        match &settings.target {
            VaultTarget::Local { path } => Ok(self.open_local(path, keys)?),
            VaultTarget::Hashicorp { address, .. } => Err(Problem::new(
                Fault::Usage,
                format!("vault `{name}` is kept at {address}, not in this project"),
                "change its secrets there",
            )),
        }
    }

    /// The environment's keys: from the keyring in the project, or the copy in its history.
    pub async fn trust(&self, store: &dyn HistoryStore, founding: Founding) -> Result<Trust, Problems> {
        let text = if self.root.exists(&self.settings.keyring) {
            Some(self.root.read_text(&self.settings.keyring, KEYRING_LIMIT)?)
        } else {
            self.recorded_keyring(store).await?
        };
        let Some(text) = text else {
            return match founding {
                Founding::Allowed => self.found(store).await,
                Founding::Refused => Err(Problem::new(
                    Fault::Vault,
                    format!("environment `{}` has no keyring at `{}`", self.settings.environment, self.settings.keyring),
                    "restore it from version control, or run `cloze deploy` or `cloze vault set` to make the environment's first keys",
                )
                .into()),
            };
        };
        let keyring = Keyring::parse(&text).map_err(Problem::from)?;
        keyring.expect(&self.settings.project, &self.settings.environment).map_err(Problem::from)?;
        let holders = self.holders()?;
        let wraps: Vec<&dyn KeyWrap> = holders.iter().map(AsRef::as_ref).collect();
        let keys = keyring.open(&wraps).await.map_err(Problem::from)?;
        Ok(Trust { keys: Arc::new(keys), keyring: text, founded: None })
    }

    /// Makes the first keys of an environment. Two runs that do it at once end with the same.
    async fn found(&self, store: &dyn HistoryStore) -> Result<Trust, Problems> {
        if self.settings.vaults.iter().any(|vault| matches!(&vault.target, VaultTarget::Local { path } if self.root.exists(path))) {
            if self.root.exists(&self.settings.keyring) {
                // Another run made both just now.
                return Box::pin(self.trust(store, Founding::Refused)).await;
            }
            return Err(Problem::new(
                Fault::Vault,
                format!("environment `{}` has a vault and no keyring at `{}`", self.settings.environment, self.settings.keyring),
                "restore the keyring from version control; without it the vault cannot be opened",
            )
            .into());
        }
        let mut founded = None;
        for settings in &self.settings.keys {
            if let KeySettings::KeyFile(location) = settings {
                let path = self.located(location)?;
                let key = KeyFile::generate(self.entropy.as_ref());
                if self.create(&path, key.to_secret_text().expose(), 0o600)? {
                    founded = Some(path);
                }
            }
        }
        let holders = self.holders()?;
        let wraps: Vec<&dyn KeyWrap> = holders.iter().map(AsRef::as_ref).collect();
        let (keyring, _) = Keyring::create(&self.settings.project, &self.settings.environment, &wraps, self.entropy.as_ref())
            .await
            .map_err(Problem::from)?;
        let path = self.beneath(&self.settings.keyring)?;
        self.create(&path, keyring.to_text().as_bytes(), 0o644)?;
        let trust = Box::pin(self.trust(store, Founding::Refused)).await?;
        Ok(Trust { founded, ..trust })
    }

    async fn recorded_keyring(&self, store: &dyn HistoryStore) -> Result<Option<String>, Problem> {
        let bytes = Reader::new(store, owner(self.settings)).keyring().await.map_err(Problem::from)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The holders at hand. A key file that is missing is no problem while another holder is there.
    fn holders(&self) -> Result<Vec<Box<dyn KeyWrap>>, Problems> {
        let mut holders: Vec<Box<dyn KeyWrap>> = Vec::new();
        let mut problems = Vec::new();
        for settings in &self.settings.keys {
            match settings {
                KeySettings::KeyFile(location) => match self.key_file(location) {
                    Ok(key) => holders.push(Box::new(key)),
                    Err(problem) => problems.push(problem),
                },
                KeySettings::Passphrase => match self.passphrase {
                    Some(text) => holders.push(Box::new(Passphrase::new("passphrase", text.duplicate()))),
                    None => problems.push(Problem::new(
                        Fault::Vault,
                        "the passphrase of the environment's keyring is not given",
                        "set CLOZE_PASSPHRASE, or run the command on a terminal",
                    )),
                },
            }
        }
        if holders.is_empty() { Err(problems.into()) } else { Ok(holders) }
    }

    fn key_file(&self, location: &Location) -> Result<KeyFile, Problem> {
        let path = self.located(location)?;
        let shown = path.display();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => Secret::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Problem::new(
                    Fault::Vault,
                    format!("the key file `{shown}` is not there"),
                    "restore it from where your team keeps it, or name it with CLOZE_KEY_FILE",
                ));
            }
            Err(error) => {
                return Err(Problem::new(
                    Fault::Vault,
                    format!("the key file `{shown}` cannot be read: {}", error.kind()),
                    "check its permissions, or name another with CLOZE_KEY_FILE",
                ));
            }
        };
        KeyFile::parse(&bytes).map_err(|error| Problem::new(Fault::Vault, format!("`{shown}`: {}", error.reason), error.next))
    }

    fn vault(&self, settings: &VaultSettings, keys: &Arc<Keys>) -> Result<Arc<dyn Vault>, Problem> {
        match &settings.target {
            VaultTarget::Local { path } => {
                let vault = Arc::new(self.open_local(path, keys)?);
                let prefixes = prefixes(settings);
                Ok(if prefixes.is_empty() { vault } else { Arc::new(Limited::new(vault, &prefixes)) })
            }
            _ => self.remote(settings),
        }
    }

    /// A vault that needs no key of the environment.
    fn remote(&self, settings: &VaultSettings) -> Result<Arc<dyn Vault>, Problem> {
        let name = &settings.entry.name.value;
        match &settings.target {
            VaultTarget::Local { path } => {
                let reason = format!("vault `{name}` is the file `{path}`, and no key was opened for it");
                Err(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"))
            }
            VaultTarget::Hashicorp { address, mount, namespace } => {
                let token = self
                    .token
                    .ok_or_else(|| Problem::new(Fault::Vault, format!("vault `{name}` at {address} needs a token"), "set VAULT_TOKEN"))?;
                let given = hashicorp::Settings {
                    namespace: namespace.clone(),
                    prefixes: prefixes(settings),
                    limits: Limits { deadline: self.settings.deadline, meter: self.meters.of(name), ..Limits::default() },
                    ..hashicorp::Settings::new(address, mount, token.duplicate())
                };
                let vault = HashicorpVault::new(given, Arc::clone(self.entropy))
                    .map_err(|error| Problem::new(Fault::Vault, error.reason, error.next))?;
                Ok(Arc::new(vault))
            }
        }
    }

    fn open_local(&self, path: &str, keys: &Arc<Keys>) -> Result<LocalVault, Problem> {
        Ok(LocalVault::open(self.beneath(path)?, Arc::clone(keys), &self.settings.project, &self.settings.environment))
    }

    fn located(&self, location: &Location) -> Result<PathBuf, Problem> {
        match location {
            Location::Beneath(path) => self.beneath(path),
            Location::Anywhere(path) => Ok(path.clone()),
        }
    }

    /// The path of what lies, or will lie, beneath the root, once no link on the way leads out of it.
    pub fn beneath(&self, path: &str) -> Result<PathBuf, Problem> {
        let mut part = Path::new(path);
        while !part.as_os_str().is_empty() {
            match self.root.dir().symlink_metadata(part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => part = part.parent().unwrap_or_else(|| Path::new("")),
                Ok(_) if self.root.dir().canonicalize(part).is_ok() => break,
                _ => {
                    return Err(Problem::new(
                        Fault::Project,
                        format!("`{path}` is reached through a link that leaves the project's directory, or to nothing"),
                        "put a directory in the link's place",
                    ));
                }
            }
        }
        Ok(self.base.join(path))
    }

    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<bool, Problem> {
        let mut random = [0; 8];
        self.entropy.fill(&mut random);
        create_once(path, bytes, mode, &format!("{:016x}", u64::from_be_bytes(random))).map_err(|error| {
            Problem::new(
                Fault::Internal,
                format!("`{}` cannot be written: {}", path.display(), error.kind()),
                "make room and check the permissions, then run the command again",
            )
        })
    }
}

fn prefixes(settings: &VaultSettings) -> Vec<String> {
    settings.entry.prefixes.iter().map(|prefix| prefix.value.clone()).collect()
}

/// Bytes of a keyring.
const KEYRING_LIMIT: usize = 1 << 20;
