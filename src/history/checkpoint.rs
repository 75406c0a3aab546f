//! The checkpoint: what a machine last saw of a history, so that a cut or replayed one is noticed.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use futures::future::join4;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::file;
use crate::file::LockMode;
use crate::history::error::HistoryError;
use crate::history::log::History;
use crate::history::owner::Owner;
use crate::history::reader::Reader;

/// The newest release that a machine saw.
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
    /// How many events that release had at least. Without it, nothing later would show that its last ones were removed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events: u32,
}

/// What shows that a history goes on from a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// What is remembered is there.
    Shown,
    /// It was pruned, as a marker says that is not proven yet.
    Pruned,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(events: &u32) -> bool {
    *events == 0
}

const FORMAT: u64 = 1;
const LENGTH_LIMIT: u64 = 16 << 10;
/// How long another run may take to write it.
const TURN: Duration = Duration::from_secs(2);

impl Checkpoint {
    /// What is to be remembered of the history of `owner` in `store`.
    #[must_use]
    pub fn new(store: &str, owner: &Owner, number: u64, record: Digest) -> Self {
        Self { format: FORMAT, store: store.to_owned(), owner: owner.clone(), number, record, events: 0 }
    }

    /// What is to be remembered of a history without releases.
    #[must_use]
    pub fn of_new(store: &str, owner: &Owner) -> Self {
        Self::new(store, owner, 0, Digest([0; 32]))
    }

    /// The checkpoint in the file at `path`; `None` when there is none.
    pub fn load(path: &Path) -> Result<Option<Self>, HistoryError> {
        let Some(bytes) = file::read(path, LENGTH_LIMIT).map_err(|error| failed(path, "read", &error))? else { return Ok(None) };
        let checkpoint: Option<Self> = serde_json::from_slice(&bytes).ok().filter(|checkpoint: &Self| checkpoint.format == FORMAT);
        checkpoint.map(Some).ok_or_else(|| HistoryError::Forgotten { path: path.display().to_string() })
    }

    /// Writes the checkpoint to `path`, whole or not at all; an older release than what is remembered there is not written. A power cut may bring
    /// back what was remembered before.
    pub fn save(&self, path: &Path, entropy: &dyn Entropy) -> Result<(), HistoryError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| failed(path, "write", &error))?;
        // One at a time: an older head must not overtake a newer one. A run that was stopped in its turn keeps nobody: when it goes on, at worst it
        // remembers its own release again, and so less.
        let _turn = match file::lock_within(folder, LockMode::Exclusive, TURN) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => None,
            turn => Some(turn.map_err(|error| failed(path, "write", &error))?),
        };
        if let Some(old) = Self::load(path)?
            && old.store == self.store
            && old.owner == self.owner
            && (old.number > self.number || old.record == self.record && old.events >= self.events && old.number == self.number)
        {
            return Ok(());
        }
        let mut text = serde_json::to_vec(self).unwrap_or_else(|_| unreachable!("a checkpoint is plain data"));
        text.push(b'\n');
        file::replace_soon(path, &text, 0o600, entropy).map_err(|error| failed(path, "write", &error))
    }

    /// Removes what killed runs left of the checkpoint at `path`.
    pub fn sweep(path: &Path) -> Result<(), HistoryError> {
        let Some((folder, name)) = path.parent().zip(path.file_name().and_then(OsStr::to_str)) else { return Ok(()) };
        let swept = match File::open(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.and_then(|folder| file::sweep_in(&folder, &|target| target == name)),
        };
        swept.map(drop).map_err(|error| failed(path, "write", &error))
    }

    /// The same, knowing that the release has `events` events.
    #[must_use]
    pub fn with_events(self, events: u32) -> Self {
        Self { events, ..self }
    }

    /// That the history goes on from what is remembered under the very keys that it is opened with. Needed where the keys came out of the
    /// history: what is remembered can be copied into a history of another key, and does not open there. False where it was pruned, and so
    /// shows nothing.
    pub async fn prove(&self, history: &History<'_>) -> Result<bool, HistoryError> {
        let is_there = self.check(history.reader()).await? == Continuity::Shown;
        if is_there {
            history.release(self.number).await?;
        }
        Ok(is_there)
    }

    /// That the history that `reader` reads still holds what is remembered.
    pub async fn check(&self, reader: &Reader<'_>) -> Result<Continuity, HistoryError> {
        let cut = |reason: String| Err(HistoryError::CutOrReplayed { reason });
        if self.owner != reader.owner {
            return cut(format!("the checkpoint is one of {}, not of {}", self.owner, reader.owner));
        }
        let record = async { if self.number > 0 { reader.unproven(self.number).await.map(Some) } else { Ok(None) } };
        let events = async { if self.events > 0 { reader.event_count(self.number).await } else { Ok(0) } };
        let (identity, newest, record, events) = join4(reader.identity(), reader.newest(), record, events).await;
        match identity? {
            None if self.number == 0 => return Ok(Continuity::Shown),
            None => return Err(HistoryError::Gone { store: reader.access.store().to_string(), number: self.number }),
            Some(identity) if identity.store != self.store => {
                return cut(format!("it was written under keyring {}, and is now under {}", self.store, identity.store));
            }
            Some(_) => {}
        }
        let newest = newest?;
        if newest < self.number {
            return cut(format!("the checkpoint knows release {}, and the newest is {newest}", self.number));
        }
        let record = match record {
            Err(HistoryError::Pruned { .. }) => return Ok(Continuity::Pruned),
            record => record?,
        };
        if record.is_some_and(|record| record.digest != self.record) {
            // A run that slept can have claimed a number that was pruned meanwhile.
            if reader.first().await? > self.number {
                return Ok(Continuity::Pruned);
            }
            return cut(format!("release {} is not the one that the checkpoint knows", self.number));
        }
        let events = events?;
        if events < self.events {
            return cut(format!("the checkpoint knows {} events of release {}, and {events} are there", self.events, self.number));
        }
        Ok(Continuity::Shown)
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> HistoryError {
    HistoryError::File {
        path: path.display().to_string(),
        reason: format!("cannot {what} the checkpoint: {}", file::cause(error)),
        next: file::next_step(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Checkpoint;
    use super::Continuity;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::file::LockMode;
    use crate::file::lock;
    use crate::history::History;
    use crate::history::HistoryError;
    use crate::history::HistorySession;
    use crate::history::InMemoryStore;
    use crate::history::fixtures;
    use crate::seal::Keys;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    #[test]
    fn a_checkpoint_is_written_whole_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins/dev.json");
        let owner = fixtures::owner("dev");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        let five = Checkpoint::new("id", &owner, 5, Digest([5; 32]));
        five.save(&path, &Machine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let left = folder.path().join("pins/.dev.json.cloze-ab");
        fs::write(&left, "half").unwrap();
        Checkpoint::new("id", &owner, 4, Digest([4; 32])).save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(five));
        Checkpoint::sweep(&path).unwrap();
        assert!(!left.exists());
        Checkpoint::sweep(&folder.path().join("absent/dev.json")).unwrap();
        fs::write(&left, "half").unwrap();
        let six = Checkpoint::new("id", &owner, 6, Digest([6; 32]));
        six.save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(six));
        assert!(!left.exists());
    }

    #[test]
    fn a_run_that_was_stopped_as_it_wrote_keeps_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.json");
        let _stopped = lock(folder.path(), LockMode::Exclusive).unwrap();
        let five = Checkpoint::new("id", &fixtures::owner("dev"), 5, Digest([5; 32]));
        five.save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(five));
    }

    #[test]
    fn a_broken_checkpoint_is_an_error_and_is_not_replaced() {
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
        let checkpoint = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 6, head.digest);
        for (count, state) in states.iter().enumerate() {
            let replayed = InMemoryStore::of(state.clone());
            let reader = fixtures::reader(&replayed, "dev");
            let verdict = checkpoint.check(&reader).await;
            assert_eq!(verdict.is_ok(), count == 6, "{count}");
        }
        let words = [
            (checkpoint.check(fork.reader()).await, "release 6 is not the one that the checkpoint knows"),
            (
                checkpoint.check(&fixtures::reader(&InMemoryStore::of(states[2].clone()), "dev")).await,
                "the checkpoint knows release 6, and the newest is 2",
            ),
        ];
        for (verdict, words) in words {
            assert_eq!(verdict, Err(HistoryError::CutOrReplayed { reason: words.to_owned() }));
        }
        let empty = checkpoint.check(&fixtures::reader(&InMemoryStore::new(), "dev")).await;
        assert!(matches!(empty, Err(HistoryError::Gone { number: 6, .. })));
        fixtures::releases(&history, 2).await;
        assert_eq!(checkpoint.check(history.reader()).await, Ok(Continuity::Shown));
    }

    #[tokio::test]
    async fn a_removed_last_event_is_noticed() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let release = fixtures::releases(&history, 1).await.remove(0);
        let known = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 1, release.digest).with_events(1);
        assert_eq!(known.check(history.reader()).await, Ok(Continuity::Shown));
        let mut cut = store.objects();
        cut.retain(|path, _| !path.starts_with("events/"));
        let verdict = known.check(&fixtures::reader(&InMemoryStore::of(cut), "dev")).await;
        assert_eq!(
            verdict,
            Err(HistoryError::CutOrReplayed { reason: "the checkpoint knows 1 events of release 1, and 0 are there".to_owned() })
        );
        // What is known of events is not forgotten by a save that knows of none.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.json");
        known.save(&path, &Machine).unwrap();
        known.clone().with_events(0).save(&path, &Machine).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(known));
    }

    #[tokio::test]
    async fn what_was_copied_into_a_history_of_another_key_proves_nothing() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let release = fixtures::releases(&history, 3).await.remove(1);
        let checkpoint = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 2, release.digest);
        checkpoint.prove(&history).await.unwrap();
        // The same id, the same numbers, and the very record that is remembered.
        let root = RootKey::generate(&Machine);
        let keys = Keys::of(fixtures::keys().store().to_owned(), root, Vec::new(), Secret::copy_of(b"naming"));
        let planted = InMemoryStore::new();
        let session = HistorySession { keys: &keys, ..fixtures::session() };
        let others = History::open(fixtures::reader(&planted, "dev"), session).await.unwrap();
        fixtures::releases(&others, 3).await;
        let mut objects = planted.objects();
        let record = "releases/0000/00/00000002";
        objects.insert(record.to_owned(), store.objects()[record].clone());
        let planted = InMemoryStore::of(objects);
        let others = History::open(fixtures::reader(&planted, "dev"), session).await.unwrap();
        checkpoint.check(others.reader()).await.unwrap();
        let error = checkpoint.prove(&others).await.unwrap_err();
        assert_eq!(error, HistoryError::Rekeyed { path: record.to_owned() });
        assert_ne!(others.reader().store_id().await.unwrap(), history.reader().store_id().await.unwrap());
    }
}
