//! A store that is asked once for what never changes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use async_trait::async_trait;
use bytes::Bytes;

use crate::history::patience::Patience;
use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::StoreError;

/// A store behind a network, asked once in a run for each small object. What was created is not held, since a store that does not keep what it
/// says that it took has to be found out; a listing is always asked for again.
#[derive(Debug)]
pub struct Cached<S> {
    store: S,
    objects: Mutex<BTreeMap<String, Bytes>>,
}

/// The largest object that is held, in bytes, and how many are.
const LARGEST: usize = 256 << 10;
const MOST: usize = 64;

impl<S: HistoryStore> Cached<S> {
    /// Holds what is read from `store`.
    pub fn new(store: S) -> Self {
        Self { store, objects: Mutex::default() }
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, path: &str, length: usize) -> Option<Bytes> {
        self.objects().get(path).map(|bytes| bytes.slice(..length.min(bytes.len())))
    }
}

#[async_trait]
impl<S: HistoryStore> HistoryStore for Cached<S> {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        self.store.create(path, bytes).await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        if let Some(bytes) = self.held(path, usize::MAX) {
            return Ok(Some(bytes));
        }
        let found = self.store.get(path).await?;
        if let Some(bytes) = found.as_ref().filter(|bytes| bytes.len() <= LARGEST) {
            let mut objects = self.objects();
            if objects.len() < MOST {
                objects.insert(path.to_owned(), bytes.clone());
            }
        }
        Ok(found)
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        match self.held(path, length) {
            Some(bytes) => Ok(Some(bytes)),
            None => self.store.get_start(path, length).await,
        }
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        self.store.list(folder).await
    }

    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        self.store.last(folder).await
    }

    async fn sweep(&self, folder: &str, done: &(dyn for<'n> Fn(&'n str) -> bool + Sync)) -> Result<Vec<String>, StoreError> {
        self.store.sweep(folder, done).await
    }

    fn patience(&self) -> Patience {
        self.store.patience()
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.objects().remove(path);
        self.store.remove(path).await
    }
}

impl<S: HistoryStore> fmt::Display for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.store, f)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Cached;
    use super::LARGEST;
    use crate::history::HistoryStore as _;
    use crate::history::InMemoryStore;
    use crate::history::suite;

    #[tokio::test]
    async fn it_keeps_to_what_a_history_store_must_do() {
        suite::all(&Cached::new(InMemoryStore::new())).await;
    }

    #[tokio::test]
    async fn what_was_read_is_asked_for_once_and_what_was_created_is_asked_for() {
        let held = Cached::new(InMemoryStore::new());
        held.create("a", Bytes::from_static(b"small")).await.unwrap();
        held.create("b", Bytes::from(vec![0; LARGEST + 1])).await.unwrap();
        let calls = |held: &Cached<InMemoryStore>| held.store.count();
        let before = calls(&held);
        for _ in 0..3 {
            assert_eq!(held.get("a").await.unwrap().unwrap(), "small");
            assert_eq!(held.get_start("a", 2).await.unwrap().unwrap(), "sm");
        }
        assert_eq!(calls(&held) - before, 1);
        for _ in 0..3 {
            held.get("b").await.unwrap();
            held.list("").await.unwrap();
        }
        assert_eq!(calls(&held) - before, 7, "what is large, and listings");
        held.remove("a").await.unwrap();
        assert_eq!(held.get("a").await.unwrap(), None);
    }
}
