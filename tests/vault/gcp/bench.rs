//! A server, and vaults that ask it.

use std::sync::Arc;
use std::time::Duration;

use cloze::blank::Ask;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::Fetched;
use cloze::vault::Vault as _;
use cloze::vault::VaultError;
use cloze::vault::VaultFault;
use cloze::vault::gcp::GcpVault;
use cloze::vault::gcp::Settings;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Seed;

pub(super) const CANARY: &str = "canary-7Yq1";
pub(super) const DEADLINE: Duration = Duration::from_secs(3);
pub(super) const STRANGE: &str = "the answer is not that of Secret Manager: ";

pub(super) fn seed() -> Seed {
    Seed::default().secret("a", CANARY).secret("b", "old").secret("b", CANARY).secret("json", &format!(r#"{{"user": "{CANARY}"}}"#))
}

pub(super) fn server() -> Server<Gcp> {
    Gcp::serve(seed()).unwrap()
}

pub(super) fn settings(server: &Server<Gcp>, credentials: &str) -> Settings {
    let mut settings = Settings::new("demo-project");
    settings.endpoint = Some(server.url());
    settings.credentials = Some(Secret::copy_of(credentials.as_bytes()));
    settings.limits.deadline = DEADLINE;
    settings
}

pub(super) fn made(settings: Settings) -> GcpVault {
    GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap()
}

pub(super) fn with(server: &Server<Gcp>, credentials: &str) -> GcpVault {
    made(settings(server, credentials))
}

/// A vault whose tokens need no request.
pub(super) fn vault(server: &Server<Gcp>) -> GcpVault {
    with(server, &server.protocol().service_account(&server.url()))
}

/// A vault whose tokens come from the server.
pub(super) fn user(server: &Server<Gcp>) -> GcpVault {
    with(server, &server.protocol().authorized_user(&server.url()))
}

pub(super) fn ask(name: &str, key: Option<&str>, version: Option<&str>) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: key.map(str::to_owned), version: version.map(str::to_owned) }
}

pub(super) async fn one(vault: &GcpVault, ask: Ask) -> Result<Fetched, VaultError> {
    let answer = vault.fetch(&[ask]).await.remove(0);
    assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    answer
}

/// The outcome of reading `b` while `fault` befalls the first `times` requests, with the number of requests.
pub(super) async fn under(times: Option<u32>, fault: Fault) -> (Result<Fetched, VaultError>, usize) {
    let server = server();
    server.script(times.map_or_else(|| Script::always("", fault.clone()), |times| Script::new("", times, fault.clone())));
    let started = Instant::now();
    let outcome = one(&vault(&server), ask("b", None, None)).await;
    assert!(started.elapsed() < DEADLINE + Duration::from_secs(1), "{:?}", started.elapsed());
    if let Ok(fetched) = &outcome {
        assert_eq!(fetched.value.expose(), CANARY.as_bytes());
    }
    (outcome, server.journal().count())
}

pub(super) async fn fails(fault: Fault, expected: VaultFault, reason: &str, requests: usize) {
    let shown = format!("{fault:?}");
    let (outcome, count) = under(None, fault).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str(), count), (expected, reason, requests), "{shown}");
    assert!(!error.next.is_empty());
}

pub(super) async fn recovers(times: u32, fault: Fault) {
    let shown = format!("{fault:?}");
    let (outcome, count) = under(Some(times), fault).await;
    assert!(outcome.is_ok(), "{shown}: {outcome:?}");
    assert_eq!(count, times as usize + 1, "{shown}");
}

pub(super) fn says(code: u16, variant: &str) -> Fault {
    Fault::variant(code, variant)
}
