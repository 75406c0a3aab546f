//! Proof of a whole history: the chain, every object, and that nothing is missing or does not belong.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

use crate::digest::Digest;
use crate::history::body::Body;
use crate::history::envelope;
use crate::history::error::HistoryError;
use crate::history::event::ReleaseEvent;
use crate::history::identity::StoreIdentity;
use crate::history::keyring::KeyringEntry;
use crate::history::layout;
use crate::history::layout::PackId;
use crate::history::log::History;
use crate::history::pack::Pack;
use crate::history::pruning::Pruning;
use crate::history::reader;
use crate::history::reader::PARALLEL;
use crate::history::release::Release;

/// What a proof found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// How many releases there are.
    pub releases: u64,
    /// How many objects were read and proven.
    pub objects: u64,
    /// Everything that is wrong.
    pub defects: Vec<Defect>,
    /// Packs that belong to no release, harmless: left by a run that was killed or beaten.
    pub litter: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The release that is concerned, if it is one.
    pub number: Option<u64>,
    /// The object, within the store.
    pub path: String,
    /// What is wrong and what it means.
    pub reason: String,
}

struct Verifier<'h, 'a> {
    history: &'h History<'a>,
    report: Verification,
    keyrings: BTreeSet<Digest>,
    referred: BTreeSet<PackId>,
    packs: BTreeMap<PackId, Option<Pack>>,
    /// The oldest release that was kept, and the newest.
    first: u64,
    newest: u64,
    /// How many events each release must have at least.
    seen_events: BTreeMap<u64, u32>,
}

impl History<'_> {
    /// Proves everything. Defects are in the report; an error means that the store could not be read.
    ///
    /// Without a checkpoint nobody can tell that the newest releases were cut off. What the newest
    /// release's events said can be cut off unseen: its outcome is unknown then, never better than it was.
    pub async fn verify(&self) -> Result<Verification, HistoryError> {
        let mut walk = Verifier {
            history: self,
            report: Verification::default(),
            keyrings: BTreeSet::new(),
            referred: BTreeSet::new(),
            packs: BTreeMap::new(),
            first: 1,
            newest: 0,
            seen_events: BTreeMap::new(),
        };
        walk.root().await?;
        walk.keyrings().await?;
        walk.releases().await?;
        walk.stray_packs().await?;
        walk.events().await?;
        Ok(walk.report)
    }
}

impl Verifier<'_, '_> {
    async fn root(&mut self) -> Result<(), HistoryError> {
        let access = self.history.reader.access;
        let known =
            [layout::KEYRINGS, layout::KEYRING_ENTRIES, layout::PRUNINGS, layout::PROBES, layout::RELEASES, layout::PACKS, layout::EVENTS];
        let listing = access.list("").await?;
        for name in listing.objects.iter().filter(|name| *name != layout::STORE) {
            self.foreign(name.clone());
        }
        for name in listing.folders.iter().filter(|name| !known.contains(&name.as_str())) {
            self.foreign(name.clone());
        }
        match access.get(layout::STORE).await? {
            Some(bytes) => {
                let proof = StoreIdentity::read(&bytes)
                    .and_then(|identity| identity.prove(&bytes, &self.history.reader.owner, self.history.session.keys));
                self.judge(None, layout::STORE, proof)?;
            }
            None if listing.folders.iter().any(|name| name == layout::RELEASES) => {
                self.defect(None, layout::STORE.to_owned(), "it is gone: nothing says whose history this is");
            }
            None => {}
        }
        Ok(())
    }

    async fn keyrings(&mut self) -> Result<(), HistoryError> {
        let access = self.history.reader.access;
        for name in self.objects(layout::KEYRINGS).await? {
            let path = format!("{}/{name}", layout::KEYRINGS);
            let bytes = access.get(&path).await?;
            match Digest::from_hex(&name).filter(|digest| digest.to_string() == name) {
                Some(digest) if bytes.as_deref().map(reader::keyring_digest) == Some(digest) => {
                    self.report.objects += 1;
                    self.keyrings.insert(digest);
                }
                Some(_) => {
                    self.defect(None, path, "it is not the keyring that it was: releases sealed under it may not open from this copy");
                }
                None => self.foreign(path),
            }
        }
        self.keyring_entries().await
    }

    /// That the entries are numbered without a gap, and each names a copy that is there.
    async fn keyring_entries(&mut self) -> Result<(), HistoryError> {
        let (reader, keys) = (&self.history.reader, self.history.session.keys);
        for (number, name) in (1..).zip(self.objects(layout::KEYRING_ENTRIES).await?) {
            let path = format!("{}/{name}", layout::KEYRING_ENTRIES);
            if path != layout::keyring_entry(number) {
                self.defect(None, path, "the entry before it is gone, or it does not belong here");
                return Ok(());
            }
            let bytes = reader.access.get(&path).await?.unwrap_or_default();
            let entry = KeyringEntry::read(&bytes, &reader.owner, number).and_then(|entry| entry.prove(&bytes, keys).map(|()| entry));
            if let Some(entry) = self.judge(None, &path, entry)?
                && !self.keyrings.contains(&entry.keyring)
            {
                self.defect(None, reader::keyring_path(entry.keyring), "the keyring that the history is opened with is gone or damaged");
            }
        }
        Ok(())
    }

    async fn releases(&mut self) -> Result<(), HistoryError> {
        let mut predecessor = self.pruned().await?;
        let numbers = self.numbers(layout::RELEASES).await?;
        let newest = numbers.last().copied().unwrap_or(0);
        self.litter_before_first(layout::release, &numbers);
        if newest < self.first && self.first > 1 {
            let reason = "it and those after it are gone: they were cut off, or the history is a copy that is not complete";
            self.defect(Some(self.first), layout::release(self.first), reason);
        }
        let access = self.history.reader.access;
        let read = |number| async move { (number, access.get(&layout::release(number)).await) };
        let mut records = stream::iter(self.first..=newest).map(read).buffered(PARALLEL);
        while let Some((number, bytes)) = records.next().await {
            let path = layout::release(number);
            let Some(bytes) = bytes? else {
                self.defect(Some(number), path, "it is gone: the release cannot be shown or returned to");
                predecessor = None;
                continue;
            };
            let digest = envelope::digest(&bytes);
            let opened = self.history.opened(number, &bytes);
            if let Some(release) = self.judge(Some(number), &path, opened)? {
                self.release(&release, predecessor).await?;
            }
            predecessor = Some(digest);
        }
        self.newest = newest;
        self.report.releases = (newest + 1).saturating_sub(self.first);
        Ok(())
    }

    /// The markers of what was pruned; the digest of the last record that was.
    async fn pruned(&mut self) -> Result<Option<Digest>, HistoryError> {
        let (reader, keys) = (&self.history.reader, self.history.session.keys);
        let mut predecessor = None;
        for name in self.objects(layout::PRUNINGS).await? {
            let path = format!("{}/{name}", layout::PRUNINGS);
            let Some(first) = layout::number(&name, 8).filter(|first| *first > 1) else {
                self.foreign(path);
                continue;
            };
            let bytes = reader.access.get(&path).await?.unwrap_or_default();
            let marker = Pruning::read(&bytes, &reader.owner, first).and_then(|marker| marker.prove(&bytes, keys).map(|()| marker));
            if let Some(marker) = self.judge(None, &path, marker)? {
                self.first = first;
                predecessor = Some(marker.predecessor);
            }
        }
        Ok(predecessor)
    }

    /// What is left of releases that were pruned.
    fn litter_before_first(&mut self, path: fn(u64) -> String, numbers: &[u64]) {
        self.report.litter.extend(numbers.iter().filter(|number| **number < self.first).map(|number| path(*number)));
    }

    async fn release(&mut self, release: &Release, predecessor: Option<Digest>) -> Result<(), HistoryError> {
        let number = release.summary.number;
        let path = layout::release(number);
        if predecessor.is_some() && predecessor != release.summary.predecessor {
            self.defect(Some(number), path.clone(), "it does not follow the record before it: one of the two was replaced");
        }
        if release.summary.seen_events > 0 && number > self.first {
            self.seen_events.insert(number - 1, release.summary.seen_events);
        }
        if !self.keyrings.contains(&release.summary.keyring) {
            self.defect(Some(number), path, "the copy of its keyring is gone or damaged: it opens with the project's keyring only");
        }
        self.contents(number, &release.body).await
    }

    async fn contents(&mut self, number: u64, body: &Body) -> Result<(), HistoryError> {
        let needed: BTreeSet<PackId> = body.blobs().map(|stored| stored.pack).collect();
        // Bytes are found again through the release before only, so a pack that this one does not need is never needed again.
        self.packs.retain(|id, _| needed.contains(id));
        self.referred.extend(&needed);
        let history = self.history;
        let missing: Vec<PackId> = needed.into_iter().filter(|id| !self.packs.contains_key(id)).collect();
        let mut opened = stream::iter(missing).map(|id| async move { (id, history.pack(id).await) }).buffered(PARALLEL);
        while let Some((id, opened)) = opened.next().await {
            let pack = self.judge(Some(number), &layout::pack(id), opened)?;
            self.packs.insert(id, pack);
        }
        for stored in body.blobs() {
            if let Some(Some(pack)) = self.packs.get(&stored.pack)
                && let Err(HistoryError::Damaged { path, reason }) = pack.blob(stored)
            {
                self.defect(Some(number), path, &reason);
            }
        }
        Ok(())
    }

    async fn stray_packs(&mut self) -> Result<(), HistoryError> {
        let folders = self.hundreds(layout::PACKS).await?;
        for folder in folders {
            let listing = self.history.reader.access.list(&folder).await?;
            for name in listing.objects {
                let path = format!("{folder}/{name}");
                match layout::pack_of(&name) {
                    Some(id) if layout::pack(id) != path => self.foreign(path),
                    Some(id) if !self.referred.contains(&id) && id.number <= self.newest => self.report.litter.push(path),
                    Some(_) => {}
                    None => self.foreign(path),
                }
            }
            for name in listing.folders {
                self.foreign(format!("{folder}/{name}"));
            }
        }
        Ok(())
    }

    async fn events(&mut self) -> Result<(), HistoryError> {
        let mut seen_events = std::mem::take(&mut self.seen_events);
        let mut numbers = self.numbers(layout::EVENTS).await?;
        self.litter_before_first(layout::events, &numbers);
        numbers.retain(|number| *number >= self.first);
        let reader = &self.history.reader;
        let read = |number| async move { (number, reader.record(number).await, reader.event_objects(number).await) };
        let mut found = stream::iter(numbers).map(read).buffered(PARALLEL);
        while let Some((number, record, objects)) = found.next().await {
            let proven = self.events_of(number, record, objects)?;
            if seen_events.remove(&number).is_some_and(|least| proven < least) {
                self.defect(
                    Some(number),
                    layout::events(number),
                    "events are gone that the next release knew: what became of it is not known",
                );
            }
        }
        for number in seen_events.into_keys() {
            self.defect(Some(number), layout::events(number), "its events are gone: what became of it is not known");
        }
        Ok(())
    }

    /// Proves the events of a release; how many there are.
    fn events_of(
        &mut self,
        number: u64,
        record: Result<Bytes, HistoryError>,
        objects: Result<Vec<(u32, Bytes)>, HistoryError>,
    ) -> Result<u32, HistoryError> {
        let reader = &self.history.reader;
        let Ok(record) = record else {
            let folder = layout::events(number);
            self.defect(Some(number), folder, "events of a release that is not there: its record was cut off");
            return Ok(u32::MAX);
        };
        let release = envelope::digest(&record);
        let objects = match objects {
            Err(HistoryError::Damaged { path, reason }) => {
                self.defect(Some(number), path, &reason);
                return Ok(u32::MAX);
            }
            other => other?,
        };
        let count = objects.last().map_or(0, |(sequence, _)| *sequence);
        for (sequence, bytes) in objects {
            let path = layout::event(number, sequence);
            let event = ReleaseEvent::read(&path, &bytes, &reader.owner, number, sequence);
            let proof = event.and_then(|event| event.open(&bytes, release, self.history.session.keys));
            self.judge(Some(number), &path, proof)?;
        }
        Ok(count)
    }

    /// The names of the objects in a folder that has no folders.
    async fn objects(&mut self, folder: &str) -> Result<Vec<String>, HistoryError> {
        let listing = self.history.reader.access.list(folder).await?;
        listing.folders.into_iter().for_each(|name| self.foreign(format!("{folder}/{name}")));
        Ok(listing.objects)
    }

    /// The numbers in the folders of `root`, in order; what is no number is foreign.
    async fn numbers(&mut self, root: &str) -> Result<Vec<u64>, HistoryError> {
        let mut numbers = Vec::new();
        for folder in self.hundreds(root).await? {
            let listing = self.history.reader.access.list(&folder).await?;
            let (numbered, others) =
                if root == layout::EVENTS { (listing.folders, listing.objects) } else { (listing.objects, listing.folders) };
            for name in others {
                self.foreign(format!("{folder}/{name}"));
            }
            for name in numbered {
                match layout::number(&name, 8) {
                    Some(number) if number > 0 && layout::folder(root, number) == folder => numbers.push(number),
                    _ => self.foreign(format!("{folder}/{name}")),
                }
            }
        }
        Ok(numbers)
    }

    /// The folders of a hundred numbers in `root`, in order.
    async fn hundreds(&mut self, root: &str) -> Result<Vec<String>, HistoryError> {
        let access = self.history.reader.access;
        let mut folders = vec![root.to_owned()];
        for digits in [4, 2] {
            let mut deeper = Vec::new();
            for folder in folders {
                let listing = access.list(&folder).await?;
                for name in listing.objects {
                    self.foreign(format!("{folder}/{name}"));
                }
                for name in listing.folders {
                    let path = format!("{folder}/{name}");
                    match layout::number(&name, digits) {
                        Some(_) => deeper.push(path),
                        None => self.foreign(path),
                    }
                }
            }
            folders = deeper;
        }
        Ok(folders)
    }

    /// Counts what was proven, notes what was not; an error only when the store could not be read.
    fn judge<T>(&mut self, number: Option<u64>, path: &str, proof: Result<T, HistoryError>) -> Result<Option<T>, HistoryError> {
        match proof {
            Ok(proven) => {
                self.report.objects += 1;
                Ok(Some(proven))
            }
            Err(HistoryError::Damaged { path, reason }) => {
                self.defect(number, path, &reason);
                Ok(None)
            }
            Err(error @ (HistoryError::Other { .. } | HistoryError::Rekeyed { .. } | HistoryError::Newer { .. })) => {
                self.defect(number, path.to_owned(), &error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn foreign(&mut self, path: String) {
        self.defect(None, path, "it does not belong here: cloze never writes such an object");
    }

    fn defect(&mut self, number: Option<u64>, path: String, reason: &str) {
        self.report.defects.push(Defect { number, path, reason: reason.to_owned() });
    }
}
