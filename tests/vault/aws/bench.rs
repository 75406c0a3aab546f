//! A server, and vaults that ask it.

use std::sync::Arc;
use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::identity::ToolEnvironment;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Service;
use cloze::vault::aws::Settings;
use vault_mock::Fault;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;
use vault_mock::aws::Seed;

use crate::one_fault::DEADLINE;
use crate::one_fault::OneFault;
use crate::read;
use crate::read::CANARY;

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

/// The environment of a user who has the key.
pub(super) fn environment(key: &Key) -> Arc<ToolEnvironment> {
    let pairs =
        [("AWS_ACCESS_KEY_ID", Some(&key.id)), ("AWS_SECRET_ACCESS_KEY", Some(&key.secret)), ("AWS_SESSION_TOKEN", key.session.as_ref())];
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
    Arc::new(ToolEnvironment::collect(pairs, None))
}

pub(super) fn with_key(server: &Server<Aws>, service: Service, key: &Key) -> AwsVault {
    with(Settings { environment: environment(key), ..settings(server, service) })
}

pub(super) fn with(settings: Settings) -> AwsVault {
    AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap()
}

pub(super) fn vault(server: &Server<Aws>, service: Service) -> AwsVault {
    with_key(server, service, server.protocol().key())
}

pub(super) fn ask(name: &str) -> SecretRef {
    read::ask(name, None, None)
}

pub(super) fn pinned(name: &str, version: &str) -> SecretRef {
    SecretRef { version: Some(version.to_owned()), ..ask(name) }
}

/// A read of the secret `b`, or of the parameter `/b`.
pub(super) fn one_fault(service: Service) -> OneFault<Aws, AwsVault> {
    let server = server();
    let vault = vault(&server, service);
    OneFault { server, vault, ask: ask(if service == SECRETS { "b" } else { "/b" }), on: "", grace: Duration::from_millis(500) }
}

pub(super) fn refusal(code: u16, kind: &str, words: &str) -> Fault {
    Fault::Status { code, variant: Some(kind.to_owned()), retry_after: None, words: Some(vec![words.to_owned()]) }
}
