//! The calls to vaults while they are made: how many, how long, and a line on the terminal when it takes a while.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use cloze::service::Meters;

use crate::ui::human;
use crate::ui::progress::Progress;
use crate::ui::progress::draw;

/// Follows the calls to vaults.
#[derive(Debug, Default)]
pub(crate) struct CallProgress {
    meters: Arc<Meters>,
    lively: bool,
    round: Mutex<Option<Round>>,
}

/// Who is asked, and with how many calls.
#[derive(Debug)]
struct Asking {
    vaults: Vec<String>,
    /// The calls that are planned.
    calls: usize,
    /// The calls that were answered before.
    answered: usize,
}

/// From the plan of the first vault to the last answer.
#[derive(Debug)]
struct Round {
    begun: Instant,
    sent: usize,
    asking: Arc<Mutex<Asking>>,
    progress: Option<Progress>,
}

impl CallProgress {
    /// As the meters count them; `lively` where a line may be shown.
    pub(crate) fn new(meters: Arc<Meters>, lively: bool) -> Self {
        Self { meters, lively, round: Mutex::default() }
    }

    /// A vault is about to be asked with that many calls.
    pub(crate) fn plan(&self, vault: &str, calls: usize) {
        if calls == 0 {
            return;
        }
        let mut round = self.lock();
        let round = round.get_or_insert_with(|| Round {
            begun: now(),
            sent: self.meters.sent(),
            asking: Arc::new(Mutex::new(Asking { vaults: Vec::new(), calls: 0, answered: self.meters.answered() })),
            progress: None,
        });
        {
            let mut asking = round.asking.lock().unwrap_or_else(PoisonError::into_inner);
            asking.vaults.push(vault.to_owned());
            asking.calls += calls;
        }
        if self.lively && round.progress.is_none() {
            let (meters, asking) = (Arc::clone(&self.meters), Arc::clone(&round.asking));
            round.progress = Some(Progress::begin(LATE, TICK, move || draw(&[words(&meters, &asking)])));
        }
    }

    /// All have answered or failed: takes the line away, and gives the calls that were made and the time that they took.
    pub(crate) fn end(&self) -> Option<(usize, Duration)> {
        let Round { begun, sent, progress, .. } = self.lock().take()?;
        drop(progress);
        Some((self.meters.sent().saturating_sub(sent), begun.elapsed()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Round>> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody needs a line for less.
const LATE: Duration = Duration::from_millis(250);
/// How often it changes.
const TICK: Duration = Duration::from_millis(100);

fn words(meters: &Meters, asking: &Mutex<Asking>) -> String {
    let asking = asking.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = meters.answered().saturating_sub(asking.answered);
    human::progress(&asking.vaults, answered, asking.calls.max(answered))
}

#[expect(clippy::disallowed_methods, reason = "how long it took is shown to people, and nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloze::service::Meters;

    use super::CallProgress;

    #[test]
    fn a_round_counts_its_own_calls_and_ends_once() {
        let meters = Arc::new(Meters::default());
        meters.of("a").send();
        let calls = CallProgress::new(Arc::clone(&meters), false);
        assert!(calls.end().is_none());
        calls.plan("local", 0);
        assert!(calls.end().is_none());
        calls.plan("a", 2);
        calls.plan("b", 1);
        for vault in ["a", "a", "b"] {
            meters.of(vault).send();
        }
        assert_eq!(calls.end().unwrap().0, 3);
        assert!(calls.end().is_none());
    }
}
