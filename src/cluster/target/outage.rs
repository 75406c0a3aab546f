//! An API server that does not answer for a while, as those hear of it who wait.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::target::RolloutObserver;
use crate::target::RolloutProgress;

/// How long a request is asked again before it is said.
pub(super) const SILENT_FOR: Duration = Duration::from_secs(2);

/// The requests that are not answered, of all that are open at once: the first and the last of them are told.
#[derive(Debug)]
pub(super) struct Outage {
    observer: Option<Arc<dyn RolloutObserver>>,
    unanswered: AtomicUsize,
}

/// A request that is asked again, until this is dropped.
#[derive(Debug)]
pub(super) struct Unanswered<'o>(&'o Outage);

impl Outage {
    pub(super) fn new(observer: Option<&Arc<dyn RolloutObserver>>) -> Self {
        Self { observer: observer.cloned(), unanswered: AtomicUsize::new(0) }
    }

    /// A request has not been answered for a while, since `reason`.
    pub(super) fn begin(&self, reason: &str) -> Unanswered<'_> {
        if self.unanswered.fetch_add(1, Ordering::Relaxed) == 0 {
            self.tell(RolloutProgress::Away { reason: reason.to_owned() });
        }
        Unanswered(self)
    }

    fn tell(&self, progress: RolloutProgress) {
        if let Some(observer) = &self.observer {
            observer.progress(progress);
        }
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Unanswered<'_> {
    /// It was answered at last.
    pub(super) fn end(self) {
        let outage = self.0;
        drop(self);
        if outage.unanswered.load(Ordering::Relaxed) == 0 {
            outage.tell(RolloutProgress::Back);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::Outage;
    use crate::target::RolloutObserver;
    use crate::target::RolloutProgress;

    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<RolloutProgress>>);

    impl RolloutObserver for Heard {
        fn progress(&self, progress: RolloutProgress) {
            self.0.lock().unwrap().push(progress);
        }
    }

    #[test]
    fn of_many_requests_that_wait_the_first_and_the_last_are_told() {
        let heard = Arc::new(Heard::default());
        let observer: Arc<dyn RolloutObserver> = Arc::clone(&heard) as _;
        let outage = Outage::new(Some(&observer));
        let (first, second) = (outage.begin("it is away"), outage.begin("it answered 503"));
        first.end();
        second.end();
        let away = RolloutProgress::Away { reason: "it is away".to_owned() };
        assert_eq!(*heard.0.lock().unwrap(), [away.clone(), RolloutProgress::Back]);
        // One that is never answered is an error of its own.
        drop(outage.begin("it is away"));
        assert_eq!(*heard.0.lock().unwrap(), [away.clone(), RolloutProgress::Back, away]);
    }
}
