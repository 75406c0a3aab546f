//! What a rollout waits for: rows on a terminal that are drawn again and again, lines elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use cloze::count::count;
use cloze::target::RolloutProgress;

use crate::ui::clean;
use crate::ui::progress::Progress;
use crate::ui::progress::draw;

/// Follows the waits of a run, one after the other.
#[derive(Debug)]
pub(crate) struct RolloutView {
    lively: bool,
    say: fn(&str),
    wait: Mutex<Option<(Arc<Mutex<Wait>>, Progress)>>,
}

/// What is waited for.
#[derive(Debug, Default)]
struct Wait {
    /// What each object that is waited for is said to lack, or is kept by.
    rows: BTreeMap<String, Row>,
    /// What to say of those that were said to be waited for, and are ready or gone since.
    done: Vec<String>,
    ready: usize,
    of: usize,
    away: Option<String>,
    /// What was last said of the cluster itself.
    said_away: Option<String>,
    /// When a line was said last, since the beginning.
    said: Duration,
}

#[derive(Debug, Default)]
struct Row {
    reason: String,
    /// What of it was said in a line.
    said: Option<String>,
}

/// How many rows there are at most, and how many lines at once.
const ROWS: usize = 10;
/// How long a line may be away while it is waited.
const SILENCE: Duration = Duration::from_mins(1);

impl RolloutView {
    /// With rows where it is `lively`, else with lines, each by `say`.
    pub(crate) fn new(lively: bool, say: fn(&str)) -> Self {
        Self { lively, say, wait: Mutex::default() }
    }

    /// Takes one step of a wait.
    pub(crate) fn take(&self, progress: RolloutProgress) {
        match progress {
            RolloutProgress::Began { of } => {
                let wait = Arc::new(Mutex::new(Wait { of, ..Wait::default() }));
                let shown = self.show(Arc::clone(&wait));
                *locked(&self.wait) = Some((wait, shown));
            }
            RolloutProgress::Ended => drop(locked(&self.wait).take()),
            other => match (&*locked(&self.wait), other) {
                (Some((wait, _)), other) => locked(wait).take(other),
                // A request that changes or reads something gets no answer.
                (None, RolloutProgress::Away { reason }) => (self.say)(&clean(&away(Some(&reason)))),
                (None, RolloutProgress::Back) => (self.say)(&away(None)),
                (None, _) => {}
            },
        }
    }

    fn show(&self, wait: Arc<Mutex<Wait>>) -> Progress {
        let began = now();
        if self.lively {
            return Progress::begin(Duration::from_millis(500), Duration::from_millis(200), move || {
                draw(&locked(&wait).rows(began.elapsed()));
            });
        }
        let say = self.say;
        // What is over soon needs no line.
        Progress::begin(Duration::from_secs(5), Duration::from_secs(1), move || {
            locked(&wait).lines(began.elapsed()).iter().for_each(|line| say(&clean(line)));
        })
    }
}

impl Wait {
    fn take(&mut self, progress: RolloutProgress) {
        match progress {
            RolloutProgress::Changed { object, health, reason, ready, of } => {
                (self.ready, self.of) = (ready, of);
                let name = object.to_string();
                if let Some(reason) = reason {
                    self.rows.entry(name).or_default().reason = reason;
                } else if self.rows.remove(&name).is_some_and(|row| row.said.is_some()) {
                    self.done.push(format!("{name} is {health}"));
                }
            }
            RolloutProgress::Away { reason } => self.away = Some(reason),
            RolloutProgress::Back => self.away = None,
            RolloutProgress::Began { .. } | RolloutProgress::Ended => {}
        }
    }

    /// What is on the terminal after that time.
    fn rows(&self, time: Duration) -> Vec<String> {
        let mut rows = vec![format!("{} … {}", self.heading(), in_words(time))];
        rows.extend(self.away.iter().map(|reason| format!("  the cluster does not answer: {reason}")));
        rows.extend(self.rows.iter().take(ROWS).map(|(object, row)| format!("  {object}: {}", row.reason)));
        if self.rows.len() > ROWS {
            rows.push(format!("  … and {} more", self.rows.len() - ROWS));
        }
        rows
    }

    /// The lines that are due after that time: what is new, or at least once a minute what is still missing.
    fn lines(&mut self, time: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        if self.said_away != self.away {
            lines.push(away(self.away.as_deref()));
            self.said_away.clone_from(&self.away);
        }
        lines.append(&mut self.done);
        let mut new: Vec<(&String, &mut Row)> = self.rows.iter_mut().filter(|(_, row)| row.said.as_ref() != Some(&row.reason)).collect();
        for (object, row) in new.iter_mut().take(ROWS) {
            lines.push(format!("waiting for {object}: {}", row.reason));
            row.said = Some(row.reason.clone());
        }
        if new.len() > ROWS {
            new.into_iter().skip(ROWS).for_each(|(_, row)| row.said = Some(row.reason.clone()));
            lines.push(self.heading());
        }
        if lines.is_empty() && time.saturating_sub(self.said) >= SILENCE {
            let rows: Vec<String> = self.rows.iter().take(ROWS).map(|(object, row)| format!("{object}: {}", row.reason)).collect();
            lines.push(format!("still {} after {}: {}", self.heading(), in_words(time), rows.join("; ")));
        }
        if !lines.is_empty() {
            self.said = time;
        }
        lines
    }

    fn heading(&self) -> String {
        format!("waiting for {} of {}", self.of.saturating_sub(self.ready), count(self.of, "object"))
    }
}

/// What is said where the cluster does not answer for that reason, or does again.
fn away(reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("the cluster does not answer: {reason}; waiting for it"),
        None => "the cluster answers again".to_owned(),
    }
}

/// `59 s`, `2 min 5 s`
fn in_words(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "how long it took is shown to people, and nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloze::manifest::Identity;
    use cloze::target::RolloutProgress;

    use super::Wait;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn changed(name: &str, reason: Option<&str>, ready: usize) -> RolloutProgress {
        let object = Identity {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        };
        let health = if reason.is_some() { "progressing" } else { "ready" };
        RolloutProgress::Changed { object, health, reason: reason.map(str::to_owned), ready, of: 3 }
    }

    #[test]
    fn a_terminal_has_a_row_for_each_object_that_is_not_ready() {
        let mut wait = Wait { of: 3, ..Wait::default() };
        wait.take(changed("web", Some("1 of 2 pods"), 0));
        wait.take(changed("api", Some("no pods"), 0));
        wait.take(changed("db", None, 1));
        let rows = ["waiting for 2 of 3 objects … 1 min 5 s", "  Deployment shop/api: no pods", "  Deployment shop/web: 1 of 2 pods"];
        assert_eq!(wait.rows(at(65)), rows);
        wait.take(changed("web", None, 2));
        wait.take(RolloutProgress::Away { reason: "the API server fails".to_owned() });
        let rows =
            ["waiting for 1 of 3 objects … 2 min", "  the cluster does not answer: the API server fails", "  Deployment shop/api: no pods"];
        assert_eq!(wait.rows(at(120)), rows);
        for index in 0..12 {
            wait.take(changed(&format!("w{index}"), Some("no pods"), 1));
        }
        assert_eq!((wait.rows(at(1)).len(), wait.rows(at(1)).pop().unwrap()), (13, "  … and 3 more".to_owned()));
    }

    #[test]
    fn elsewhere_a_line_is_said_when_something_changes_and_once_a_minute() {
        let mut wait = Wait { of: 3, ..Wait::default() };
        wait.take(changed("web", Some("1 of 2 pods"), 0));
        wait.take(changed("quick", Some("no pods"), 0));
        wait.take(changed("quick", None, 1));
        assert_eq!(wait.lines(at(5)), ["waiting for Deployment shop/web: 1 of 2 pods"], "what was over before was not named");
        assert!(wait.lines(at(6)).is_empty() && wait.lines(at(64)).is_empty());
        let still = "still waiting for 2 of 3 objects after 1 min 5 s: Deployment shop/web: 1 of 2 pods";
        assert_eq!(wait.lines(at(65)), [still]);
        assert!(wait.lines(at(66)).is_empty());
        wait.take(RolloutProgress::Away { reason: "it is away".to_owned() });
        wait.take(changed("web", Some("2 of 2 pods"), 1));
        let expected = ["the cluster does not answer: it is away; waiting for it", "waiting for Deployment shop/web: 2 of 2 pods"];
        assert_eq!(wait.lines(at(70)), expected);
        wait.take(RolloutProgress::Back);
        wait.take(changed("web", None, 2));
        assert_eq!(wait.lines(at(71)), ["the cluster answers again", "Deployment shop/web is ready"]);
        let mut gone = changed("old", Some("it has yet to stop"), 0);
        wait.take(gone.clone());
        assert_eq!(wait.lines(at(71)), ["waiting for Deployment shop/old: it has yet to stop"]);
        if let RolloutProgress::Changed { health, reason, .. } = &mut gone {
            (*health, *reason) = ("gone", None);
        }
        wait.take(gone);
        assert_eq!(wait.lines(at(71)), ["Deployment shop/old is gone"]);
        for index in 0..20 {
            wait.take(changed(&format!("w{index}"), Some("no pods"), 0));
        }
        let lines = wait.lines(at(72));
        assert_eq!((lines.len(), lines[10].as_str()), (11, "waiting for 3 of 3 objects"));
        assert!(wait.lines(at(73)).is_empty());
    }
}
