//! A strict history store in memory, with mishaps on demand, that counts what it is asked.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::OBJECT_LIMIT;
use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::store::is_path;

/// A history store in memory.
#[derive(Debug, Default)]
pub struct InMemoryStore {
    state: Mutex<StoreState>,
}

/// What can go wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedFault {
    /// The call does what it should and then says that it is not sure.
    DoneThenError,
    /// A creation does what it should and then says that the object exists, as a client says that tries again by itself.
    DoneThenExists,
    /// A creation says that the object exists, and does nothing.
    FalseExists,
    /// The call does nothing and says that it is not sure.
    NothingThenError,
    /// A creation keeps the first bytes only and says that it is not sure.
    Torn(usize),
    /// A creation says that it is not sure, and happens after the next call.
    Late,
    /// The call does what it should and takes that long to say so.
    Slow(Duration),
    /// There is no space.
    Full,
    /// It is forbidden.
    Denied,
    /// The disk fails after the creation.
    Broken,
    /// A creation replaces what is there, as a store does that does not know conditions.
    Overwrite,
}

/// How often a store was asked what, and how many bytes went each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Creations.
    pub creates: u64,
    /// Reads, of whole objects and of beginnings.
    pub gets: u64,
    /// Listings, of objects and of leftovers.
    pub lists: u64,
    /// Removals.
    pub removes: u64,
    /// Bytes written.
    pub written: u64,
    /// Bytes read, names in listings included.
    pub read: u64,
}

#[derive(Debug, Default)]
struct StoreState {
    objects: BTreeMap<String, Bytes>,
    late: Vec<(String, Bytes)>,
    calls: Calls,
    count: usize,
    creations: Vec<usize>,
    removals: Vec<usize>,
    script: BTreeMap<usize, InjectedFault>,
    always: Option<InjectedFault>,
}

impl InMemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds `objects`.
    #[must_use]
    pub fn of(objects: BTreeMap<String, Bytes>) -> Self {
        Self { state: Mutex::new(StoreState { objects, ..StoreState::default() }) }
    }

    /// What it holds.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.state().objects.clone()
    }

    /// What it was asked since it was made.
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// How many calls there were, the scripted ones included.
    pub fn count(&self) -> usize {
        self.state().count
    }

    /// Which of the calls were creations, by index.
    pub fn creations(&self) -> Vec<usize> {
        self.state().creations.clone()
    }

    /// Which of the calls were removals, by index, apart from those to which something happened.
    pub fn removals(&self) -> Vec<usize> {
        self.state().removals.clone()
    }

    /// Lets `mishap` happen to the call of that index, from 0.
    pub fn script(&self, index: usize, mishap: InjectedFault) {
        self.state().script.insert(index, mishap);
    }

    /// Lets `mishap` happen to every call that nothing else happens to.
    pub fn always(&self, mishap: Option<InjectedFault>) {
        self.state().always = mishap;
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, lets what is late happen, and gives the call's mishap.
    fn enter(&self, path: &str, valid: bool) -> Result<Option<InjectedFault>, StoreError> {
        let mut state = self.state();
        let index = state.count;
        state.count += 1;
        if !valid {
            return Err(StoreError::new(StoreFault::Unsupported, format!("{path:?} is not a path")));
        }
        Ok(state.script.remove(&index).or(state.always))
    }

    /// What happens after a call.
    fn leave(&self) {
        let mut state = self.state();
        for (path, bytes) in std::mem::take(&mut state.late) {
            state.objects.entry(path).or_insert(bytes);
        }
    }

    /// A call that creates nothing, with its mishap.
    async fn ask<T>(&self, path: &str, valid: bool, answer: impl FnOnce(&mut StoreState) -> T) -> Result<T, StoreError> {
        let mishap = self.enter(path, valid)?;
        let fault = match mishap {
            Some(InjectedFault::Slow(time)) => {
                tokio::time::sleep(time).await;
                None
            }
            None | Some(InjectedFault::Full | InjectedFault::Overwrite | InjectedFault::FalseExists | InjectedFault::DoneThenExists) => {
                None
            }
            Some(InjectedFault::Denied) => Some(StoreFault::Denied),
            Some(_) => Some(StoreFault::Unsure),
        };
        let answer = match fault {
            Some(fault) => Err(self.error(fault)),
            None => Ok(answer(&mut self.state())),
        };
        self.leave();
        answer
    }

    fn error(&self, fault: StoreFault) -> StoreError {
        let words = match fault {
            StoreFault::Full => ": no space left",
            StoreFault::Denied => ": permission denied",
            StoreFault::Broken => ": the disk is failing",
            _ => ": no answer",
        };
        StoreError::new(fault, format!("{self}{words}"))
    }
}

#[async_trait]
impl HistoryStore for InMemoryStore {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let mishap = self.enter(path, is_path(path))?;
        let verdict = {
            let mut state = self.state();
            state.calls.creates += 1;
            let index = state.count - 1;
            state.creations.push(index);
            state.calls.written += bytes.len() as u64;
            let exists = state.objects.contains_key(path);
            let kept = match mishap {
                Some(InjectedFault::Torn(length)) => Some(bytes.slice(..length.min(bytes.len()))),
                Some(
                    InjectedFault::NothingThenError
                    | InjectedFault::Full
                    | InjectedFault::Denied
                    | InjectedFault::FalseExists
                    | InjectedFault::Late,
                ) => None,
                _ => Some(bytes.clone()),
            };
            if let Some(kept) = kept.filter(|_| !exists || mishap == Some(InjectedFault::Overwrite)) {
                state.objects.insert(path.to_owned(), kept);
            }
            if mishap == Some(InjectedFault::Late) {
                state.late.push((path.to_owned(), bytes));
            }
            if exists && mishap != Some(InjectedFault::Overwrite) { Creation::Exists } else { Creation::Created }
        };
        let answer = match mishap {
            None | Some(InjectedFault::Overwrite) => Ok(verdict),
            Some(InjectedFault::Slow(time)) => {
                tokio::time::sleep(time).await;
                Ok(verdict)
            }
            Some(InjectedFault::DoneThenExists | InjectedFault::FalseExists) => Ok(Creation::Exists),
            Some(InjectedFault::Full) => Err(self.error(StoreFault::Full)),
            Some(InjectedFault::Denied) => Err(self.error(StoreFault::Denied)),
            Some(InjectedFault::Broken) => Err(self.error(StoreFault::Broken)),
            Some(_) => Err(self.error(StoreFault::Unsure)),
        };
        if mishap != Some(InjectedFault::Late) {
            self.leave();
        }
        answer
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.get_start(path, OBJECT_LIMIT + 1).await.and_then(|bytes| match bytes {
            Some(bytes) if bytes.len() > OBJECT_LIMIT => {
                Err(StoreError::new(StoreFault::Unreadable, format!("it is larger than {} MiB", OBJECT_LIMIT >> 20)))
            }
            bytes => Ok(bytes),
        })
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.ask(path, is_path(path), |state| {
            state.calls.gets += 1;
            let bytes = state.objects.get(path).map(|bytes| bytes.slice(..length.min(bytes.len())));
            state.calls.read += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
            bytes
        })
        .await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.ask(folder, folder.is_empty() || is_path(folder), |state| {
            let (mut folders, mut objects) = (BTreeSet::new(), BTreeSet::new());
            for path in state.objects.range(prefix.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&prefix)) {
                match path[prefix.len()..].split_once('/') {
                    Some((name, _)) => folders.insert(name.to_owned()),
                    None => objects.insert(path[prefix.len()..].to_owned()),
                };
            }
            state.calls.lists += 1;
            state.calls.read += folders.iter().chain(&objects).map(|name| name.len() as u64).sum::<u64>();
            Listing { folders: folders.into_iter().collect(), objects: objects.into_iter().collect() }
        })
        .await
    }

    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let prefix = format!("{folder}/");
        self.ask(folder, is_path(folder), |state| {
            let found = state.objects.range(prefix.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&prefix)).last();
            state.calls.lists += 1;
            state.calls.read += found.map_or(0, String::len) as u64;
            found.cloned()
        })
        .await
    }

    async fn sweep(&self, folder: &str, _done: &(dyn for<'n> Fn(&'n str) -> bool + Sync)) -> Result<Vec<String>, StoreError> {
        self.ask(folder, folder.is_empty() || is_path(folder), |state| {
            state.calls.lists += 1;
            Vec::new()
        })
        .await
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.ask(path, is_path(path), |state| {
            state.calls.removes += 1;
            let index = state.count - 1;
            state.removals.push(index);
            state.objects.remove(path);
        })
        .await
    }
}

impl fmt::Display for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store in memory")
    }
}

#[cfg(test)]
mod tests {
    use super::InMemoryStore;
    use crate::history::suite;

    #[tokio::test]
    async fn it_conforms() {
        suite::all(&InMemoryStore::new()).await;
    }
}
