//! The ways in: one login for a run, its errors told apart, and its end.

use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::identity::id_token::IdToken;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::vault::CallPlan;
use cloze::vault::Close;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::AuthMethod;
use cloze::vault::hashicorp::HashicorpVault;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Capability;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Role;
use vault_mock::hashicorp::Seed;

use crate::hashicorp::bench::error;
use crate::hashicorp::bench::logged_in;
use crate::hashicorp::bench::vault;
use crate::hashicorp::bench::with;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

/// Tokens of a platform, with claims that must not be shown.
const JOB: &str = "aGVhZA.Y2FuYXJ5LTdZcTE.c2ln";
const POD: &str = "aGVhZA.cG9kLTdZcTFjYW5hcnk.c2ln";

fn seed() -> Seed {
    Seed::default()
        .secret("secret/a", &[("value", "v")])
        .secret("secret/b", &[("value", "v")])
        .rule("shop", "secret/data", &[Capability::Read])
        .approle(Role::new("shop-id", CANARY, &["shop"]))
        .kubernetes(Role::new("shop", POD, &["shop"]))
        .jwt(Role { default: true, ..Role::new("ci", JOB, &["shop"]) })
}

fn server() -> Server<Hashicorp> {
    Hashicorp::serve(seed()).unwrap()
}

fn approle(role_id: &str, secret_id: Option<&str>) -> AuthMethod {
    let secret = |text: &str| Secret::copy_of(text.as_bytes());
    AuthMethod::AppRole { mount: "approle".to_owned(), role_id: secret(role_id), secret_id: secret_id.map(secret) }
}

fn kubernetes(role: &str, token: &str) -> AuthMethod {
    let token = IdToken::Text(Secret::copy_of(token.as_bytes()));
    AuthMethod::Kubernetes { mount: "kubernetes".to_owned(), role: role.to_owned(), token }
}

fn jwt(role: Option<&str>, token: &str) -> AuthMethod {
    let token = IdToken::Text(Secret::copy_of(token.as_bytes()));
    AuthMethod::Jwt { mount: "jwt".to_owned(), role: role.map(str::to_owned), audience: None, token }
}

#[tokio::test]
async fn every_way_leads_in() {
    for login in [approle("shop-id", Some(CANARY)), kubernetes("shop", POD), jwt(Some("ci"), JOB), jwt(None, JOB)] {
        let server = server();
        let shown = format!("{login:?}");
        assert!(!shown.contains(CANARY) && !shown.contains(JOB) && !shown.contains(POD), "{shown}");
        let vault = logged_in(&server, login);
        assert_eq!(one(&vault, ask("a", None, None)).await.unwrap().value.expose(), b"v", "{shown}");
        let calls = server.journal().calls();
        let operations: Vec<&str> = calls.iter().map(|call| call.subject.operation.as_str()).collect();
        assert_eq!(operations, ["login", "read"], "{shown}");
        assert!(calls.iter().all(|call| call.credential == Credential::Known && call.subject.note("marked") == Some("true")));
    }
}

#[tokio::test]
async fn a_run_logs_in_once_and_the_login_is_ended() {
    let server = Hashicorp::serve_with(seed(), Options::latency(Duration::from_millis(5))).unwrap();
    let vault = logged_in(&server, approle("shop-id", Some(CANARY)));
    let asks: Vec<SecretRef> = (0..50).map(|number| ask(&format!("n{number}"), None, None)).chain([ask("a", None, None)]).collect();
    let plan = CallPlan { secrets: 51, calls: 51, ahead: 1, parallel: 128 };
    assert_eq!((vault.plan(&asks), vault.plan(&[])), (plan, CallPlan { secrets: 0, calls: 0, ahead: 0, parallel: 128 }));
    let (first, second, found) = tokio::join!(vault.fetch(&asks), vault.fetch(&asks), vault.probe(&asks[50..]));
    assert!(first[50].is_ok() && second[50].is_ok() && found[0].is_ok());
    assert_eq!(vault.plan(&asks), CallPlan { ahead: 0, ..plan });
    assert_eq!(server.journal().of("login").len(), 1);
    let [token] = &server.protocol().issued()[..] else { panic!("one token is issued") };
    assert!(server.protocol().holds(token));
    vault.close().await.unwrap();
    assert!(!server.protocol().holds(token));
    vault.close().await.unwrap();
    assert_eq!(server.journal().of("revoke-self").len(), 1);
    // Whoever asks again logs in again.
    assert!(one(&vault, ask("a", None, None)).await.is_ok());
    assert_eq!(server.protocol().issued().len(), 2);
}

#[tokio::test]
async fn the_users_token_is_never_ended() {
    let server = server();
    let vault = vault(&server);
    assert!(one(&vault, ask("a", None, None)).await.is_ok());
    vault.close().await.unwrap();
    assert!(server.protocol().holds(server.protocol().token()));
    assert_eq!(server.journal().count(), 1);
    assert!(one(&vault, ask("a", None, None)).await.is_ok());
    assert_eq!(vault.plan(&[ask("a", None, None)]).ahead, 0);
}

#[tokio::test]
async fn a_login_that_cannot_be_ended_is_told() {
    let server = server();
    let vault = logged_in(&server, approle("shop-id", Some(CANARY)));
    one(&vault, ask("a", None, None)).await.unwrap();
    server.script(Script::always("revoke-self", Fault::status(500)));
    let error = vault.close().await.unwrap_err();
    let reason = "the login by AppRole at `auth/approle` could not be ended: the vault failed with status 500: internal error";
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, reason));
    assert_eq!(error.next, "revoke it in the vault, or wait until its time is up");
    // One that has ended by itself is as good, and one that cannot be revoked is left alone.
    server.heal();
    one(&vault, ask("a", None, None)).await.unwrap();
    server.protocol().revoke(server.protocol().issued().last().unwrap());
    vault.close().await.unwrap();
    let text = format!(r#"{{"auth": {{"client_token": "{}", "lease_duration": 60, "token_type": "batch"}}}}"#, server.protocol().token());
    server.script(Script::new("login", 1, Fault::Body { code: 200, text }));
    one(&vault, ask("a", None, None)).await.unwrap();
    server.journal().clear();
    vault.close().await.unwrap();
    assert_eq!(server.journal().count(), 0);
}

async fn refused(server: &Server<Hashicorp>, login: AuthMethod, fault: ServiceFault, reason: &str) {
    let vault = logged_in(server, login);
    server.journal().clear();
    let answers = vault.fetch(&[ask("a", None, None), ask("b", None, None), ask("a", Some("x"), None)]).await;
    for answer in answers {
        let error = answer.unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (fault, reason));
        assert!(!error.next.is_empty() && !error.next.ends_with('.'));
        let shown = format!("{error:?}");
        assert!([CANARY, "Y2FuYXJ5LTdZcTE", "cG9kLTdZcTFjYW5hcnk"].iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
    // Whoever waited for the same login does not try it again, and nothing is read.
    let count = |operation: &str| server.journal().of(operation).len();
    assert_eq!((count("read"), count("login")), (0, 1));
    // There is nothing to end.
    vault.close().await.unwrap();
    assert_eq!(count("revoke-self"), 0);
}

#[tokio::test]
async fn refused_logins_are_told_apart() {
    use ServiceFault::{Denied, Unauthenticated};
    let server = server();
    let pair = "the vault does not accept this role_id with this secret_id: invalid role or secret ID";
    refused(&server, approle("shop-id", Some("wrong")), Unauthenticated, pair).await;
    refused(&server, approle("wrong", Some(CANARY)), Unauthenticated, pair).await;
    refused(&server, approle("shop-id", None), Unauthenticated, "the vault does not accept the secret_id: missing secret_id").await;
    let role = "there is no role `wrong` at `auth/kubernetes`: invalid role name \"wrong\"";
    refused(&server, kubernetes("wrong", POD), Unauthenticated, role).await;
    let nobody = "the vault lets nobody in at `auth/kubernetes` with these credentials: permission denied";
    refused(&server, kubernetes("shop", JOB), Denied, nobody).await;
    let role = "there is no role `wrong` at `auth/jwt`: role \"wrong\" could not be found";
    refused(&server, jwt(Some("wrong"), JOB), Unauthenticated, role).await;
    let token = "the vault refuses the token: error validating token: error verifying token signature: no known key successfully validated \
                 the token signature";
    refused(&server, jwt(Some("ci"), POD), Unauthenticated, token).await;
    let nowhere =
        AuthMethod::Jwt { mount: "gitlab".to_owned(), role: None, audience: None, token: IdToken::Text(Secret::copy_of(JOB.as_bytes())) };
    refused(&server, nowhere, Denied, "the vault lets nobody in at `auth/gitlab` with these credentials: permission denied").await;
    // What is no token is not sent.
    server.journal().clear();
    let none = error(&logged_in(&server, jwt(None, "no token")), "a").await;
    assert_eq!((none.fault, none.reason.as_str()), (Unauthenticated, "the text that is given as the id token is not an id token"));
    assert_eq!(server.journal().count(), 0);
}

#[tokio::test]
async fn what_a_server_says_of_a_login_is_understood() {
    use ServiceFault::{Denied, NotFound, Unauthenticated, Unavailable};
    let said = async |login: fn() -> AuthMethod, code: u16, words: &str, fault: ServiceFault, reason: &str| {
        let server = server();
        server.script(Script::always("login", Fault::worded(code, words)));
        refused(&server, login(), fault, reason).await;
    };
    let role: fn() -> AuthMethod = || approle("shop-id", Some(CANARY));
    let pod: fn() -> AuthMethod = || kubernetes("shop", POD);
    let job: fn() -> AuthMethod = || jwt(Some("ci"), JOB);
    let default: fn() -> AuthMethod = || jwt(None, JOB);
    said(role, 400, "invalid secret id", Unauthenticated, "the vault does not accept the secret_id: invalid secret id").await;
    said(role, 400, "invalid role ID", Unauthenticated, "the vault does not accept the role_id: invalid role ID").await;
    let cidr = "source address \"10.0.0.1\" unauthorized through CIDR restrictions on the secret ID";
    said(role, 400, cidr, Denied, &format!("the vault lets nobody log in from this address: {cidr}")).await;
    let route = "no handler for route \"auth/approle/login\". route entry not found.";
    said(role, 404, route, NotFound, &format!("there is no login at `auth/approle`: {route}")).await;
    let account = "service account name not authorized";
    said(pod, 403, account, Denied, &format!("the role is not for this service account: {account}")).await;
    let claim = "error validating claims: claim \"sub\" does not match any associated bound claim values";
    said(job, 400, claim, Denied, &format!("the token's claims are not those of the role: {claim}")).await;
    let ended = "error validating token: invalid expiration time (exp) claim: token is expired";
    said(job, 400, ended, Unauthenticated, &format!("the vault refuses the token: {ended}")).await;
    let audience = "error validating token: invalid audience (aud) claim";
    said(job, 400, audience, Unauthenticated, &format!("the vault refuses the token for its audience: {audience}")).await;
    said(default, 400, "missing role", Unauthenticated, "the login at `auth/jwt` has no default role: missing role").await;
    said(role, 400, "odd", Denied, "the vault lets nobody in at `auth/approle` with these credentials: odd").await;
    said(role, 501, "odd", Unavailable, "the vault failed with status 501: odd").await;
    // Words that hold a credential, or a piece of one, are dropped.
    said(role, 400, &format!("secret id {CANARY} is not known"), Unauthenticated, "the vault does not accept the secret_id").await;
    said(job, 403, "claim Y2FuYXJ5LTdZcTE", Denied, "the token's claims are not those of the role").await;
}

#[tokio::test]
async fn answers_to_a_login_that_are_none_are_not_believed() {
    let strange = "the vault's answer is not that of a login: ";
    for (text, reason) in [
        ("{", "no JSON from byte 1 on"),
        ("{\"auth\": null}", "no `auth`"),
        ("{\"auth\": {\"client_token\": \"\"}}", "no `auth.client_token`"),
        ("{\"auth\": {\"client_token\": \"a\\nb\"}}", "a token with characters that a token cannot have"),
        ("{\"auth\": {\"client_token\": \"t\"}}", "no `auth.lease_duration`"),
    ] {
        let server = server();
        server.script(Script::always("login", Fault::Body { code: 200, text: text.to_owned() }));
        refused(&server, approle("shop-id", Some(CANARY)), ServiceFault::Unavailable, &format!("{strange}{reason}")).await;
    }
    let server = server();
    let text = r#"{"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "x"}}}"#.to_owned();
    server.script(Script::always("login", Fault::Body { code: 200, text }));
    let reason = "the login by AppRole at `auth/approle` asks for a second factor";
    refused(&server, approle("shop-id", Some(CANARY)), ServiceFault::Unauthenticated, reason).await;
}

#[tokio::test]
async fn a_login_is_for_its_namespace() {
    let role = Role { namespace: "team/".to_owned(), ..Role::new("shop-id", CANARY, &["shop"]) };
    let seed = Seed::default()
        .namespace("team")
        .mount("team/secret", 2)
        .rule("shop", "secret/data", &[Capability::Read])
        .secret("team/secret/a", &[("value", "v")])
        .approle(role);
    let server = Hashicorp::serve(seed).unwrap();
    let of = |namespace: Option<&str>| -> HashicorpVault {
        with(&server, |settings| {
            settings.login = approle("shop-id", Some(CANARY));
            settings.namespace = namespace.map(str::to_owned);
        })
    };
    let vault = of(Some("team"));
    assert_eq!(one(&vault, ask("a", None, None)).await.unwrap().value.expose(), b"v");
    vault.close().await.unwrap();
    assert!(server.journal().calls().iter().all(|call| call.subject.note("namespace") == Some("team")));
    let reason = error(&of(None), "a").await.reason;
    assert_eq!(reason, "the vault lets nobody in at `auth/approle` with these credentials: permission denied");
    let reason = error(&of(Some("other")), "a").await.reason;
    assert!(reason.starts_with("there is no login at `auth/approle`: no handler for route"), "{reason}");
}

#[tokio::test]
async fn a_login_is_redirected_nowhere() {
    let (server, elsewhere) = (server(), server());
    for code in [301, 307, 308] {
        server.script(Script::new("login", 1, Fault::Redirect { code, to: format!("{}/v1/auth/approle/login", elsewhere.url()) }));
        let error = error(&logged_in(&server, approle("shop-id", Some(CANARY))), "a").await;
        assert_eq!(error.reason, "the vault redirects to 127.0.0.1, and redirects are not followed");
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[tokio::test]
async fn passing_faults_of_a_login_pass() {
    for fault in [Fault::status(500), Fault::status(503), Fault::Reset, Fault::Truncated, Fault::throttled(0)] {
        let server = server();
        server.script(Script::new("login", 2, fault.clone()));
        let vault = logged_in(&server, approle("shop-id", Some(CANARY)));
        assert!(one(&vault, ask("a", None, None)).await.is_ok(), "{fault:?}");
    }
}
