//! A server, and vaults that ask it.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::gcp::GcpVault;
use cloze::vault::gcp::Settings;
use vault_mock::Fault;
use vault_mock::Server;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Seed;

use crate::one_fault::DEADLINE;
use crate::one_fault::OneFault;
use crate::read::CANARY;
use crate::read::ask;

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

/// A read of `b`.
pub(super) fn one_fault() -> OneFault<Gcp, GcpVault> {
    let server = server();
    let vault = vault(&server);
    OneFault { server, vault, ask: ask("b", None, None), on: "", grace: Duration::from_secs(1) }
}

pub(super) fn says(code: u16, variant: &str) -> Fault {
    Fault::variant(code, variant)
}
