//! How many calls were made, for progress and for the proof of the plan.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Counts what goes out and what comes back. Shared between a vault and whoever shows the progress.
#[derive(Debug, Default)]
pub struct Meter {
    sent: AtomicUsize,
    answered: AtomicUsize,
}

impl Meter {
    /// Requests sent so far, logins and repeated ones included.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Requests that were answered so far, whatever the answer.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Notes a request.
    pub fn send(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes an answer.
    pub fn answer(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}
