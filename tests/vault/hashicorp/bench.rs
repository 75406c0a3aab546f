//! A server, and vaults that ask it.

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceError;
use cloze::vault::hashicorp::AuthMethod;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use std::sync::Arc;
use std::time::Duration;
use vault_mock::Fault;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::one_fault::DEADLINE;
use crate::one_fault::OneFault;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

pub(super) fn server() -> Server<Hashicorp> {
    Hashicorp::serve(Seed::default().secret("secret/a", &[("value", CANARY), ("user", "app")]).secret("secret/b", &[("value", CANARY)]))
        .unwrap()
}

pub(super) fn vault(server: &Server<Hashicorp>) -> HashicorpVault {
    with_token(server, server.protocol().token())
}

pub(super) fn with_token(server: &Server<Hashicorp>, token: &str) -> HashicorpVault {
    let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(token.as_bytes()));
    settings.limits.deadline = DEADLINE;
    HashicorpVault::new(settings, Arc::new(Machine)).unwrap()
}

/// A read of `b`.
pub(super) fn one_fault() -> OneFault<Hashicorp, HashicorpVault> {
    let server = server();
    let vault = vault(&server);
    OneFault { server, vault, ask: ask("b", None, None), on: "", grace: Duration::from_millis(500) }
}

pub(super) fn words(code: u16, words: &str) -> Fault {
    Fault::worded(code, words)
}

/// A vault with a login of its own.
pub(super) fn logged_in(server: &Server<Hashicorp>, login: AuthMethod) -> HashicorpVault {
    with(server, |settings| settings.login = login)
}

/// A vault with other settings than those of [`vault`].
pub(super) fn with(server: &Server<Hashicorp>, change: impl FnOnce(&mut Settings)) -> HashicorpVault {
    let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
    settings.limits.deadline = DEADLINE;
    change(&mut settings);
    HashicorpVault::new(settings, Arc::new(Machine)).unwrap()
}

/// The error of reading a secret without a key.
pub(super) async fn error(vault: &HashicorpVault, name: &str) -> ServiceError {
    let error = one(vault, ask(name, None, None)).await.unwrap_err();
    assert!(!error.next.is_empty() && !format!("{error:?}").contains(CANARY), "{error:?}");
    error
}
