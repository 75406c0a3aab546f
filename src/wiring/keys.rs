//! The keys of an environment: the keyring, who opens it, and the first ones.

use std::sync::Arc;

use futures::future::join_all;

use crate::history::Checkpoint;
use crate::history::HistoryStore;
use crate::history::Reader;
use crate::key::KeyWrap;
use crate::key::Keyring;
use crate::key::KeyringDifference;
use crate::key::KeyringError;
use crate::key::Passphrase;
use crate::key::Recipient;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::Location;
use crate::project::Settings;
use crate::project::variable;
use crate::seal::Keys;
use crate::target::tracked_by_git;
use crate::wiring::IfMissing;
use crate::wiring::Wiring;
use crate::wiring::environment_keys::Created;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::wiring::recipients::PASSPHRASE;
use crate::workflow::access::owner;

impl Wiring<'_> {
    /// The environment's keys: from the keyring in the project, or the copy in its history.
    pub(super) async fn keys(&self, store: &dyn HistoryStore, missing: IfMissing) -> Result<EnvironmentKeys, Problems> {
        let text = self.keyring_text(store).await?;
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
                IfMissing::Fail => Err(self.no_keyring().into()),
            };
        };
        if missing == IfMissing::Create {
            // A run that made them may have been killed before it ended.
            Checkpoint::sweep(&self.checkpoint()?)?;
        }
        let (keys, opener) = self.open(&self.parsed(&text)?).await?;
        Ok(EnvironmentKeys { keys: Arc::new(keys), keyring: text, opener, created: None })
    }

    /// That there is no keyring.
    pub(super) fn no_keyring(&self) -> Problem {
        let Settings { environment, keyring, .. } = self.settings;
        Problem::new(
            Fault::Vault,
            format!("environment `{environment}` has no keyring at `{keyring}`"),
            format!(
                "restore it from version control; if the environment is new, run `cloze key init -e {environment}` and commit the keyring"
            ),
        )
    }

    /// The text of the keyring in the project, or else of the copy in its history.
    pub(super) async fn keyring_text(&self, store: &dyn HistoryStore) -> Result<Option<String>, Problem> {
        // Where no project names the history, files that lie here have no say.
        if self.pin.is_none() && self.root.exists(&self.settings.keyring) {
            return self.root.read_text(&self.settings.keyring, KEYRING_LIMIT).map(Some);
        }
        self.recorded_keyring(store).await
    }

    /// The keyring of a text, which is this environment's.
    pub(super) fn parsed(&self, text: &str) -> Result<Keyring, Problem> {
        let keyring = Keyring::parse(text)?;
        keyring.expect(&self.settings.project, &self.settings.environment)?;
        Ok(keyring)
    }

    /// The keys in a keyring, and who opened it.
    pub(super) async fn open(&self, keyring: &Keyring) -> Result<(Keys, Recipient), Problems> {
        let (recipients, missing) = self.recipients();
        if recipients.is_empty() {
            return Err(missing.into());
        }
        let wraps: Vec<&dyn KeyWrap> = recipients.iter().map(AsRef::as_ref).collect();
        let opened = keyring.open_by(&wraps).await;
        close(&wraps).await;
        Ok(opened.map_err(|error| self.not_opened(error))?)
    }

    /// That something may be sealed under these keys: the keyring has the recipients that the project names, neither fewer nor more, and it is
    /// not one that came with the project although the run was given a passphrase of its own.
    pub(super) async fn check_recipients(&self, keys: &EnvironmentKeys) -> Result<(), Problems> {
        let keyring = self.parsed(&keys.keyring)?;
        let problems = self.differences(&keyring.compare(&self.expected()));
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let Some(text) = self.ports.variables.secret(variable::PASSPHRASE).filter(|_| self.is_brought(&keys.opener)) else { return Ok(()) };
        let passphrase = Passphrase::new(PASSPHRASE, text.duplicate());
        if keyring.open(&[&passphrase]).await.is_ok() {
            return Ok(());
        }
        let reason =
            format!("`{}` opens with a key file of the project, and not with the passphrase of CLOZE_PASSPHRASE", self.settings.keyring);
        let next = "restore your own keyring; if this one is yours, unset CLOZE_PASSPHRASE, or name the key file with CLOZE_KEY_FILE";
        Err(Problem::new(Fault::Vault, reason, next).into())
    }

    /// Whether who opened the keyring is a key file that came with the project, as far as can be seen.
    fn is_brought(&self, opener: &Recipient) -> bool {
        self.settings.keys.iter().any(|settings| {
            let KeySettings::KeyFile(location @ Location::Beneath(_)) = settings else { return false };
            let is_tracked = || self.located(location).is_ok_and(|path| tracked_by_git(&path).is_some());
            self.recipient(settings).is_ok_and(|key| key.recipient() == *opener) && (self.ports.ephemeral || is_tracked())
        })
    }

    /// What is wrong where the project names other recipients than the keyring has.
    pub(super) fn differences(&self, comparison: &KeyringDifference) -> Vec<Problem> {
        let Settings { environment, keys, keyring, .. } = self.settings;
        let differs = |what: String, next: String| Problem::new(Fault::Project, format!("environment `{environment}`: {what}"), next);
        let missing = keys.iter().zip(&comparison.found).filter(|(_, found)| found.is_none()).map(|(settings, _)| {
            differs(
                format!("`keys:` names {}, which does not open `{keyring}`", self.words(settings)),
                format!("run `cloze key add -e {environment}` where the keyring opens, or take the key out of `keys:`"),
            )
        });
        let extra = comparison.extra.iter().map(|recipient| {
            differs(
                format!("{recipient} opens `{keyring}`, and `keys:` does not name it"),
                format!("add it to `keys:`, or run `cloze key remove -e {environment}` where the keyring opens"),
            )
        });
        missing.chain(extra).collect()
    }

    /// Whether the environment has no keyring, neither in the project nor in its history.
    pub(super) async fn is_without_keys(&self, store: &dyn HistoryStore) -> Result<bool, Problem> {
        Ok(!self.root.exists(&self.settings.keyring) && self.recorded_keyring(store).await?.is_none())
    }

    /// Says which keys were tried and in what environment.
    pub(super) fn not_opened(&self, error: KeyringError) -> Problem {
        let Settings { environment, keys, .. } = self.settings;
        match error {
            KeyringError::NoKey { recipients, .. } => {
                let at_hand = keys.iter().filter(|settings| self.recipient(settings).is_ok_and(|key| key.can_open()));
                let tried = at_hand.map(|settings| self.words(settings)).collect::<Vec<_>>();
                KeyringError::NoKey { tried: tried.join(" or "), recipients }.into()
            }
            KeyringError::Refused { .. } => Problem::new(Fault::Vault, format!("environment `{environment}`: {error}"), error.next()),
            error => error.into(),
        }
    }

    /// Makes the first keys of an environment, for every recipient that its settings name, or fails before anything is made. Two runs that
    /// do it at once end with the same keys.
    async fn found(&self, store: &dyn HistoryStore) -> Result<EnvironmentKeys, Problems> {
        if self.settings.keys.contains(&KeySettings::Passphrase) {
            self.passphrase()?.check()?;
        }
        let key_files = self.make_key_files(self.key_paths()?)?;
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

    async fn recorded_keyring(&self, store: &dyn HistoryStore) -> Result<Option<String>, Problem> {
        let bytes = Reader::new(store, owner(self.settings)).keyring().await?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Ends what logins at services left open.
pub(super) async fn close(wraps: &[&dyn KeyWrap]) {
    join_all(wraps.iter().map(|wrap| wrap.close())).await;
}

/// Bytes of a keyring.
const KEYRING_LIMIT: usize = 1 << 20;
