//! A circuit breaker: open for a while when a service limits the rate or fails again and again, then half open for one probe.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio::time::sleep_until;

/// After so many failed attempts in a row, of whatever requests, the circuit is open.
const PATIENCE: u32 = 5;
/// The first wait for a service that limits the rate and does not say for how long, or says 0; each further one is twice the last, up to 16 times.
const FIRST: Duration = Duration::from_secs(1);

/// Whether requests to one service are sent.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    state: Mutex<BreakerState>,
    moved: Notify,
    rest: Duration,
}

#[derive(Debug, Default)]
struct BreakerState {
    /// Until when no request is sent, and why.
    open: Option<(Instant, OpenReason)>,
    /// Whether a probe is on its way.
    probing: bool,
    /// Answers in a row that limited the rate.
    throttled: u32,
    /// Attempts in a row that failed.
    failed: u32,
    /// The probe failed too: requests that wait are not sent.
    given_up: bool,
}

/// Why the circuit is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenReason {
    /// The service limits the rate.
    Throttled,
    /// The service fails.
    Failing,
}

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The circuit stays open beyond the deadline.
    TooLong(OpenReason),
    /// The service failed for others again and again.
    Hopeless,
}

/// The right to send one request. One that is dropped without an outcome, because its request was given up, makes way for the next probe.
#[derive(Debug)]
pub(super) struct Permit<'b> {
    breaker: &'b CircuitBreaker,
    probe: bool,
}

impl CircuitBreaker {
    /// A closed circuit that opens for `rest` when the service fails.
    pub(super) fn new(rest: Duration) -> Self {
        Self { state: Mutex::default(), moved: Notify::new(), rest }
    }

    /// Waits until a request may be sent, at most until `until`.
    pub(super) async fn permit(&self, until: Instant) -> Result<Permit<'_>, NotSent> {
        loop {
            // A change after this line is noticed, even before the wait begins.
            let moved = self.moved.notified();
            let closes = {
                let mut state = self.lock();
                if state.given_up {
                    return Err(NotSent::Hopeless);
                }
                match state.open {
                    None => return Ok(Permit { breaker: self, probe: false }),
                    Some((time, why)) if time >= until => return Err(NotSent::TooLong(why)),
                    Some((time, _)) if time <= Instant::now() && !state.probing => {
                        state.probing = true;
                        return Ok(Permit { breaker: self, probe: true });
                    }
                    Some((time, _)) if state.probing => time.max(until),
                    Some((time, _)) => time,
                }
            };
            tokio::select! {
                () = sleep_until(closes) => {}
                () = moved => {}
            }
        }
    }

    /// Forgets failures, for what begins now.
    pub(super) fn renew(&self) {
        let mut state = self.lock();
        state.given_up = false;
        state.failed = 0;
    }

    fn open(&self, state: &mut BreakerState, wait: Duration, why: OpenReason) {
        let time = Instant::now() + wait;
        state.open = Some((state.open.map_or(time, |(before, _)| before.max(time)), why));
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The service answered.
    pub(super) fn answered(self) {
        let mut state = self.breaker.lock();
        state.failed = 0;
        if self.probe {
            state.throttled = 0;
            state.open = None;
        }
    }

    /// The service limited the rate, for `wait` if it said so. `chance` is random, from 0 to 1.
    pub(super) fn throttled(self, wait: Option<Duration>, chance: f64) {
        let mut state = self.breaker.lock();
        // Requests that were on their way together are one event.
        if self.probe || state.open.is_none() {
            let ladder = FIRST * 2_u32.pow(state.throttled.min(4));
            state.throttled += 1;
            let said = wait.filter(|wait| !wait.is_zero());
            let wait = said.map_or(ladder.mul_f64(0.5 + chance / 2.0), |wait| wait + FIRST.mul_f64(chance / 4.0));
            self.breaker.open(&mut state, wait, OpenReason::Throttled);
        }
    }

    /// The attempt failed.
    pub(super) fn failed(self) {
        let mut state = self.breaker.lock();
        state.failed += 1;
        if self.probe && matches!(state.open, Some((_, OpenReason::Failing))) {
            state.given_up = true;
        } else if state.failed >= PATIENCE {
            let rest = self.breaker.rest;
            self.breaker.open(&mut state, rest, OpenReason::Failing);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
        self.breaker.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio::time::timeout;

    use super::CircuitBreaker;
    use super::NotSent;
    use super::OpenReason;
    use super::PATIENCE;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_seconds(seconds: u32) -> Instant {
        Instant::now() + SECOND * seconds
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_limits_the_rate_is_left_alone_by_all_but_one_probe() {
        let breaker = CircuitBreaker::new(SECOND * 10);
        let (first, second) = (breaker.permit(in_seconds(60)).await.unwrap(), breaker.permit(in_seconds(60)).await.unwrap());
        first.throttled(Some(SECOND * 7), 0.0);
        second.throttled(Some(SECOND * 7), 0.0);
        let began = Instant::now();
        let probe = breaker.permit(in_seconds(60)).await.unwrap();
        assert_eq!(began.elapsed(), SECOND * 7);
        // Others wait for the probe.
        assert!(timeout(SECOND * 5, breaker.permit(in_seconds(60))).await.is_err());
        probe.answered();
        assert!(timeout(Duration::ZERO, breaker.permit(in_seconds(60))).await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_time_the_wait_doubles_up_to_sixteen_seconds() {
        let breaker = CircuitBreaker::new(SECOND);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let began = Instant::now();
            let probe = breaker.permit(in_seconds(100)).await.unwrap();
            waits.push(began.elapsed().as_secs());
            probe.throttled(if waits.len() % 2 == 0 { None } else { Some(Duration::ZERO) }, 1.0);
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 16]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_beyond_the_deadline() {
        let breaker = CircuitBreaker::new(SECOND);
        breaker.permit(in_seconds(5)).await.unwrap().throttled(Some(SECOND * 7), 0.0);
        let began = Instant::now();
        assert_eq!(breaker.permit(in_seconds(5)).await.unwrap_err(), NotSent::TooLong(OpenReason::Throttled));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_service_is_left_alone_and_tried_once_more() {
        let breaker = CircuitBreaker::new(SECOND * 10);
        for _ in 0..PATIENCE {
            breaker.permit(in_seconds(60)).await.unwrap().failed();
        }
        let began = Instant::now();
        let probe = breaker.permit(in_seconds(60)).await.unwrap();
        assert_eq!(began.elapsed(), SECOND * 10);
        probe.failed();
        assert_eq!(breaker.permit(in_seconds(60)).await.unwrap_err(), NotSent::Hopeless);
        breaker.renew();
        assert!(breaker.permit(in_seconds(60)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_the_row_of_failures() {
        let breaker = CircuitBreaker::new(SECOND * 10);
        for _ in 0..PATIENCE - 1 {
            breaker.permit(in_seconds(60)).await.unwrap().failed();
        }
        breaker.permit(in_seconds(60)).await.unwrap().answered();
        breaker.permit(in_seconds(60)).await.unwrap().failed();
        assert!(timeout(Duration::ZERO, breaker.permit(in_seconds(60))).await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_given_up_makes_way() {
        let breaker = CircuitBreaker::new(SECOND);
        breaker.permit(in_seconds(60)).await.unwrap().throttled(Some(SECOND), 0.0);
        drop(breaker.permit(in_seconds(60)).await.unwrap());
        assert!(timeout(SECOND, breaker.permit(in_seconds(60))).await.unwrap().is_ok());
    }
}
