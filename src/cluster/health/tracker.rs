//! Verdicts over time: the grace of what is stuck, the deadline of all.

use std::time::Duration;

use crate::cluster::health::awaited::WaitLimits;
use crate::cluster::health::verdict::Health;

/// The health of each object, and since when it is stuck. Times are since the beginning of the wait, and handed in.
#[derive(Debug)]
pub(super) struct Tracker {
    entries: Vec<Entry>,
    ready: usize,
    deadline: Duration,
    grace: Duration,
}

#[derive(Debug)]
struct Entry {
    health: Health,
    stuck_since: Option<Duration>,
}

impl Tracker {
    pub(super) fn new(objects: usize, limits: &WaitLimits) -> Self {
        let unseen = || Entry { health: Health::progressing("it has not been looked at yet"), stuck_since: None };
        Self { entries: (0..objects).map(|_| unseen()).collect(), ready: 0, deadline: limits.deadline, grace: limits.grace }
    }

    /// Takes what was seen of an object at `now`; `seen_now` is false while the API server is away and nothing new can be seen. Says
    /// whether the object's health is another one.
    pub(super) fn take(&mut self, index: usize, health: Health, now: Duration, seen_now: bool) -> bool {
        let entry = &mut self.entries[index];
        let health = match health {
            Health::Stuck { reason } => {
                let since = *entry.stuck_since.get_or_insert(now);
                if seen_now && now.saturating_sub(since) >= self.grace {
                    Health::failed(format!("{reason} (for {})", words(self.grace)))
                } else {
                    Health::Stuck { reason }
                }
            }
            health => {
                entry.stuck_since = None;
                health
            }
        };
        let changed = entry.health != health;
        self.ready += usize::from(health == Health::Ready);
        self.ready -= usize::from(entry.health == Health::Ready);
        entry.health = health;
        changed
    }

    pub(super) fn health(&self, index: usize) -> &Health {
        &self.entries[index].health
    }

    pub(super) fn ready(&self) -> usize {
        self.ready
    }

    /// Whether the wait is over: all are ready, one has failed, or the time is up, in which case what is not ready has failed.
    pub(super) fn is_over(&mut self, now: Duration) -> bool {
        if now >= self.deadline {
            let late = format!("not ready within {}", words(self.deadline));
            for entry in &mut self.entries {
                if let Health::Progressing { reason } | Health::Stuck { reason } = &entry.health {
                    entry.health = Health::failed(format!("{late}: {reason}"));
                }
            }
            return true;
        }
        self.ready == self.entries.len() || self.entries.iter().any(|entry| entry.health.has_failed())
    }

    /// When something is due though nothing changes: the end of a grace, or the deadline.
    pub(super) fn due(&self) -> Duration {
        let ends = self.entries.iter().filter_map(|entry| Some(entry.stuck_since? + self.grace));
        ends.chain([self.deadline]).min().unwrap_or(self.deadline)
    }
}

/// `90 s`, `5 min`
fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Tracker;
    use crate::cluster::health::Health;
    use crate::cluster::health::WaitLimits;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn tracker(objects: usize) -> Tracker {
        Tracker::new(objects, &WaitLimits { selector: String::new(), deadline: at(300), grace: at(60) })
    }

    #[test]
    fn what_is_stuck_fails_after_the_grace_in_one_piece() {
        let mut tracker = tracker(1);
        assert!(tracker.take(0, Health::stuck("no room"), at(10), true));
        assert!(!tracker.take(0, Health::stuck("no room"), at(69), true));
        assert!(!tracker.is_over(at(69)));
        assert_eq!(tracker.due(), at(70));
        assert!(tracker.take(0, Health::stuck("no room"), at(70), true));
        assert_eq!(tracker.health(0), &Health::failed("no room (for 60 s)"));
        assert!(tracker.is_over(at(70)));
    }

    #[test]
    fn a_cure_starts_the_grace_again() {
        let mut tracker = tracker(1);
        tracker.take(0, Health::stuck("no room"), at(0), true);
        tracker.take(0, Health::progressing("starting"), at(50), true);
        tracker.take(0, Health::stuck("no Secret"), at(59), true);
        tracker.take(0, Health::stuck("no Secret"), at(118), true);
        assert!(!tracker.is_over(at(118)));
        assert_eq!(tracker.due(), at(119));
    }

    #[test]
    fn nothing_fails_on_what_was_seen_before_the_server_went_away() {
        let mut tracker = tracker(1);
        tracker.take(0, Health::stuck("no room"), at(0), true);
        tracker.take(0, Health::stuck("no room"), at(90), false);
        assert!(!tracker.is_over(at(90)));
        tracker.take(0, Health::Ready, at(91), true);
        assert!(tracker.is_over(at(91)));
    }

    #[test]
    fn at_the_deadline_what_is_not_ready_has_failed() {
        let mut tracker = tracker(3);
        tracker.take(0, Health::Ready, at(1), true);
        tracker.take(1, Health::progressing("1 of 2 pods available"), at(1), true);
        tracker.take(2, Health::stuck("no room"), at(299), true);
        assert!(!tracker.is_over(at(299)));
        assert!(tracker.is_over(at(300)));
        assert_eq!(tracker.health(0), &Health::Ready);
        assert_eq!(tracker.health(1), &Health::failed("not ready within 5 min: 1 of 2 pods available"));
        assert_eq!(tracker.health(2), &Health::failed("not ready within 5 min: no room"));
    }

    #[test]
    fn one_failure_ends_the_wait_and_so_does_the_last_success() {
        let mut two = tracker(2);
        two.take(0, Health::Ready, at(1), true);
        assert!(!two.is_over(at(1)));
        two.take(1, Health::failed("crashed"), at(2), true);
        assert!(two.is_over(at(2)));
        two.take(1, Health::Ready, at(3), true);
        assert!(two.is_over(at(3)));
        assert!(tracker(0).is_over(at(0)));
    }
}
