//! The recipients that an environment's settings name.

#[cfg(feature = "age")]
use std::io;
#[cfg(feature = "age")]
use std::path::Path;
use std::path::PathBuf;

use crate::file;
#[cfg(feature = "age")]
use crate::key::AgeKey;
use crate::key::ExpectedRecipient;
use crate::key::KeyFile;
use crate::key::KeyWrap;
use crate::key::Passphrase;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::KeySettings;
use crate::project::Location;
use crate::project::VaultSettings;
#[cfg(feature = "age")]
use crate::project::variable;
use crate::secret::Secret;
use crate::wiring::Wiring;
#[cfg(feature = "http")]
use crate::wiring::vaults::setup;

/// The kind of key files in slots.
pub(super) const KEY_FILE: &str = "key-file";
/// The kind of age's public keys.
const AGE: &str = "age";
/// The kind of passphrases, which is also their id.
pub(super) const PASSPHRASE: &str = "passphrase";

impl Wiring<'_> {
    /// The recipients at hand, and why the others are not. A key that is missing is no problem while another one opens the keyring.
    pub(super) fn recipients(&self) -> (Vec<Box<dyn KeyWrap>>, Vec<Problem>) {
        let mut recipients: Vec<Box<dyn KeyWrap>> = Vec::new();
        let mut missing = Vec::new();
        for settings in &self.settings.keys {
            match self.recipient(settings) {
                // `CLOZE_KEY_FILE` takes the place of each key file.
                Ok(recipient) if recipients.iter().any(|known| known.recipient() == recipient.recipient()) => {}
                Ok(recipient) => recipients.push(recipient),
                Err(problem) => missing.push(problem),
            }
        }
        (recipients, missing)
    }

    /// The recipient that these settings name.
    ///
    /// # Errors
    /// It is not at hand.
    pub(super) fn recipient(&self, settings: &KeySettings) -> Result<Box<dyn KeyWrap>, Problem> {
        match settings {
            KeySettings::KeyFile(location) => self.key_file(location).map(|key| Box::new(key) as _),
            KeySettings::Passphrase => self.passphrase().map(|passphrase| Box::new(passphrase) as _),
            KeySettings::Age(recipient) => self.age(recipient),
            KeySettings::Service(settings) => self.held(settings),
        }
    }

    /// The key that a service holds.
    ///
    /// # Errors
    /// Settings that cannot work, or a server that only the project names.
    fn held(&self, settings: &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem> {
        #[cfg(feature = "http")]
        if let Some(key) = setup(settings.kind()).and_then(|setup| setup.key) {
            self.grounds(settings)?;
            return key(self, settings);
        }
        Err(settings.entry.name.at(left_out(settings.name(), settings.kind().word())))
    }

    /// Who has an age identity.
    fn age(&self, recipient: &str) -> Result<Box<dyn KeyWrap>, Problem> {
        #[cfg(feature = "age")]
        return Ok(Box::new(AgeKey::new(recipient, self.age_identities()?.as_ref())?));
        #[cfg(not(feature = "age"))]
        Err(left_out(&format!("age {recipient}"), "age"))
    }

    /// What the settings say of the recipients, each with its id where that is known.
    pub(super) fn expected(&self) -> Vec<ExpectedRecipient> {
        let mut list: Vec<ExpectedRecipient> = Vec::new();
        for settings in &self.settings.keys {
            let expected = match settings {
                KeySettings::KeyFile(location) => {
                    let id = self.key_file(location).ok().map(|key| key.id().to_owned());
                    // One file in the place of several is not known to be the others.
                    let id = id.filter(|id| !list.iter().any(|known| known.id.as_ref() == Some(id)));
                    ExpectedRecipient { kind: KEY_FILE.to_owned(), id }
                }
                KeySettings::Passphrase => ExpectedRecipient { kind: PASSPHRASE.to_owned(), id: Some(PASSPHRASE.to_owned()) },
                KeySettings::Age(recipient) => ExpectedRecipient { kind: AGE.to_owned(), id: Some(recipient.clone()) },
                KeySettings::Service(settings) => {
                    ExpectedRecipient { kind: settings.kind().word().to_owned(), id: Some(settings.key_id()) }
                }
            };
            list.push(expected);
        }
        list
    }

    /// The text of the age identities: of the file that a variable names, or of a variable itself.
    #[cfg(feature = "age")]
    fn age_identities(&self) -> Result<Option<Secret>, Problem> {
        let variables = self.ports.variables;
        let named = [variable::AGE_KEY_FILE, variable::SOPS_AGE_KEY_FILE].into_iter().find_map(|name| Some((name, variables.get(name)?)));
        let Some((name, path)) = named else { return Ok(variables.secret(variable::SOPS_AGE_KEY).map(Secret::duplicate)) };
        let there = Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
        let read = file::read(&there, KEY_LIMIT).and_then(|bytes| bytes.ok_or_else(|| io::ErrorKind::NotFound.into()));
        read.map(|bytes| Some(Secret::new(bytes))).map_err(|error| {
            let reason = format!("the age identities `{path}` of {} cannot be read: {}", name.name, file::cause(&error));
            Problem::new(Fault::Vault, reason, "check the path and its permissions")
        })
    }

    /// These settings as messages name them.
    pub(super) fn words(&self, settings: &KeySettings) -> String {
        match settings {
            KeySettings::KeyFile(location) => {
                let shown = self.located(location).map_or_else(|_| location.to_string(), |path| path.display().to_string());
                match self.key_file(location) {
                    Ok(key) => format!("`{shown}` ({key})"),
                    Err(_) => format!("the key file `{shown}`"),
                }
            }
            KeySettings::Passphrase => "the passphrase".to_owned(),
            KeySettings::Age(recipient) => format!("{AGE} {recipient}"),
            KeySettings::Service(settings) => settings.name().to_owned(),
        }
    }

    /// Where the environment's key files lie.
    pub(super) fn key_paths(&self) -> Result<Vec<PathBuf>, Problem> {
        self.settings.keys.iter().filter_map(|settings| self.key_path(settings)).collect()
    }

    /// Where the key of these settings lies, if it is a file.
    pub(super) fn key_path(&self, settings: &KeySettings) -> Option<Result<PathBuf, Problem>> {
        match settings {
            KeySettings::KeyFile(location) => Some(self.located(location)),
            KeySettings::Passphrase | KeySettings::Age(_) | KeySettings::Service(_) => None,
        }
    }

    /// The passphrase.
    ///
    /// # Errors
    /// It was not given.
    pub(super) fn passphrase(&self) -> Result<Passphrase, Problem> {
        self.passphrase.map(|text| Passphrase::new(PASSPHRASE, text.duplicate())).ok_or_else(|| {
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

/// That this build cannot use a key.
fn left_out(key: &str, feature: &str) -> Problem {
    let reason = format!("key `{key}` is of kind `{feature}`, which this build of cloze leaves out");
    Problem::new(Fault::Project, reason, format!("use a build with the feature `{feature}`"))
}

/// Bytes of a key file, many times what one has.
const KEY_LIMIT: u64 = 16 << 10;
