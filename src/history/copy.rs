//! Copying a history to another store, object by object. What lies there is sealed, so it takes no key.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;

use crate::clock::Entropy;
use crate::history::access::CreationOutcome;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::reader::PARALLEL;
use crate::history::reader::Reader;
use crate::history::write_id::WriteId;

/// What is in the copy afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Releases.
    pub releases: u64,
    /// Objects that this run wrote.
    pub written: u64,
    /// Objects that were there already, byte for byte the same.
    pub there: u64,
}

/// Copies what `from` reads to the store of `to`, oldest first, so that a copy that was cut short is an older history and is carried on by the
/// next. Each object is compared with the one that is there, or written and, where the store leaves a doubt, read back. Of a half that a store
/// that tears left, the whole is written.
///
/// Beside runs that deploy, what was there at the beginning is copied; beside one that prunes, it is begun again.
///
/// # Errors
/// The other store holds something that is not in this history.
pub async fn copy(from: &Reader<'_>, to: &Reader<'_>, entropy: &dyn Entropy) -> Result<Copied, HistoryError> {
    from.check_owner().await?;
    to.check_owner().await?;
    let mut copy = Copy { from, to, entropy, first: from.first().await?, newest: 0, gone: None, copied: Copied::default() };
    loop {
        // In this order: what was recorded after it may lack something when its folder is listed.
        copy.newest = from.newest().await?;
        if copy.newest == 0 {
            return Err(from.empty());
        }
        copy.copied = Copied { written: copy.copied.written, ..Copied::default() };
        let all = match copy.all().await {
            // A run that slept can have claimed a number that was pruned meanwhile.
            all @ (Ok(()) | Err(HistoryError::Unfit { .. })) => all,
            Err(error) => return Err(error),
        };
        let first = from.first().await?;
        match copy.gone.take() {
            _ if first != copy.first => copy.first = first,
            Some(path) => return Err(HistoryError::damaged(path, "it is gone")),
            None => return all.map(|()| copy.copied),
        }
    }
}

struct Copy<'a> {
    from: &'a Reader<'a>,
    to: &'a Reader<'a>,
    entropy: &'a dyn Entropy,
    /// The oldest release that was kept, and the newest.
    first: u64,
    newest: u64,
    /// An object that was listed and then not there.
    gone: Option<String>,
    copied: Copied,
}

impl Copy<'_> {
    async fn all(&mut self) -> Result<(), HistoryError> {
        let (first, newest) = (self.first, self.newest);
        let within = |name: &str, range: RangeInclusive<u64>| layout::number(name, 8).is_none_or(|number| range.contains(&number));
        let keyring = self.from.keyring_entry().await?.map_or(0, |(entry, _)| entry.number);
        self.objects("", &|name| name == layout::STORE).await?;
        self.objects(layout::KEYRINGS, &|_| true).await?;
        self.objects(layout::KEYRING_ENTRIES, &|name| layout::number(name, 4).is_none_or(|number| number <= keyring.into())).await?;
        // Older ones say nothing any more, and a run that slept can write one again.
        self.objects(layout::PRUNINGS, &|name| within(name, first..=first)).await?;
        for hundred in self.hundreds().await? {
            let below = |root: &str| format!("{root}/{hundred}");
            self.objects(&below(layout::PACKS), &|name| layout::pack_of(name).is_none_or(|id| id.number <= newest)).await?;
            self.copied.releases += self.objects(&below(layout::RELEASES), &|name| within(name, first..=newest)).await?;
            for number in self.folders(&below(layout::EVENTS)).await? {
                if within(&number, first..=newest) {
                    self.objects(&format!("{}/{number}", below(layout::EVENTS)), &|_| true).await?;
                }
            }
        }
        Ok(())
    }

    async fn folders(&self, folder: &str) -> Result<Vec<String>, HistoryError> {
        Ok(self.from.access.list(folder).await?.folders)
    }

    /// The folders of a hundred numbers, in order: those of releases, and those of packs, which can outlive the release that brought them.
    async fn hundreds(&self) -> Result<BTreeSet<String>, HistoryError> {
        let mut hundreds = BTreeSet::new();
        for root in [layout::RELEASES, layout::PACKS] {
            for top in self.folders(root).await? {
                let middles = self.folders(&format!("{root}/{top}")).await?;
                hundreds.extend(middles.into_iter().map(|middle| format!("{top}/{middle}")));
            }
        }
        Ok(hundreds)
    }

    /// Copies the objects of a folder that are `wanted`, in order; how many there are.
    async fn objects(&mut self, folder: &str, wanted: &dyn Fn(&str) -> bool) -> Result<u64, HistoryError> {
        let mut names = self.from.access.list(folder).await?.objects;
        names.retain(|name| wanted(name));
        let there: BTreeSet<String> = self.to.access.list(folder).await?.objects.into_iter().collect();
        let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let (from, to) = (self.from.access, self.to.access);
        let read = |name: &String| {
            let (path, is_there) = (path(name), there.contains(name));
            async move {
                let bytes = from.get(&path).await?;
                let other = if is_there { to.get(&path).await? } else { None };
                Ok::<_, HistoryError>((path, bytes, other))
            }
        };
        let mut read = stream::iter(&names).map(read).buffered(PARALLEL);
        while let Some((path, bytes, other)) = read.try_next().await? {
            match (bytes, other) {
                (Some(bytes), Some(other)) if other == bytes => self.copied.there += 1,
                (Some(bytes), Some(other)) if is_half(&other, &bytes) => {
                    to.remove(&path).await?;
                    self.write(&path, &bytes).await?;
                }
                (Some(_), Some(_)) => return Err(self.differs(&path)),
                (Some(bytes), None) => self.write(&path, &bytes).await?,
                // A sweep removes what belongs to no release.
                (None, _) if folder.starts_with(layout::PACKS) => {}
                (None, _) => self.gone = Some(path),
            }
        }
        Ok(names.len() as u64)
    }

    async fn write(&mut self, path: &str, bytes: &Bytes) -> Result<(), HistoryError> {
        for _ in 0..self.to.access.tries() {
            match self.to.access.claim(path, bytes, WriteId::new(self.entropy)).await? {
                CreationOutcome::Won => {
                    self.copied.written += 1;
                    return Ok(());
                }
                CreationOutcome::Lost(there) if is_half(&there, bytes) => self.to.access.remove(path).await?,
                CreationOutcome::Lost(_) => return Err(self.differs(path)),
            }
        }
        Err(HistoryError::damaged(path, "the store does not keep what is written"))
    }

    fn differs(&self, path: &str) -> HistoryError {
        let (from, to) = (self.from.access.store(), self.to.access.store());
        HistoryError::Unfit {
            reason: format!("{to} is not a copy of {from}: {path} is another one there"),
            next: Some("copy to a place that is empty, or to a copy that was begun of the same history".to_owned()),
        }
    }
}

/// Whether `there` is a part of `bytes` from its beginning.
fn is_half(there: &[u8], bytes: &[u8]) -> bool {
    there.len() < bytes.len() && bytes.starts_with(there)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Copied;
    use super::copy;
    use crate::clock::Machine;
    use crate::history::HistoryError;
    use crate::history::InMemoryStore;
    use crate::history::InjectedFault;
    use crate::history::LocalDirectory;
    use crate::history::fixtures;

    #[tokio::test]
    async fn a_copy_is_the_history() {
        let (from, folder) = (InMemoryStore::new(), tempfile::tempdir().unwrap());
        let to = LocalDirectory::at(&folder.path().join("copy"), Arc::new(Machine)).without_fsync();
        fixtures::releases(&fixtures::history(&from, "dev").await, 12).await;
        let readers = || (fixtures::reader(&from, "dev"), fixtures::reader(&to, "dev"));
        let (source, target) = readers();
        let all = from.objects().len() as u64;
        assert_eq!(copy(&source, &target, &Machine).await.unwrap(), Copied { releases: 12, written: all, there: 0 });
        let proven = fixtures::history(&to, "dev").await.verify().await.unwrap();
        assert_eq!((proven.releases, proven.defects), (12, Vec::new()));
        fixtures::releases(&fixtures::history(&from, "dev").await, 1).await;
        let (source, target) = readers();
        assert_eq!(copy(&source, &target, &Machine).await.unwrap(), Copied { releases: 13, written: 3, there: all });
        // And back, from one layout to the other.
        let back = InMemoryStore::new();
        copy(&target, &fixtures::reader(&back, "dev"), &Machine).await.unwrap();
        assert_eq!(back.objects(), from.objects());
    }

    #[tokio::test]
    async fn a_marker_that_a_slow_run_wrote_again_does_not_make_it_another_history() {
        let (from, to) = (InMemoryStore::new(), InMemoryStore::new());
        fixtures::releases(&fixtures::history(&from, "dev").await, 8).await;
        let slow = fixtures::history(&from, "dev").await;
        let slow_plan = slow.plan_prune(5, None).await.unwrap();
        for keep in [5, 2] {
            let history = fixtures::history(&from, "dev").await;
            history.prune(&history.plan_prune(keep, None).await.unwrap(), "ada").await.unwrap();
            if keep == 2 {
                slow.prune(&slow_plan, "bob").await.unwrap();
                let markers = from.objects().into_keys().filter(|path| path.starts_with("pruned/")).count();
                assert_eq!(markers, 2, "the older one came back");
            }
            copy(&fixtures::reader(&from, "dev"), &fixtures::reader(&to, "dev"), &Machine).await.unwrap();
        }
        let report = fixtures::history(&to, "dev").await.verify().await.unwrap();
        assert_eq!((report.releases, report.defects), (2, Vec::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_was_cut_short_is_an_older_history_and_is_carried_on() {
        let from = InMemoryStore::new();
        fixtures::releases(&fixtures::history(&from, "dev").await, 5).await;
        let source = fixtures::reader(&from, "dev");
        let whole = InMemoryStore::new();
        copy(&source, &fixtures::reader(&whole, "dev"), &Machine).await.unwrap();
        for cut in whole.creations() {
            let to = InMemoryStore::new();
            to.script(cut, InjectedFault::Denied);
            copy(&source, &fixtures::reader(&to, "dev"), &Machine).await.unwrap_err();
            let half = InMemoryStore::of(to.objects());
            if half.objects().keys().any(|path| path.starts_with("releases/")) {
                let report = fixtures::history(&half, "dev").await.verify().await.unwrap();
                let wrong: Vec<_> = report.defects.iter().filter(|defect| !defect.reason.contains("events are gone")).collect();
                assert!(wrong.is_empty(), "{wrong:?}");
            }
            copy(&source, &fixtures::reader(&half, "dev"), &Machine).await.unwrap();
            assert_eq!(half.objects(), from.objects());
        }
    }

    #[tokio::test]
    async fn of_a_half_the_whole_is_written() {
        let (from, to) = (InMemoryStore::new(), InMemoryStore::new());
        fixtures::releases(&fixtures::history(&from, "dev").await, 2).await;
        for path in from.objects().keys() {
            let mut objects = from.objects();
            let half = objects[path].len() / 2;
            objects.get_mut(path).unwrap().truncate(half);
            let torn = InMemoryStore::of(objects);
            copy(&fixtures::reader(&from, "dev"), &fixtures::reader(&torn, "dev"), &Machine).await.unwrap();
            assert!(torn.objects() == from.objects(), "{path}");
        }
        // A store that tears while it is copied to.
        to.script(4, InjectedFault::Torn(10));
        copy(&fixtures::reader(&from, "dev"), &fixtures::reader(&to, "dev"), &Machine).await.unwrap();
        assert_eq!(to.objects(), from.objects());
    }

    #[tokio::test]
    async fn another_history_is_not_overwritten() {
        let (from, to) = (InMemoryStore::new(), InMemoryStore::new());
        for store in [&from, &to] {
            fixtures::releases(&fixtures::history(store, "dev").await, 2).await;
        }
        let before = to.objects();
        let error = copy(&fixtures::reader(&from, "dev"), &fixtures::reader(&to, "dev"), &Machine).await.unwrap_err();
        assert_eq!(error.to_string(), "the store in memory is not a copy of the store in memory: store is another one there");
        assert_eq!(to.objects(), before);
        let empty = InMemoryStore::new();
        let error = copy(&fixtures::reader(&empty, "dev"), &fixtures::reader(&to, "dev"), &Machine).await.unwrap_err();
        assert!(matches!(error, HistoryError::Empty { .. }));
        let error = copy(&fixtures::reader(&from, "prod"), &fixtures::reader(&to, "prod"), &Machine).await.unwrap_err();
        assert!(matches!(error, HistoryError::Other { .. }));
    }
}
