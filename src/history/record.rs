//! The head of a release's record: what a listing shows, without any key.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Entropy;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::HistoryError;
use crate::history::OBJECT_LIMIT;
use crate::history::attempt::Attempt;
use crate::history::body::Body;
use crate::history::envelope;
use crate::history::envelope::Stand;
use crate::history::layout;
use crate::history::reader::Owner;
use crate::seal::Keys;
use crate::seal::Kind;

/// What stands in the clear about a release. Says nothing about its secrets, not even how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Who this very record is; first, so that a torn record still shows it.
    pub attempt: Attempt,
    /// The record's format.
    pub(crate) format: u64,
    /// The keyring's id.
    pub store: String,
    /// Whose.
    pub owner: Owner,
    /// From 1, without gaps.
    pub number: u64,
    /// The digest of the record before this one; `None` for the first.
    pub predecessor: Option<Digest>,
    /// How many events the record before this one had by then: fewer later on means that some were cut off.
    pub heard: u32,
    /// The digest of the keyring whose copy opens this record.
    pub keyring: Digest,
    /// When, by the clock of whoever released. Orders nothing.
    pub time: Timestamp,
    /// Who, as the caller says.
    pub actor: String,
    /// The revision of the source, such as a commit.
    pub revision: Option<String>,
    /// What the actor wanted to say.
    pub note: Option<String>,
    /// What it was.
    pub action: Action,
    /// How many manifests there are.
    pub manifests: u64,
    /// How many of them the predecessor did not have.
    pub changed: u64,
}

/// What a release was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// A deploy of the templates.
    Deploy,
    /// A return to an earlier release.
    Rollback {
        /// The release whose configuration it is.
        of: u64,
    },
}

impl Summary {
    /// The summary in the record at `path`, of which `bytes` may be the beginning only. Proves nothing.
    pub(crate) fn read(path: &str, bytes: &[u8], owner: &Owner, number: u64) -> Result<Self, HistoryError> {
        let summary: Self = envelope::head(path, bytes)?;
        if summary.number != number || (number == 1) != summary.predecessor.is_none() {
            return Err(HistoryError::damaged(path, format!("it is the record of release {}", summary.number)));
        }
        if summary.owner != *owner {
            return Err(HistoryError::damaged(path, format!("it is a record of {}", summary.owner)));
        }
        Ok(summary)
    }

    /// The record's bytes.
    pub(crate) fn seal(&self, body: &Body, keys: &Keys, entropy: &dyn Entropy) -> Result<Bytes, HistoryError> {
        let bytes = envelope::encode(self, body.encode().expose(), self.stand(), keys, entropy)?;
        if bytes.len() > OBJECT_LIMIT {
            let reason =
                format!("the record of {} manifests takes {} MiB, more than {}", self.manifests, bytes.len() >> 20, OBJECT_LIMIT >> 20);
            return Err(HistoryError::TooLarge { reason });
        }
        Ok(bytes)
    }

    /// The body in the record's `bytes`, after proof of all of them.
    pub(crate) fn open(&self, bytes: &[u8], keys: &Keys) -> Result<Body, HistoryError> {
        let path = layout::release(self.number);
        let body = envelope::open(&path, bytes, self.stand(), keys)?;
        Body::decode(body.expose()).map_err(|_| HistoryError::damaged(path, "its body is not one"))
    }

    fn stand(&self) -> Stand<'_> {
        Stand { owner: &self.owner, kind: Kind::Record, number: self.number, predecessor: self.predecessor }
    }
}

/// The longest note, in bytes.
pub(crate) const NOTE_LIMIT: usize = 4 << 10;
/// The longest actor, revision, project and environment, in bytes.
pub(crate) const NAME_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use super::Action;
    use super::NAME_LIMIT;
    use super::NOTE_LIMIT;
    use super::Summary;
    use crate::clock::Machine;
    use crate::history::HistoryError;
    use crate::history::envelope::LINE_LIMIT;
    use crate::history::sample;

    #[test]
    fn a_record_goes_both_ways() {
        let (keys, body) = (sample::keys(), sample::body());
        let summary = Summary { action: Action::Rollback { of: 3 }, ..sample::summary(7) };
        let bytes = summary.seal(&body, keys, &Machine).unwrap();
        let read = Summary::read("x", &bytes, &summary.owner, 7).unwrap();
        assert_eq!(read, summary);
        assert_eq!(read.open(&bytes, keys).unwrap(), body);
        assert!(bytes.starts_with(format!("{{\"attempt\":\"{}\",\"format\":1,", summary.attempt).as_bytes()));
    }

    #[test]
    fn another_place_is_refused() {
        let summary = sample::summary(7);
        let bytes = summary.seal(&sample::body(), sample::keys(), &Machine).unwrap();
        let other = sample::owner("prod");
        for error in [Summary::read("x", &bytes, &summary.owner, 8), Summary::read("x", &bytes, &other, 7)] {
            assert!(matches!(error, Err(HistoryError::Damaged { .. })));
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let bytes = b"{\"format\":2,\"unheard-of\":true}\n";
        let error = Summary::read("releases/0000/00/00000001", bytes, &sample::owner("dev"), 1).unwrap_err();
        assert_eq!(error, HistoryError::Newer { path: "releases/0000/00/00000001".to_owned(), format: 2 });
    }

    #[test]
    fn the_longest_head_fits_its_line() {
        let name = Some("\u{1}".repeat(NAME_LIMIT));
        let mut summary = sample::summary(7);
        summary.note = Some("\u{1}".repeat(NOTE_LIMIT));
        summary.revision.clone_from(&name);
        summary.actor = "\u{1}".repeat(NAME_LIMIT);
        summary.owner.project = "\u{1}".repeat(NAME_LIMIT);
        summary.owner.environment = "\u{1}".repeat(NAME_LIMIT);
        let bytes = summary.seal(&sample::body(), sample::keys(), &Machine).unwrap();
        assert_eq!(Summary::read("x", &bytes[..LINE_LIMIT], &summary.owner, 7).unwrap(), summary);
    }
}
