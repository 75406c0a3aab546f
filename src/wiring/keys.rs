//! The keys of an environment: the keyring, who opens it, and the first ones.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::file;
use crate::history::Checkpoint;
use crate::history::HistoryStore;
use crate::history::Reader;
use crate::key::KeyFile;
use crate::key::KeyWrap;
use crate::key::Keyring;
use crate::key::KeyringError;
use crate::key::Passphrase;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::Location;
use crate::project::Settings;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::target::Exposure;
use crate::target::Kept;
use crate::target::exposed_to_git;
use crate::wiring::IfMissing;
use crate::wiring::Wiring;
use crate::workflow::access::owner;

/// The keys of an environment.
#[derive(Debug)]
pub(super) struct EnvironmentKeys {
    /// The keys.
    pub(super) keys: Arc<Keys>,
    /// The text of the keyring that gave them.
    pub(super) keyring: String,
    /// What was made for it just now, when these are the environment's first keys.
    pub(super) created: Option<Created>,
}

/// The files of an environment's first keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Created {
    /// The key files that were made; empty where all that are needed existed.
    pub(super) key_files: Vec<PathBuf>,
    /// The keyring.
    pub(super) keyring: PathBuf,
}

impl Wiring<'_> {
    /// The environment's keys: from the keyring in the project, or the copy in its history.
    pub(super) async fn keys(&self, store: &dyn HistoryStore, missing: IfMissing) -> Result<EnvironmentKeys, Problems> {
        // Where no project names the history, files that lie here have no say.
        let text = if self.pin.is_none() && self.root.exists(&self.settings.keyring) {
            Some(self.root.read_text(&self.settings.keyring, KEYRING_LIMIT)?)
        } else {
            self.recorded_keyring(store).await?
        };
        let Some(text) = text else {
            if self.settings.vaults.iter().any(|vault| vault.is_local() && self.root.exists(vault.text("path"))) {
                if self.root.exists(&self.settings.keyring) {
                    // Another run made both just now.
                    return Box::pin(self.keys(store, IfMissing::Fail)).await;
                }
                return Err(Problem::new(
                    Fault::Vault,
                    format!("environment `{}` has a vault and no keyring at `{}`", self.settings.environment, self.settings.keyring),
                    "restore the keyring from version control; without it the vault cannot be opened",
                )
                .into());
            }
            return match missing {
                IfMissing::Create => self.found(store).await,
                IfMissing::Fail => Err(Problem::new(
                    Fault::Vault,
                    format!("environment `{}` has no keyring at `{}`", self.settings.environment, self.settings.keyring),
                    format!(
                        "restore it from version control; if the environment is new, run `cloze key init -e {}` and commit the keyring",
                        self.settings.environment
                    ),
                )
                .into()),
            };
        };
        if missing == IfMissing::Create {
            // A run that made them may have been killed before it ended.
            Checkpoint::sweep(&self.checkpoint()?)?;
        }
        let keyring = Keyring::parse(&text)?;
        keyring.expect(&self.settings.project, &self.settings.environment)?;
        let (recipients, missing) = self.recipients();
        if recipients.is_empty() {
            return Err(missing.into());
        }
        let wraps: Vec<&dyn KeyWrap> = recipients.iter().map(AsRef::as_ref).collect();
        let keys = keyring.open(&wraps).await.map_err(|error| self.not_opened(error))?;
        Ok(EnvironmentKeys { keys: Arc::new(keys), keyring: text, created: None })
    }

    /// Whether the environment has no keyring, neither in the project nor in its history.
    pub(super) async fn is_without_keys(&self, store: &dyn HistoryStore) -> Result<bool, Problem> {
        Ok(!self.root.exists(&self.settings.keyring) && self.recorded_keyring(store).await?.is_none())
    }

    /// Says which keys were tried and in what environment.
    fn not_opened(&self, error: KeyringError) -> Problem {
        let Settings { environment, keys, .. } = self.settings;
        match error {
            KeyringError::NoKey { recipients, .. } => {
                let tried = keys.iter().filter_map(|settings| self.named(settings)).collect::<Vec<_>>();
                KeyringError::NoKey { tried: tried.join(" or "), recipients }.into()
            }
            KeyringError::Refused { .. } => Problem::new(Fault::Vault, format!("environment `{environment}`: {error}"), error.next()),
            error => error.into(),
        }
    }

    /// Makes the first keys of an environment, for every recipient that its settings name, or fails before anything is made. Two runs that
    /// do it at once end with the same keys.
    async fn found(&self, store: &dyn HistoryStore) -> Result<EnvironmentKeys, Problems> {
        let paths = self.key_paths()?;
        let exposed: Vec<Problem> = paths.iter().filter(|path| !path.exists()).filter_map(|path| exposed(path, "would lie")).collect();
        if !exposed.is_empty() {
            return Err(exposed.into());
        }
        if self.settings.keys.contains(&KeySettings::Passphrase) {
            self.passphrase()?.check()?;
        }
        let mut key_files = Vec::new();
        for path in paths {
            let key = KeyFile::generate(self.ports.entropy.as_ref());
            if self.create(&path, key.to_secret_text().expose(), 0o600)? {
                key_files.push(path);
            }
        }
        let (recipients, missing) = self.recipients();
        let () = Problems::or((), missing)?;
        let wraps: Vec<&dyn KeyWrap> = recipients.iter().map(AsRef::as_ref).collect();
        let (keyring, _) = Keyring::create(&self.settings.project, &self.settings.environment, &wraps, self.ports.entropy.as_ref()).await?;
        let path = self.beneath(&self.settings.keyring)?;
        let made = self.create(&path, keyring.to_text().as_bytes(), 0o644)?;
        let opened = Box::pin(self.keys(store, IfMissing::Fail)).await?;
        if made {
            // This machine knows that nothing was released under them yet.
            Checkpoint::of_new(opened.keys.store(), &owner(self.settings)).save(&self.checkpoint()?, self.ports.entropy.as_ref())?;
        }
        Ok(EnvironmentKeys { created: made.then_some(Created { key_files, keyring: path }), ..opened })
    }

    /// What to warn of before a key file is read: that others have it, or could.
    pub(super) fn key_warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        for path in self.key_paths().unwrap_or_default() {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            warnings.extend(exposed(&path, "lies"));
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let reason = format!("the key file `{}` is open to others: its mode is {mode:04o}", path.display());
                warnings.push(Problem::new(Fault::Vault, reason, format!("run `chmod 600 {}`", path.display())));
            }
        }
        warnings
    }

    /// Where the environment's key files lie.
    fn key_paths(&self) -> Result<Vec<PathBuf>, Problem> {
        let located = |settings: &KeySettings| match settings {
            KeySettings::KeyFile(location) => Some(self.located(location)),
            KeySettings::Passphrase => None,
        };
        self.settings.keys.iter().filter_map(located).collect()
    }

    async fn recorded_keyring(&self, store: &dyn HistoryStore) -> Result<Option<String>, Problem> {
        let bytes = Reader::new(store, owner(self.settings)).keyring().await?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The recipients at hand, and why the others are not. A key file that is missing is no problem while another key opens the keyring.
    fn recipients(&self) -> (Vec<Box<dyn KeyWrap>>, Vec<Problem>) {
        let mut recipients: Vec<Box<dyn KeyWrap>> = Vec::new();
        let mut missing = Vec::new();
        for settings in &self.settings.keys {
            let recipient: Result<Box<dyn KeyWrap>, Problem> = match settings {
                KeySettings::KeyFile(location) => self.key_file(location).map(|key| Box::new(key) as _),
                KeySettings::Passphrase => self.passphrase().map(|passphrase| Box::new(passphrase) as _),
            };
            match recipient {
                Ok(recipient) => recipients.push(recipient),
                Err(problem) => missing.push(problem),
            }
        }
        (recipients, missing)
    }

    /// The key of these settings as messages name it, when it is at hand.
    fn named(&self, settings: &KeySettings) -> Option<String> {
        match settings {
            KeySettings::KeyFile(location) => {
                let (path, key) = (self.located(location).ok()?, self.key_file(location).ok()?);
                Some(format!("`{}` ({key})", path.display()))
            }
            KeySettings::Passphrase => self.passphrase.map(|_| "the passphrase".to_owned()),
        }
    }

    fn passphrase(&self) -> Result<Passphrase, Problem> {
        self.passphrase.map(|text| Passphrase::new("passphrase", text.duplicate())).ok_or_else(|| {
            Problem::new(
                Fault::Vault,
                format!("environment `{}` has a passphrase among its keys, and it was not given", self.settings.environment),
                "set CLOZE_PASSPHRASE, or run the command on a terminal",
            )
        })
    }

    fn key_file(&self, location: &Location) -> Result<KeyFile, Problem> {
        let path = self.located(location)?;
        let shown = path.display();
        let there = match location {
            Location::Beneath(_) => path.clone(),
            // A path of the user's own may be a link, as what Kubernetes mounts is.
            Location::Anywhere(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        };
        let bytes = match file::read(&there, KEY_LIMIT) {
            Ok(Some(bytes)) => Secret::new(bytes),
            Ok(None) => {
                return Err(Problem::new(
                    Fault::Vault,
                    format!("there is no key file `{shown}`"),
                    "restore it from where your team keeps it, or name it with CLOZE_KEY_FILE",
                ));
            }
            Err(error) => {
                return Err(Problem::new(
                    Fault::Vault,
                    format!("the key file `{shown}` cannot be read: {}", file::cause(&error)),
                    "check the file and its permissions, or name another with CLOZE_KEY_FILE",
                ));
            }
        };
        KeyFile::parse(&bytes).map_err(|error| Problem::new(Fault::Vault, format!("`{shown}`: {}", error.reason), error.next))
    }
}

/// That git would take the key file at `path`, which `lies` or `would lie` there.
fn exposed(path: &Path, lies: &str) -> Option<Problem> {
    let Exposure { top, path: within } = exposed_to_git(path, Kept::File)?;
    // cloze keeps nothing in a folder of its name that belongs into version control.
    let own = within.parent().filter(|folder| folder.ends_with(".cloze"));
    let line = own.map_or_else(|| format!("/{}", within.display()), |folder| format!("/{}/", folder.display()));
    let reason = format!("the key file `{}` {lies} in the git work tree `{}`, which does not ignore it", path.display(), top.display());
    let mut next = format!("add the line `{line}` to `{}`: with the key, every secret can be read", top.join(".gitignore").display());
    if lies == "lies" {
        next.push_str("; use no key that came with a repository or was ever committed");
    }
    Some(Problem::new(Fault::Project, reason, next))
}

/// Bytes of a key file, many times what one has.
const KEY_LIMIT: u64 = 16 << 10;
/// Bytes of a keyring.
const KEYRING_LIMIT: usize = 1 << 20;
