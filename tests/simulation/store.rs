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

use crate::random::Random;

/// A store in memory.
#[derive(Debug)]
pub(crate) struct Store {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<String, Bytes>,
    random: Random,
    calm: bool,
    /// Whether it is a directory that may tear: of its creations, half can be there.
    tears: bool,
    /// Of what is there in half, all of it.
    torn: BTreeMap<String, Bytes>,
    /// What was there in half and was removed, and is not there again yet: all of it. A pack comes again under another name.
    missing: BTreeMap<String, Bytes>,
    /// Records whose number was another's.
    beaten: BTreeMap<String, Bytes>,
    halves: u64,
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
    /// Half of it is done, and there is no answer.
    Torn,
}

/// What happens to creations and removals in a store behind a network, in how many of a hundred.
const BEHIND_A_NETWORK: [(usize, Mishap); 5] =
    [(4, Mishap::AnswerLost), (3, Mishap::CallLost), (3, Mishap::Late), (2, Mishap::FalseExists), (2, Mishap::DoneThenExists)];
/// The same in a directory that may tear. Nothing in it is late.
const ON_A_DISK: [(usize, Mishap); 3] = [(4, Mishap::AnswerLost), (3, Mishap::CallLost), (6, Mishap::Torn)];

impl Store {
    pub(crate) fn new(seed: u64, tears: bool) -> Self {
        let (objects, torn, missing, beaten) = Default::default();
        let state =
            State { objects, random: Random::new(seed), calm: false, tears, torn, missing, beaten, halves: 0, trace: 0, mishaps: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A store with these objects in which nothing goes wrong.
    pub(crate) fn of(objects: BTreeMap<String, Bytes>) -> Self {
        let store = Self::new(0, false);
        store.calm();
        store.state().objects = objects;
        store
    }

    /// What is there.
    pub(crate) fn objects(&self) -> BTreeMap<String, Bytes> {
        self.state().objects.clone()
    }

    /// Whether it is a directory that may tear.
    pub(crate) fn tears(&self) -> bool {
        self.state().tears
    }

    /// The paths of what is there in half: its writer was killed before it saw that.
    pub(crate) fn torn(&self) -> Vec<String> {
        self.state().torn.keys().cloned().collect()
    }

    /// Whether nothing is there in half, and nothing is away because it was.
    pub(crate) fn is_whole(&self) -> bool {
        let state = self.state();
        state.torn.is_empty() && state.missing.is_empty()
    }

    /// How often something was there in half so far.
    pub(crate) fn halves(&self) -> u64 {
        self.state().halves
    }

    /// Makes whole what is there in half, and events that were until their writer was killed between two tries: a later release may have
    /// seen them.
    pub(crate) fn repair(&self) {
        let mut state = self.state();
        let (torn, mut missing) = (std::mem::take(&mut state.torn), std::mem::take(&mut state.missing));
        missing.retain(|path, _| path.starts_with("events/"));
        state.objects.extend(missing.into_iter().chain(torn));
    }

    /// Records that came second, by their paths.
    pub(crate) fn beaten(&self) -> BTreeMap<String, Bytes> {
        self.state().beaten.clone()
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
        let millis = self.state().random.below(40) as u64;
        sleep(Duration::from_millis(millis)).await;
    }

    /// Notes a call, and decides what happens to it.
    fn enter(&self, call: &str, path: &str, mishaps: &[(usize, Mishap)]) -> Option<Mishap> {
        let mut state = self.state();
        for byte in call.bytes().chain(path.bytes()) {
            state.trace = (state.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut roll = state.random.below(100);
        let found = mishaps.iter().find(|(chance, _)| {
            let hit = roll < *chance;
            roll = roll.saturating_sub(*chance);
            hit
        });
        let mishap = found.map(|(_, mishap)| *mishap).filter(|_| !state.calm);
        state.mishaps += u64::from(mishap.is_some());
        mishap
    }

    /// Does `change` to the objects in a while, whatever becomes of the caller.
    fn later(&self, change: impl FnOnce(&mut BTreeMap<String, Bytes>) + Send + 'static) {
        let wait = Duration::from_millis(self.state().random.below(5_000) as u64);
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            sleep(wait).await;
            change(&mut state.lock().unwrap().objects);
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
        let chances = if self.tears() { ON_A_DISK.as_slice() } else { &BEHIND_A_NETWORK };
        let mishap = self.enter("create", path, chances);
        let owned = path.to_owned();
        let mut created = false;
        match mishap {
            Some(Mishap::CallLost | Mishap::FalseExists) => {}
            Some(Mishap::Late) => self.later(move |objects| {
                objects.entry(owned).or_insert(bytes);
            }),
            _ => {
                let state = &mut *self.state();
                created = !state.objects.contains_key(path);
                if created {
                    state.missing.remove(path);
                    let half = if mishap == Some(Mishap::Torn) { bytes.len() / 2 } else { bytes.len() };
                    if half < bytes.len() {
                        state.torn.insert(owned.clone(), bytes.clone());
                        state.halves += 1;
                    }
                    state.objects.insert(owned, bytes.slice(..half));
                } else if path.starts_with("releases/") && !state.torn.contains_key(path) && state.objects[path] != bytes {
                    state.beaten.insert(owned, bytes);
                }
            }
        }
        self.delay().await;
        match mishap {
            Some(Mishap::AnswerLost | Mishap::CallLost | Mishap::Late) => Err(unsure()),
            Some(Mishap::Torn) if created => Err(unsure()),
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
        let late = if self.tears() { 0 } else { 3 };
        let mishap = self.enter("remove", path, &[(4, Mishap::AnswerLost), (3, Mishap::CallLost), (late, Mishap::Late)]);
        let owned = path.to_owned();
        match mishap {
            Some(Mishap::CallLost) => {}
            Some(Mishap::Late) => self.later(move |objects| drop(objects.remove(&owned))),
            _ => {
                let state = &mut *self.state();
                state.objects.remove(path);
                if let Some(whole) = state.torn.remove(path).filter(|_| !path.starts_with("packs/")) {
                    state.missing.insert(owned, whole);
                }
            }
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
