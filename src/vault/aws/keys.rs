//! The credential: had from its provider when it is first needed, once for all who wait, and again near its end.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::service::ServiceError;
use crate::service::ServiceFault;

/// How long before its end a credential is renewed.
const MARGIN: i64 = 300;

/// The credential.
#[derive(Debug)]
pub(super) struct Keys {
    provider: SharedCredentialsProvider,
    clock: Arc<dyn Clock>,
    /// Who holds it asks the provider. What it failed with is not asked for again in the same fetch.
    flight: tokio::sync::Mutex<Option<(Instant, ServiceError)>>,
    held: Mutex<Option<Credentials>>,
}

impl Keys {
    pub(super) fn new(provider: SharedCredentialsProvider, clock: Arc<dyn Clock>) -> Self {
        Self { provider, clock, flight: tokio::sync::Mutex::default(), held: Mutex::default() }
    }

    /// A credential that holds for some minutes yet, by `until`.
    pub(super) async fn get(&self, until: Instant) -> Result<Credentials, ServiceError> {
        if let Some(fresh) = self.held(MARGIN) {
            return Ok(fresh);
        }
        let mut failed = self.flight.lock().await;
        if let Some(fresh) = self.held(MARGIN) {
            return Ok(fresh);
        }
        if let Some((fetch, error)) = &*failed
            && *fetch == until
        {
            return Err(error.clone());
        }
        let error = match timeout_at(until, self.provider.provide_credentials()).await {
            Ok(Ok(credentials)) => {
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
                return Ok(credentials);
            }
            Ok(Err(error)) => refused(&error),
            Err(_) => late(),
        };
        if let Some(old) = self.held(0) {
            return Ok(old);
        }
        *failed = Some((until, error.clone()));
        Err(error)
    }

    /// Forgets it.
    pub(super) fn forget(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether `text` holds a part of it that is secret.
    pub(super) fn gives_away(&self, text: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().is_some_and(|held| {
            let secrets = [Some(held.secret_access_key()), held.session_token()];
            secrets.into_iter().flatten().any(|secret| !secret.is_empty() && text.contains(secret))
        })
    }

    /// What is held, if it holds for that many seconds yet.
    fn held(&self, margin: i64) -> Option<Credentials> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        held.clone().filter(|held| expiry(held).is_none_or(|end| end.0 - margin > now.0))
    }
}

/// When a credential ends.
pub(super) fn expiry(credentials: &Credentials) -> Option<Timestamp> {
    let elapsed = credentials.expiry()?.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Some(Timestamp(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)))
}

/// In our words: the crate's own may hold what a file or a server said.
fn refused(error: &CredentialsError) -> ServiceError {
    let (reason, next) = match error {
        CredentialsError::CredentialsNotLoaded(_) => (
            "no AWS credential was found: none in the environment, in a profile, by web identity, of a container or of an instance",
            "log in, such as by `aws sso login`, name the profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
        ),
        CredentialsError::ProviderTimedOut(_) => return late(),
        CredentialsError::InvalidConfiguration(_) => (
            "AWS's own settings cannot be used for a credential",
            "check the profile in AWS's files `config` and `credentials`, and the environment variables that begin with AWS_",
        ),
        CredentialsError::ProviderError(_) => (
            "the place that AWS's settings name for the credential did not give one",
            "see that the profile is there (`aws configure list-profiles`), and log in again, such as by `aws sso login`; for a role, check \
             its trust policy and the token that it is assumed by",
        ),
        _ => (
            "the place that AWS's settings name for the credential gave something else",
            "check what the AWS command line says to `aws sts get-caller-identity`",
        ),
    };
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}

fn late() -> ServiceError {
    let next = "check the network to the place that the credential comes from, or allow more time";
    ServiceError::new(ServiceFault::Unauthenticated, "no AWS credential came in time", next)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use std::time::UNIX_EPOCH;

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::ProvideCredentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future;
    use futures::future::join_all;
    use tokio::time::Instant;
    use tokio::time::sleep;

    use super::Keys;
    use crate::clock::Clock;
    use crate::clock::Timestamp;
    use crate::service::ServiceFault;

    #[derive(Debug, Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }
    }

    /// Gives credentials until 1000, 2000, …; fails from the third time on.
    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                sleep(Duration::from_millis(10)).await;
                let count = self.0.fetch_add(1, Ordering::Relaxed) as u64 + 1;
                if count > 2 {
                    return Err(CredentialsError::provider_error("canary"));
                }
                let end = UNIX_EPOCH + Duration::from_secs(count * 1000);
                Ok(Credentials::new("id", "hunter2", Some("session-canary".to_owned()), Some(end), "test"))
            })
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test(start_paused = true)]
    async fn a_credential_is_had_once_and_again_near_its_end() {
        let (count, hand) = (Arc::new(AtomicUsize::new(0)), Arc::new(Hand::default()));
        let keys = Keys::new(SharedCredentialsProvider::new(Counting(Arc::clone(&count))), Arc::clone(&hand) as Arc<dyn Clock>);
        let all = join_all((0..20).map(|_| keys.get(soon()))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(keys.gives_away("x hunter2 y") && keys.gives_away("session-canary") && !keys.gives_away("id"));
        hand.0.store(699, Ordering::Relaxed);
        keys.get(soon()).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        hand.0.store(700, Ordering::Relaxed);
        keys.get(soon()).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
        // What cannot be renewed is used to its end.
        hand.0.store(1999, Ordering::Relaxed);
        keys.get(soon()).await.unwrap();
        hand.0.store(2000, Ordering::Relaxed);
        let until = soon();
        let failed = join_all((0..20).map(|_| keys.get(until))).await;
        let error = failed[7].as_ref().unwrap_err();
        assert_eq!(error.fault, ServiceFault::Unauthenticated);
        assert_eq!(error.reason, "the place that AWS's settings name for the credential did not give one");
        // Once for the renewal that failed, once for those twenty.
        assert_eq!(count.load(Ordering::Relaxed), 4);
        keys.forget();
        assert!(!keys.gives_away("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn every_failure_has_words() {
        let reason = async |error: fn() -> CredentialsError| {
            let provider = aws_credential_types::credential_fn::provide_credentials_fn(move || async move { Err(error()) });
            let keys = Keys::new(SharedCredentialsProvider::new(provider), Arc::new(Hand::default()));
            let error = keys.get(soon()).await.unwrap_err();
            assert!(!format!("{error:?}").contains("canary"));
            error.reason
        };
        assert!(
            reason(|| CredentialsError::not_loaded("canary")).await.starts_with("no AWS credential was found: none in the environment")
        );
        assert_eq!(reason(|| CredentialsError::provider_timed_out(Duration::from_secs(1))).await, "no AWS credential came in time");
        assert_eq!(
            reason(|| CredentialsError::invalid_configuration("canary")).await,
            "AWS's own settings cannot be used for a credential"
        );
        assert_eq!(
            reason(|| CredentialsError::unhandled("canary")).await,
            "the place that AWS's settings name for the credential gave something else"
        );
        let slow = aws_credential_types::credential_fn::provide_credentials_fn(|| async {
            sleep(Duration::from_mins(1)).await;
            Err(CredentialsError::not_loaded_no_source())
        });
        let keys = Keys::new(SharedCredentialsProvider::new(slow), Arc::new(Hand::default()));
        assert_eq!(keys.get(soon()).await.unwrap_err().reason, "no AWS credential came in time");
    }
}
