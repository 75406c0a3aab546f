//! A history with its keys: releases are recorded and opened, and what became of them is added.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::join;

use crate::digest::Digest;
use crate::history::access::CreationOutcome;
use crate::history::body::Body;
use crate::history::body::RecordedManifest;
use crate::history::draft::Draft;
use crate::history::draft::DraftManifest;
use crate::history::envelope;
use crate::history::envelope::FORMAT;
use crate::history::error::HistoryError;
use crate::history::event::NewEvent;
use crate::history::event::Outcome;
use crate::history::event::ReleaseEvent;
use crate::history::identity;
use crate::history::identity::StoreIdentity;
use crate::history::layout;
use crate::history::layout::LAST_EVENT;
use crate::history::layout::LAST_NUMBER;
use crate::history::layout::PackId;
use crate::history::pack;
use crate::history::pack::PackEntry;
use crate::history::plan::PackPart;
use crate::history::plan::WritePlan;
use crate::history::reader;
use crate::history::reader::Reader;
use crate::history::record::NAME_LIMIT;
use crate::history::release::Release;
use crate::history::session::HistorySession;
use crate::history::summary::Summary;
use crate::history::write_id::WriteId;
use crate::seal::Keys;
use crate::seal::SealedKind;

/// A history with its keys.
#[derive(Debug)]
pub struct History<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) session: HistorySession<'a>,
    established: AtomicBool,
    /// How many events releases have at least, as far as this run looked or wrote them itself.
    known_events: Mutex<BTreeMap<u64, u32>>,
}

impl<'a> History<'a> {
    /// Opens the history. Writes nothing; a store that is new is made this environment's by the first record.
    pub async fn open(reader: Reader<'a>, session: HistorySession<'a>) -> Result<Self, HistoryError> {
        let owner = &reader.owner;
        for (what, name) in [("project", &owner.project), ("environment", &owner.environment)] {
            if name.len() > NAME_LIMIT {
                return Err(HistoryError::TooLarge {
                    reason: format!("the {what}'s name has {} bytes, more than {NAME_LIMIT}", name.len()),
                });
            }
        }
        let there = reader.store_object().await?;
        match &there {
            Some(bytes) => StoreIdentity::read(bytes)?.prove(bytes, owner, session.keys)?,
            None if reader.newest().await? > 0 => return Err(HistoryError::damaged(layout::STORE, "it is gone")),
            None => {}
        }
        Ok(Self { reader, session, established: AtomicBool::new(there.is_some()), known_events: Mutex::default() })
    }

    /// How many events a release has at least: as far as this run knows, else as the store lists them.
    pub async fn event_count(&self, number: u64) -> Result<u32, HistoryError> {
        match self.known_events(number) {
            Some(count) => Ok(count),
            None => self.reader.event_count(number).await,
        }
    }

    fn known_events(&self, number: u64) -> Option<u32> {
        self.known_events.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }

    fn know_events(&self, number: u64, count: u32) {
        self.known_events.lock().unwrap_or_else(PoisonError::into_inner).insert(number, count);
    }

    /// The environment's keys.
    pub fn keys(&self) -> &'a Keys {
        self.session.keys
    }

    /// The same history without the keys.
    pub fn reader(&self) -> &Reader<'a> {
        &self.reader
    }

    /// The newest release. Where this run knows one already, that is read while the store is asked whether there is a newer one.
    pub async fn head(&self) -> Result<Option<Release>, HistoryError> {
        match self.reader.seen().load(Ordering::Acquire) {
            0 => match self.reader.newest().await? {
                0 => Ok(None),
                number => self.with_events(number).await.map(Some),
            },
            seen => {
                let (newest, release) = join!(self.reader.newest(), self.with_events(seen));
                match newest? {
                    newest if newest == seen => release.map(Some),
                    newest => self.with_events(newest).await.map(Some),
                }
            }
        }
    }

    /// A release; how many events it has is known afterwards.
    async fn with_events(&self, number: u64) -> Result<Release, HistoryError> {
        let (release, events) = join!(self.release(number), self.reader.event_count(number));
        self.know_events(number, events?);
        release
    }

    /// A release.
    pub async fn release(&self, number: u64) -> Result<Release, HistoryError> {
        let bytes = self.reader.record(number).await?;
        self.opened(number, &bytes)
    }

    /// Records `draft` as the release after `after`, which is what the caller saw as the head.
    ///
    /// Two writes: the pack and the record. When another release came first, nothing is recorded and the error names it.
    pub async fn record(&self, draft: &Draft<'_>, after: Option<&Release>) -> Result<Release, HistoryError> {
        self.record_if(draft, after, async { Ok(()) }).await
    }

    /// The same unless `check`, which goes on while the pack is written, finds something against it.
    pub async fn record_if<E: From<HistoryError>>(
        &self,
        draft: &Draft<'_>,
        after: Option<&Release>,
        check: impl Future<Output = Result<(), E>>,
    ) -> Result<Release, E> {
        draft.check()?;
        let number = number_after(after);
        if number > LAST_NUMBER {
            return Err(HistoryError::TooLarge { reason: format!("there are {LAST_NUMBER} releases") }.into());
        }
        let keyring = self.prepare(after).await.map_err(HistoryError::before_the_record)?;
        let seen_events = match after {
            Some(release) => self.event_count(release.summary.number).await?,
            None => 0,
        };
        let attempt = WriteId::new(self.session.entropy);
        let (body, parts) = self.placed(draft, number, attempt, after.map(|release| &release.body));
        let ids: Vec<PackId> = parts.iter().map(|part| part.id).collect();
        let summary = Summary { seen_events, ..self.summary(draft, &body, after, attempt, keyring) };
        let bytes = summary.seal(SealedKind::Record, &body, self.session.keys, self.session.entropy)?;
        let (packed, checked) = join!(self.write_packs(parts, attempt), check);
        let written = match (packed, &checked) {
            (Ok(()), Ok(())) => self.write_record(attempt, &bytes, number).await,
            (packed, _) => packed,
        };
        if checked.is_err() || !matches!(written, Ok(()) | Err(HistoryError::Unsure { .. })) {
            // The record is not there and never will be, so the pack is nobody's. What cannot be removed now is swept later.
            for id in ids {
                let _ = self.reader.access.remove(&layout::pack(id)).await;
            }
        }
        checked?;
        written?;
        self.reader.seen().fetch_max(number, Ordering::AcqRel);
        self.know_events(number, 0);
        Ok(Release { summary, digest: envelope::digest(&bytes), body })
    }

    /// Whether `release` has the very manifests of `draft`.
    pub fn has_content(&self, release: &Release, draft: &Draft<'_>) -> bool {
        let there = &release.body.manifests;
        let same = |(recorded, drafted): (&RecordedManifest, &DraftManifest<'_>)| {
            recorded.identity == *drafted.identity && self.is_recorded_as(recorded, drafted.content)
        };
        there.len() == draft.manifests.len() && there.iter().zip(&draft.manifests).all(same)
    }

    /// Whether these are the bytes of a recorded manifest.
    pub fn is_recorded_as(&self, recorded: &RecordedManifest, content: &[u8]) -> bool {
        recorded.content.length == content.len() as u64 && self.session.keys.is_object_id(recorded.content.digest, &[b"entry", content])
    }

    /// Tells what became of `release`.
    pub async fn add_event(&self, release: &Release, note: NewEvent<'_>) -> Result<ReleaseEvent, HistoryError> {
        if note.actor.len() > NAME_LIMIT {
            return Err(HistoryError::TooLarge { reason: format!("the actor has {} bytes, more than {NAME_LIMIT}", note.actor.len()) });
        }
        let number = release.summary.number;
        let mut event = ReleaseEvent {
            attempt: WriteId::new(self.session.entropy),
            format: FORMAT,
            store: self.session.keys.store().to_owned(),
            owner: self.reader.owner.clone(),
            number,
            release: release.digest,
            sequence: self.event_count(number).await?,
            time: self.session.clock.now(),
            actor: note.actor.to_owned(),
            what: note.what,
        };
        while event.sequence < LAST_EVENT {
            event.sequence += 1;
            let bytes = event.seal(note.detail, self.session.keys, self.session.entropy)?;
            if self.reader.access.claim(&layout::event(number, event.sequence), &bytes, event.attempt).await? == CreationOutcome::Won {
                self.know_events(number, event.sequence);
                return Ok(event);
            }
        }
        Err(HistoryError::TooLarge { reason: format!("release {number} has {LAST_EVENT} events") })
    }

    /// What became of `release`, in order, proven, each with its detail.
    pub async fn events(&self, release: &Release) -> Result<Vec<(ReleaseEvent, String)>, HistoryError> {
        let number = release.summary.number;
        let mut events = Vec::new();
        for (sequence, bytes) in self.reader.event_objects(number).await? {
            let event = ReleaseEvent::read(&layout::event(number, sequence), &bytes, &self.reader.owner, number, sequence)?;
            let detail = event.open(&bytes, release.digest, self.session.keys)?;
            events.push((event, detail));
        }
        Ok(events)
    }

    /// What became of `release` in the end, proven.
    pub async fn outcome(&self, release: &Release) -> Result<Outcome, HistoryError> {
        if self.known_events(release.summary.number) == Some(0) {
            return Ok(Outcome::Unknown);
        }
        self.outcome_now(release).await
    }

    /// The same, as the store has it now: other runs may have added something.
    pub async fn outcome_now(&self, release: &Release) -> Result<Outcome, HistoryError> {
        let events = self.events(release).await?;
        Ok(Outcome::from(events.into_iter().map(|(event, _)| event).collect::<Vec<_>>()))
    }

    /// The release in a record's `bytes`.
    pub(crate) fn opened(&self, number: u64, bytes: &[u8]) -> Result<Release, HistoryError> {
        let summary = Summary::read(&layout::release(number), bytes, &self.reader.owner, number)?;
        let body = summary.open(SealedKind::Record, bytes, self.session.keys)?;
        Ok(Release { summary, digest: envelope::digest(bytes), body })
    }

    /// Makes the store ours and puts the keyring there, where either is still to be done.
    async fn prepare(&self, after: Option<&Release>) -> Result<Digest, HistoryError> {
        let access = self.reader.access;
        if !self.established.load(Ordering::Acquire) {
            identity::establish(access, &self.reader.owner, self.session).await?;
            self.established.store(true, Ordering::Release);
        }
        let digest = reader::keyring_digest(self.session.keyring);
        if after.is_none_or(|release| release.summary.keyring != digest) && self.put_keyring(digest).await? && after.is_some() {
            let newest = self.reader.keyring_entry().await?.map_or(0, |(entry, _)| entry.number);
            self.enter_keyring(digest, newest).await?;
        }
        Ok(digest)
    }

    /// Puts a copy of the keyring there; whether there was none.
    pub(crate) async fn put_keyring(&self, digest: Digest) -> Result<bool, HistoryError> {
        // Its path is its digest, so whatever else lies there is a damaged copy of it.
        let (access, path) = (self.reader.access, reader::keyring_path(digest));
        let bytes = Bytes::copy_from_slice(self.session.keyring);
        if access.get(&path).await?.is_some_and(|there| there == bytes) {
            return Ok(false);
        }
        let attempt = WriteId::new(self.session.entropy);
        if access.claim(&path, &bytes, attempt).await? != CreationOutcome::Won {
            access.remove(&path).await?;
            if access.claim(&path, &bytes, attempt).await? != CreationOutcome::Won {
                return Err(HistoryError::damaged(path, "the store does not keep what is written"));
            }
        }
        Ok(true)
    }

    /// Whether the store is this environment's already.
    pub(crate) fn is_established(&self) -> bool {
        self.established.load(Ordering::Acquire)
    }

    async fn write_packs(&self, parts: Vec<PackPart<'_>>, attempt: WriteId) -> Result<(), HistoryError> {
        let access = self.reader.access;
        for PackPart { id, entries } in parts {
            let sealed = Bytes::from(pack::seal(id, &entries, &self.reader.owner, self.session.keys, self.session.entropy));
            let claim = access.claim(&layout::pack(id), &sealed, attempt).await;
            if claim.map_err(HistoryError::before_the_record)? != CreationOutcome::Won {
                return Err(HistoryError::damaged(layout::pack(id), "the store does not keep what is written"));
            }
        }
        Ok(())
    }

    async fn write_record(&self, attempt: WriteId, record: &Bytes, number: u64) -> Result<(), HistoryError> {
        let path = layout::release(number);
        match self.reader.access.claim(&path, record, attempt).await? {
            CreationOutcome::Won => Ok(()),
            CreationOutcome::Lost(there) => {
                let winner = Box::new(Summary::read(&path, &there, &self.reader.owner, number)?);
                Err(HistoryError::Conflict { winner })
            }
        }
    }

    /// What is recorded of `draft`, and the parts to write: what `known` holds is there already.
    pub(crate) fn placed<'d>(&self, draft: &Draft<'d>, number: u64, attempt: WriteId, known: Option<&Body>) -> (Body, Vec<PackPart<'d>>) {
        let contents = self.contents(draft);
        let plan = WritePlan::new(number, attempt, &contents, known);
        (body_of(draft, &contents, &plan), plan.into_parts())
    }

    /// What is in the clear about `draft`, as the release after `after`.
    pub(crate) fn summary(&self, draft: &Draft<'_>, body: &Body, after: Option<&Release>, attempt: WriteId, keyring: Digest) -> Summary {
        Summary {
            attempt,
            format: Summary::FORMAT,
            store: self.session.keys.store().to_owned(),
            owner: self.reader.owner.clone(),
            number: number_after(after),
            predecessor: after.map(|release| release.digest),
            seen_events: 0,
            keyring,
            time: self.session.clock.now(),
            actor: draft.actor.clone(),
            revision: draft.revision.clone(),
            note: draft.note.clone(),
            action: draft.action,
            manifests: draft.manifests.len() as u64,
            changed: changed(body, after),
        }
    }

    /// Everything to be stored, with its keyed digest: each manifest's content and then its recipe.
    fn contents<'d>(&self, draft: &Draft<'d>) -> Vec<PackEntry<'d>> {
        let all = draft.manifests.iter().flat_map(|manifest| {
            std::iter::once((manifest.content, manifest.is_shown())).chain(manifest.recipe.map(|recipe| (recipe.bytes, recipe.is_shown)))
        });
        let entry = |(bytes, is_shown)| PackEntry { digest: self.session.keys.object_id(&[b"entry", bytes]), bytes, is_shown };
        all.map(entry).collect()
    }
}

/// The number of the release after that one.
pub(crate) fn number_after(release: Option<&Release>) -> u64 {
    release.map_or(1, |release| release.summary.number + 1)
}

/// What is recorded of `draft`.
fn body_of(draft: &Draft<'_>, contents: &[PackEntry<'_>], plan: &WritePlan<'_>) -> Body {
    let mut places = contents.iter().map(|entry| plan.place(entry.digest));
    let mut place = || places.next().unwrap_or_else(|| unreachable!("the contents were made of these manifests"));
    let manifests = draft.manifests.iter().map(|manifest| RecordedManifest {
        identity: manifest.identity.clone(),
        base: manifest.base.to_owned(),
        file: manifest.file.into(),
        content: place(),
        recipe: manifest.recipe.map(|_| place()),
    });
    Body { manifests: manifests.collect(), blanks: draft.blanks.clone(), templates: draft.templates.clone(), values: draft.values.clone() }
}

/// How many manifests of `body` the release before does not have.
fn changed(body: &Body, before: Option<&Release>) -> u64 {
    let known: HashSet<Digest> =
        before.into_iter().flat_map(|release| &release.body.manifests).map(|manifest| manifest.content.digest).collect();
    body.manifests.iter().filter(|manifest| !known.contains(&manifest.content.digest)).count() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use bytes::Bytes;
    use futures::future::join_all;

    use super::History;
    use crate::clock::Machine;
    use crate::history::Action;
    use crate::history::Draft;
    use crate::history::DraftManifest;
    use crate::history::DraftRecipe;
    use crate::history::HistoryError;
    use crate::history::HistorySession;
    use crate::history::HistoryStore;
    use crate::history::InMemoryStore;
    use crate::history::InjectedFault;
    use crate::history::LocalDirectory;
    use crate::history::NewEvent;
    use crate::history::Outcome;
    use crate::history::What;
    use crate::history::fixtures;
    use crate::history::reader;
    use crate::seal::Keys;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    #[tokio::test]
    async fn a_release_is_a_pack_and_a_record() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        assert_eq!(history.head().await.unwrap(), None);
        assert_eq!(store.calls().creates, 0, "opening writes nothing");
        fixtures::releases(&history, 3).await;
        let (head, before) = (history.head().await.unwrap().unwrap(), store.calls());
        let manifests = fixtures::manifests(&["common", "another"]);
        let release = history.record(&fixtures::draft(&manifests), Some(&head)).await.unwrap();
        assert_eq!(store.calls().creates - before.creates, 2);
        assert_eq!((store.calls().gets, store.calls().removes), (before.gets, before.removes), "recording reads no object");
        assert_eq!((release.summary.number, release.summary.manifests, release.summary.changed), (4, 2, 1));
        let again = history.record(&fixtures::draft(&manifests), Some(&release)).await.unwrap();
        assert_eq!(store.calls().creates - before.creates, 3, "nothing new needs no pack");
        assert_eq!(history.release(5).await.unwrap(), again);
        let roots: Vec<String> = store.list("").await.unwrap().folders;
        assert_eq!(roots, ["events", "keyring", "packs", "releases"], "the probe is gone");
    }

    #[tokio::test]
    async fn a_rollback_brings_back_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalDirectory::at(folder.path(), Arc::new(Machine)).without_fsync();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 12).await;
        let old = history.release(2).await.unwrap();
        let manifests = history.manifests(&old).await.unwrap();
        let texts: Vec<&[u8]> = manifests.iter().map(|manifest| manifest.content.expose()).collect();
        assert_eq!(texts, [b"content of common".as_slice(), b"content of release-2"]);
        let draft = Draft {
            action: Action::Rollback { of: 2 },
            manifests: manifests.iter().map(Into::into).collect(),
            blanks: old.body.blanks.clone(),
            ..fixtures::draft(&[])
        };
        let head = history.head().await.unwrap();
        let release = history.record(&draft, head.as_ref()).await.unwrap();
        assert_eq!((release.summary.number, release.summary.action), (13, Action::Rollback { of: 2 }));
        let reopened = fixtures::history(&store, "dev").await;
        let release = reopened.release(13).await.unwrap();
        let again = reopened.manifests(&release).await.unwrap();
        assert_eq!(again.iter().map(|manifest| manifest.content.expose()).collect::<Vec<_>>(), texts);
        assert!(reopened.verify().await.unwrap().defects.is_empty());
    }

    #[tokio::test]
    async fn recipes_lie_beside_the_contents() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let manifests = fixtures::manifests(&["a", "b"]);
        let mut draft = fixtures::draft(&manifests);
        draft.manifests[1].recipe = Some(DraftRecipe { bytes: b"fill it so", is_shown: true });
        let release = history.record(&draft, None).await.unwrap();
        let stored = history.manifests(&release).await.unwrap();
        assert!(stored[0].recipe.is_none());
        assert_eq!(stored[1].recipe.as_ref().unwrap().expose(), b"fill it so");
        assert_eq!(stored[1].content.expose(), b"content of b");
        assert!(!format!("{stored:?}").contains("fill"));
        let again = DraftManifest::from(&stored[1]);
        assert!(again.recipe.unwrap().is_shown && !again.is_shown(), "what was shown is shown, and nothing else");
    }

    #[tokio::test]
    async fn the_second_to_claim_a_number_learns_who_was_first() {
        let store = InMemoryStore::new();
        let (ada, bob) = (fixtures::history(&store, "dev").await, fixtures::history(&store, "dev").await);
        let (first, second) = (fixtures::manifests(&["a"]), fixtures::manifests(&["b"]));
        let won = ada.record(&fixtures::draft(&first), None).await.unwrap();
        let error = bob.record(&fixtures::draft(&second), None).await.unwrap_err();
        assert_eq!(error, HistoryError::Conflict { winner: Box::new(won.summary.clone()) });
        let packs = store.list("packs/0000/00").await.unwrap().objects;
        assert_eq!(packs.len(), 1, "the beaten pack is gone");
        assert_eq!(bob.record(&fixtures::draft(&second), Some(&won)).await.unwrap().summary.number, 2);
    }

    async fn race(store: &dyn HistoryStore, writers: usize, rounds: usize) {
        let write = |writer: usize| async move {
            let history = fixtures::history(store, "dev").await;
            let mut numbers = Vec::new();
            for round in 0..rounds {
                let manifests = fixtures::manifests(&["common", &format!("{writer}-{round}")]);
                let draft = fixtures::draft(&manifests);
                numbers.push(loop {
                    let head = history.head().await.unwrap();
                    match history.record(&draft, head.as_ref()).await {
                        Ok(release) => break release.summary.number,
                        Err(HistoryError::Conflict { .. }) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error}"),
                    }
                });
            }
            numbers
        };
        let mut numbers: Vec<u64> = join_all((0..writers).map(write)).await.concat();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=(writers * rounds) as u64).collect::<Vec<_>>());
        let history = fixtures::history(store, "dev").await;
        history.sweep(0).await.unwrap();
        let report = history.verify().await.unwrap();
        assert_eq!((report.defects, report.litter, report.releases), (Vec::new(), Vec::new(), (writers * rounds) as u64));
        let mut seen = BTreeMap::new();
        for number in numbers {
            let release = history.release(number).await.unwrap();
            let manifests = history.manifests(&release).await.unwrap();
            *seen.entry(manifests[1].content.expose().to_vec()).or_insert(0) += 1;
        }
        assert!(seen.len() == writers * rounds && seen.values().all(|count| *count == 1));
    }

    #[tokio::test]
    async fn two_recorders_share_the_numbers_without_gaps() {
        race(&InMemoryStore::new(), 2, 40).await;
        let slow = InMemoryStore::new();
        slow.always(Some(InjectedFault::Slow(std::time::Duration::from_micros(100))));
        race(&slow, 2, 10).await;
        let folder = tempfile::tempdir().unwrap();
        race(&LocalDirectory::at(folder.path(), Arc::new(Machine)).without_fsync(), 4, 10).await;
    }

    #[tokio::test]
    async fn another_environment_or_key_is_refused() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 1).await;
        let error = History::open(fixtures::reader(&store, "prod"), fixtures::session()).await.unwrap_err();
        assert_eq!(
            error,
            HistoryError::Other {
                reason: "this history belongs to environment dev of project shop, not to environment prod of project shop".to_owned()
            }
        );
        let other = Keys::fresh(&Machine);
        let session = HistorySession { keys: &other, ..fixtures::session() };
        let error = History::open(fixtures::reader(&store, "dev"), session).await.unwrap_err();
        let words = format!("this history was written under keyring {}, not under {}", fixtures::keys().store(), other.store());
        assert_eq!(error, HistoryError::Other { reason: words });
    }

    #[tokio::test]
    async fn a_rotated_key_opens_what_was_and_seals_anew() {
        let root = |byte: u8| RootKey(Secret::copy_of(&[byte; 32]));
        let keys = |present, earlier| Keys::of("id".to_owned(), present, earlier, Secret::copy_of(&[9; 32]));
        let (old, new) = (keys(root(1), Vec::new()), keys(root(2), vec![root(1)]));
        let store = InMemoryStore::new();
        let open = async |keys, keyring| {
            History::open(fixtures::reader(&store, "dev"), HistorySession { keys, keyring, ..fixtures::session() }).await.unwrap()
        };
        let before = open(&old, b"old keyring").await;
        let mut releases = fixtures::releases(&before, 2).await;
        let after = open(&new, b"new keyring").await;
        let manifests = fixtures::manifests(&["common"]);
        let release = after.record(&fixtures::draft(&manifests), Some(&releases.remove(1))).await.unwrap();
        assert!(release.body.blobs().all(|stored| stored.pack.number == 3), "what was sealed under the old key is not leaned on");
        assert_eq!(after.manifests(&after.release(1).await.unwrap()).await.unwrap()[0].content.expose(), b"content of common");
        let report = after.verify().await.unwrap();
        assert_eq!((report.defects, report.releases), (Vec::new(), 3));
        assert_eq!(after.reader().keyring().await.unwrap().unwrap(), "new keyring");
        assert_eq!(store.list("keyring").await.unwrap().objects.len(), 2);
        assert!(before.release(3).await.is_err(), "the old key does not open what the new one sealed");
    }

    #[tokio::test]
    async fn a_damaged_copy_of_the_keyring_is_made_anew() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let path = reader::keyring_path(reader::keyring_digest(fixtures::KEYRING));
        store.create(&path, Bytes::from_static(b"{")).await.unwrap();
        fixtures::releases(&history, 1).await;
        assert_eq!(history.reader().keyring().await.unwrap().unwrap(), fixtures::KEYRING);
    }

    #[tokio::test]
    async fn a_store_that_overwrites_is_refused() {
        let store = InMemoryStore::new();
        store.always(Some(InjectedFault::Overwrite));
        let history = fixtures::history(&store, "dev").await;
        let error = history.record(&fixtures::draft(&[]), None).await.unwrap_err();
        let words = "the store in memory overwrites objects that it should refuse to create a second time";
        assert_eq!(error, HistoryError::Unfit { reason: words.to_owned(), next: None });
        assert!(store.objects().is_empty());
    }

    #[tokio::test]
    async fn what_became_of_a_release_is_told_in_order() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        let release = history.record(&fixtures::draft(&fixtures::manifests(&["a"])), None).await.unwrap();
        assert_eq!(history.outcome(&release).await.unwrap(), Outcome::Unknown);
        for (what, detail) in [(What::Emitted, "dist/dev"), (What::Failed, "pods"), (What::RolledBack { by: 2 }, "")] {
            history.add_event(&release, NewEvent { actor: "ada", what, detail }).await.unwrap();
        }
        let events = history.events(&release).await.unwrap();
        let listed: Vec<(u32, &str)> = events.iter().map(|(event, detail)| (event.sequence, detail.as_str())).collect();
        assert_eq!(listed, [(1, "dist/dev"), (2, "pods"), (3, "")]);
        assert_eq!(history.outcome(&release).await.unwrap().to_string(), "rolled back by 2");
        assert_eq!(history.reader().outcome(1).await.unwrap().to_string(), "rolled back by 2");
        let tellers = (0..4).map(|_| history.add_event(&release, NewEvent { actor: "bob", what: What::Applied, detail: "" }));
        assert!(join_all(tellers).await.iter().all(Result::is_ok));
        assert_eq!(history.events(&release).await.unwrap().len(), 7);
    }

    #[tokio::test]
    async fn a_listing_needs_no_key() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 5).await;
        let reader = fixtures::reader(&store, "dev");
        let numbers: Vec<u64> = reader.summaries(5, 3).await.into_iter().map(|summary| summary.unwrap().number).collect();
        assert_eq!(numbers, [5, 4, 3]);
        assert_eq!(reader.summaries(5, 100).await.len(), 5);
        assert_eq!(reader.head().await.unwrap().unwrap().digest, history.release(5).await.unwrap().digest);
        assert_eq!(reader.keyring().await.unwrap().unwrap(), fixtures::KEYRING);
        for number in [0, 6] {
            assert_eq!(reader.summary(number).await, Err(HistoryError::NoRelease { number, newest: 5 }));
        }
    }
}
