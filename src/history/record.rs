//! The record of a release: its summary as the head, its body sealed.

use bytes::Bytes;

use crate::clock::Entropy;
use crate::history::body::Body;
use crate::history::envelope;
use crate::history::envelope::Binding;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::owner::Owner;
use crate::history::store::OBJECT_LIMIT;
use crate::history::summary::Summary;
use crate::seal::Keys;
use crate::seal::SealedKind;

impl Summary {
    /// The format of the records that are written. Of format 1 is one whose packs are of format 1, too: the record is what is read first, so
    /// that a cloze which does not know these packs can say so.
    pub(crate) const FORMAT: u64 = 2;

    /// The summary in the record at `path`, of which `bytes` may be the beginning only. Proves nothing.
    pub(crate) fn read(path: &str, bytes: &[u8], owner: &Owner, number: u64) -> Result<Self, HistoryError> {
        let summary = Self::head(path, bytes)?;
        if summary.number != number || (number == 1) != summary.predecessor.is_none() {
            return Err(HistoryError::damaged(path, format!("it is the record of release {}", summary.number)));
        }
        if summary.owner != *owner {
            return Err(HistoryError::damaged(path, format!("it is a record of {}, not of {owner}", summary.owner)));
        }
        Ok(summary)
    }

    /// The summary in the record at `path`, of whatever project and number. Proves nothing.
    pub(crate) fn head(path: &str, bytes: &[u8]) -> Result<Self, HistoryError> {
        envelope::head_up_to(Self::FORMAT, path, bytes)
    }

    /// The record's bytes: those of a release, or of one that is planned.
    pub(crate) fn seal(&self, kind: SealedKind, body: &Body, keys: &Keys, entropy: &dyn Entropy) -> Result<Bytes, HistoryError> {
        let bytes = envelope::encode(self, body.encode().expose(), self.binding(kind), keys, entropy)?;
        if bytes.len() > OBJECT_LIMIT {
            let reason =
                format!("the record of {} manifests takes {} MiB, more than {}", self.manifests, bytes.len() >> 20, OBJECT_LIMIT >> 20);
            return Err(HistoryError::TooLarge { reason });
        }
        Ok(bytes)
    }

    /// The body in the record's `bytes`, after proof of all of them.
    pub(crate) fn open(&self, kind: SealedKind, bytes: &[u8], keys: &Keys) -> Result<Body, HistoryError> {
        let path = layout::release(self.number);
        let body = envelope::open(&path, bytes, self.binding(kind), keys)?;
        Body::decode(body.expose()).map_err(|_| HistoryError::damaged(path, "its body is malformed"))
    }

    fn binding(&self, kind: SealedKind) -> Binding<'_> {
        Binding { owner: &self.owner, kind, number: self.number, predecessor: self.predecessor }
    }
}

/// The longest note, in bytes.
pub(crate) const NOTE_LIMIT: usize = 4 << 10;
/// The longest actor, revision, project and environment, in bytes.
pub(crate) const NAME_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use super::NAME_LIMIT;
    use super::NOTE_LIMIT;
    use crate::clock::Machine;
    use crate::history::Action;
    use crate::history::HistoryError;
    use crate::history::Summary;
    use crate::history::envelope::LINE_LIMIT;
    use crate::history::fixtures;
    use crate::seal::SealedKind;

    #[test]
    fn a_record_goes_both_ways() {
        let (keys, body) = (fixtures::keys(), fixtures::body());
        let summary = Summary { action: Action::Rollback { of: 3 }, ..fixtures::summary(7) };
        let bytes = summary.seal(SealedKind::Record, &body, keys, &Machine).unwrap();
        let read = Summary::read("x", &bytes, &summary.owner, 7).unwrap();
        assert_eq!(read, summary);
        assert_eq!(read.open(SealedKind::Record, &bytes, keys).unwrap(), body);
        assert!(read.open(SealedKind::Plan, &bytes, keys).is_err(), "a record is not a plan");
        assert!(bytes.starts_with(format!("{{\"attempt\":\"{}\",\"format\":2,", summary.attempt).as_bytes()));
    }

    #[test]
    fn another_place_is_refused() {
        let summary = fixtures::summary(7);
        let bytes = summary.seal(SealedKind::Record, &fixtures::body(), fixtures::keys(), &Machine).unwrap();
        let other = fixtures::owner("prod");
        for error in [Summary::read("x", &bytes, &summary.owner, 8), Summary::read("x", &bytes, &other, 7)] {
            assert!(matches!(error, Err(HistoryError::Damaged { .. })));
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let bytes = b"{\"format\":3,\"unheard-of\":true}\n";
        let error = Summary::read("releases/0000/00/00000001", bytes, &fixtures::owner("dev"), 1).unwrap_err();
        assert_eq!(error, HistoryError::Newer { path: "releases/0000/00/00000001".to_owned(), format: 3 });
    }

    #[test]
    fn the_longest_head_fits_its_line() {
        let name = Some("\u{1}".repeat(NAME_LIMIT));
        let mut summary = fixtures::summary(7);
        summary.note = Some("\u{1}".repeat(NOTE_LIMIT));
        summary.revision.clone_from(&name);
        summary.actor = "\u{1}".repeat(NAME_LIMIT);
        summary.owner.project = "\u{1}".repeat(NAME_LIMIT);
        summary.owner.environment = "\u{1}".repeat(NAME_LIMIT);
        let bytes = summary.seal(SealedKind::Record, &fixtures::body(), fixtures::keys(), &Machine).unwrap();
        assert_eq!(Summary::read("x", &bytes[..LINE_LIMIT], &summary.owner, 7).unwrap(), summary);
    }
}
