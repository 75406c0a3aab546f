//! The door to one vault: shut for a while when it asks for patience or fails again and again, and then opened for one request first.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio::time::sleep_until;

/// After so many failed attempts in a row, of whatever requests, the door is shut.
const PATIENCE: u32 = 5;
/// The first wait for a vault that asks for patience and does not say how long, or says none; each further one is twice the last, up to 16 times.
const FIRST: Duration = Duration::from_secs(1);

/// The door.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    state: Mutex<State>,
    moved: Notify,
    rest: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Until when nobody passes, and why.
    shut: Option<(Instant, Shut)>,
    /// Whether somebody was let through to see whether the vault is well.
    scout: bool,
    /// Answers in a row that asked for patience.
    throttled: u32,
    /// Attempts in a row that failed.
    failed: u32,
    /// A scout found the vault failing still: those who wait need not try.
    given_up: bool,
}

/// Why the door is shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shut {
    /// The vault asks for patience.
    Throttled,
    /// The vault fails.
    Failing,
}

/// Who may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The door stays shut beyond the deadline.
    TooLong(Shut),
    /// The vault failed for others again and again.
    Hopeless,
}

/// Who passed. A pass that is dropped without a word, because its request was given up, makes way for the next scout.
#[derive(Debug)]
pub(super) struct Permit<'g> {
    gate: &'g CircuitBreaker,
    scout: bool,
}

impl CircuitBreaker {
    /// A door that stays shut for `rest` when the vault fails.
    pub(super) fn new(rest: Duration) -> Self {
        Self { state: Mutex::default(), moved: Notify::new(), rest }
    }

    /// Waits until the door is open, at most until `until`.
    pub(super) async fn pass(&self, until: Instant) -> Result<Permit<'_>, Refused> {
        loop {
            // Whoever moves the door after this line is heard, even before the wait begins.
            let moved = self.moved.notified();
            let opens = {
                let mut state = self.lock();
                if state.given_up {
                    return Err(Refused::Hopeless);
                }
                match state.shut {
                    None => return Ok(Permit { gate: self, scout: false }),
                    Some((time, why)) if time >= until => return Err(Refused::TooLong(why)),
                    Some((time, _)) if time <= Instant::now() && !state.scout => {
                        state.scout = true;
                        return Ok(Permit { gate: self, scout: true });
                    }
                    Some((time, _)) if state.scout => time.max(until),
                    Some((time, _)) => time,
                }
            };
            tokio::select! {
                () = sleep_until(opens) => {}
                () = moved => {}
            }
        }
    }

    /// Forgets the past: for what begins anew.
    pub(super) fn renew(&self) {
        let mut state = self.lock();
        state.given_up = false;
        state.failed = 0;
    }

    fn shut(&self, state: &mut State, wait: Duration, why: Shut) {
        let time = Instant::now() + wait;
        state.shut = Some((state.shut.map_or(time, |(before, _)| before.max(time)), why));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The vault answered.
    pub(super) fn answered(self) {
        let mut state = self.gate.lock();
        state.failed = 0;
        if self.scout {
            state.throttled = 0;
            state.shut = None;
        }
    }

    /// The vault asked for patience, `wait` long if it said so. `chance` is random, from 0 to 1.
    pub(super) fn throttled(self, wait: Option<Duration>, chance: f64) {
        let mut state = self.gate.lock();
        // Those who were on their way together are one event.
        if self.scout || state.shut.is_none() {
            let ladder = FIRST * 2_u32.pow(state.throttled.min(4));
            state.throttled += 1;
            let said = wait.filter(|wait| !wait.is_zero());
            let wait = said.map_or(ladder.mul_f64(0.5 + chance / 2.0), |wait| wait + FIRST.mul_f64(chance / 4.0));
            self.gate.shut(&mut state, wait, Shut::Throttled);
        }
    }

    /// The attempt failed.
    pub(super) fn failed(self) {
        let mut state = self.gate.lock();
        state.failed += 1;
        if self.scout && matches!(state.shut, Some((_, Shut::Failing))) {
            state.given_up = true;
        } else if state.failed >= PATIENCE {
            let rest = self.gate.rest;
            self.gate.shut(&mut state, rest, Shut::Failing);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.scout {
            self.gate.lock().scout = false;
        }
        self.gate.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio::time::timeout;

    use super::CircuitBreaker;
    use super::PATIENCE;
    use super::Refused;
    use super::Shut;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_seconds(seconds: u32) -> Instant {
        Instant::now() + SECOND * seconds
    }

    #[tokio::test(start_paused = true)]
    async fn a_vault_that_asks_for_patience_gets_it_from_all_and_one_scout() {
        let gate = CircuitBreaker::new(SECOND * 10);
        let (first, second) = (gate.pass(in_seconds(60)).await.unwrap(), gate.pass(in_seconds(60)).await.unwrap());
        first.throttled(Some(SECOND * 7), 0.0);
        second.throttled(Some(SECOND * 7), 0.0);
        let began = Instant::now();
        let scout = gate.pass(in_seconds(60)).await.unwrap();
        assert_eq!(began.elapsed(), SECOND * 7);
        // Others wait for the scout.
        assert!(timeout(SECOND * 5, gate.pass(in_seconds(60))).await.is_err());
        scout.answered();
        assert!(timeout(Duration::ZERO, gate.pass(in_seconds(60))).await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_word_the_wait_doubles_up_to_sixteen_seconds() {
        let gate = CircuitBreaker::new(SECOND);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let began = Instant::now();
            let scout = gate.pass(in_seconds(100)).await.unwrap();
            waits.push(began.elapsed().as_secs());
            scout.throttled(if waits.len() % 2 == 0 { None } else { Some(Duration::ZERO) }, 1.0);
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 16]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_beyond_the_deadline() {
        let gate = CircuitBreaker::new(SECOND);
        gate.pass(in_seconds(5)).await.unwrap().throttled(Some(SECOND * 7), 0.0);
        let began = Instant::now();
        assert_eq!(gate.pass(in_seconds(5)).await.unwrap_err(), Refused::TooLong(Shut::Throttled));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_vault_is_left_alone_and_tried_once_more() {
        let gate = CircuitBreaker::new(SECOND * 10);
        for _ in 0..PATIENCE {
            gate.pass(in_seconds(60)).await.unwrap().failed();
        }
        let began = Instant::now();
        let scout = gate.pass(in_seconds(60)).await.unwrap();
        assert_eq!(began.elapsed(), SECOND * 10);
        scout.failed();
        assert_eq!(gate.pass(in_seconds(60)).await.unwrap_err(), Refused::Hopeless);
        gate.renew();
        assert!(gate.pass(in_seconds(60)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_the_row_of_failures() {
        let gate = CircuitBreaker::new(SECOND * 10);
        for _ in 0..PATIENCE - 1 {
            gate.pass(in_seconds(60)).await.unwrap().failed();
        }
        gate.pass(in_seconds(60)).await.unwrap().answered();
        gate.pass(in_seconds(60)).await.unwrap().failed();
        assert!(timeout(Duration::ZERO, gate.pass(in_seconds(60))).await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_scout_that_is_given_up_makes_way() {
        let gate = CircuitBreaker::new(SECOND);
        gate.pass(in_seconds(60)).await.unwrap().throttled(Some(SECOND), 0.0);
        drop(gate.pass(in_seconds(60)).await.unwrap());
        assert!(timeout(SECOND, gate.pass(in_seconds(60))).await.unwrap().is_ok());
    }
}
