//! A history with its keys: releases are recorded, opened and told what became of them.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::digest::Digest;
use crate::history::HistoryError;
use crate::history::access::Claim;
use crate::history::attempt::Attempt;
use crate::history::body::Body;
use crate::history::body::RecordedManifest;
use crate::history::draft::Draft;
use crate::history::draft::DraftManifest;
use crate::history::envelope;
use crate::history::envelope::FORMAT;
use crate::history::event::Event;
use crate::history::event::Note;
use crate::history::event::Outcome;
use crate::history::identity;
use crate::history::identity::StoreIdentity;
use crate::history::layout;
use crate::history::layout::LAST_EVENT;
use crate::history::layout::LAST_NUMBER;
use crate::history::pack;
use crate::history::pack::PackId;
use crate::history::plan::Plan;
use crate::history::reader;
use crate::history::reader::Reader;
use crate::history::record::NAME_LIMIT;
use crate::history::record::Summary;
use crate::history::release::Release;
use crate::seal::Keys;

/// What a history is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// The environment's keys.
    pub keys: &'a Keys,
    /// The text of the keyring that gave them; a copy of it lies in the store.
    pub keyring: &'a [u8],
    /// For the times in records.
    pub clock: &'a dyn Clock,
    /// For attempts and salts.
    pub entropy: &'a dyn Entropy,
}

/// A history with its keys.
#[derive(Debug)]
pub struct History<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) session: Session<'a>,
    established: AtomicBool,
}

impl<'a> History<'a> {
    /// Opens the history. Writes nothing; a store that is new is made this environment's by the first record.
    pub async fn open(reader: Reader<'a>, session: Session<'a>) -> Result<Self, HistoryError> {
        let owner = &reader.owner;
        for (what, name) in [("project", &owner.project), ("environment", &owner.environment)] {
            if name.len() > NAME_LIMIT {
                return Err(HistoryError::TooLarge {
                    reason: format!("the {what}'s name has {} bytes, more than {NAME_LIMIT}", name.len()),
                });
            }
        }
        let there = reader.access.get(layout::STORE).await?;
        match &there {
            Some(bytes) => StoreIdentity::read(bytes)?.prove(bytes, owner, session.keys)?,
            None if reader.newest().await? > 0 => return Err(HistoryError::damaged(layout::STORE, "it is gone")),
            None => {}
        }
        Ok(Self { reader, session, established: AtomicBool::new(there.is_some()) })
    }

    /// The same history without the keys.
    pub fn reader(&self) -> &Reader<'a> {
        &self.reader
    }

    /// The newest release.
    pub async fn head(&self) -> Result<Option<Release>, HistoryError> {
        match self.reader.newest().await? {
            0 => Ok(None),
            number => self.release(number).await.map(Some),
        }
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
        draft.check()?;
        let number = after.map_or(1, |release| release.summary.number + 1);
        if number > LAST_NUMBER {
            return Err(HistoryError::TooLarge { reason: format!("there are {LAST_NUMBER} releases") });
        }
        let keyring = self.prepare(after).await.map_err(HistoryError::before_the_record)?;
        let attempt = Attempt::new(self.session.entropy);
        let contents = self.contents(draft);
        let plan = Plan::new(number, attempt, &contents, after.map(|release| &release.body));
        let parts: Vec<PackId> = plan.parts.iter().map(|(id, _)| *id).collect();
        let body = self.body(draft, &contents, &plan);
        let summary = Summary {
            attempt,
            format: FORMAT,
            store: self.session.keys.store().to_owned(),
            owner: self.reader.owner.clone(),
            number,
            predecessor: after.map(|release| release.digest),
            keyring,
            time: self.session.clock.now(),
            actor: draft.actor.clone(),
            revision: draft.revision.clone(),
            note: draft.note.clone(),
            action: draft.action,
            manifests: draft.manifests.len() as u64,
            changed: changed(&body, after),
        };
        let bytes = summary.seal(&body, self.session.keys, self.session.entropy)?;
        let written = self.write(&plan, attempt, &bytes, number).await;
        if !matches!(written, Ok(()) | Err(HistoryError::Unsure { .. })) {
            // The record is not there and never will be, so the pack is nobody's. What cannot be removed now is swept later.
            for id in parts {
                let _ = self.reader.access.remove(&layout::pack(id)).await;
            }
        }
        written.map(|()| Release { summary, digest: envelope::digest(&bytes), body })
    }

    /// Whether `release` has the very manifests of `draft`.
    pub fn has_content(&self, release: &Release, draft: &Draft<'_>) -> bool {
        let there = &release.body.manifests;
        let same = |(recorded, drafted): (&RecordedManifest, &DraftManifest<'_>)| {
            recorded.identity == *drafted.identity
                && recorded.content.length == drafted.content.len() as u64
                && recorded.content.digest == self.session.keys.object_id(&[b"entry", drafted.content])
        };
        there.len() == draft.manifests.len() && there.iter().zip(&draft.manifests).all(same)
    }

    /// Tells what became of `release`.
    pub async fn add_event(&self, release: &Release, note: Note<'_>) -> Result<Event, HistoryError> {
        if note.actor.len() > NAME_LIMIT {
            return Err(HistoryError::TooLarge { reason: format!("the actor has {} bytes, more than {NAME_LIMIT}", note.actor.len()) });
        }
        let number = release.summary.number;
        let names = self.reader.access.list(&layout::events(number)).await?.objects;
        let mut event = Event {
            attempt: Attempt::new(self.session.entropy),
            format: FORMAT,
            store: self.session.keys.store().to_owned(),
            owner: self.reader.owner.clone(),
            number,
            release: release.digest,
            sequence: names.last().and_then(|name| layout::number(name, 4)).and_then(|last| u32::try_from(last).ok()).unwrap_or(0),
            time: self.session.clock.now(),
            actor: note.actor.to_owned(),
            what: note.what,
        };
        while event.sequence < LAST_EVENT {
            event.sequence += 1;
            let bytes = event.seal(note.detail, self.session.keys, self.session.entropy)?;
            if self.reader.access.claim(&layout::event(number, event.sequence), &bytes, event.attempt).await? == Claim::Won {
                return Ok(event);
            }
        }
        Err(HistoryError::TooLarge { reason: format!("release {number} has {LAST_EVENT} events") })
    }

    /// What became of `release`, in order, proven, each with its detail.
    pub async fn events(&self, release: &Release) -> Result<Vec<(Event, String)>, HistoryError> {
        let number = release.summary.number;
        let mut events = Vec::new();
        for (sequence, bytes) in self.reader.event_objects(number).await? {
            let event = Event::read(&layout::event(number, sequence), &bytes, &self.reader.owner, number, sequence)?;
            let detail = event.open(&bytes, release.digest, self.session.keys)?;
            events.push((event, detail));
        }
        Ok(events)
    }

    /// What became of `release` in the end, proven.
    pub async fn outcome(&self, release: &Release) -> Result<Outcome, HistoryError> {
        let events = self.events(release).await?;
        Ok(Outcome::from(events.into_iter().map(|(event, _)| event).collect::<Vec<_>>()))
    }

    /// The release in a record's `bytes`.
    pub(crate) fn opened(&self, number: u64, bytes: &[u8]) -> Result<Release, HistoryError> {
        let summary = Summary::read(&layout::release(number), bytes, &self.reader.owner, number)?;
        let body = summary.open(bytes, self.session.keys)?;
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
        if after.is_none_or(|release| release.summary.keyring != digest) {
            // Its path is its digest, so whatever lies there and is whole is the same keyring.
            let path = reader::keyring_path(digest);
            let bytes = Bytes::copy_from_slice(self.session.keyring);
            if access.claim(&path, &bytes, Attempt::new(self.session.entropy)).await? != Claim::Won {
                return Err(HistoryError::damaged(path, "it is not the keyring that it was"));
            }
        }
        Ok(digest)
    }

    async fn write(&self, plan: &Plan<'_>, attempt: Attempt, record: &Bytes, number: u64) -> Result<(), HistoryError> {
        let access = self.reader.access;
        for (id, entries) in &plan.parts {
            let sealed = Bytes::from(pack::seal(*id, entries, &self.reader.owner, self.session.keys, self.session.entropy));
            let claim = access.claim(&layout::pack(*id), &sealed, attempt).await;
            if claim.map_err(HistoryError::before_the_record)? != Claim::Won {
                return Err(HistoryError::damaged(layout::pack(*id), "the store does not keep what is written"));
            }
        }
        let path = layout::release(number);
        match access.claim(&path, record, attempt).await? {
            Claim::Won => Ok(()),
            Claim::Lost(there) => {
                let winner = Box::new(Summary::read(&path, &there, &self.reader.owner, number)?);
                Err(HistoryError::Conflict { winner })
            }
        }
    }

    /// Everything to be stored, with its keyed digest: each manifest's content and then its recipe.
    fn contents<'d>(&self, draft: &Draft<'d>) -> Vec<(Digest, &'d [u8])> {
        let all = draft.manifests.iter().flat_map(|manifest| std::iter::once(manifest.content).chain(manifest.recipe));
        all.map(|bytes| (self.session.keys.object_id(&[b"entry", bytes]), bytes)).collect()
    }

    fn body(&self, draft: &Draft<'_>, contents: &[(Digest, &[u8])], plan: &Plan<'_>) -> Body {
        let mut places = contents.iter().map(|(digest, _)| plan.place(*digest));
        let mut place = || places.next().unwrap_or_else(|| unreachable!("the contents were made of these manifests"));
        let manifests = draft.manifests.iter().map(|manifest| RecordedManifest {
            identity: manifest.identity.clone(),
            base: manifest.base.to_owned(),
            file: manifest.file.into(),
            content: place(),
            recipe: manifest.recipe.map(|_| place()),
        });
        Body {
            manifests: manifests.collect(),
            blanks: draft.blanks.clone(),
            templates: draft.templates.clone(),
            values: draft.values.clone(),
        }
    }
}

/// How many manifests of `body` the release before does not have.
fn changed(body: &Body, before: Option<&Release>) -> u64 {
    let known: HashSet<Digest> =
        before.into_iter().flat_map(|release| &release.body.manifests).map(|manifest| manifest.content.digest).collect();
    body.manifests.iter().filter(|manifest| !known.contains(&manifest.content.digest)).count() as u64
}
