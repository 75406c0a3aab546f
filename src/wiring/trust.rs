//! The keys of an environment: the keyring, who opens it, and the first ones.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::history::HistoryStore;
use crate::history::Reader;
use crate::key::KeyFile;
use crate::key::KeyWrap;
use crate::key::Keyring;
use crate::key::Passphrase;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::Location;
use crate::project::VaultTarget;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::story::past::owner;
use crate::wiring::Wiring;

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
}

/// Bytes of a keyring.
const KEYRING_LIMIT: usize = 1 << 20;
