//! What stories about releases work with: the keys and the history of an environment, and the head that was remembered.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::history::Checkpoint;
use crate::history::History;
use crate::history::HistoryStore;
use crate::history::Owner;
use crate::history::Reader;
use crate::history::Release;
use crate::history::Session;
use crate::problem::Problem;
use crate::project::Settings;
use crate::seal::Keys;

/// The keys and the place of a history.
#[derive(Debug)]
pub struct Past<'a> {
    /// The store.
    pub store: &'a dyn HistoryStore,
    /// The environment's keys.
    pub keys: &'a Keys,
    /// The text of the keyring that gave them.
    pub keyring: &'a [u8],
    /// The file that remembers the head.
    pub checkpoint: PathBuf,
    /// For the times in records.
    pub clock: &'a dyn Clock,
    /// For attempts and salts.
    pub entropy: &'a dyn Entropy,
    /// Who acts.
    pub actor: &'a str,
    /// The revision of the source, if it has one.
    pub revision: Option<&'a str>,
}

impl<'a> Past<'a> {
    /// Opens the history, once it is proven to continue what was remembered.
    pub async fn open(&'a self, settings: &Settings) -> Result<History<'a>, Problem> {
        let reader = Reader::new(self.store, owner(settings));
        if let Some(checkpoint) = Checkpoint::load(&self.checkpoint).map_err(Problem::from)? {
            checkpoint.check(&reader).await.map_err(Problem::from)?;
        }
        let session = Session { keys: self.keys, keyring: self.keyring, clock: self.clock, entropy: self.entropy };
        History::open(reader, session).await.map_err(Problem::from)
    }

    /// Remembers the head.
    pub fn remember(&self, settings: &Settings, head: &Release) -> Result<(), Problem> {
        let checkpoint = Checkpoint::new(self.keys.store(), &owner(settings), head.summary.number, head.digest);
        checkpoint.save(&self.checkpoint, self.entropy).map_err(Problem::from)
    }

    /// The number of the head that was remembered.
    pub fn remembered(&self) -> Result<Option<u64>, Problem> {
        Ok(Checkpoint::load(&self.checkpoint).map_err(Problem::from)?.map(|checkpoint| checkpoint.number))
    }

    /// A random text that no other run uses.
    pub fn attempt(&self) -> String {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        format!("{:016x}", u64::from_be_bytes(bytes))
    }
}

/// Whose history it is.
pub fn owner(settings: &Settings) -> Owner {
    Owner { project: settings.project.clone(), environment: settings.environment.clone() }
}
