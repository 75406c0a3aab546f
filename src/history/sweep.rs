//! Sweeping: what killed or beaten runs left behind is removed, and nothing that a run under way can still need.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::future::try_join_all;
use futures::stream;
use futures::try_join;

use crate::history::envelope::LINE_LIMIT;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::layout::PackId;
use crate::history::log::History;
use crate::history::reader::PARALLEL;
use crate::history::summary::Summary;
use crate::history::write_id::WriteId;

/// What was swept away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Packs that belong to no release.
    pub packs: Vec<String>,
    /// Half-written files and probes.
    pub leftovers: Vec<String>,
}

impl History<'_> {
    /// Removes what runs for the numbers from `from` to the head left behind: packs of attempts that lost their number, and
    /// half-written files. The caller remembers how far it swept; zero sweeps everything.
    ///
    /// A run that is still about to claim the number after the head is never disturbed. One that lost its number without knowing
    /// it yet loses its pack, and learns from the record that it lost.
    pub async fn sweep(&self, from: u64) -> Result<Swept, HistoryError> {
        let mut swept = Swept::default();
        let newest = match self.reader.seen().load(Ordering::Acquire) {
            0 => self.reader.newest().await?,
            seen => seen,
        };
        let from = from.max(1);
        if from > newest {
            return Ok(swept);
        }
        let access = self.reader.access;
        let folders: Vec<String> = (from / 100..=newest / 100).map(|hundred| layout::folder(layout::PACKS, hundred * 100)).collect();
        let listings = try_join_all(folders.iter().map(|folder| access.list(folder)));
        let (listings, probes) = try_join!(listings, access.list(layout::PROBES))?;
        let packs = listings.iter().flat_map(|listing| &listing.objects).filter_map(|name| layout::pack_of(name));
        self.sweep_packs(packs.filter(|id| (from..=newest).contains(&id.number)).collect(), &mut swept).await?;
        for (hundred, folder) in (from / 100..).zip(&folders) {
            self.sweep_leftovers(folder, newest, &mut swept).await?;
            self.sweep_leftovers(&layout::folder(layout::RELEASES, hundred * 100), newest, &mut swept).await?;
        }
        for number in from..=newest {
            self.sweep_leftovers(&layout::events(number), u64::MAX, &mut swept).await?;
        }
        for folder in ["", layout::KEYRINGS, layout::KEYRING_ENTRIES, layout::PROBES] {
            self.sweep_leftovers(folder, u64::MAX, &mut swept).await?;
        }
        for probe in probes.objects {
            self.remove(format!("{}/{probe}", layout::PROBES), &mut swept.leftovers).await?;
        }
        Ok(swept)
    }

    async fn sweep_packs(&self, packs: Vec<PackId>, swept: &mut Swept) -> Result<(), HistoryError> {
        let numbers: BTreeSet<u64> = packs.iter().map(|id| id.number).collect();
        let winner = |number| async move {
            let path = layout::release(number);
            let start = self.reader.access.get_start(&path, LINE_LIMIT).await?;
            // Without a record there is no telling what is litter: that is for `verify` to say.
            let winner = start.and_then(|start| Summary::read(&path, &start, &self.reader.owner, number).ok());
            Ok::<_, HistoryError>((number, winner.map(|winner| winner.attempt)))
        };
        let winners: BTreeMap<u64, Option<WriteId>> = stream::iter(numbers).map(winner).buffered(PARALLEL).try_collect().await?;
        let mut beaten: Vec<PackId> = packs;
        beaten.retain(|id| winners.get(&id.number).copied().flatten().is_some_and(|winner| winner != id.attempt));
        if beaten.is_empty() {
            return Ok(());
        }
        // Asked after the records were read: the record of a run that came late can have taken a number that was pruned, and the pack there is
        // one that a release needs. Pruning looks after what is before the first release.
        let first = self.reader.first().await?;
        for id in beaten.into_iter().filter(|id| id.number >= first) {
            self.remove(layout::pack(id), &mut swept.packs).await?;
        }
        Ok(())
    }

    /// Removes the leftovers in `folder`, those only that are of a number up to `newest` where they have one.
    async fn sweep_leftovers(&self, folder: &str, newest: u64, swept: &mut Swept) -> Result<(), HistoryError> {
        let done = |name: &str| {
            let number = name.get(..8).and_then(|start| layout::number(start, 8));
            newest == u64::MAX || number.is_some_and(|number| number <= newest)
        };
        let names = self.reader.access.sweep(folder, &done).await?;
        swept.leftovers.extend(names.into_iter().map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }));
        Ok(())
    }

    /// What this credential may not remove stays.
    async fn remove(&self, path: String, swept: &mut Vec<String>) -> Result<(), HistoryError> {
        match self.reader.access.remove(&path).await {
            Ok(()) => swept.push(path),
            Err(HistoryError::Denied { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::Arc;

    use async_trait::async_trait;
    use bytes::Bytes;

    use crate::clock::Machine;
    use crate::history::Creation;
    use crate::history::HistoryStore;
    use crate::history::InMemoryStore;
    use crate::history::Listing;
    use crate::history::LocalDirectory;
    use crate::history::StoreError;
    use crate::history::StoreFault;
    use crate::history::fixtures;

    /// A store whose credential may not remove.
    #[derive(Debug, Default)]
    struct Unremovable(InMemoryStore);

    impl fmt::Display for Unremovable {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    #[async_trait]
    impl HistoryStore for Unremovable {
        async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
            self.0.create(path, bytes).await
        }

        async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
            self.0.get(path).await
        }

        async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
            self.0.get_start(path, length).await
        }

        async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
            self.0.list(folder).await
        }

        async fn remove(&self, _: &str) -> Result<(), StoreError> {
            Err(StoreError::new(StoreFault::Denied, "permission denied"))
        }
    }

    #[tokio::test]
    async fn who_may_not_remove_can_do_everything_else() {
        let store = Unremovable::default();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 2).await;
        let litter = format!("packs/0000/00/00000002-{}-0", "ab".repeat(16));
        store.create(&litter, Bytes::from_static(b"x")).await.unwrap();
        assert_eq!(history.sweep(0).await.unwrap(), crate::history::Swept::default());
        fixtures::releases(&history, 1).await;
        let report = history.verify().await.unwrap();
        assert_eq!((report.releases, report.defects), (3, Vec::new()));
    }

    #[tokio::test]
    async fn litter_goes_and_everything_else_stays() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 3).await;
        let whole = store.objects();
        let litter = [format!("packs/0000/00/00000002-{}-0", "ab".repeat(16)), format!("probe/{}", "ab".repeat(16))];
        let under_way = format!("packs/0000/00/00000004-{}-0", "cd".repeat(16));
        for path in litter.iter().chain([&under_way]) {
            store.create(path, Bytes::from_static(b"x")).await.unwrap();
        }
        let swept = history.sweep(1).await.unwrap();
        assert_eq!((swept.packs, swept.leftovers), (vec![litter[0].clone()], vec![litter[1].clone()]));
        let mut expected = whole;
        expected.insert(under_way, Bytes::from_static(b"x"));
        assert_eq!(store.objects(), expected);
        assert_eq!(history.sweep(1).await.unwrap(), crate::history::Swept::default());
    }

    #[tokio::test]
    async fn a_late_record_at_a_number_that_was_pruned_costs_no_pack_that_a_release_needs() {
        let store = InMemoryStore::new();
        let asleep = fixtures::history(&store, "dev").await;
        fixtures::releases(&fixtures::history(&store, "dev").await, 6).await;
        let pruning = fixtures::history(&store, "dev").await;
        pruning.prune(&pruning.plan_prune(3, None).await.unwrap(), "ada").await.unwrap();
        // Every release needs the first one's pack, and a run that slept since before gets its number.
        let manifests = fixtures::manifests(&["late"]);
        assert_eq!(asleep.record(&fixtures::draft(&manifests), None).await.unwrap().summary.number, 1);
        let needed: Vec<String> = store.objects().into_keys().filter(|path| path.starts_with("packs/0000/00/00000001")).collect();
        assert_eq!(needed.len(), 2, "the pack of the first release, and that of the late one");
        fixtures::history(&store, "dev").await.sweep(0).await.unwrap();
        assert!(needed.iter().all(|path| store.objects().contains_key(path)));
        assert_eq!(fixtures::history(&store, "dev").await.verify().await.unwrap().defects, []);
    }

    #[tokio::test]
    async fn only_numbers_up_to_the_head_that_is_known_are_swept() {
        let store = InMemoryStore::new();
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 3).await;
        // Another run takes the next number meanwhile, and a third one does not know yet that it lost it.
        fixtures::releases(&fixtures::history(&store, "dev").await, 1).await;
        let [swept_before, litter, under_way] = [1, 2, 4].map(|number| format!("packs/0000/00/{number:08}-{}-0", "ab".repeat(16)));
        for path in [&swept_before, &litter, &under_way] {
            store.create(path, Bytes::from_static(b"x")).await.unwrap();
        }
        assert_eq!(history.sweep(2).await.unwrap().packs, [litter]);
        let left = store.objects();
        assert!(left.contains_key(&swept_before) && left.contains_key(&under_way));
    }

    #[tokio::test]
    async fn staging_files_of_claimed_numbers_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalDirectory::at(folder.path(), Arc::new(Machine));
        let history = fixtures::history(&store, "dev").await;
        fixtures::releases(&history, 2).await;
        let attempt = "ab".repeat(16);
        let litter = [
            "events/0000/00/00000002/0001#1".to_owned(),
            "keyring/x#1".to_owned(),
            format!("packs/0000/00/00000002-{attempt}-0#1"),
            "releases/0000/00/00000002#1".to_owned(),
            "store#12".to_owned(),
        ];
        let under_way = [format!("packs/0000/00/00000003-{attempt}-0#1"), "releases/0000/00/00000003#1".to_owned()];
        for path in litter.iter().chain(&under_way) {
            std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(path), "x").unwrap();
        }
        // As this version writes them: the lock of a run that is alive keeps one of them.
        let side = folder.path().join("releases/0000/00/.00000002.cloze-ab");
        let alive = folder.path().join("releases/0000/00/.00000001.cloze-ab");
        std::fs::write(&side, "x").unwrap();
        let held = std::fs::File::create(&alive).unwrap();
        held.lock().unwrap();
        let mut swept = history.sweep(0).await.unwrap();
        swept.leftovers.sort();
        assert_eq!(swept.leftovers, [&litter[..3], &["releases/0000/00/00000002".to_owned()], &litter[3..]].concat());
        assert!(!side.exists() && alive.exists());
        assert!(litter.iter().all(|path| !folder.path().join(path).exists()));
        assert!(under_way.iter().all(|path| folder.path().join(path).exists()));
        assert!(history.verify().await.unwrap().defects.is_empty());
    }
}
