//! The one place that keeps what a login gave: obtained once for all who wait, renewed before its end, and a failure remembered.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::service::ServiceError;
use crate::service::ServiceFault;

/// A token, or a credential, that may end.
pub(crate) struct TokenCache<T> {
    /// A token is renewed so long before the end of what it is needed for.
    margin: Duration,
    /// Who holds it asks for a token. What it failed with is not asked for again in the same fetch.
    renewal: tokio::sync::Mutex<Option<(Instant, ServiceError)>>,
    held: Mutex<Option<CachedToken<T>>>,
}

/// What a login gave.
#[derive(Debug)]
pub(crate) struct Granted<T> {
    /// The token.
    pub(crate) token: T,
    /// When it ends, if it does.
    pub(crate) ends: Option<Instant>,
}

/// A token of the cache.
pub(crate) struct CachedToken<T> {
    token: Arc<T>,
    ends: Option<Instant>,
    /// Which login it came from, from 1.
    number: u64,
    /// The deadline of the fetch that it was obtained for.
    obtained_for: Instant,
    /// Whether it replaced one that was rejected.
    replaces: bool,
}

impl<T> CachedToken<T> {
    /// Whether both are of the same login.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> TokenCache<T> {
    /// An empty cache whose tokens are renewed `margin` before the end of the fetch that needs them.
    pub(crate) fn new(margin: Duration) -> Self {
        Self { margin, renewal: tokio::sync::Mutex::default(), held: Mutex::default() }
    }

    /// A token for a fetch that ends at `until`, other than the `rejected` one. Where none is held, the first to come awaits `obtain` and all
    /// others wait for what comes of it. A token that cannot be renewed is used to its end. A rejected token is replaced once for each fetch:
    /// after that, the same token comes back.
    ///
    /// # Errors
    /// What `obtain` failed with, now or earlier in the same fetch; no token by `until`.
    pub(crate) async fn get(
        &self,
        rejected: Option<&CachedToken<T>>,
        until: Instant,
        obtain: impl Future<Output = Result<Granted<T>, ServiceError>>,
    ) -> Result<CachedToken<T>, ServiceError> {
        if let Some(held) = self.usable(rejected, until) {
            return Ok(held);
        }
        let mut failure = timeout_at(until, self.renewal.lock()).await.map_err(|_| late())?;
        if let Some(held) = self.usable(rejected, until) {
            return Ok(held);
        }
        let failed_before = failure.as_ref().filter(|(fetch, _)| *fetch == until).map(|(_, error)| error.clone());
        let outcome = match failed_before {
            Some(error) => Err(error),
            None => timeout_at(until, obtain).await.unwrap_or_else(|_| Err(late())),
        };
        match outcome {
            Ok(Granted { token, ends }) => {
                let mut place = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                let number = place.as_ref().map_or(0, |held| held.number) + 1;
                let held = CachedToken { token: Arc::new(token), ends, number, obtained_for: until, replaces: rejected.is_some() };
                *place = Some(held.clone());
                Ok(held)
            }
            Err(error) => {
                *failure = Some((until, error.clone()));
                let old = self.held().filter(|held| rejected.is_none() && held.ends.is_none_or(|ends| ends > Instant::now()));
                old.ok_or(error)
            }
        }
    }

    /// Whether the next fetch needs no login first, if it ends at `until`.
    pub(crate) fn is_ready(&self, until: Instant) -> bool {
        self.usable(None, until).is_some()
    }

    /// Forgets the token.
    pub(crate) fn clear(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn held(&self) -> Option<CachedToken<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is held, if it will do. A token that does not last as long as it should is as good as it gets for the fetch that it was obtained for.
    fn usable(&self, rejected: Option<&CachedToken<T>>, until: Instant) -> Option<CachedToken<T>> {
        self.held().filter(|held| match rejected {
            None => held.obtained_for == until || held.ends.is_none_or(|ends| ends > until + self.margin),
            Some(rejected) => held.number > rejected.number || held.replaces && held.obtained_for == until,
        })
    }
}

fn late() -> ServiceError {
    ServiceError::new(ServiceFault::Unavailable, "the login was not done in time", "check the network, or allow more time")
}

impl<T> Clone for CachedToken<T> {
    fn clone(&self) -> Self {
        Self { token: Arc::clone(&self.token), ..*self }
    }
}

impl<T> Deref for CachedToken<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.token
    }
}

impl<T> fmt::Debug for CachedToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for TokenCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("held", &self.held()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use futures::future::join_all;
    use tokio::time::Instant;
    use tokio::time::advance;
    use tokio::time::sleep;

    use super::CachedToken;
    use super::Granted;
    use super::TokenCache;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;

    /// Gives tokens that last 1,000 seconds; fails where `working` is less than their number.
    #[derive(Debug)]
    struct Bench {
        cache: TokenCache<u64>,
        asked: AtomicU64,
        working: u64,
    }

    impl Bench {
        fn new(working: u64) -> Self {
            Self { cache: TokenCache::new(Duration::from_mins(5)), asked: AtomicU64::new(0), working }
        }

        async fn get(&self, rejected: Option<&CachedToken<u64>>, until: Instant) -> Result<CachedToken<u64>, ServiceError> {
            let obtain = async {
                sleep(Duration::from_millis(10)).await;
                let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
                if number > self.working {
                    return Err(ServiceError::new(ServiceFault::Unauthenticated, format!("failure {number}"), "log in"));
                }
                Ok(Granted { token: number, ends: Some(Instant::now() + Duration::from_secs(1000)) })
            };
            self.cache.get(rejected, until, obtain).await
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::Relaxed)
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_obtained_once_and_renewed_before_its_end() {
        let bench = Bench::new(2);
        let until = soon();
        let all = join_all((0..20).map(|_| bench.get(None, until))).await;
        assert!(all.iter().all(|held| **held.as_ref().unwrap() == 1) && bench.asked() == 1);
        advance(Duration::from_secs(690)).await;
        assert!(bench.cache.is_ready(soon()) && *bench.get(None, soon()).await.unwrap() == 1);
        advance(Duration::from_secs(10)).await;
        assert!(!bench.cache.is_ready(soon()));
        let all = join_all((0..20).map(|_| bench.get(None, soon()))).await;
        assert!(all.iter().all(|held| **held.as_ref().unwrap() == 2) && bench.asked() == 2);
        bench.cache.clear();
        assert!(!bench.cache.is_ready(soon()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_renewed_is_used_to_its_end_and_a_failure_is_remembered_for_its_fetch() {
        let bench = Bench::new(1);
        bench.get(None, soon()).await.unwrap();
        advance(Duration::from_secs(990)).await;
        let until = soon();
        for _ in 0..3 {
            assert_eq!(*bench.get(None, until).await.unwrap(), 1);
        }
        assert_eq!(bench.asked(), 2, "one renewal that failed");
        advance(Duration::from_secs(20)).await;
        let until = soon();
        let all = join_all((0..20).map(|_| bench.get(None, until))).await;
        assert!(all.iter().all(|held| held.as_ref().unwrap_err().reason == "failure 3") && bench.asked() == 3);
        assert_eq!(bench.get(None, soon() + Duration::from_secs(1)).await.unwrap_err().reason, "failure 4");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rejected_token_is_replaced_once_for_a_fetch() {
        let bench = Bench::new(9);
        let until = soon();
        let first = bench.get(None, until).await.unwrap();
        let all = join_all((0..20).map(|_| bench.get(Some(&first), until))).await;
        let second = all[0].as_ref().unwrap();
        assert!(all.iter().all(|held| held.as_ref().unwrap().is(second)) && !second.is(&first) && bench.asked() == 2);
        assert!(bench.get(Some(second), until).await.unwrap().is(second), "the second is believed to be the best that there is");
        assert!(!bench.get(Some(second), until + Duration::from_secs(1)).await.unwrap().is(second));
        // A rejected token is not used to its end.
        let failing = Bench::new(1);
        let first = failing.get(None, until).await.unwrap();
        assert_eq!(failing.get(Some(&first), until).await.unwrap_err().reason, "failure 2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_has_until_the_end_of_the_fetch() {
        let cache = TokenCache::<u64>::new(Duration::ZERO);
        let slow = async {
            sleep(Duration::from_mins(1)).await;
            Err(ServiceError::new(ServiceFault::Denied, "canary", ""))
        };
        assert_eq!(cache.get(None, soon(), slow).await.unwrap_err().reason, "the login was not done in time");
    }
}
