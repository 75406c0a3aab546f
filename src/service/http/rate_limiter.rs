//! The rate that a vault is published to take, kept on our side: a token bucket (GCRA), by the crate `governor`.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::DefaultDirectRateLimiter;
use governor::Quota;
use governor::clock::Clock as _;
use governor::clock::DefaultClock;
use tokio::time::sleep;

use crate::service::http::Rate;

/// Lets requests go no faster than a rate.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limiter: Option<DefaultDirectRateLimiter>,
}

impl RateLimiter {
    /// A limiter for `rate`; `None` means no limit. A tenth of what the rate allows may go at once.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let quota = rate.and_then(|Rate { calls, per }| {
            let burst = NonZeroU32::new((calls / 10).max(1))?;
            Some(Quota::with_period(per.checked_div(calls)?)?.allow_burst(burst))
        });
        Self { limiter: quota.map(governor::RateLimiter::direct) }
    }

    /// Waits for one's turn.
    pub(crate) async fn turn(&self) {
        let Some(limiter) = &self.limiter else { return };
        while let Err(early) = limiter.check() {
            let wait = early.wait_time_from(DefaultClock::default().now());
            sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::RateLimiter;
    use crate::service::http::Rate;

    #[tokio::test]
    async fn a_burst_and_then_the_rate() {
        let limiter = RateLimiter::new(Some(Rate { calls: 100, per: Duration::from_secs(1) }));
        let began = Instant::now();
        for _ in 0..10 {
            limiter.turn().await;
        }
        assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
        for _ in 0..10 {
            limiter.turn().await;
        }
        assert!(began.elapsed() >= Duration::from_millis(90), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_is_no_wait() {
        for rate in [None, Some(Rate { calls: 0, per: Duration::from_secs(1) })] {
            let began = Instant::now();
            for _ in 0..1000 {
                RateLimiter::new(rate).turn().await;
            }
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
    }
}
