//! What became of a release: events, numbered from 1 for each release, created once and never changed.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Entropy;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::envelope;
use crate::history::envelope::Binding;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::owner::Owner;
use crate::history::write_id::WriteId;
use crate::seal::Keys;
use crate::seal::SealedKind;

/// Something that became of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseEvent {
    /// Who this very event is; first, so that a torn one still shows it.
    pub attempt: WriteId,
    /// The event's format.
    pub(crate) format: u64,
    /// The keyring's id.
    pub store: String,
    /// Whose.
    pub owner: Owner,
    /// The release.
    pub number: u64,
    /// The digest of its record.
    pub release: Digest,
    /// Which event of the release, from 1 without gaps.
    pub sequence: u32,
    /// When, by the clock of the machine that says so. Orders nothing.
    pub time: Timestamp,
    /// Who says so.
    pub actor: String,
    /// What happened.
    pub what: What,
}

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Its manifests were written out whole.
    Emitted,
    /// Its manifests were applied to the cluster, and the workloads came up.
    Applied,
    /// It could not be written out, be applied or come up.
    Failed,
    /// A later release took its place because of a fault of this one.
    RolledBack {
        /// The later release.
        by: u64,
    },
    /// Its objects were taken out of the cluster.
    Destroyed,
    /// Jobs that are named by their content have ended well; the detail lists them, one a line. It says nothing of the release as a whole.
    Completed,
}

/// What is known of a release's fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Recorded, and no event followed: the run is under way, or it was killed.
    Unknown,
    /// The last event.
    Known(ReleaseEvent),
}

/// What a caller says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEvent<'a> {
    /// Who says so.
    pub actor: &'a str,
    /// What happened.
    pub what: What,
    /// More about it, sealed.
    pub detail: &'a str,
}

impl ReleaseEvent {
    /// The event in the object at `path`, of which nothing is proven.
    pub(crate) fn read(path: &str, bytes: &[u8], owner: &Owner, number: u64, sequence: u32) -> Result<Self, HistoryError> {
        let event: Self = envelope::head(path, bytes)?;
        if event.number != number || event.sequence != sequence || event.owner != *owner {
            return Err(HistoryError::damaged(
                path,
                format!("it is event {} of release {} of {}", event.sequence, event.number, event.owner),
            ));
        }
        Ok(event)
    }

    /// The object's bytes, with `detail` sealed.
    pub(crate) fn seal(&self, detail: &str, keys: &Keys, entropy: &dyn Entropy) -> Result<Bytes, HistoryError> {
        envelope::encode(self, detail.as_bytes(), self.binding(), keys, entropy)
    }

    /// The detail, after proof of all of the object's `bytes`, for the release whose record has the digest `release`.
    pub(crate) fn open(&self, bytes: &[u8], release: Digest, keys: &Keys) -> Result<String, HistoryError> {
        let path = layout::event(self.number, self.sequence);
        if self.release != release {
            return Err(HistoryError::damaged(path, format!("it belongs to another release {}", self.number)));
        }
        let detail = envelope::open(&path, bytes, self.binding(), keys)?;
        detail.expose_text().map(str::to_owned).ok_or_else(|| HistoryError::damaged(path, "its detail is not a text"))
    }

    fn binding(&self) -> Binding<'_> {
        Binding { owner: &self.owner, kind: SealedKind::Event, number: self.number, predecessor: Some(self.release) }
    }
}

impl Outcome {
    /// Whether its manifests were written out or applied, and no event since says otherwise.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Known(ReleaseEvent { what: What::Emitted | What::Applied, .. }))
    }
}

impl Outcome {
    /// Whether it was seen to run, and no event since says otherwise.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Known(ReleaseEvent { what: What::Applied, .. }))
    }
}

impl From<Vec<ReleaseEvent>> for Outcome {
    fn from(mut events: Vec<ReleaseEvent>) -> Self {
        events.retain(|event| event.what != What::Completed);
        events.pop().map_or(Self::Unknown, Self::Known)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emitted => f.write_str("emitted"),
            Self::Applied => f.write_str("applied"),
            Self::Failed => f.write_str("failed"),
            Self::RolledBack { by } => write!(f, "rolled back by {by}"),
            Self::Destroyed => f.write_str("destroyed"),
            Self::Completed => f.write_str("jobs completed"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("recorded, outcome unknown"),
            Self::Known(event) => event.what.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use super::ReleaseEvent;
    use super::What;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::history::fixtures;

    #[test]
    fn an_event_goes_both_ways_and_stands_for_its_release_only() {
        let event = fixtures::event(7, 1, What::RolledBack { by: 9 });
        let bytes = event.seal("pods did not come up", fixtures::keys(), &Machine).unwrap();
        let read = ReleaseEvent::read("x", &bytes, &event.owner, 7, 1).unwrap();
        assert_eq!(read, event);
        assert_eq!(read.open(&bytes, event.release, fixtures::keys()).unwrap(), "pods did not come up");
        assert!(read.open(&bytes, Digest([9; 32]), fixtures::keys()).is_err());
        assert!(ReleaseEvent::read("x", &bytes, &event.owner, 7, 2).is_err());
        assert!(ReleaseEvent::read("x", &bytes, &event.owner, 8, 1).is_err());
        assert!(ReleaseEvent::read("x", &bytes, &fixtures::owner("prod"), 7, 1).is_err());
    }

    #[test]
    fn outcomes_are_words() {
        assert_eq!(Outcome::from(Vec::new()).to_string(), "recorded, outcome unknown");
        let events = vec![fixtures::event(7, 1, What::Failed), fixtures::event(7, 2, What::RolledBack { by: 9 })];
        assert_eq!(Outcome::from(events).to_string(), "rolled back by 9");
        let beside = vec![fixtures::event(7, 1, What::Applied), fixtures::event(7, 2, What::Completed)];
        assert!(Outcome::from(beside).is_proven(), "Jobs say nothing of the release");
        let good = |what| Outcome::from(vec![fixtures::event(7, 1, what)]).is_good();
        assert!(!good(What::Destroyed) && What::Destroyed.to_string() == "destroyed");
        assert!(good(What::Emitted) && good(What::Applied) && !good(What::Failed) && !good(What::RolledBack { by: 9 }));
        assert!(!Outcome::Unknown.is_good() && !Outcome::Unknown.is_proven());
        let proven = |what| Outcome::from(vec![fixtures::event(7, 1, what)]).is_proven();
        assert!(proven(What::Applied) && !proven(What::Emitted) && !proven(What::Failed));
        assert_eq!([What::Emitted, What::Applied, What::Failed].map(|what| what.to_string()), ["emitted", "applied", "failed"]);
    }
}
