//! How many calls were made, for progress and for the proof of the plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Counts what goes out and what comes back. Shared between a vault and what shows the progress.
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

/// The meters of a run's vaults, by name.
#[derive(Debug, Default)]
pub struct Meters {
    by_vault: Mutex<BTreeMap<String, Arc<Meter>>>,
}

impl Meters {
    /// The meter of a vault; the same for the same name.
    pub fn of(&self, vault: &str) -> Arc<Meter> {
        Arc::clone(self.lock().entry(vault.to_owned()).or_default())
    }

    /// Requests sent so far to all of them.
    pub fn sent(&self) -> usize {
        self.lock().values().map(|meter| meter.sent()).sum()
    }

    /// Requests that were answered so far by any of them.
    pub fn answered(&self) -> usize {
        self.lock().values().map(|meter| meter.answered()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Meter>>> {
        self.by_vault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Meters;

    #[test]
    fn a_vault_has_one_meter_and_all_are_summed() {
        let meters = Meters::default();
        for vault in ["a", "b", "a"] {
            meters.of(vault).send();
        }
        meters.of("a").answer();
        assert_eq!((meters.of("a").sent(), meters.sent(), meters.answered()), (2, 3, 1));
    }
}
