//! Reading a history without a key: what was released when and by whom, and what became of it. Nothing of it is proven.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::join;
use futures::stream;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::history::access::Access;
use crate::history::envelope;
use crate::history::envelope::LINE_LIMIT;
use crate::history::error::HistoryError;
use crate::history::event::Outcome;
use crate::history::event::ReleaseEvent;
use crate::history::identity;
use crate::history::identity::StoreIdentity;
use crate::history::layout;
use crate::history::owner::Owner;
use crate::history::patience::Patience;
use crate::history::store::HistoryStore;
use crate::history::summary::Summary;
use tokio::sync::OnceCell;

/// A history that is read without a key.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    pub(crate) access: Access<'a>,
    pub(crate) owner: Owner,
    seen: Arc<AtomicU64>,
    /// The object `store`, once it was read: it never changes.
    store: Arc<OnceCell<Bytes>>,
}

/// The newest release, as far as it shows without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its head.
    pub summary: Summary,
    /// The digest of its record.
    pub digest: Digest,
}

/// How many objects are asked for at once.
pub(crate) const PARALLEL: usize = 8;

impl<'a> Reader<'a> {
    /// The last object of a folder that holds nothing but objects whose names are numbers of so many digits; its number and bytes.
    pub(crate) async fn newest_in(&self, folder: &str, digits: usize) -> Result<Option<(u64, Bytes)>, HistoryError> {
        let Some(path) = self.access.last(folder).await? else { return Ok(None) };
        let name = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let Some(number) = name.and_then(|name| layout::number(name, digits)) else {
            return Err(HistoryError::damaged(path, "it does not belong here: cloze never writes such an object"));
        };
        let Some(bytes) = self.access.get(&path).await? else { return Err(HistoryError::damaged(path, "it is gone")) };
        Ok(Some((number, bytes)))
    }

    /// The history of `owner` in `store`.
    #[must_use]
    pub fn new(store: &'a dyn HistoryStore, owner: Owner) -> Self {
        Self { access: Access::new(store, store.patience()), owner, seen: Arc::default(), store: Arc::default() }
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { access: Access::new(self.access.store(), patience), ..self }
    }

    /// Whose history.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What the store says it is; `None` when nothing was recorded yet.
    pub async fn identity(&self) -> Result<Option<StoreIdentity>, HistoryError> {
        self.store_object().await?.map(|bytes| StoreIdentity::read(&bytes)).transpose()
    }

    /// What names this very history: a digest of the object that was created first, whose MAC only the keys of its first keyring make. Nobody
    /// else can have a history of that id that opens, whatever keyring lies beside it. `None` when nothing was recorded yet.
    pub async fn store_id(&self) -> Result<Option<String>, HistoryError> {
        Ok(self.store_object().await?.map(|bytes| identity::store_id(&bytes)))
    }

    /// The bytes of the object `store`, which all who ask for them at once wait for together.
    pub(crate) async fn store_object(&self) -> Result<Option<Bytes>, HistoryError> {
        let read = || async { self.access.get(layout::STORE).await.map_err(Some)?.ok_or(None) };
        match self.store.get_or_try_init(read).await {
            Ok(bytes) => Ok(Some(bytes.clone())),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    /// Tries whether objects can be created, and none of them twice; whether they can be removed, too. Leaves nothing where they can.
    ///
    /// # Errors
    /// A store that creates what exists, or refuses to create.
    pub async fn try_out(&self, entropy: &dyn Entropy) -> Result<bool, HistoryError> {
        identity::probe(self.access, entropy).await
    }

    /// The number of the newest release, zero when there is none: one short listing in a bucket and three in a directory, however long
    /// the history is.
    pub async fn newest(&self) -> Result<u64, HistoryError> {
        let numbered = |path: &str| {
            let number = layout::number(path.rsplit('/').next()?, 8)?;
            (layout::release(number) == path).then_some(number)
        };
        let number = match self.access.last(layout::RELEASES).await? {
            None => 0,
            Some(path) => match numbered(&path) {
                Some(number) => number,
                // Something lies there that cloze never writes.
                None => self.newest_numbered().await?,
            },
        };
        self.seen.fetch_max(number, Ordering::AcqRel);
        Ok(number)
    }

    /// The newest release that this run knows of; zero where it did not look.
    pub(crate) fn seen(&self) -> &AtomicU64 {
        &self.seen
    }

    async fn newest_numbered(&self) -> Result<u64, HistoryError> {
        for top in folders(&self.access.list(layout::RELEASES).await?.folders, 4) {
            let top = format!("{}/{top}", layout::RELEASES);
            for middle in folders(&self.access.list(&top).await?.folders, 2) {
                let folder = format!("{top}/{middle}");
                let objects = self.access.list(&folder).await?.objects;
                let newest = objects.iter().rev().filter_map(|name| layout::number(name, 8));
                if let Some(number) = newest.into_iter().find(|&number| layout::folder(layout::RELEASES, number) == folder) {
                    return Ok(number);
                }
            }
        }
        Ok(0)
    }

    /// The newest release.
    pub async fn head(&self) -> Result<Option<Head>, HistoryError> {
        match self.newest().await? {
            0 => Ok(None),
            number => self.unproven(number).await.map(Some),
        }
    }

    /// A release with the digest of its record.
    pub async fn unproven(&self, number: u64) -> Result<Head, HistoryError> {
        let bytes = self.record(number).await?;
        let summary = Summary::read(&layout::release(number), &bytes, &self.owner, number)?;
        Ok(Head { summary, digest: envelope::digest(&bytes) })
    }

    /// The head of a release.
    pub async fn summary(&self, number: u64) -> Result<Summary, HistoryError> {
        let path = layout::release(number);
        match self.access.get_start(&path, LINE_LIMIT).await? {
            Some(bytes) => Summary::read(&path, &bytes, &self.owner, number),
            None => Err(self.absent(number).await),
        }
    }

    /// The heads of at most `count` releases down from `newest`, the newest first. One that is damaged is an error in its place.
    pub async fn summaries(&self, newest: u64, count: u64) -> Vec<Result<Summary, HistoryError>> {
        let oldest = newest.saturating_sub(count) + 1;
        stream::iter((oldest..=newest).rev()).map(|number| self.summary(number)).buffered(PARALLEL).collect().await
    }

    /// The heads of at most `count` releases down from `newest`, and what became of each, the newest first. One that is damaged is an error in
    /// its place; one that was pruned is left out.
    pub async fn overview(&self, newest: u64, count: u64) -> Vec<Result<(Summary, Outcome), HistoryError>> {
        let oldest = newest.saturating_sub(count) + 1;
        let one = |number| async move {
            let (summary, outcome) = join!(self.summary(number), self.outcome(number));
            Ok((summary?, outcome?))
        };
        let mut rows: Vec<_> = stream::iter((oldest..=newest).rev()).map(one).buffered(PARALLEL).collect().await;
        rows.retain(|row| !matches!(row, Err(HistoryError::Pruned { .. })));
        rows
    }

    /// That the store, if it holds a history, holds this project's and environment's.
    pub async fn check_owner(&self) -> Result<(), HistoryError> {
        self.identity().await?.map_or(Ok(()), |identity| identity.is_of(&self.owner))
    }

    /// How many events a release has, by the last one's number.
    pub(crate) async fn event_count(&self, number: u64) -> Result<u32, HistoryError> {
        let names = self.access.list(&layout::events(number)).await?.objects;
        let last = names.last().and_then(|name| layout::number(name, 4));
        Ok(last.and_then(|last| u32::try_from(last).ok()).unwrap_or(0))
    }

    /// That there are no releases.
    pub fn empty(&self) -> HistoryError {
        HistoryError::Empty { store: self.access.store().to_string() }
    }

    /// What became of a release, in order.
    pub async fn events(&self, number: u64) -> Result<Vec<ReleaseEvent>, HistoryError> {
        let objects = self.event_objects(number).await?;
        objects
            .iter()
            .map(|(sequence, bytes)| ReleaseEvent::read(&layout::event(number, *sequence), bytes, &self.owner, number, *sequence))
            .collect()
    }

    /// What became of a release in the end.
    pub async fn outcome(&self, number: u64) -> Result<Outcome, HistoryError> {
        self.events(number).await.map(Outcome::from)
    }

    /// The keyring whose copy opens the history: the newest that was kept, else the one of the newest release; `None` when there is no
    /// release. With it and a key of it, the history can be opened.
    pub async fn keyring(&self) -> Result<Option<Bytes>, HistoryError> {
        let (owned, entry, head) = join!(self.check_owner(), self.keyring_entry(), self.head());
        owned?;
        let Some(head) = head? else { return Ok(None) };
        let keyring = entry?.map_or(head.summary.keyring, |(entry, _)| entry.keyring);
        let path = keyring_path(keyring);
        match self.access.get(&path).await? {
            Some(bytes) if keyring_digest(&bytes) == keyring => Ok(Some(bytes)),
            Some(_) => Err(HistoryError::damaged(path, "it is not the keyring that it was")),
            None => Err(HistoryError::damaged(path, "it is gone")),
        }
    }

    /// The bytes of a record.
    pub(crate) async fn record(&self, number: u64) -> Result<Bytes, HistoryError> {
        match self.access.get(&layout::release(number)).await? {
            Some(bytes) => Ok(bytes),
            None => Err(self.absent(number).await),
        }
    }

    /// The events of a release: sequence number and bytes.
    pub(crate) async fn event_objects(&self, number: u64) -> Result<Vec<(u32, Bytes)>, HistoryError> {
        let folder = layout::events(number);
        let names = self.access.list(&folder).await?.objects;
        for (name, sequence) in names.iter().zip(1u64..) {
            if layout::number(name, 4) != Some(sequence) {
                return Err(HistoryError::damaged(format!("{folder}/{name}"), format!("event {sequence} is missing before it")));
            }
        }
        let sequences = (1u32..).take(names.len());
        let get = |sequence| async move {
            let path = layout::event(number, sequence);
            let bytes = self.access.get(&path).await?;
            bytes.map(|bytes| (sequence, bytes)).ok_or_else(|| HistoryError::damaged(path, "it is gone"))
        };
        stream::iter(sequences).map(get).buffered(PARALLEL).try_collect().await
    }

    /// Why there is no record of that number.
    async fn absent(&self, number: u64) -> HistoryError {
        match self.newest().await {
            Ok(0) => self.empty(),
            Ok(newest) if number > newest || number == 0 => HistoryError::NoRelease { number, newest },
            Ok(_) => match self.first().await {
                Ok(first) if number < first => HistoryError::Pruned { number, first },
                Ok(_) => HistoryError::damaged(layout::release(number), "it is gone"),
                Err(error) => error,
            },
            Err(error) => error,
        }
    }
}

/// The digest that a copy of a keyring lies under.
pub(crate) fn keyring_digest(bytes: &[u8]) -> Digest {
    Digest::plain(&[bytes])
}

/// Where the copy of a keyring lies.
pub(crate) fn keyring_path(digest: Digest) -> String {
    format!("{}/{digest}", layout::KEYRINGS)
}

/// The folders whose names are `digits` digits, the highest first.
fn folders(names: &[String], digits: usize) -> impl Iterator<Item = &String> {
    names.iter().rev().filter(move |name| layout::number(name, digits).is_some())
}
