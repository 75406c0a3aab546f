//! The local vault: a text file fit for version control, with one sealed line for each version of each secret.
//!
//! A change adds a line and touches no other, so a diff shows which secret changed and nothing else. Each line is sealed under
//! the environment's keys and bound to its name, number, time and state: none can be forged, altered or stand in for another.
//! That the last lines of a secret's history are missing shows only in version control, which is where the file belongs.

mod entry;
mod file;
#[cfg(test)]
mod fuzz;
mod generate;
mod scratch;
mod sheet;
mod structured;

pub use generate::GENERATED_LENGTH;
pub use generate::generate;
pub use scratch::Scratch;
pub use sheet::names_in;
pub use structured::object;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::clock::Entropy;
use crate::count::count;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::suggest::suggest;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::field;
use crate::vault::local::entry::StoredVersion;
use crate::vault::local::entry::VaultOwner;
use crate::vault::local::entry::VersionState;
use crate::vault::local::file::VaultFile;
use crate::vault::local::sheet::Sheet;
use crate::vault::local::structured::with_field;
use crate::vault::name;
use crate::vault::name_rule::Cover;

/// The largest value in bytes.
pub const VALUE_LIMIT: usize = 64 << 10;

/// A local vault. The file is read again for each call, and only the asked entries are opened.
#[derive(Debug)]
pub struct LocalVault {
    file: VaultFile,
    keys: Arc<Keys>,
    project: String,
    environment: String,
    names: Option<NameRule>,
}

/// What setting or removing a secret did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalChange {
    /// A version was written; this is its number.
    Written(u64),
    /// The current version, of this number, is what was asked for already. Nothing was written.
    Unchanged(u64),
}

impl LocalChange {
    /// The current version now.
    pub fn version(self) -> u64 {
        match self {
            Self::Written(version) | Self::Unchanged(version) => version,
        }
    }

    /// Whether anything was written.
    pub fn is_written(self) -> bool {
        matches!(self, Self::Written(_))
    }
}

impl LocalVault {
    /// The vault at `path`, which need not exist yet: the first [`LocalVault::set`] makes it. Nothing is read here.
    pub fn open(path: impl Into<PathBuf>, keys: Arc<Keys>, project: impl Into<String>, environment: impl Into<String>) -> Self {
        Self { file: VaultFile::new(path.into()), keys, project: project.into(), environment: environment.into(), names: None }
    }

    /// The same for those who fill blanks: only names that `names` allow are read and listed.
    #[must_use]
    pub fn limited(self, names: NameRule) -> Self {
        Self { names: Some(names), ..self }
    }

    /// Sets one secret, unless its current value is the same. Concurrent writers wait for each other.
    ///
    /// # Errors
    /// A name that is none, a value over 64 KiB, a damaged or foreign file, and what the file system refuses.
    pub fn set(&self, name: &str, value: &Secret, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<LocalChange, ServiceError> {
        let changes = self.set_all(&[(name, value)], clock, entropy)?;
        Ok(changes[0])
    }

    /// Sets many secrets in one write: all of them or, after an error, none.
    ///
    /// # Errors
    /// As [`LocalVault::set`].
    pub fn set_all(&self, values: &[(&str, &Secret)], clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Vec<LocalChange>, ServiceError> {
        for (name, value) in values {
            checked(name)?;
            check_size(name, value)?;
        }
        self.change(entropy, |sheet| values.iter().map(|(name, value)| self.push(sheet, name, value, clock, entropy)).collect())
    }

    /// Sets one field of a structured secret, whose other fields stay as they are. A secret that is not there yet gets this field only.
    ///
    /// # Errors
    /// As [`LocalVault::set`]; a secret that is not a JSON object, and a value that is not UTF-8.
    pub fn set_field(
        &self,
        name: &str,
        key: &str,
        value: &Secret,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<LocalChange, ServiceError> {
        checked(name)?;
        let changes = self.change(entropy, |sheet| {
            let last = sheet.versions(name).last().filter(|entry| entry.state == VersionState::Set);
            let current = last.map(|entry| self.value(entry)).transpose()?;
            let object = with_field(current.as_ref(), key, value)?;
            check_size(name, &object)?;
            Ok(vec![self.push(sheet, name, &object, clock, entropy)?])
        })?;
        Ok(changes[0])
    }

    /// Adds a version of a secret to the sheet, unless its current value is the same.
    fn push(
        &self,
        sheet: &mut Sheet,
        name: &str,
        value: &Secret,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<LocalChange, ServiceError> {
        let last = sheet.versions(name).last();
        let version = last.map_or(0, |entry| entry.version);
        if let Some(entry) = last.filter(|entry| entry.state == VersionState::Set)
            && self.value(entry)?.ct_eq(value)
        {
            return Ok(LocalChange::Unchanged(version));
        }
        sheet.push(StoredVersion::seal(self.owner(), (name, version + 1), (clock.now(), VersionState::Set), value.expose(), entropy));
        Ok(LocalChange::Written(version + 1))
    }

    /// Removes a secret: its current version is from now on a removed one, and the old ones still open when they are pinned.
    ///
    /// # Errors
    /// As [`LocalVault::set`], and a secret that is not there.
    pub fn remove(&self, name: &str, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<LocalChange, ServiceError> {
        checked(name)?;
        let changes = self.change(entropy, |sheet| {
            let last = sheet.versions(name).last().ok_or_else(|| {
                let reason = format!("there is no secret `{name}` in {}", self.file);
                let next = format!("name one that is there; `cloze vault list -e {}` shows them", words::shell(&self.environment));
                ServiceError::new(ServiceFault::NotFound, reason, next)
            })?;
            let (version, state) = (last.version, last.state);
            if state == VersionState::Removed {
                return Ok(vec![LocalChange::Unchanged(version)]);
            }
            sheet.push(StoredVersion::seal(self.owner(), (name, version + 1), (clock.now(), VersionState::Removed), b"", entropy));
            Ok(vec![LocalChange::Written(version + 1)])
        })?;
        Ok(changes[0])
    }

    /// Seals each version of each secret under the present keys; gives how many there are. A line that does not open stays as it is.
    ///
    /// # Errors
    /// As [`LocalVault::set`].
    pub fn reseal(&self, entropy: &dyn Entropy) -> Result<usize, ServiceError> {
        let locked = self.file.lock()?;
        let Some(mut sheet) = self.read()? else { return Ok(0) };
        let mut sealed = 0;
        for entry in sheet.entries() {
            if let Some(value) = entry.open(self.owner()) {
                let place = (entry.name.as_str(), entry.version);
                *entry = StoredVersion::seal(self.owner(), place, (entry.created, entry.state), value.expose(), entropy);
                sealed += 1;
            }
        }
        locked.replace(&sheet.to_string(), entropy)?;
        Ok(sealed)
    }

    /// One value: the current one, or that of a pinned version.
    ///
    /// # Errors
    /// As [`Vault::fetch`].
    pub fn get(&self, name: &str, version: Option<u64>) -> Result<SecretValue, ServiceError> {
        self.take(self.read()?.as_ref(), &whole(name, version))
    }

    /// The current value of a secret, or of a field of it; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Vault::fetch`], and a field of what has none.
    pub fn current(&self, name: &str, key: Option<&str>) -> Result<Option<Secret>, ServiceError> {
        checked(name)?;
        let sheet = self.read()?;
        let last = sheet.as_ref().and_then(|sheet| sheet.versions(name).last()).filter(|entry| entry.state == VersionState::Set);
        let Some(value) = last.map(|entry| self.value(entry)).transpose()? else { return Ok(None) };
        match field::of(&value, key) {
            Ok((value, _)) => Ok(Some(value)),
            Err(error) if error.fault == ServiceFault::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn owner(&self) -> VaultOwner<'_> {
        VaultOwner { keys: &self.keys, project: &self.project, environment: &self.environment }
    }

    fn read(&self) -> Result<Option<Sheet>, ServiceError> {
        let bytes = self.file.read()?;
        bytes.map(|bytes| Sheet::parse(&bytes, &self.file.to_string(), self.keys.store())).transpose()
    }

    /// Reads, changes and writes under the lock; writes nothing when nothing is said to be written.
    fn change(
        &self,
        entropy: &dyn Entropy,
        change: impl FnOnce(&mut Sheet) -> Result<Vec<LocalChange>, ServiceError>,
    ) -> Result<Vec<LocalChange>, ServiceError> {
        let locked = self.file.lock()?;
        let mut sheet = self.read()?.unwrap_or_else(|| Sheet::new(self.keys.store()));
        let changes = change(&mut sheet)?;
        if changes.iter().any(|change| matches!(change, LocalChange::Written(_))) {
            locked.replace(&sheet.to_string(), entropy)?;
        }
        Ok(changes)
    }

    fn answer(&self, sheet: Option<&Sheet>, ask: &SecretRef) -> Result<SecretValue, ServiceError> {
        self.check_name(&ask.name).map_err(name::refused)?;
        self.take(sheet, ask)?.of_key(ask.key.as_deref()).map_err(|error| match error.fault {
            ServiceFault::NotFound => {
                ServiceError { next: format!("ask for a key that is there, or set this one with `{}`", self.setting(ask)), ..error }
            }
            _ => error,
        })
    }

    /// The command that sets what is asked for.
    fn setting(&self, ask: &SecretRef) -> String {
        let key = ask.key.as_ref().map(|key| format!(" --key {}", words::shell(key))).unwrap_or_default();
        let vault = if ask.vault == DEFAULT { String::new() } else { format!(" --vault {}", words::shell(&ask.vault)) };
        format!("cloze vault set {}{key}{vault} -e {}", words::shell(&ask.name), words::shell(&self.environment))
    }

    fn take(&self, sheet: Option<&Sheet>, ask: &SecretRef) -> Result<SecretValue, ServiceError> {
        let (entry, is_last) = self.entry(sheet, ask)?;
        let value = self.value(entry)?;
        self.check_kept(entry, ask)?;
        Ok(SecretValue { created: Some(entry.created), ..SecretValue::plain(value, entry.version.to_string(), Some(is_last)) })
    }

    /// The version that is asked for, still sealed, and whether it is the last one.
    fn entry<'s>(&self, sheet: Option<&'s Sheet>, ask: &SecretRef) -> Result<(&'s StoredVersion, bool), ServiceError> {
        let name = ask.name.as_str();
        checked(name)?;
        let version = ask.version.as_deref().map(name::version).transpose()?;
        let versions = sheet.map_or(&[][..], |sheet| sheet.versions(name));
        let last = versions.last().ok_or_else(|| self.absent(ask, sheet))?;
        let number = version.unwrap_or(last.version);
        let entry = versions.iter().find(|entry| entry.version == number).ok_or_else(|| {
            let reason = format!("`{name}` has no version {number}; the current one is {}", last.version);
            ServiceError::new(ServiceFault::NotFound, reason, "pin a version that is there, or leave `version` out")
        })?;
        Ok((entry, number == last.version))
    }

    fn described(&self, sheet: Option<&Sheet>, ask: &SecretRef) -> Result<SecretMetadata, ServiceError> {
        self.check_name(&ask.name).map_err(name::refused)?;
        let (entry, is_last) = self.entry(sheet, ask)?;
        self.check_kept(entry, ask)?;
        Ok(SecretMetadata { created: Some(entry.created), ..SecretMetadata::new(entry.version.to_string(), Some(is_last)) })
    }

    fn check_kept(&self, entry: &StoredVersion, ask: &SecretRef) -> Result<(), ServiceError> {
        if entry.state == VersionState::Removed {
            let reason = format!("`{}` was removed at {} (version {})", entry.name, entry.created, entry.version);
            return Err(ServiceError::new(
                ServiceFault::Gone,
                reason,
                format!("set it again with `{}`, or pin an old version", self.setting(ask)),
            ));
        }
        Ok(())
    }

    fn value(&self, entry: &StoredVersion) -> Result<Secret, ServiceError> {
        entry.open(self.owner()).ok_or_else(|| {
            if !entry.is_known(self.owner()) {
                let reason = format!(
                    "version {} of `{}` in {} is sealed under keys that this keyring does not have",
                    entry.version, entry.name, self.file
                );
                let next = "if the keys were rotated, restore the keyring and the vault from the same commit; otherwise restore the line";
                return ServiceError::new(ServiceFault::Unavailable, reason, next);
            }
            let reason = format!(
                "version {} of `{}` in {} does not open: its line was changed, or belongs to another project or environment",
                entry.version, entry.name, self.file
            );
            ServiceError::new(ServiceFault::Unavailable, reason, "restore the line from version control")
        })
    }

    fn absent(&self, ask: &SecretRef, sheet: Option<&Sheet>) -> ServiceError {
        let name = ask.name.as_str();
        let Some(sheet) = sheet else {
            let reason = format!("there is no secret `{name}`: {} is not there", self.file);
            let next = format!("restore the file from version control, or set the secret with `{}`", self.setting(ask));
            return ServiceError::new(ServiceFault::NotFound, reason, next);
        };
        let reason = format!("there is no secret `{name}` in {}", self.file);
        let set = format!("set it with `{}`", self.setting(ask));
        let others = sheet.current().filter(|entry| entry.state != VersionState::Removed).map(|entry| entry.name.as_str());
        let next = suggest(name, others).map_or_else(|| set.clone(), |other| format!("write `{other}` if that is meant, or {set}"));
        ServiceError::new(ServiceFault::NotFound, reason, next)
    }
}

/// Which names a local vault's secrets can have.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(prefixes: &[String]) -> Result<NameRule, ServiceError> {
    NameRule::new(name::check, Cover::Segments, prefixes)
}

/// The vault that a blank asks where it names none.
const DEFAULT: &str = "default";

fn whole(name: &str, version: Option<u64>) -> SecretRef {
    SecretRef { vault: DEFAULT.to_owned(), name: name.to_owned(), key: None, version: version.map(|number| number.to_string()) }
}

fn check_size(name: &str, value: &Secret) -> Result<(), ServiceError> {
    if value.len() <= VALUE_LIMIT {
        return Ok(());
    }
    let reason = format!("the value for `{name}` is larger than {} KiB", VALUE_LIMIT >> 10);
    Err(ServiceError::new(ServiceFault::BadValue, reason, "split it, or keep it where files belong"))
}

fn checked(name: &str) -> Result<(), ServiceError> {
    name::check(name).map_err(name::refused)
}

impl fmt::Display for LocalVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "local vault {}", self.file)
    }
}

#[async_trait]
impl Vault for LocalVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.as_ref().map_or_else(|| name::check(name), |names| names.check(name))
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        match self.read() {
            Ok(sheet) => asks.iter().map(|ask| self.answer(sheet.as_ref(), ask)).collect(),
            Err(error) => asks.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan::none(CallPlan::distinct(asks))
    }

    /// The file is at hand: each entry is opened, so that what is found is what a fetch would give.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.fetch(asks).await.into_iter().map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched))).collect()
    }
}

#[async_trait]
impl ListSecrets for LocalVault {
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let sheet = self.read()?.unwrap_or_else(|| Sheet::new(self.keys.store()));
        let listed = sheet.current().filter(|entry| self.check_name(&entry.name).is_ok()).map(|entry| ListedSecret {
            name: entry.name.clone(),
            version: Some(entry.version.to_string()),
            created: Some(entry.created),
            removed: entry.state == VersionState::Removed,
        });
        Ok(listed.collect())
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        match self.read() {
            Ok(sheet) => asks.iter().map(|ask| self.described(sheet.as_ref(), ask)).collect(),
            Err(error) => asks.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

#[async_trait]
impl Diagnose for LocalVault {
    /// The file, then whether the current version of each secret opens.
    async fn diagnose(&self) -> Vec<Diagnostic> {
        let sheet = match self.read() {
            Ok(Some(sheet)) => sheet,
            Ok(None) => {
                return vec![Diagnostic::good(
                    DiagnosticStep::Setup,
                    format!("{} is not there yet: `cloze vault set` makes it", self.file),
                )];
            }
            Err(error) => return vec![Diagnostic::bad(DiagnosticStep::Setup, error)],
        };
        let setup = Diagnostic::good(DiagnosticStep::Setup, format!("{} holds {}", self.file, count(sheet.current().count(), "secret")));
        let permission = match sheet.current().try_for_each(|entry| self.value(entry).map(drop)) {
            Ok(()) => Diagnostic::good(DiagnosticStep::Permission, "the key opens the current version of each"),
            Err(error) => Diagnostic::bad(DiagnosticStep::Permission, error),
        };
        vec![setup, permission]
    }
}

impl Close for LocalVault {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt;
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::thread;

    use async_trait::async_trait;
    use proptest::prelude::any;
    use proptest::prelude::prop;
    use proptest::prelude::proptest;
    use tempfile::TempDir;

    use super::LocalChange;
    use super::LocalVault;
    use super::VALUE_LIMIT;
    use super::whole;
    use crate::blank::SecretRef;
    use crate::clock::Machine;
    use crate::seal::Keys;
    use crate::secret::Secret;
    use crate::service::DiagnosticStep;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;
    use crate::vault::Adapter;
    use crate::vault::Diagnose;
    use crate::vault::ListSecrets;
    use crate::vault::Vault;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;

    struct Bench {
        directory: TempDir,
        vault: LocalVault,
    }

    impl Bench {
        fn new() -> Self {
            // In memory where there is such a place: hundreds of writes, each synced twice.
            let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let path = directory.path().join("secrets/dev.vault");
            Self { vault: LocalVault::open(path, Arc::new(Keys::fresh(&Machine)), "shop", "dev"), directory }
        }

        fn path(&self) -> PathBuf {
            self.directory.path().join("secrets/dev.vault")
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.path()).unwrap()
        }

        fn set(&self, name: &str, value: &[u8]) -> LocalChange {
            self.vault.set(name, &Secret::copy_of(value), &Machine, &Machine).unwrap()
        }

        fn value(&self, name: &str, version: Option<u64>) -> Result<Vec<u8>, ServiceError> {
            self.vault.get(name, version).map(|fetched| fetched.value.expose().to_vec())
        }
    }

    impl fmt::Debug for Bench {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.vault.fmt(f)
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            self.set(name, value);
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.set(name, json.as_bytes());
        }

        async fn remove(&self, name: &str) {
            self.vault.remove(name, &Machine, &Machine).unwrap();
        }

        fn abilities(&self) -> Abilities {
            Abilities { binary: true, ..Abilities::default() }
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&Bench::new()).await;
    }

    #[test]
    fn an_equal_value_writes_nothing() {
        let bench = Bench::new();
        assert_eq!(bench.set("a", b"one"), LocalChange::Written(1));
        let before = bench.text();
        assert_eq!(bench.set("a", b"one"), LocalChange::Unchanged(1));
        assert_eq!(bench.text(), before);
        assert_eq!(bench.set("a", b"two"), LocalChange::Written(2));
        assert_eq!(bench.set("a", b"one"), LocalChange::Written(3));
        assert_eq!(bench.value("a", Some(4)).unwrap_err().reason, "`a` has no version 4; the current one is 3");
    }

    #[test]
    fn a_change_adds_one_line_and_touches_no_other() {
        let bench = Bench::new();
        for name in ["b", "a", "c/d"] {
            bench.set(name, b"one");
        }
        let before = bench.text();
        bench.set("b", b"two");
        let after = bench.text();
        let added: Vec<&str> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
        assert_eq!(added.len(), 1);
        assert!(added[0].starts_with("b 2 "));
        assert_eq!(after.lines().filter(|line| *line != added[0]).collect::<Vec<_>>(), before.lines().collect::<Vec<_>>());
        assert!(after.lines().skip(1).is_sorted());
        let length = |line: &str| line.rsplit(' ').next().unwrap().len();
        assert_eq!(length(after.lines().nth(1).unwrap()), length(after.lines().nth(2).unwrap()));
    }

    #[test]
    fn a_removed_secret_is_gone_and_its_old_version_opens() {
        let bench = Bench::new();
        bench.set("a", b"one");
        assert_eq!(bench.vault.remove("a", &Machine, &Machine), Ok(LocalChange::Written(2)));
        assert_eq!(bench.vault.remove("a", &Machine, &Machine), Ok(LocalChange::Unchanged(2)));
        let error = bench.value("a", None).unwrap_err();
        assert_eq!(error.fault, ServiceFault::Gone);
        assert!(error.reason.starts_with("`a` was removed at 20") && error.reason.ends_with("Z (version 2)"), "{error:?}");
        assert_eq!(error.next, "set it again with `cloze vault set a -e dev`, or pin an old version");
        assert_eq!(bench.value("a", Some(1)).unwrap(), b"one");
        assert_eq!(bench.set("a", b"one"), LocalChange::Written(3));
        assert_eq!(bench.vault.remove("x", &Machine, &Machine).unwrap_err().fault, ServiceFault::NotFound);
    }

    #[test]
    fn too_large_and_misnamed_values_are_refused_before_anything_is_written() {
        let bench = Bench::new();
        let (large, small) = (Secret::new(vec![b'x'; VALUE_LIMIT + 1]), Secret::copy_of(b"x"));
        let error = bench.vault.set_all(&[("a", &small), ("b", &large)], &Machine, &Machine).unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::BadValue, "the value for `b` is larger than 64 KiB"));
        assert_eq!(bench.vault.set("../a", &small, &Machine, &Machine).unwrap_err().fault, ServiceFault::BadName);
        assert!(!bench.path().exists());
        assert!(bench.vault.set("a", &Secret::new(vec![b'x'; VALUE_LIMIT]), &Machine, &Machine).is_ok());
    }

    #[tokio::test]
    async fn another_environment_does_not_open_it_and_another_keyring_does_not_read_it() {
        let bench = Bench::new();
        bench.set("a", b"one");
        let keys = Arc::clone(&bench.vault.keys);
        let foreign = LocalVault::open(bench.path(), keys, "shop", "prod");
        let error = foreign.get("a", None).unwrap_err();
        let path = bench.path();
        let expected = format!(
            "version 1 of `a` in {} does not open: its line was changed, or belongs to another project or environment",
            path.display()
        );
        assert_eq!(error.reason, expected);
        let walk = foreign.diagnose().await;
        assert!(walk[0].outcome.is_ok());
        assert_eq!((walk.len(), walk[1].step, &walk[1].outcome), (2, DiagnosticStep::Permission, &Err(error)));
        let walk = bench.vault.diagnose().await;
        assert!(walk.len() == 2 && walk.iter().all(|finding| finding.outcome.is_ok()), "{walk:?}");
        let other = LocalVault::open(&path, Arc::new(Keys::fresh(&Machine)), "shop", "dev");
        assert_eq!(other.get("a", None).unwrap_err().fault, ServiceFault::Denied);
        let before = bench.text();
        assert!(other.set("a", &Secret::copy_of(b"x"), &Machine, &Machine).is_err());
        assert_eq!(bench.text(), before);
    }

    /// Every value of a small vault, by name and version, or that there is none. Reads the file once.
    fn everything(bench: &Bench) -> Vec<Result<Vec<u8>, ServiceError>> {
        let sheet = bench.vault.read();
        [("a", None), ("a", Some(1)), ("a", Some(2)), ("b", None), ("c", None), ("c", Some(1))]
            .into_iter()
            .map(|(name, version)| {
                let sheet = sheet.as_ref().map_err(Clone::clone)?.as_ref().unwrap();
                Ok(bench.vault.take(Some(sheet), &whole(name, version))?.value.expose().to_vec())
            })
            .collect()
    }

    fn small() -> (Bench, String, Vec<Result<Vec<u8>, ServiceError>>) {
        let bench = Bench::new();
        bench.set("a", b"one");
        bench.set("a", b"two");
        bench.set("b", b"three");
        bench.set("c", b"four");
        bench.vault.remove("c", &Machine, &Machine).unwrap();
        let (text, values) = (bench.text(), everything(&bench));
        (bench, text, values)
    }

    /// Whether something that could be read no longer can. Each value must be what it was, or an error, or what the removed `c`
    /// was before: a tombstone that is renamed to be the next version of `b` uncovers it, and breaks `b`.
    fn noticed(bench: &Bench, values: &[Result<Vec<u8>, ServiceError>]) -> bool {
        let mut noticed = false;
        for (now, then) in everything(bench).iter().zip(values) {
            let uncovered = then.is_err() && *now == Ok(b"four".to_vec());
            assert!(now.is_err() || now == then || uncovered, "a changed file gave another value");
            noticed |= now.is_err() && now != then;
        }
        noticed
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (bench, text, values) = small();
        let mut bytes = text.clone().into_bytes();
        // Of what is sealed, one bit of each character: the seal's own tests flip the others.
        let clear = |at: usize| text[..at].rfind(' ').is_none_or(|space| at - space < 60);
        for bit in (0..bytes.len() * 8).filter(|bit| clear(bit / 8) || bit % 8 == bit / 8 % 8) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(bench.path(), &bytes).unwrap();
            assert!(noticed(&bench, &values), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn swapped_lines_are_harmless_and_swapped_values_noticed() {
        let (bench, text, values) = small();
        let lines: Vec<&str> = text.lines().collect();
        for first in 1..lines.len() {
            for second in first + 1..lines.len() {
                let mut swapped = lines.clone();
                swapped.swap(first, second);
                std::fs::write(bench.path(), swapped.join("\n") + "\n").unwrap();
                // A line says whose value it is, so its place means nothing.
                assert!(!noticed(&bench, &values));
                let (one, two) = (lines[first].rsplit_once(' ').unwrap(), lines[second].rsplit_once(' ').unwrap());
                let (one, two) = (format!("{} {}", one.0, two.1), format!("{} {}", two.0, one.1));
                swapped[first] = &one;
                swapped[second] = &two;
                std::fs::write(bench.path(), swapped.join("\n") + "\n").unwrap();
                assert!(noticed(&bench, &values));
            }
        }
    }

    #[test]
    fn a_cut_file_is_damaged_or_an_older_one() {
        let (bench, text, values) = small();
        for length in 0..text.len() {
            std::fs::write(bench.path(), &text[..length]).unwrap();
            let whole_lines = text[..length].ends_with('\n');
            // A file that ends with a line is one that was whole once: with fewer versions or secrets, but no false value.
            let older = [Ok(b"one".to_vec()), Ok(b"four".to_vec())];
            for (now, then) in everything(&bench).into_iter().zip(&values) {
                assert!(now.is_err() || now == *then || (whole_lines && older.contains(&now)), "{length}");
                assert!(whole_lines || now.is_err(), "{length}");
            }
        }
    }

    #[test]
    fn concurrent_writers_lose_nothing() {
        let bench = Bench::new();
        thread::scope(|scope| {
            for writer in 0..8 {
                let bench = &bench;
                scope.spawn(move || {
                    for round in 0..10 {
                        bench.set("shared", format!("{writer}-{round}").as_bytes());
                        bench.set(&format!("own/{writer}"), format!("{round}").as_bytes());
                    }
                });
            }
        });
        assert_eq!(bench.text().lines().count(), 1 + 80 + 80);
        let mut shared: Vec<Vec<u8>> = (1..=80).map(|version| bench.value("shared", Some(version)).unwrap()).collect();
        shared.sort();
        shared.dedup();
        assert_eq!(shared.len(), 80);
        assert!((0..8).all(|writer| bench.value(&format!("own/{writer}"), None).unwrap() == b"9"));
    }

    #[tokio::test]
    async fn a_damaged_file_fails_each_ask_and_no_file_is_an_empty_vault() {
        let bench = Bench::new();
        let asks = [suite::ask("a"), SecretRef { key: Some("k".to_owned()), ..suite::ask("b") }];
        assert!(bench.vault.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap_err().fault == ServiceFault::NotFound));
        let expected = format!("there is no secret `a`: {} is not there", bench.path().display());
        assert_eq!(bench.value("a", None).unwrap_err().reason, expected);
        std::fs::create_dir(bench.directory.path().join("secrets")).unwrap();
        std::fs::write(bench.path(), "<<<<<<< HEAD\n").unwrap();
        assert!(bench.vault.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap_err().fault == ServiceFault::Unavailable));
        assert!(bench.vault.list().await.is_err());
        assert!(bench.vault.set("a", &Secret::copy_of(b"x"), &Machine, &Machine).is_err());
        assert_eq!(bench.text(), "<<<<<<< HEAD\n");
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn behaves_like_a_list_of_versions(steps in prop::collection::vec((0..3usize, prop::option::of(any::<[u8; 1]>())), 1..16)) {
            let bench = Bench::new();
            let mut model: BTreeMap<&str, Vec<Option<Vec<u8>>>> = BTreeMap::new();
            for (index, value) in steps {
                let name = ["a", "a/b", "a-b"][index];
                let versions = model.entry(name).or_default();
                let value = value.map(Vec::from);
                match &value {
                    Some(value) => { bench.set(name, value); }
                    None if versions.is_empty() => { assert!(bench.vault.remove(name, &Machine, &Machine).is_err()); continue; }
                    None => { bench.vault.remove(name, &Machine, &Machine).unwrap(); }
                }
                if versions.last() != Some(&value) {
                    versions.push(value);
                }
            }
            for (name, versions) in model {
                for (value, number) in versions.iter().zip(1..) {
                    assert_eq!(bench.value(name, Some(number)).ok(), value.clone());
                }
                assert_eq!(bench.value(name, None).ok(), versions.last().cloned().flatten());
                assert!(bench.value(name, Some(versions.len() as u64 + 1)).is_err());
            }
        }
    }
}
