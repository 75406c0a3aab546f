//! What `cloze doctor` finds.

use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::vault::Diagnose;
use cloze::vault::hashicorp::AuthMethod;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::KvEngine;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Capability;
use vault_mock::hashicorp::Flavor;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Role;
use vault_mock::hashicorp::Seed;
use vault_mock::hashicorp::Token;

use crate::hashicorp::bench::logged_in;
use crate::hashicorp::bench::vault;
use crate::hashicorp::bench::with;
use crate::hashicorp::bench::with_token;

const READ: &[Capability] = &[Capability::Read];

fn seed() -> Seed {
    Seed::default().mount("kv", 1).mount("secret", 2).token("root", None)
}

/// What is well from the service on, and the step that is not.
async fn walk(vault: &HashicorpVault) -> (Vec<String>, Option<(DiagnosticStep, ServiceError)>) {
    let findings = vault.diagnose().await;
    assert!(findings.is_sorted_by_key(|finding| finding.step), "{findings:?}");
    let bad = findings.iter().position(|finding| finding.outcome.is_err());
    assert!(bad.is_none_or(|at| at == findings.len() - 1), "{findings:?}");
    let mut good = Vec::new();
    for finding in findings {
        match finding.outcome {
            Ok(words) if finding.step >= DiagnosticStep::Service => good.push(words),
            Ok(_) => {}
            Err(error) => return (good, Some((finding.step, error))),
        }
    }
    (good, None)
}

async fn ends(vault: &HashicorpVault, step: DiagnosticStep, reason: &str) {
    let (good, bad) = walk(vault).await;
    let (at, error) = bad.unwrap_or_else(|| panic!("all is well: {good:?}"));
    assert_eq!((at, error.reason.as_str()), (step, reason));
    assert!(!error.next.is_empty());
}

#[tokio::test]
async fn all_is_well() {
    let server = Hashicorp::serve(seed()).unwrap();
    let (good, bad) = walk(&vault(&server)).await;
    assert_eq!(bad, None);
    assert_eq!(
        good,
        [
            "version 2.0.0",
            "`token` with the policies `root`, by the token that was given",
            "the root namespace",
            "the token has no end",
            "KV version 2; may read and list below `secret/data/`",
        ]
    );
    // Anybody may ask for the health: no token is sent.
    let health = &server.journal().of("health")[0];
    assert_eq!(health.credential, vault_mock::Credential::None);
}

#[tokio::test]
async fn a_login_of_our_own_is_told_with_its_namespace_and_end() {
    let role = Role { namespace: "team/".to_owned(), ..Role::new("role", "secret", &["shop", "other"]) };
    let seed = Seed::default()
        .namespace("team")
        .mount("team/secret", 2)
        .rule("shop", "secret/data/shop", READ)
        .rule("shop", "secret/metadata/shop", &[Capability::List])
        .rule("other", "elsewhere", READ)
        .approle(role);
    let server = Hashicorp::serve(seed).unwrap();
    let vault = with(&server, |settings| {
        let secret = |text: &str| Secret::copy_of(text.as_bytes());
        settings.login = AuthMethod::AppRole { mount: "approle".to_owned(), role_id: secret("role"), secret_id: Some(secret("secret")) };
        settings.namespace = Some("team".to_owned());
        settings.prefixes = vec!["shop".to_owned(), "other".to_owned()];
    });
    let (good, bad) = walk(&vault).await;
    assert_eq!(bad, None);
    assert_eq!(good[1], "`approle` with the policies `default`, `other`, `shop`, by AppRole at `auth/approle`");
    assert_eq!(good[2], "namespace `team`");
    assert!(good[3].starts_with("the token ends in 59 min") || good[3] == "the token ends in 60 min", "{}", good[3]);
    assert_eq!(
        good[4],
        "KV version 2; may read and list below `secret/data/shop/`; not all below `secret/data/other/` may be read: `cloze check --online` \
         checks each secret"
    );
}

#[tokio::test]
async fn a_vault_that_serves_nothing_is_told() {
    let server = Hashicorp::serve(seed()).unwrap();
    let vault = vault(&server);
    server.protocol().seal(true);
    ends(&vault, DiagnosticStep::Service, "the vault is sealed").await;
    server.protocol().seal(false);
    let health = |code: u16, initialized: bool, sealed: bool| {
        let text = format!(r#"{{"initialized": {initialized}, "sealed": {sealed}, "standby": true, "version": "1.21.4"}}"#);
        server.script(Script::new("health", 1, Fault::Body { code, text }));
    };
    health(501, false, true);
    ends(&vault, DiagnosticStep::Service, "the vault is not initialised").await;
    health(472, true, false);
    ends(&vault, DiagnosticStep::Service, "the server is of a cluster for disaster recovery, which serves no secret").await;
    for code in [429, 473] {
        health(code, true, false);
        assert_eq!(walk(&vault).await.0[0], "version 1.21.4, a standby that passes requests on");
    }
}

#[tokio::test]
async fn a_health_that_is_kept_back_is_asked_for_otherwise() {
    let server = Hashicorp::serve(seed()).unwrap();
    let vault = vault(&server);
    server.script(Script::always("health", Fault::status(403)));
    assert_eq!(walk(&vault).await, (walk(&vault).await.0, None));
    server.script(Script::always("seal-status", Fault::status(404)));
    ends(&vault, DiagnosticStep::Service, "neither `sys/health` nor `sys/seal-status` can be read").await;
    server.heal();
    server.script(Script::always("", Fault::Body { code: 200, text: "<html>".to_owned() }));
    ends(&vault, DiagnosticStep::Service, "the vault's answer is not that of a vault: no health under `sys/health`").await;
    server.heal();
    server.script(Script::always("health", Fault::Redirect { code: 307, to: "https://other.example/".to_owned() }));
    ends(&vault, DiagnosticStep::Service, "the vault redirects to other.example, and redirects are not followed").await;
}

#[tokio::test]
async fn who_is_not_known_is_told() {
    for (flavor, reason) in [
        (Flavor::Vault, "the vault does not accept the token: 2 errors occurred: * permission denied * invalid token"),
        (Flavor::OpenBao, "the vault does not accept the token, or does not let it look itself up"),
    ] {
        let server = Hashicorp::serve(Seed { flavor, ..seed() }).unwrap();
        ends(&with_token(&server, "wrong"), DiagnosticStep::Identity, reason).await;
    }
    let server = Hashicorp::serve(seed().approle(Role::new("role", "secret", &[]))).unwrap();
    let login = AuthMethod::AppRole { mount: "approle".to_owned(), role_id: Secret::copy_of(b"role"), secret_id: None };
    ends(&logged_in(&server, login), DiagnosticStep::Identity, "the vault does not accept the secret_id: missing secret_id").await;
    // A token that may not look itself up can still be good.
    server.script(Script::always("lookup-self", Fault::variant(403, "denied")));
    let (good, bad) = walk(&vault(&server)).await;
    assert_eq!((good[1].as_str(), good[3].as_str()), ("by the token that was given; the token may not look itself up", "not known"));
    assert_eq!(bad, None);
    server.heal();
    server.script(Script::always("lookup-self", Fault::Body { code: 200, text: "[]".to_owned() }));
    ends(&vault(&server), DiagnosticStep::Identity, "the vault's answer is not that of a vault: a token without `data`").await;
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_told() {
    let mut short = seed();
    short.tokens.push(Token { id: "short".to_owned(), ttl: Some(30), ..Token::default() });
    let server = Hashicorp::serve(short).unwrap();
    let (_, bad) = walk(&with_token(&server, "short")).await;
    let (step, error) = bad.unwrap();
    assert!(error.reason == "the token ends in 30 s" || error.reason == "the token ends in 29 s", "{error:?}");
    assert_eq!(step, DiagnosticStep::Expiry);
}

#[tokio::test]
async fn a_mount_that_is_another_or_none_is_told() {
    let server: Server<Hashicorp> = Hashicorp::serve(seed().rule("kv", "kv", READ).policed("narrow", &["kv"])).unwrap();
    let of = |mount: &str, engine: KvEngine| {
        with(&server, |settings| {
            mount.clone_into(&mut settings.mount);
            settings.engine = engine;
        })
    };
    let reason = "the mount `kv` is KV version 1, and the project takes it for KV version 2";
    ends(&of("kv", KvEngine::V2), DiagnosticStep::Permission, reason).await;
    let reason = "the mount `secret` is KV version 2, and the project takes it for KV version 1";
    ends(&of("secret", KvEngine::V1), DiagnosticStep::Permission, reason).await;
    let (good, _) = walk(&of("kv", KvEngine::V1)).await;
    assert_eq!(good[4], "KV version 1; may read and list below `kv/`");
    let reason = "there is no mount `absent`, or the token may do nothing there";
    ends(&of("absent", KvEngine::V2), DiagnosticStep::Permission, reason).await;
    ends(&with_token(&server, "narrow"), DiagnosticStep::Permission, "there is no mount `secret`, or the token may do nothing there").await;
    let text = r#"{"data": {"type": "transit", "options": null}}"#.to_owned();
    server.script(Script::new("mount", 1, Fault::Body { code: 200, text }));
    ends(&vault(&server), DiagnosticStep::Permission, "the mount `secret` is not a KV engine but `transit`").await;
    server.script(Script::always("capabilities-self", Fault::status(403)));
    assert_eq!(walk(&vault(&server)).await.0[4], "KV version 2; the vault does not say what may be read below `secret/data/`");
}
