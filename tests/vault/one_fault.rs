//! One read of a secret while its server fails, whatever the kind of vault.

use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::SecretValue;
use cloze::vault::Vault;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Protocol;
use vault_mock::Script;
use vault_mock::Server;

use crate::read::CANARY;
use crate::read::one;

/// The deadline of a vault that answers wrongly.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);
/// Each way to be sent elsewhere.
pub(crate) const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// A server, a vault that asks it, and a secret that holds [`CANARY`].
#[derive(Debug)]
pub(crate) struct OneFault<P: Protocol, V> {
    pub(crate) server: Server<P>,
    pub(crate) vault: V,
    pub(crate) ask: SecretRef,
    /// The operation that the faults befall and that is counted; every one when empty.
    pub(crate) on: &'static str,
    /// How much later than [`DEADLINE`] the answer may come.
    pub(crate) grace: Duration,
}

impl<P: Protocol, V: Vault> OneFault<P, V> {
    /// The outcome while `fault` befalls the first `times` requests, with the number of requests.
    pub(crate) async fn under(&self, times: Option<u32>, fault: Fault) -> (Result<SecretValue, ServiceError>, usize) {
        self.server.script(Script { on: self.on.to_owned(), times, until_ms: None, fault });
        let started = Instant::now();
        let outcome = one(&self.vault, self.ask.clone()).await;
        assert!(started.elapsed() < DEADLINE + self.grace, "{:?}", started.elapsed());
        match &outcome {
            Ok(fetched) => assert_eq!(fetched.value.expose(), CANARY.as_bytes()),
            Err(error) => assert!(!error.next.is_empty() && !error.next.ends_with('.'), "{error:?}"),
        }
        (outcome, self.requests())
    }

    /// While `fault` befalls every request, the read fails so.
    pub(crate) async fn fails(&self, fault: Fault, expected: ServiceFault, reason: &str) -> ServiceError {
        let shown = format!("{fault:?}");
        let (outcome, _) = self.under(None, fault).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (expected, reason), "{shown}");
        error
    }

    /// While `fault` befalls every request, the read fails so, after this number of requests.
    pub(crate) async fn fails_after(&self, fault: Fault, expected: ServiceFault, reason: &str, requests: usize) -> ServiceError {
        let shown = format!("{fault:?}");
        let error = self.fails(fault, expected, reason).await;
        assert_eq!(self.requests(), requests, "{shown}");
        error
    }

    /// When `fault` has befallen the first `times` requests, the next one succeeds.
    pub(crate) async fn recovers(&self, times: u32, fault: Fault) {
        let shown = format!("{fault:?}");
        let (outcome, count) = self.under(Some(times), fault).await;
        assert!(outcome.is_ok(), "{shown}: {outcome:?}");
        assert_eq!(count, times as usize + 1, "{shown}");
    }

    /// A redirect ends the read, and its host is reported.
    pub(crate) async fn follows_no_redirect(&self, code: u16, to: &str) {
        let host = if to.contains("evil") { "evil.example" } else { "127.0.0.1" };
        let reason = format!("the vault redirects to {host}, and redirects are not followed");
        self.server.script(Script::new(self.on, 1, Fault::Redirect { code, to: to.to_owned() }));
        let error = one(&self.vault, self.ask.clone()).await.unwrap_err();
        assert_eq!((error.fault, error.reason, self.requests()), (ServiceFault::Unavailable, reason, 1), "{code} to {to}");
    }

    fn requests(&self) -> usize {
        let journal = self.server.journal();
        if self.on.is_empty() { journal.count() } else { journal.of(self.on).len() }
    }
}
