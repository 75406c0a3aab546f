//! What was asked, for assertions: paths and outcomes, never a value and never a token.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path as it came, still percent-encoded.
    pub path: String,
    /// The query as it came.
    pub query: Option<String>,
    /// What came as a token.
    pub credential: Credential,
    /// The header `X-Vault-Namespace`.
    pub namespace: Option<String>,
    /// Whether `X-Vault-Request: true` came.
    pub marked: bool,
    /// The answer's status; `None` while there is none, and for a connection that was reset.
    pub status: Option<u16>,
}

/// What came as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// A token of this server.
    Known,
    /// Something else.
    Unknown,
}

/// The calls of a server in the order of their arrival.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    calls: Vec<Call>,
    at_once: usize,
    most_at_once: usize,
}

impl Journal {
    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many calls there were.
    pub fn count(&self) -> usize {
        self.lock().calls.len()
    }

    /// The largest number of requests that were open at the same time.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.calls.clear();
        entries.most_at_once = entries.at_once;
    }

    /// Notes an arrival and gives its number.
    pub(crate) fn arrive(&self, call: Call) -> usize {
        let mut entries = self.lock();
        entries.calls.push(call);
        entries.at_once += 1;
        entries.most_at_once = entries.most_at_once.max(entries.at_once);
        entries.calls.len() - 1
    }

    /// Notes the outcome of an arrival.
    pub(crate) fn leave(&self, number: usize, status: Option<u16>) {
        let mut entries = self.lock();
        entries.at_once = entries.at_once.saturating_sub(1);
        if let Some(call) = entries.calls.get_mut(number) {
            call.status = status;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
