//! What was pruned: a marker that tells pruning from a cut, created once for each oldest release that was kept.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::envelope;
use crate::history::envelope::Binding;
use crate::history::envelope::FORMAT;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::log::History;
use crate::history::owner::Owner;
use crate::history::reader::Reader;
use crate::history::session::HistorySession;
use crate::history::write_id::WriteId;
use crate::seal::Keys;
use crate::seal::SealedKind;

/// That the releases before one were pruned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pruning {
    pub(crate) attempt: WriteId,
    format: u64,
    store: String,
    owner: Owner,
    /// The oldest release that was kept.
    pub(crate) first: u64,
    /// The digest of the record before that, as it names it.
    pub(crate) predecessor: Digest,
    time: Timestamp,
    actor: String,
}

impl Pruning {
    /// A marker that is to be written.
    pub(crate) fn new(session: HistorySession<'_>, owner: &Owner, actor: &str, first: u64, predecessor: Digest) -> Self {
        let (attempt, store) = (WriteId::new(session.entropy), session.keys.store().to_owned());
        let (time, actor) = (session.clock.now(), actor.to_owned());
        Self { attempt, format: FORMAT, store, owner: owner.clone(), first, predecessor, time, actor }
    }

    /// The marker in the object of that release, of which nothing is proven.
    pub(crate) fn read(bytes: &[u8], owner: &Owner, first: u64) -> Result<Self, HistoryError> {
        let path = layout::pruning(first);
        let marker: Self = envelope::head(&path, bytes)?;
        if marker.first != first || marker.owner != *owner {
            return Err(HistoryError::damaged(path, format!("it is about release {} of {}", marker.first, marker.owner)));
        }
        Ok(marker)
    }

    /// The object's bytes.
    pub(crate) fn seal(&self, session: HistorySession<'_>) -> Result<Bytes, HistoryError> {
        envelope::encode(self, &[], self.binding(), session.keys, session.entropy)
    }

    /// That the keys of this store wrote all of `bytes`.
    pub(crate) fn prove(&self, bytes: &[u8], keys: &Keys) -> Result<(), HistoryError> {
        envelope::open(&layout::pruning(self.first), bytes, self.binding(), keys).map(drop)
    }

    fn binding(&self) -> Binding<'_> {
        Binding { owner: &self.owner, kind: SealedKind::Pruning, number: self.first, predecessor: Some(self.predecessor) }
    }
}

impl Reader<'_> {
    /// The newest marker with its bytes; `None` where nothing was pruned.
    pub(crate) async fn pruning(&self) -> Result<Option<(Pruning, Bytes)>, HistoryError> {
        let Some((first, bytes)) = self.newest_in(layout::PRUNINGS, 8).await? else { return Ok(None) };
        Ok(Some((Pruning::read(&bytes, &self.owner, first)?, bytes)))
    }

    /// The oldest release that was kept, as far as shows without a key.
    pub async fn first(&self) -> Result<u64, HistoryError> {
        Ok(self.pruning().await?.map_or(1, |(marker, _)| marker.first))
    }
}

impl History<'_> {
    /// The newest marker, proven.
    pub(crate) async fn pruned(&self) -> Result<Option<Pruning>, HistoryError> {
        let Some((marker, bytes)) = self.reader.pruning().await? else { return Ok(None) };
        marker.prove(&bytes, self.session.keys)?;
        Ok(Some(marker))
    }

    /// That what says of releases that they were pruned was written under these keys.
    pub async fn prove_pruning(&self) -> Result<(), HistoryError> {
        self.pruned().await.map(drop)
    }
}
