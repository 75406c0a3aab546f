//! What a history is opened with: its store, the environment's keys, and the head that was remembered.

use std::path::Path;
use std::path::PathBuf;

use futures::join;

use crate::history::Checkpoint;
use crate::history::Continuity;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::HistorySession;
use crate::history::HistoryStore;
use crate::history::Owner;
use crate::history::Reader;
use crate::history::Release;
use crate::history::Summary;
use crate::problem::Problem;
use crate::project::Settings;
use crate::seal::Keys;
use crate::workflow::context::Context;

/// The store and the keys of a history.
#[derive(Debug)]
pub struct HistoryAccess<'a> {
    /// The store.
    pub store: &'a dyn HistoryStore,
    /// The environment's keys.
    pub keys: &'a Keys,
    /// The text of the keyring that gave them.
    pub keyring: &'a [u8],
    /// The file that remembers the head.
    pub checkpoint: PathBuf,
}

impl<'a> HistoryAccess<'a> {
    /// Opens the history, once it is proven to continue what was remembered.
    pub async fn open(&self, context: &Context<'a>) -> Result<History<'a>, Problem> {
        let reader = Reader::new(self.store, owner(context.settings));
        // What does not depend on each other is asked for at once; the newest release is known afterwards.
        let (owned, remembered, newest) = join!(reader.check_owner(), check_remembered(&self.checkpoint, &reader), reader.newest());
        owned?;
        let remembered = remembered?;
        newest?;
        let session = HistorySession { keys: self.keys, keyring: self.keyring, clock: context.clock, entropy: context.entropy };
        let history = History::open(reader, session).await?;
        if remembered == Continuity::Pruned {
            history.prove_pruning().await?;
        }
        Ok(history)
    }

    /// Remembers the head, and how many events it has at least.
    pub(crate) fn remember(&self, context: &Context<'_>, head: &Release, events: u32) -> Result<(), HistoryError> {
        let Summary { store, owner, number, .. } = &head.summary;
        Checkpoint::new(store, owner, *number, head.digest).with_events(events).save(&self.checkpoint, context.entropy)
    }

    /// The number of the head that was remembered.
    pub fn remembered(&self) -> Result<Option<u64>, HistoryError> {
        Ok(Checkpoint::load(&self.checkpoint)?.map(|checkpoint| checkpoint.number))
    }
}

/// That the history still holds what the file at `checkpoint` remembers of it, if it does.
pub async fn check_remembered(checkpoint: &Path, reader: &Reader<'_>) -> Result<Continuity, Problem> {
    match Checkpoint::load(checkpoint)? {
        Some(checkpoint) => Ok(checkpoint.check(reader).await?),
        None => Ok(Continuity::Shown),
    }
}

/// Whose history it is.
pub fn owner(settings: &Settings) -> Owner {
    Owner { project: settings.project.clone(), environment: settings.environment.clone() }
}
