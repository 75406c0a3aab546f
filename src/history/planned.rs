//! A release that is planned: what would be recorded, sealed in one file, so that exactly that can be released later.
//!
//! The file is a line that names it, then each object with its length before it (eight bytes, big-endian): the record, sealed as a plan,
//! and the parts of its pack. A plan's record has the form of a release's, and is none: it is sealed as something else.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::history::body::BlobRef;
use crate::history::body::RecordedManifest;
use crate::history::draft::Draft;
use crate::history::envelope;
use crate::history::error::HistoryError;
use crate::history::layout::PackId;
use crate::history::log::History;
use crate::history::log::number_after;
use crate::history::owner::Owner;
use crate::history::pack;
use crate::history::pack::Blob;
use crate::history::pack::Pack;
use crate::history::reader;
use crate::history::release::Release;
use crate::history::release::StoredManifest;
use crate::history::summary::Summary;
use crate::history::write_id::WriteId;
use crate::seal::SealedKind;

/// A release that was planned, opened and proven.
pub struct PlannedRelease {
    /// What is to be recorded. Its number and predecessor say which release it follows.
    pub release: Release,
    /// The bytes and the recipe of each of its manifests.
    contents: Vec<(Blob, Option<Blob>)>,
}

/// Why a plan cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is something else.
    #[error("it is not a plan")]
    Foreign,
    /// A newer cloze made it.
    #[error("its format is {format}, which this cloze does not know")]
    Newer {
        /// Its format.
        format: u64,
    },
    /// It is of another project or environment.
    #[error("it is a plan of {of}, not of {wanted}")]
    Other {
        /// Whose it is.
        of: Owner,
        /// Whose is wanted.
        wanted: Owner,
    },
    /// It was made with the keys of another history.
    #[error("it was made with the keys of history `{of}`, not of `{wanted}`")]
    OtherKeys {
        /// The id of the keyring that sealed it.
        of: String,
        /// The id of the keyring that is at hand.
        wanted: String,
    },
    /// It was sealed under a generation of keys that the keyring does not have.
    #[error("it is sealed under keys that this keyring does not have")]
    Rekeyed,
    /// It is not what was written.
    #[error("it was changed, or is cut off")]
    Damaged,
}

const MAGIC: &[u8] = b"cloze plan\n";

impl History<'_> {
    /// The bytes of the plan to record `draft` after `after`. Writes nothing to the history.
    pub fn plan(&self, draft: &Draft<'_>, after: Option<&Release>) -> Result<Vec<u8>, HistoryError> {
        draft.check()?;
        let attempt = WriteId::new(self.session.entropy);
        let (body, parts) = self.placed(draft, number_after(after), attempt, None);
        let summary = self.summary(draft, &body, after, attempt, reader::keyring_digest(self.session.keyring));
        let record = summary.seal(SealedKind::Plan, &body, self.session.keys, self.session.entropy)?;
        let mut file = MAGIC.to_vec();
        let mut add = |object: &[u8]| {
            file.extend((object.len() as u64).to_be_bytes());
            file.extend(object);
        };
        add(&record);
        for part in parts {
            add(&pack::seal(part.id, &part.entries, &self.reader.owner, self.session.keys, self.session.entropy));
        }
        Ok(file)
    }

    /// Opens a plan of this history.
    pub fn open_plan(&self, file: &[u8]) -> Result<PlannedRelease, PlanError> {
        let mut rest = file.strip_prefix(MAGIC).ok_or(PlanError::Foreign)?;
        let mut objects = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk().ok_or(PlanError::Damaged)?;
            let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| PlanError::Damaged)?;
            let (object, after) = after.split_at_checked(length).ok_or(PlanError::Damaged)?;
            objects.push(object);
            rest = after;
        }
        let (record, parts) = objects.split_first().ok_or(PlanError::Damaged)?;
        let (keys, owner) = (self.session.keys, &self.reader.owner);
        let summary = Summary::head("", record)?;
        if summary.owner != *owner {
            return Err(PlanError::Other { of: summary.owner, wanted: owner.clone() });
        }
        if summary.store != keys.store() {
            return Err(PlanError::OtherKeys { of: summary.store, wanted: keys.store().to_owned() });
        }
        let body = summary.open(SealedKind::Plan, record, keys)?;
        let mut packs = BTreeMap::new();
        for (part, sealed) in (0..).zip(parts) {
            let id = PackId { number: summary.number, attempt: summary.attempt, part };
            packs.insert(id, Pack::open(id, Bytes::copy_from_slice(sealed), owner, keys)?);
        }
        let blob = |stored: &BlobRef| -> Result<Blob, PlanError> { Ok(packs.get(&stored.pack).ok_or(PlanError::Damaged)?.blob(stored)?) };
        let content = |manifest: &RecordedManifest| Ok((blob(&manifest.content)?, manifest.recipe.as_ref().map(blob).transpose()?));
        let contents = body.manifests.iter().map(content).collect::<Result<_, PlanError>>()?;
        Ok(PlannedRelease { release: Release { digest: envelope::digest(record), summary, body }, contents })
    }
}

impl PlannedRelease {
    /// The manifests, in apply order.
    pub fn manifests(&self) -> Vec<StoredManifest<'_>> {
        let stored = self.release.body.manifests.iter().zip(self.contents.iter().cloned());
        stored.map(|(manifest, (content, recipe))| StoredManifest { manifest, content, recipe }).collect()
    }
}

impl From<HistoryError> for PlanError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Newer { format, .. } => Self::Newer { format },
            HistoryError::Rekeyed { .. } => Self::Rekeyed,
            _ => Self::Damaged,
        }
    }
}

impl std::fmt::Debug for PlannedRelease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlannedRelease").field("release", &self.release).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::MAGIC;
    use super::PlanError;
    use crate::clock::Machine;
    use crate::history::History;
    use crate::history::HistorySession;
    use crate::history::InMemoryStore;
    use crate::history::fixtures;
    use crate::seal::Keys;

    /// How many objects the file has.
    fn objects(mut file: &[u8]) -> usize {
        file = &file[MAGIC.len()..];
        let mut count = 0;
        while let Some((length, rest)) = file.split_first_chunk() {
            (file, count) = (&rest[usize::try_from(u64::from_be_bytes(*length)).unwrap()..], count + 1);
        }
        count
    }

    #[tokio::test]
    async fn a_plan_is_what_would_be_recorded_and_writes_nothing() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let head = fixtures::releases(&history, 2).await.pop().unwrap();
        let creates = store.calls().creates;
        let manifests = fixtures::manifests(&["common", "other"]);
        let draft = fixtures::draft(&manifests);
        let file = history.plan(&draft, Some(&head)).unwrap();
        let planned = history.open_plan(&file).unwrap();
        assert_eq!(store.calls().creates, creates);
        let stored = planned.manifests();
        let texts: Vec<&[u8]> = stored.iter().map(|stored| stored.content.expose()).collect();
        assert_eq!(texts, [b"content of common".as_slice(), b"content of other"]);
        let recorded = history.record(&draft, Some(&head)).await.unwrap();
        let summary = &planned.release.summary;
        assert_eq!((summary.number, summary.predecessor, summary.changed), (3, Some(head.digest), 1));
        assert!(recorded.body.has_manifests_of(&planned.release.body));
        assert_eq!(recorded.body.blanks, planned.release.body.blanks);
        assert!(!file.windows(10).any(|bytes| bytes == b"content of"), "the file is sealed");
    }

    #[tokio::test]
    async fn a_first_release_is_planned_too_and_large_ones_in_parts() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let mut manifests = fixtures::manifests(&["a", "b", "c"]);
        for (index, (_, text)) in manifests.iter_mut().enumerate() {
            *text = index.to_string().repeat(5 << 20);
        }
        let file = history.plan(&fixtures::draft(&manifests), None).unwrap();
        let planned = history.open_plan(&file).unwrap();
        assert_eq!((planned.release.summary.number, planned.release.summary.predecessor, objects(&file)), (1, None, 4));
        assert!(planned.manifests().iter().zip(&manifests).all(|(stored, (_, text))| stored.content.expose() == text.as_bytes()));
    }

    #[tokio::test]
    async fn what_is_another_is_named_and_what_was_changed_is_refused() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let manifests = fixtures::manifests(&["a"]);
        let file = history.plan(&fixtures::draft(&manifests), None).unwrap();
        let others = InMemoryStore::new();
        let prod = fixtures::history(&others, "prod").await;
        assert_eq!(prod.open_plan(&file).unwrap_err().to_string(), "it is a plan of shop/dev, not of shop/prod");
        let keys = Keys::fresh(&Machine);
        let others = InMemoryStore::new();
        let other = History::open(fixtures::reader(&others, "dev"), HistorySession { keys: &keys, ..fixtures::session() }).await.unwrap();
        let words = format!("it was made with the keys of history `{}`, not of `{}`", fixtures::keys().store(), keys.store());
        assert_eq!(other.open_plan(&file).unwrap_err().to_string(), words);
        assert_eq!(history.open_plan(b"kind: ConfigMap").unwrap_err(), PlanError::Foreign);
        let line = file.windows(10).position(|bytes| bytes == b"\"format\":2").unwrap();
        let mut newer = file.clone();
        newer[line + 9] = b'3';
        assert_eq!(history.open_plan(&newer).unwrap_err().to_string(), "its format is 3, which this cloze does not know");
        for end in (0..file.len()).step_by(97).filter(|end| *end >= MAGIC.len()) {
            assert_eq!(history.open_plan(&file[..end]).unwrap_err(), PlanError::Damaged, "cut at {end}");
        }
        for at in (MAGIC.len()..file.len()).step_by(61) {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(history.open_plan(&changed).is_err(), "changed at {at}");
        }
    }

    #[tokio::test]
    async fn a_plan_is_not_a_record() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let manifests = fixtures::manifests(&["a"]);
        let file = history.plan(&fixtures::draft(&manifests), None).unwrap();
        let length = usize::try_from(u64::from_be_bytes(file[MAGIC.len()..MAGIC.len() + 8].try_into().unwrap())).unwrap();
        let record = &file[MAGIC.len() + 8..MAGIC.len() + 8 + length];
        assert!(history.opened(1, record).is_err(), "who writes to the store cannot make a release of it");
    }
}
