//! Pruning: releases that are no longer wanted are removed, with the packs that no other needs.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;

use crate::digest::Digest;
use crate::history::access::CreationOutcome;
use crate::history::body::Body;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::layout::PackId;
use crate::history::log::History;
use crate::history::pruning::Pruning;
use crate::history::reader::PARALLEL;

/// What pruning would remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunePlan {
    /// The oldest release that stays.
    pub first: u64,
    /// The newest release.
    pub newest: u64,
    /// The releases whose records are removed, in order.
    pub releases: Vec<u64>,
    /// How many objects are removed.
    pub objects: u64,
    /// What the record of `first` follows.
    predecessor: Option<Digest>,
    /// In the order in which they are removed: records first, so that none is left without its packs.
    steps: [Vec<String>; 4],
}

impl History<'_> {
    /// What is to be removed so that the newest `keep` releases stay: at least two, all from `pinned` on, and all from the newest on that was
    /// written out or applied. Reads the record of each release that stays. Removes nothing.
    pub async fn plan_prune(&self, keep: u64, pinned: Option<u64>) -> Result<PrunePlan, HistoryError> {
        let mut floor = self.floor().await?;
        loop {
            match self.plan_from(floor, keep, pinned).await {
                Err(error @ (HistoryError::Damaged { .. } | HistoryError::Pruned { .. })) => match self.floor().await? {
                    // Another run prunes, too, and took away what this one was to look at.
                    moved if moved > floor => floor = moved,
                    _ => return Err(error),
                },
                planned => return planned,
            }
        }
    }

    /// The oldest release that was kept, proven.
    async fn floor(&self) -> Result<u64, HistoryError> {
        Ok(self.pruned().await?.map_or(1, |marker| marker.first))
    }

    async fn plan_from(&self, floor: u64, keep: u64, pinned: Option<u64>) -> Result<PrunePlan, HistoryError> {
        let newest = self.reader.newest().await?;
        if newest == 0 {
            return Err(self.reader.empty());
        }
        let deployed = self.newest_good(floor, newest).await?;
        // A run that is about to record the next release leans on what the newest one reaches.
        let wanted = newest.saturating_sub(keep.max(2) - 1);
        let first = [pinned, deployed].into_iter().flatten().fold(wanted, u64::min).max(floor);
        let mut needed: BTreeSet<PackId> = BTreeSet::new();
        let mut predecessor = None;
        let mut kept = stream::iter(first..=newest).map(|number| self.release(number)).buffered(PARALLEL);
        while let Some(release) = kept.try_next().await? {
            if release.summary.number == first {
                predecessor = release.summary.predecessor;
            }
            needed.extend(Body::blobs(&release.body).map(|stored| stored.pack));
        }
        let records = self.numbered(layout::RELEASES, first).await?;
        let releases: Vec<u64> = records.iter().filter_map(|path| layout::number(path.rsplit('/').next()?, 8)).collect();
        let mut events = Vec::new();
        for folder in self.numbered(layout::EVENTS, first).await? {
            let names = self.reader.access.list(&folder).await?.objects;
            events.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
        }
        let mut packs = self.numbered(layout::PACKS, first).await?;
        packs.retain(|path| path.rsplit('/').next().and_then(layout::pack_of).is_some_and(|id| !needed.contains(&id)));
        let markers = self.reader.access.list(layout::PRUNINGS).await?.objects.into_iter();
        let markers = markers.filter(|name| layout::number(name, 8).is_some_and(|number| number < first));
        let steps = [records, events, packs, markers.map(|name| format!("{}/{name}", layout::PRUNINGS)).collect()];
        let objects = steps.iter().map(Vec::len).sum::<usize>() as u64;
        Ok(PrunePlan { first, newest, releases, objects, predecessor, steps })
    }

    /// Removes what was planned. The marker comes first: a run that is killed leaves what the next one removes, and never a history that looks
    /// as if it had been cut. Needs the right to remove.
    pub async fn prune(&self, plan: &PrunePlan, actor: &str) -> Result<(), HistoryError> {
        if plan.objects == 0 {
            return Ok(());
        }
        if let Some(predecessor) = plan.predecessor {
            let marker = Pruning::new(self.session, &self.reader.owner, actor, plan.first, predecessor);
            let path = layout::pruning(plan.first);
            let claim = self.reader.access.claim(&path, &marker.seal(self.session)?, marker.attempt).await;
            if let CreationOutcome::Lost(there) = claim.map_err(HistoryError::before_the_record)? {
                // Another run, or one before this, pruned to the same release.
                Pruning::read(&there, &self.reader.owner, plan.first)?.prove(&there, self.session.keys)?;
            }
        }
        for step in &plan.steps {
            let removed = stream::iter(step).map(|path| self.reader.access.remove(path)).buffer_unordered(PARALLEL);
            removed.try_collect::<()>().await?;
        }
        Ok(())
    }

    /// The newest release from `floor` on that was written out or applied.
    async fn newest_good(&self, floor: u64, newest: u64) -> Result<Option<u64>, HistoryError> {
        let outcome = |number| async move { Ok::<_, HistoryError>((number, self.reader.outcome(number).await?)) };
        let mut outcomes = stream::iter((floor..=newest).rev()).map(outcome).buffered(PARALLEL);
        while let Some((number, outcome)) = outcomes.try_next().await? {
            if outcome.is_good() {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// What `root` holds of the releases before `first`: the paths of objects, or of folders of events.
    async fn numbered(&self, root: &str, first: u64) -> Result<Vec<String>, HistoryError> {
        let access = self.reader.access;
        let mut folders = vec![root.to_owned()];
        for (digits, most) in [(4, first / 10_000), (2, u64::MAX)] {
            let lists =
                stream::iter(folders).map(|folder| async move { Ok::<_, HistoryError>((access.list(&folder).await?.folders, folder)) });
            let lists: Vec<(Vec<String>, String)> = lists.buffered(PARALLEL).try_collect().await?;
            let deeper = lists.iter().flat_map(|(names, folder)| names.iter().map(move |name| (name, folder)));
            let deeper = deeper.filter(|(name, _)| layout::number(name, digits).is_some_and(|number| number <= most));
            folders = deeper.map(|(name, folder)| format!("{folder}/{name}")).collect();
        }
        folders.retain(|folder| *folder <= layout::folder(root, first));
        let lists = stream::iter(folders).map(|folder| async move { Ok::<_, HistoryError>((access.list(&folder).await?, folder)) });
        let lists: Vec<_> = lists.buffered(PARALLEL).try_collect().await?;
        let mut paths = Vec::new();
        for (listing, folder) in lists {
            let names = if root == layout::EVENTS { listing.folders } else { listing.objects };
            let is_before = |name: &String| layout::number(name.get(..8).unwrap_or_default(), 8).is_some_and(|number| number < first);
            paths.extend(names.into_iter().filter(is_before).map(|name| format!("{folder}/{name}")));
        }
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;

    use crate::clock::Machine;
    use crate::history::Checkpoint;
    use crate::history::Continuity;
    use crate::history::History;
    use crate::history::HistoryError;
    use crate::history::HistorySession;
    use crate::history::InMemoryStore;
    use crate::history::InjectedFault;
    use crate::history::NewEvent;
    use crate::history::What;
    use crate::history::copy;
    use crate::history::fixtures;
    use crate::history::layout;
    use crate::seal::Keys;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    async fn with(count: u64) -> InMemoryStore {
        let store = InMemoryStore::new();
        fixtures::releases(&fixtures::history(&store, "dev").await, count).await;
        store
    }

    async fn prune(store: &InMemoryStore, keep: u64) -> Result<(u64, usize), HistoryError> {
        let history = History::open(fixtures::reader(store, "dev"), fixtures::session()).await?;
        let plan = history.plan_prune(keep, None).await?;
        history.prune(&plan, "ada").await?;
        Ok((plan.first, plan.releases.len()))
    }

    /// How many releases are proven, and how much litter there is.
    async fn proven(store: &InMemoryStore) -> (u64, usize) {
        let report = fixtures::history(store, "dev").await.verify().await.unwrap();
        assert_eq!(report.defects, []);
        (report.releases, report.litter.len())
    }

    async fn defects(store: &InMemoryStore) -> Vec<String> {
        let report = fixtures::history(store, "dev").await.verify().await.unwrap();
        report.defects.into_iter().map(|defect| format!("{}: {}", defect.path, defect.reason)).collect()
    }

    #[tokio::test]
    async fn what_is_kept_is_whole_and_goes_on() {
        let store = with(130).await;
        let planned = fixtures::history(&store, "dev").await.plan_prune(5, None).await.unwrap();
        let before = store.objects();
        assert_eq!(prune(&store, 5).await.unwrap(), (126, 125));
        let gone: BTreeSet<String> = before.keys().filter(|path| !store.objects().contains_key(*path)).cloned().collect();
        assert_eq!(gone.len() as u64, planned.objects, "what was planned");
        assert_eq!(proven(&store).await, (5, 0));
        let history = fixtures::history(&store, "dev").await;
        for number in 126..=130 {
            let release = history.release(number).await.unwrap();
            let texts = history.manifests(&release).await.unwrap();
            assert_eq!(texts[1].content.expose(), format!("content of release-{number}").as_bytes());
        }
        assert_eq!(history.release(125).await.unwrap_err(), HistoryError::Pruned { number: 125, first: 126 });
        let rows = history.reader().overview(130, 20).await;
        assert_eq!(rows.into_iter().map(|row| row.unwrap().0.number).collect::<Vec<_>>(), [130, 129, 128, 127, 126]);
        fixtures::releases(&history, 3).await;
        assert_eq!(proven(&store).await, (8, 0));
        assert_eq!(prune(&store, 5).await.unwrap(), (129, 3));
        assert_eq!(prune(&store, 50).await.unwrap(), (129, 0), "what is gone does not come back");
        assert_eq!(store.objects().keys().filter(|path| path.starts_with("pruned/")).collect::<Vec<_>>(), ["pruned/00000129"]);
        // A copy has all that it needs, packs of releases that are gone included.
        let other = InMemoryStore::new();
        copy(&fixtures::reader(&store, "dev"), &fixtures::reader(&other, "dev"), &Machine).await.unwrap();
        assert_eq!(other.objects(), store.objects());
    }

    #[tokio::test]
    async fn what_is_needed_stays() {
        let store = with(10).await;
        let history = fixtures::history(&store, "dev").await;
        let first = async |keep, pinned| fixtures::history(&store, "dev").await.plan_prune(keep, pinned).await.unwrap().first;
        assert_eq!((first(1, None).await, first(2, None).await, first(3, Some(6)).await, first(99, None).await), (9, 9, 6, 1));
        // Releases that failed do not push out the one that is deployed.
        let mut head = history.head().await.unwrap();
        for number in 11..=16 {
            let manifests = fixtures::manifests(&["common", &format!("release-{number}")]);
            let release = history.record(&fixtures::draft(&manifests), head.as_ref()).await.unwrap();
            history.add_event(&release, NewEvent { actor: "ada", what: What::Failed, detail: "" }).await.unwrap();
            head = Some(release);
        }
        assert_eq!((first(3, None).await, first(7, None).await, first(8, None).await), (10, 10, 9));
        let error = fixtures::history(&InMemoryStore::new(), "dev").await.plan_prune(3, None).await.unwrap_err();
        assert!(matches!(error, HistoryError::Empty { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_is_stopped_anywhere_is_carried_on() {
        let whole = with(12).await;
        prune(&whole, 4).await.unwrap();
        let before = with(12).await.objects();
        let calls = {
            let store = InMemoryStore::of(before.clone());
            prune(&store, 4).await.unwrap();
            store.count()
        };
        let mut stopped = 0;
        for call in 0..calls {
            for fault in [InjectedFault::Denied, InjectedFault::DoneThenError] {
                let store = InMemoryStore::of(before.clone());
                store.script(call, fault);
                stopped += usize::from(prune(&store, 4).await.is_err());
                let store = InMemoryStore::of(store.objects());
                let (releases, _) = proven(&store).await;
                assert!(releases == 12 || releases == 4, "{releases} after call {call}");
                prune(&store, 4).await.unwrap();
                assert_eq!(proven(&store).await, (4, 0));
                assert_eq!(prune(&store, 4).await.unwrap(), (9, 0));
            }
        }
        assert!(stopped > 20, "{stopped} of {calls}");
    }

    #[tokio::test]
    async fn a_deploy_beside_it_loses_nothing() {
        let store = with(9).await;
        let history = fixtures::history(&store, "dev").await;
        let head = history.head().await.unwrap();
        prune(&store, 2).await.unwrap();
        let manifests = fixtures::manifests(&["common", "release-9", "new"]);
        let release = history.record(&fixtures::draft(&manifests), head.as_ref()).await.unwrap();
        assert_eq!(proven(&store).await, (3, 0));
        assert_eq!(history.manifests(&release).await.unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn two_at_once_both_end_well() {
        // Each call of one takes longer, so that the other comes in between everywhere.
        for slow in 0..60 {
            let store = with(12).await;
            for call in slow..slow + 3 {
                store.script(store.count() + call, InjectedFault::Slow(std::time::Duration::from_millis(100)));
            }
            let (one, two) = futures::join!(prune(&store, 6), prune(&store, 3));
            assert_eq!((one.unwrap().0, two.unwrap().0).1, 10, "{slow}");
            assert_eq!(proven(&store).await.0, 3);
            prune(&store, 3).await.unwrap();
            assert_eq!(proven(&store).await, (3, 0));
        }
    }

    #[tokio::test]
    async fn a_run_that_slept_while_its_number_was_pruned_is_overtaken() {
        let store = with(3).await;
        let asleep = fixtures::history(&store, "dev").await;
        let head = asleep.head().await.unwrap();
        fixtures::releases(&fixtures::history(&store, "dev").await, 9).await;
        let known = fixtures::history(&store, "dev").await.release(4).await.unwrap().digest;
        prune(&store, 2).await.unwrap();
        let manifests = fixtures::manifests(&["late"]);
        // Its number is free again. What the fence sees tells it.
        let release = asleep.record(&fixtures::draft(&manifests), head.as_ref()).await.unwrap();
        assert_eq!((release.summary.number, asleep.reader().newest().await.unwrap()), (4, 12));
        assert_eq!(proven(&store).await, (2, 2), "its record and its pack belong to nobody");
        // Who remembers the release that had the number sees that it was pruned, not that it was replaced.
        let checkpoint = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 4, known);
        let history = fixtures::history(&store, "dev").await;
        assert_eq!(checkpoint.check(history.reader()).await.unwrap(), Continuity::Pruned);
        history.prove_pruning().await.unwrap();
        prune(&store, 2).await.unwrap();
        assert_eq!(proven(&store).await, (2, 0));
    }

    #[tokio::test]
    async fn pruning_is_told_from_a_cut() {
        let store = with(8).await;
        prune(&store, 5).await.unwrap();
        let older = store.objects();
        fixtures::releases(&fixtures::history(&store, "dev").await, 4).await;
        prune(&store, 3).await.unwrap();
        let objects = store.objects();
        let changed = |change: &dyn Fn(&mut std::collections::BTreeMap<String, Bytes>)| {
            let mut objects = objects.clone();
            change(&mut objects);
            InMemoryStore::of(objects)
        };
        let marker = layout::pruning(10);
        let gone = defects(&changed(&|objects| drop(objects.remove(&marker)))).await;
        assert_eq!(gone.len(), 9 + 1, "{gone:?}");
        assert!(gone[0].contains("releases/0000/00/00000001: it is gone"));
        let replayed = changed(&|objects| {
            objects.remove(&marker);
            objects.insert(layout::pruning(4), older[&layout::pruning(4)].clone());
        });
        assert!(defects(&replayed).await[0].contains("releases/0000/00/00000004: it is gone"));
        let moved = defects(&changed(&|objects| drop(objects.insert(layout::pruning(11), objects[&marker].clone())))).await;
        assert!(moved[0].contains("it is about release 10 of shop/dev"), "{moved:?}");
        let cut = changed(&|objects| objects.retain(|path, _| !path.starts_with("releases/") && !path.starts_with("events/")));
        assert_eq!(
            defects(&cut).await,
            ["releases/0000/00/00000010: it and those after it are gone: they were cut off, or the history is a copy that is not complete"]
        );
        let stray = defects(&changed(&|objects| drop(objects.insert("pruned/x".to_owned(), Bytes::new())))).await;
        assert_eq!(stray, ["pruned/x: it does not belong here: cloze never writes such an object"]);
    }

    #[tokio::test]
    async fn a_checkpoint_of_what_was_pruned_needs_a_marker_that_is_proven() {
        let store = with(2).await;
        let digest = fixtures::history(&store, "dev").await.release(2).await.unwrap().digest;
        let checkpoint = Checkpoint::new(fixtures::keys().store(), &fixtures::owner("dev"), 2, digest).with_events(1);
        fixtures::releases(&fixtures::history(&store, "dev").await, 6).await;
        prune(&store, 3).await.unwrap();
        let history = fixtures::history(&store, "dev").await;
        assert_eq!(checkpoint.check(history.reader()).await.unwrap(), Continuity::Pruned);
        assert!(!checkpoint.prove(&history).await.unwrap());
        history.prove_pruning().await.unwrap();
        // Who has no key hides a release behind a marker of another key.
        let keys = Keys::of(fixtures::keys().store().to_owned(), RootKey::generate(&Machine), Vec::new(), Secret::copy_of(b"naming"));
        let planted = InMemoryStore::new();
        let others = History::open(fixtures::reader(&planted, "dev"), HistorySession { keys: &keys, ..fixtures::session() }).await.unwrap();
        fixtures::releases(&others, 8).await;
        others.prune(&others.plan_prune(3, None).await.unwrap(), "eve").await.unwrap();
        let mut objects = store.objects();
        objects.insert(layout::pruning(6), planted.objects()[&layout::pruning(6)].clone());
        let store = InMemoryStore::of(objects);
        let error = fixtures::history(&store, "dev").await.prove_pruning().await.unwrap_err();
        assert_eq!(error, HistoryError::Rekeyed { path: layout::pruning(6) });
        assert!(!defects(&store).await.is_empty());
    }
}
