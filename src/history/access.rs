//! Access to a store: bounded waiting, and creations whose verdict is right whatever the store's client says.

use bytes::Bytes;
use std::future::Future;

use crate::history::error::HistoryError;
use crate::history::patience::Patience;
use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::write_id::WriteId;

/// A store, asked patiently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    store: &'a dyn HistoryStore,
    patience: Patience,
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CreationOutcome {
    /// The object there is ours.
    Won,
    /// The object there is another's.
    Lost(Bytes),
}

impl<'a> Access<'a> {
    pub(crate) fn new(store: &'a dyn HistoryStore, patience: Patience) -> Self {
        Self { store, patience }
    }

    /// The store itself.
    pub(crate) fn store(&self) -> &'a dyn HistoryStore {
        self.store
    }

    /// How often to ask.
    pub(crate) fn tries(&self) -> u32 {
        self.patience.tries.max(1)
    }

    /// Creates `path` with `bytes`, in which `attempt` is written, and finds out what really happened.
    ///
    /// Anything but a plain success is read back: the same bytes mean that the write won, nothing there means to try again with
    /// the same bytes, other bytes are another's. A beginning of our own bytes that shows our attempt is a torn write of ours;
    /// it is removed, and the claim is tried again.
    pub(crate) async fn claim(&self, path: &str, bytes: &Bytes, attempt: WriteId) -> Result<CreationOutcome, HistoryError> {
        let mut unsure = None;
        for round in 0..self.tries() {
            self.pause(round).await;
            let said = match self.limited(self.store.create(path, bytes.clone())).await {
                Ok(Creation::Created) => return Ok(CreationOutcome::Won),
                Ok(Creation::Exists) => None,
                Err(error) if error.fault == StoreFault::Broken => return Err(HistoryError::unsure(path, error)),
                Err(error) => Some(error),
            };
            match self.limited(self.store.get(path)).await {
                Ok(Some(there)) if there == *bytes => return Ok(CreationOutcome::Won),
                Ok(Some(there)) if is_torn(path, &there, bytes, attempt) => {
                    let _ = self.limited(self.store.remove(path)).await;
                    unsure = said.or(unsure);
                }
                Ok(Some(there)) => return Ok(CreationOutcome::Lost(there)),
                Ok(None) => match said {
                    Some(error) if error.fault != StoreFault::Unsure && unsure.is_none() => return Err(HistoryError::of(path, error)),
                    said => unsure = said.or(unsure),
                },
                Err(error) => match said {
                    // What refuses the one for good refuses the other, too.
                    Some(refused) if refused.fault != StoreFault::Unsure && unsure.is_none() => {
                        return Err(HistoryError::of(path, refused));
                    }
                    // A store that asks again by itself has no better answer to give.
                    _ if self.patience.reads == 1 => return Err(HistoryError::unsure(path, error)),
                    _ => unsure = Some(error),
                },
            }
        }
        let nothing = || StoreError::new(StoreFault::Unsure, format!("{} says that it exists, and shows nothing", self.store));
        Err(HistoryError::unsure(path, unsure.unwrap_or_else(nothing)))
    }

    /// Creates `path` once, believing the store. For the probe of a new store.
    pub(crate) async fn create_once(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        self.limited(self.store.create(path, bytes)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Option<Bytes>, HistoryError> {
        self.again(path, || self.store.get(path)).await
    }

    pub(crate) async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, HistoryError> {
        self.again(path, || self.store.get_start(path, length)).await
    }

    pub(crate) async fn list(&self, folder: &str) -> Result<Listing, HistoryError> {
        self.again(folder, || self.store.list(folder)).await
    }

    pub(crate) async fn last(&self, folder: &str) -> Result<Option<String>, HistoryError> {
        self.again(folder, || self.store.last(folder)).await
    }

    pub(crate) async fn sweep(&self, folder: &str, done: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<String>, HistoryError> {
        self.again(folder, || self.store.sweep(folder, done)).await
    }

    pub(crate) async fn remove(&self, path: &str) -> Result<(), HistoryError> {
        self.again(path, || self.store.remove(path)).await
    }

    /// Asks until there is an answer: for what may be asked twice.
    async fn again<T, F: Future<Output = Result<T, StoreError>>>(&self, path: &str, ask: impl Fn() -> F) -> Result<T, HistoryError> {
        let mut round = 0;
        loop {
            self.pause(round).await;
            round += 1;
            match self.limited(ask()).await {
                Err(error) if error.fault == StoreFault::Unsure && round < self.patience.reads => {}
                Err(error) => return Err(HistoryError::of(path, error)),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn limited<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.patience.call, call).await.unwrap_or_else(|_| {
            let reason = format!("{}: no answer within {} s", self.store, self.patience.call.as_secs_f32());
            Err(StoreError::new(StoreFault::Unsure, reason))
        })
    }

    async fn pause(&self, round: u32) {
        if round > 0 {
            tokio::time::sleep(self.patience.pause.saturating_mul(1 << (round - 1).min(10))).await;
        }
    }
}

/// Whether `there` is a beginning of `bytes` that is ours for sure: the path or the beginning shows `attempt`.
fn is_torn(path: &str, there: &[u8], bytes: &[u8], attempt: WriteId) -> bool {
    let id = attempt.to_string();
    let ours = path.contains(&id) || there.windows(id.len()).any(|window| window == id.as_bytes());
    ours && there.len() < bytes.len() && bytes.starts_with(there)
}

#[cfg(test)]
mod tests {
    use super::is_torn;
    use crate::history::write_id::WriteId;

    #[test]
    fn torn_is_a_beginning_that_shows_the_attempt() {
        let attempt = WriteId([7; 16]);
        let bytes = format!("{{\"attempt\":\"{attempt}\",\"more\":1}}").into_bytes();
        assert!(is_torn("a", &bytes[..50], &bytes, attempt));
        assert!(!is_torn("a", &bytes, &bytes, attempt));
        assert!(!is_torn("a", &bytes[..20], &bytes, attempt), "too short to know whose it is");
        assert!(is_torn(&format!("a-{attempt}"), &bytes[..20], &bytes, attempt));
        assert!(!is_torn("a", &bytes[..50], &bytes, WriteId([8; 16])));
        let mut other = bytes[..50].to_vec();
        other[1] ^= 1;
        assert!(!is_torn("a", &other, &bytes, attempt));
    }
}
