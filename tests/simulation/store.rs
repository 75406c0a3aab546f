//! A store whose calls take time, overtake each other and go wrong, as its seed decides.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloze::history::Creation;
use cloze::history::HistoryStore;
use cloze::history::Listing;
use cloze::history::StoreError;
use cloze::history::StoreFault;
use tokio::time::sleep;

use crate::dice::Dice;

/// A store in memory.
#[derive(Debug)]
pub(crate) struct Store {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<String, Bytes>,
    dice: Dice,
    calm: bool,
    trace: u64,
    mishaps: u64,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and there is no answer.
    CallLost,
    /// It is done long after its caller gave up.
    Late,
    /// It is not done, and the answer is that something is there.
    FalseExists,
    /// It is done, and the answer is that something was there.
    DoneThenExists,
}

impl Store {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { objects: BTreeMap::new(), dice: Dice::new(seed), calm: false, trace: 0, mishaps: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn calm(&self) {
        self.state().calm = true;
    }

    /// A digest of every call in its order.
    pub(crate) fn trace(&self) -> u64 {
        self.state().trace
    }

    /// How many calls went wrong.
    pub(crate) fn mishaps(&self) -> u64 {
        self.state().mishaps
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn delay(&self) {
        let millis = self.state().dice.below(40) as u64;
        sleep(Duration::from_millis(millis)).await;
    }

    /// Notes a call, and decides what happens to it.
    fn enter(&self, call: &str, path: &str, mishaps: &[(usize, Mishap)]) -> Option<Mishap> {
        let mut state = self.state();
        for byte in call.bytes().chain(path.bytes()) {
            state.trace = (state.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut roll = state.dice.below(100);
        let found = mishaps.iter().find(|(chance, _)| {
            let hit = roll < *chance;
            roll = roll.saturating_sub(*chance);
            hit
        });
        let mishap = found.map(|(_, mishap)| *mishap).filter(|_| !state.calm);
        state.mishaps += u64::from(mishap.is_some());
        mishap
    }

    /// Does `deed` to the objects in a while, whatever becomes of the caller.
    fn later(&self, deed: impl FnOnce(&mut BTreeMap<String, Bytes>) + Send + 'static) {
        let wait = Duration::from_millis(self.state().dice.below(5_000) as u64);
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            sleep(wait).await;
            deed(&mut state.lock().unwrap().objects);
        });
    }

    /// A call that creates nothing.
    async fn ask<T>(&self, call: &str, path: &str, answer: impl FnOnce(&BTreeMap<String, Bytes>) -> T) -> Result<T, StoreError> {
        self.delay().await;
        let lost = self.enter(call, path, &[(3, Mishap::CallLost)]).is_some();
        let found = answer(&self.state().objects);
        self.delay().await;
        if lost { Err(unsure()) } else { Ok(found) }
    }
}

fn unsure() -> StoreError {
    StoreError { fault: StoreFault::Unsure, reason: "no answer".to_owned(), next: None }
}

#[async_trait]
impl HistoryStore for Store {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        self.delay().await;
        let chances =
            [(4, Mishap::AnswerLost), (3, Mishap::CallLost), (3, Mishap::Late), (2, Mishap::FalseExists), (2, Mishap::DoneThenExists)];
        let mishap = self.enter("create", path, &chances);
        let owned = path.to_owned();
        let mut created = false;
        match mishap {
            Some(Mishap::CallLost | Mishap::FalseExists) => {}
            Some(Mishap::Late) => self.later(move |objects| {
                objects.entry(owned).or_insert(bytes);
            }),
            _ => {
                let objects = &mut self.state().objects;
                created = !objects.contains_key(path);
                objects.entry(owned).or_insert(bytes);
            }
        }
        self.delay().await;
        match mishap {
            Some(Mishap::AnswerLost | Mishap::CallLost | Mishap::Late) => Err(unsure()),
            None if created => Ok(Creation::Created),
            _ => Ok(Creation::Exists),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.ask("get", path, |objects| objects.get(path).cloned()).await
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.ask("start", path, |objects| objects.get(path).map(|bytes| bytes.slice(..length.min(bytes.len())))).await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.ask("list", folder, |objects| {
            let (mut folders, mut names) = (BTreeSet::new(), Vec::new());
            for path in objects.keys().filter_map(|path| path.strip_prefix(&prefix)) {
                match path.split_once('/') {
                    Some((name, _)) => drop(folders.insert(name.to_owned())),
                    None => names.push(path.to_owned()),
                }
            }
            Listing { folders: folders.into_iter().collect(), objects: names }
        })
        .await
    }

    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let prefix = format!("{folder}/");
        self.ask("last", folder, |objects| objects.keys().rfind(|path| path.starts_with(&prefix)).cloned()).await
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.delay().await;
        let mishap = self.enter("remove", path, &[(4, Mishap::AnswerLost), (3, Mishap::CallLost), (3, Mishap::Late)]);
        let owned = path.to_owned();
        match mishap {
            Some(Mishap::CallLost) => {}
            Some(Mishap::Late) => self.later(move |objects| drop(objects.remove(&owned))),
            _ => drop(self.state().objects.remove(path)),
        }
        self.delay().await;
        if mishap.is_some() { Err(unsure()) } else { Ok(()) }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of the simulation")
    }
}
