//! A login that ends before the work is done, or that the vault forgets.

use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::vault::Close;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::AuthMethod;
use cloze::vault::hashicorp::HashicorpVault;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Flavor;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Role;
use vault_mock::hashicorp::Seed;

use crate::hashicorp::bench::error;
use crate::hashicorp::bench::logged_in;
use crate::hashicorp::bench::vault;
use crate::read::ask;
use crate::read::one;

fn server(flavor: Flavor, ttl: u64) -> Server<Hashicorp> {
    let seed = Seed { flavor, ..Seed::default() }.approle(Role { ttl, ..Role::new("role-1", "secret-1", &[]) });
    let seed = (0..20).fold(seed, |seed, number| seed.secret(&format!("secret/{number}"), &[("value", "v")]));
    Hashicorp::serve(seed).unwrap()
}

fn logging_in(server: &Server<Hashicorp>) -> HashicorpVault {
    let secret = |text: &str| Secret::copy_of(text.as_bytes());
    logged_in(server, AuthMethod::AppRole { mount: "approle".to_owned(), role_id: secret("role-1"), secret_id: Some(secret("secret-1")) })
}

/// Reads twenty secrets at once, and gives the number of those that came and of the logins since the last time.
async fn twenty(server: &Server<Hashicorp>, vault: &HashicorpVault) -> (usize, usize) {
    server.journal().clear();
    let asks: Vec<_> = (0..20).map(|number| ask(&number.to_string(), None, None)).collect();
    let answers = vault.fetch(&asks).await;
    (answers.iter().filter(|answer| answer.is_ok()).count(), server.journal().of("login").len())
}

#[tokio::test]
async fn a_token_that_was_forgotten_is_replaced_once() {
    for flavor in [Flavor::Vault, Flavor::OpenBao] {
        let server = server(flavor, 3600);
        let vault = logging_in(&server);
        assert_eq!(twenty(&server, &vault).await, (20, 1));
        assert_eq!(twenty(&server, &vault).await, (20, 0));
        server.protocol().revoke(&server.protocol().issued()[0]);
        assert_eq!(twenty(&server, &vault).await, (20, 1), "{flavor:?}");
        vault.close().await.unwrap();
        assert!(server.protocol().issued().iter().all(|token| !server.protocol().holds(token)));
    }
}

#[tokio::test]
async fn a_token_that_would_end_too_early_is_replaced_before() {
    // Three seconds are what a fetch may take here.
    let server = server(Flavor::Vault, 2);
    let vault = logging_in(&server);
    assert_eq!(twenty(&server, &vault).await, (20, 1));
    assert_eq!(twenty(&server, &vault).await, (20, 1));
    assert_eq!(server.protocol().issued().len(), 2);
    vault.close().await.unwrap();
    assert!(server.protocol().issued().iter().all(|token| !server.protocol().holds(token)));
}

#[tokio::test]
async fn a_vault_that_knows_no_token_is_believed_the_second_time() {
    let server = server(Flavor::Vault, 3600);
    server.script(Script::always("read", Fault::variant(403, "invalid-token")));
    let vault = logging_in(&server);
    assert_eq!(twenty(&server, &vault).await, (0, 2));
    let error = error(&vault, "1").await;
    assert_eq!(error.fault, ServiceFault::Unauthenticated);
    assert_eq!(error.reason, "the vault does not accept the token: 2 errors occurred: * permission denied * invalid token");
}

#[tokio::test]
async fn a_policy_that_refuses_is_no_reason_for_another_login() {
    let server = server(Flavor::Vault, 3600);
    server.script(Script::always("read", Fault::variant(403, "denied")));
    let vault = logging_in(&server);
    assert_eq!(twenty(&server, &vault).await, (0, 1));
    let error = error(&vault, "1").await;
    assert_eq!(
        (error.fault, error.next.as_str()),
        (ServiceFault::Denied, "allow `read` on that path in the token's policy, or check the token")
    );
}

#[tokio::test]
async fn a_login_that_cannot_be_repeated_is_told() {
    let server = server(Flavor::Vault, 3600);
    let vault = logging_in(&server);
    assert_eq!(twenty(&server, &vault).await, (20, 1));
    server.protocol().revoke(&server.protocol().issued()[0]);
    server.script(Script::always("login", Fault::variant(400, "approle")));
    assert_eq!(twenty(&server, &vault).await, (0, 1));
    let error = error(&vault, "1").await;
    assert_eq!(error.reason, "the vault does not accept this role_id with this secret_id: invalid role or secret ID");
}

#[tokio::test]
async fn the_users_token_is_not_replaced() {
    let server = server(Flavor::OpenBao, 3600);
    let vault = vault(&server);
    assert!(one(&vault, ask("1", None, None)).await.is_ok());
    server.protocol().revoke(server.protocol().token());
    let error = error(&vault, "1").await;
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Denied, "the token may not read `secret/data/1`: permission denied"));
    assert_eq!(
        error.next,
        "allow `read` on that path in the token's policy, or get a new token: a vault can say the same of one that has ended"
    );
    assert_eq!(server.journal().of("login").len(), 0);
}
