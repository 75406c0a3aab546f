//! A server, and vaults that ask it.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use cloze::blank::Ask;
use cloze::clock::Machine;
use cloze::vault::Fetched;
use cloze::vault::Vault as _;
use cloze::vault::VaultError;
use cloze::vault::VaultFault;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Service;
use cloze::vault::aws::Settings;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;
use vault_mock::aws::Seed;

pub(super) const CANARY: &str = "canary-7Yq1";
pub(super) const DEADLINE: Duration = Duration::from_secs(3);
pub(super) const SECRETS: Service = Service::SecretsManager;
pub(super) const PARAMETERS: Service = Service::ParameterStore;

pub(super) fn seed() -> Seed {
    Seed::default().secret("a", CANARY).secret("b", CANARY).parameter("/a", CANARY).parameter("/b", CANARY)
}

pub(super) fn server() -> Server<Aws> {
    Aws::serve(seed()).unwrap()
}

pub(super) fn settings(server: &Server<Aws>, service: Service) -> Settings {
    let mut settings = Settings::new(service);
    settings.region = Some("eu-central-1".to_owned());
    settings.endpoint = Some(server.url());
    settings.limits.deadline = DEADLINE;
    settings
}

pub(super) fn credentials(key: &Key) -> Credentials {
    Credentials::new(&key.id, &key.secret, key.session.clone(), None, "test")
}

pub(super) fn with_key(server: &Server<Aws>, service: Service, key: &Key) -> AwsVault {
    AwsVault::with_credentials(settings(server, service), credentials(key), Arc::new(Machine), Arc::new(Machine)).unwrap()
}

pub(super) fn vault(server: &Server<Aws>, service: Service) -> AwsVault {
    with_key(server, service, server.protocol().key())
}

pub(super) fn ask(name: &str) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: None, version: None }
}

pub(super) fn pinned(name: &str, version: &str) -> Ask {
    Ask { version: Some(version.to_owned()), ..ask(name) }
}

pub(super) async fn one(vault: &AwsVault, ask: Ask) -> Result<Fetched, VaultError> {
    vault.fetch(&[ask]).await.remove(0)
}

/// The outcome of reading the secret `b`, or the parameter `/b`, while `fault` befalls the first `times` requests, with their number.
pub(super) async fn under(service: Service, times: Option<u32>, fault: Fault) -> (Result<Fetched, VaultError>, usize) {
    let server = server();
    server.script(Script { on: String::new(), times, until_ms: None, fault });
    let started = Instant::now();
    let outcome = one(&vault(&server, service), ask(if service == SECRETS { "b" } else { "/b" })).await;
    assert!(started.elapsed() < DEADLINE + Duration::from_millis(500), "{:?}", started.elapsed());
    if let Ok(fetched) = &outcome {
        assert_eq!(fetched.value.expose(), CANARY.as_bytes());
    }
    assert!(!format!("{outcome:?}").contains(CANARY));
    (outcome, server.journal().count())
}

pub(super) async fn fails(service: Service, fault: Fault, expected: VaultFault, reason: &str) {
    let shown = format!("{fault:?}");
    let (outcome, _) = under(service, None, fault).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (expected, reason), "{shown}");
    assert!(!error.next.is_empty() && !error.next.ends_with('.'));
}

pub(super) fn refusal(code: u16, kind: &str, words: &str) -> Fault {
    Fault::Status { code, variant: Some(kind.to_owned()), retry_after: None, words: Some(vec![words.to_owned()]) }
}
