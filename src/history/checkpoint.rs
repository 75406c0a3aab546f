//! The remembered head: what a machine last saw of a history, so that a cut or replayed one is noticed.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use rustix::fs::flock;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::history::error::HistoryError;
use crate::history::owner::Owner;
use crate::history::reader::Reader;
use crate::history::write_id::WriteId;

/// A remembered head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    format: u64,
    /// The keyring's id.
    pub store: String,
    /// Whose.
    pub owner: Owner,
    /// The newest release that was seen.
    pub number: u64,
    /// The digest of its record.
    pub record: Digest,
}

const FORMAT: u64 = 1;
const LENGTH_LIMIT: u64 = 16 << 10;

impl Checkpoint {
    /// What is to be remembered of the history of `owner` in `store`.
    #[must_use]
    pub fn new(store: &str, owner: &Owner, number: u64, record: Digest) -> Self {
        Self { format: FORMAT, store: store.to_owned(), owner: owner.clone(), number, record }
    }

    /// The pin in the file at `path`; `None` when there is none.
    pub fn load(path: &Path) -> Result<Option<Self>, HistoryError> {
        let mut bytes = Vec::new();
        match File::open(path).and_then(|file| file.take(LENGTH_LIMIT).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, "read", &error)),
        }
        let pin: Option<Self> = serde_json::from_slice(&bytes).ok().filter(|pin: &Self| pin.format == FORMAT);
        pin.map(Some).ok_or_else(|| HistoryError::Forgotten { path: path.display().to_string() })
    }

    /// Writes the pin to `path`, whole or not at all; an older release than what is remembered there is not written.
    pub fn save(&self, path: &Path, entropy: &dyn Entropy) -> Result<(), HistoryError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // One at a time: an older head must not overtake a newer one.
        let _lock = locked(folder).map_err(|error| failed(path, "write", &error))?;
        if let Some(old) = Self::load(path)?
            && old.store == self.store
            && old.owner == self.owner
            && old.number > self.number
        {
            return Ok(());
        }
        let mut text = serde_json::to_vec(self).unwrap_or_else(|_| unreachable!("a pin is plain data"));
        text.push(b'\n');
        let side = side_of(path, WriteId::new(entropy));
        write(&side, &text).and_then(|()| fs::rename(&side, path)).and_then(|()| File::open(folder)?.sync_all()).map_err(|error| {
            let _ = fs::remove_file(&side);
            failed(path, "write", &error)
        })?;
        sweep(folder, path);
        Ok(())
    }

    /// Forgets what is remembered at `path`, so that another history is believed.
    pub fn forget(path: &Path) -> Result<(), HistoryError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, "remove", &error)),
            _ => Ok(()),
        }
    }

    /// That the history that `reader` reads still holds what is remembered.
    pub async fn check(&self, reader: &Reader<'_>) -> Result<(), HistoryError> {
        let cut = |reason: String| Err(HistoryError::CutOrReplayed { reason });
        if self.owner != reader.owner {
            return cut(format!("the remembered head is that of {}, not of {}", self.owner, reader.owner));
        }
        match reader.identity().await? {
            None if self.number == 0 => return Ok(()),
            None => return cut(format!("release {} is remembered, and the store is empty", self.number)),
            Some(identity) if identity.store != self.store => {
                return cut(format!("it was that of keyring {}, and is that of {}", self.store, identity.store));
            }
            Some(_) => {}
        }
        let newest = reader.newest().await?;
        if newest < self.number {
            return cut(format!("release {} is remembered, and the newest is {newest}", self.number));
        }
        if self.number > 0 && reader.unproven(self.number).await?.digest != self.record {
            return cut(format!("release {} is not the one that is remembered", self.number));
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// That the history has at least `number` releases: for runners that remember nothing themselves.
    pub async fn expect_at_least(&self, number: u64) -> Result<(), HistoryError> {
        let newest = self.newest().await?;
        if newest < number {
            let reason = format!("at least {number} releases are expected, and the newest is {newest}");
            return Err(HistoryError::CutOrReplayed { reason });
        }
        Ok(())
    }
}

/// The folder, made if need be, with a lock that ends with the value or its process.
fn locked(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::open(folder)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn write(side: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(side)?;
    file.write_all(text)?;
    file.sync_all()
}

fn side_of(path: &Path, attempt: WriteId) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{attempt}.new"));
    PathBuf::from(name)
}

/// Removes side files that killed runs left.
fn sweep(folder: &Path, path: &Path) {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let middle = other.to_str().and_then(|other| other.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".new"));
        if middle.and_then(WriteId::from_hex).is_some() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> HistoryError {
    let reason = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no space",
        io::ErrorKind::PermissionDenied => "permission is denied",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::IsADirectory => "it is a folder",
        _ => "the system refused",
    };
    HistoryError::File { path: path.display().to_string(), reason: format!("cannot {what} the remembered head: {reason}") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Checkpoint;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::history::HistoryError;
    use crate::history::InMemoryStore;
    use crate::history::fixtures;

    #[test]
    fn a_pin_is_written_whole_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins/dev.json");
        let owner = fixtures::owner("dev");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        let five = Checkpoint::new("id", &owner, 5, Digest([5; 32]));
        five.save(&path, &Machine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let left = folder.path().join(format!("pins/dev.json.{}.new", "ab".repeat(16)));
        fs::write(&left, "half").unwrap();
        Checkpoint::new("id", &owner, 4, Digest([4; 32])).save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(five));
        let six = Checkpoint::new("id", &owner, 6, Digest([6; 32]));
        six.save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(six));
        assert!(!left.exists());
        Checkpoint::forget(&path).unwrap();
        Checkpoint::forget(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
    }

    #[test]
    fn a_broken_pin_is_an_error_and_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.json");
        for text in ["", "{}", "{\"format\":1}", "not json"] {
            fs::write(&path, text).unwrap();
            let error = Checkpoint::load(&path).unwrap_err();
            assert!(error.to_string().ends_with("would not be noticed"), "{error}");
            assert!(Checkpoint::new("id", &fixtures::owner("dev"), 1, Digest([1; 32])).save(&path, &Machine).is_err());
        }
    }

    #[tokio::test]
    async fn every_cut_and_every_replay_is_noticed() {
        let (store, other) = (InMemoryStore::new(), InMemoryStore::new());
        let history = fixtures::history(&store, "dev").await;
        let mut states = vec![store.objects()];
        for count in 1..=6 {
            fixtures::releases(&history, 1).await;
            states.push(store.objects());
            assert_eq!(history.reader().newest().await.unwrap(), count);
        }
        let fork = fixtures::history(&other, "dev").await;
        fixtures::releases(&fork, 8).await;
        let head = history.head().await.unwrap().unwrap();
        let pin = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 6, head.digest);
        for (count, state) in states.iter().enumerate() {
            let replayed = InMemoryStore::of(state.clone());
            let reader = fixtures::reader(&replayed, "dev");
            let verdict = pin.check(&reader).await;
            assert_eq!(verdict.is_ok(), count == 6, "{count}");
            assert!(reader.expect_at_least(6).await.is_ok() == (count == 6));
        }
        let words = [
            (pin.check(fork.reader()).await, "release 6 is not the one that is remembered"),
            (pin.check(&fixtures::reader(&InMemoryStore::new(), "dev")).await, "release 6 is remembered, and the store is empty"),
            (
                pin.check(&fixtures::reader(&InMemoryStore::of(states[2].clone()), "dev")).await,
                "release 6 is remembered, and the newest is 2",
            ),
        ];
        for (verdict, words) in words {
            assert_eq!(verdict, Err(HistoryError::CutOrReplayed { reason: words.to_owned() }));
        }
        fixtures::releases(&history, 2).await;
        assert_eq!(pin.check(history.reader()).await, Ok(()));
    }
}
