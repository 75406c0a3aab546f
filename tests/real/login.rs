//! The adapter's own logins at `HashiCorp` Vault itself.

use std::sync::Arc;

use cloze::clock::Clock as _;
use cloze::clock::Machine;
use cloze::identity::id_token::IdToken;
use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceFault;
use cloze::vault::Close;
use cloze::vault::Diagnose;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::AuthMethod;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use serde_json::Value;
use serde_json::json;

use crate::fixture::Issuer;
use crate::fixture::VaultServer;
use crate::suite::ask;

/// What a role's policy allows.
const RULES: &str = r#"path "secret/data/shop/*" { capabilities = ["read"] }"#;

/// A server with a secret, and a policy that may read it.
async fn server() -> Option<VaultServer> {
    let server = VaultServer::start()?;
    server.mount("secret", 2).await;
    server.done("POST", "secret/data/shop/db", json!({ "data": { "value": "one" } })).await;
    server.policy(RULES).await;
    Some(server)
}

fn adapter(server: &VaultServer, login: AuthMethod) -> HashicorpVault {
    let settings = Settings { login, ..Settings::new(server.url(), "secret", Secret::copy_of(b"none")) };
    HashicorpVault::new(settings, Arc::new(Machine)).unwrap()
}

/// Logs in, reads, and logs out: the token is there while it is needed, is one, and is not there any more.
async fn walks(server: &VaultServer, vault: &HashicorpVault) {
    let before = server.accessors().await;
    for _ in 0..3 {
        let fetched = vault.fetch(&[ask("shop/db"), ask("shop/absent")]).await;
        assert_eq!(fetched[0].as_ref().unwrap().value.expose(), b"one");
        assert_eq!(fetched[1].as_ref().unwrap_err().fault, ServiceFault::NotFound);
    }
    let after = server.accessors().await;
    let new: Vec<&String> = after.difference(&before).collect();
    let [accessor] = new[..] else { panic!("one login: {new:?}") };
    let lookup = || server.call("POST", "auth/token/lookup-accessor", json!({ "accessor": accessor }));
    let (status, body) = lookup().await;
    assert_eq!((status, &body["data"]["policies"]), (200, &json!(["default", "test"])));
    let findings = vault.diagnose().await;
    assert!(
        findings.iter().filter(|finding| finding.step != DiagnosticStep::Permission).all(|finding| finding.outcome.is_ok()),
        "{findings:?}"
    );
    assert_eq!(vault.close().await, Ok(()));
    let (status, body) = lookup().await;
    assert!(status == 400 && body.to_string().contains("invalid accessor"), "{status} {body}");
    assert_eq!(server.accessors().await, before);
    // Another run begins with another login.
    assert!(vault.fetch(&[ask("shop/db")]).await.remove(0).is_ok());
    assert_eq!((vault.close().await, server.accessors().await), (Ok(()), before));
}

async fn refused(server: &VaultServer, login: AuthMethod) -> (ServiceFault, String) {
    let error = adapter(server, login).fetch(&[ask("shop/db")]).await.remove(0).unwrap_err();
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    (error.fault, error.reason)
}

/// A role of `AppRole`: its id.
async fn role(server: &VaultServer, name: &str, more: Value) -> String {
    let mut role = json!({ "token_policies": ["test"], "token_ttl": "10m" });
    role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.done("POST", &format!("auth/approle/role/{name}"), role).await;
    let answer = server.done("GET", &format!("auth/approle/role/{name}/role-id"), Value::Null).await;
    answer["data"]["role_id"].as_str().unwrap().to_owned()
}

/// A new secret id of a role.
async fn secret_id(server: &VaultServer, name: &str) -> String {
    let answer = server.done("POST", &format!("auth/approle/role/{name}/secret-id"), json!({})).await;
    answer["data"]["secret_id"].as_str().unwrap().to_owned()
}

fn approle(role_id: &str, secret_id: Option<&str>) -> AuthMethod {
    let secret = |text: &str| Secret::copy_of(text.as_bytes());
    AuthMethod::AppRole { mount: "approle".to_owned(), role_id: secret(role_id), secret_id: secret_id.map(secret) }
}

#[tokio::test]
async fn approle_lets_in_and_out() {
    let Some(server) = server().await else { return };
    server.done("POST", "sys/auth/approle", json!({ "type": "approle" })).await;
    let (id, secret) = (role(&server, "shop", json!({})).await, secret_id(&server, "shop").await);
    walks(&server, &adapter(&server, approle(&id, Some(&secret)))).await;
    let open = role(&server, "open", json!({ "bind_secret_id": false, "token_bound_cidrs": ["127.0.0.0/8"] })).await;
    walks(&server, &adapter(&server, approle(&open, None))).await;
    let (once, used) = (role(&server, "once", json!({ "secret_id_num_uses": 1 })).await, secret_id(&server, "once").await);
    let vault = adapter(&server, approle(&once, Some(&used)));
    assert!(vault.fetch(&[ask("shop/db")]).await.remove(0).is_ok());
    assert_eq!(vault.close().await, Ok(()));
    for login in [
        approle(&id, Some("canary")),
        approle("canary", Some(&secret)),
        approle(&id, None),
        approle(&once, Some(&used)),
        approle(&id, Some(&used)),
    ] {
        let (fault, reason) = refused(&server, login).await;
        assert_eq!(fault, ServiceFault::Unauthenticated, "{reason}");
    }
    let far = role(&server, "far", json!({ "secret_id_bound_cidrs": ["192.0.2.0/24"] })).await;
    let secret = secret_id(&server, "far").await;
    let (fault, reason) = refused(&server, approle(&far, Some(&secret))).await;
    assert_eq!(fault, ServiceFault::Denied, "{reason}");
    let elsewhere = AuthMethod::AppRole { mount: "nowhere".to_owned(), role_id: Secret::copy_of(b"canary"), secret_id: None };
    // Vault does not tell who has not logged in yet where its logins are.
    let (fault, reason) = refused(&server, elsewhere).await;
    assert!(fault == ServiceFault::Denied && reason.starts_with("the vault lets nobody in at `auth/nowhere`"), "{fault:?} {reason}");
}

#[tokio::test]
async fn a_token_that_may_not_end_itself_is_reported() {
    let Some(server) = server().await else { return };
    server.done("POST", "sys/auth/approle", json!({ "type": "approle" })).await;
    let id = role(&server, "shop", json!({ "token_no_default_policy": true })).await;
    let secret = secret_id(&server, "shop").await;
    let vault = adapter(&server, approle(&id, Some(&secret)));
    assert!(vault.fetch(&[ask("shop/db")]).await.remove(0).is_ok());
    let error = vault.close().await.unwrap_err();
    assert!(error.reason.starts_with("the login by AppRole at `auth/approle` could not be ended: "), "{error:?}");
}

#[tokio::test]
async fn a_signed_token_lets_in_and_out() {
    let Some(server) = server().await else { return };
    let issuer = Issuer::generate();
    server.done("POST", "sys/auth/ci", json!({ "type": "jwt" })).await;
    let config = json!({ "jwt_validation_pubkeys": [issuer.pem()], "bound_issuer": "https://ci.test", "default_role": "shop" });
    server.done("POST", "auth/ci/config", config).await;
    let role = json!({
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["https://vault.test"], "bound_claims": { "repository": "shop" },
        "token_policies": ["test"], "token_ttl": "10m",
    });
    server.done("POST", "auth/ci/role/shop", role).await;
    let now = Machine.now().0;
    let claims = |change: Value| {
        let mut claims = json!({
            "iss": "https://ci.test", "sub": "canary", "aud": "https://vault.test", "repository": "shop",
            "iat": now - 5, "nbf": now - 5, "exp": now + 300,
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims
    };
    let login = |token: &str, role: Option<&str>| AuthMethod::Jwt {
        mount: "ci".to_owned(),
        role: role.map(str::to_owned),
        audience: None,
        token: IdToken::Text(Secret::copy_of(token.as_bytes())),
    };
    let good = issuer.token(&claims(json!({})));
    for role in [Some("shop"), None] {
        walks(&server, &adapter(&server, login(&good, role))).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{good}\n")).unwrap();
    let projected = AuthMethod::Jwt { mount: "ci".to_owned(), role: None, audience: None, token: IdToken::File(file) };
    walks(&server, &adapter(&server, projected)).await;
    for (token, fault, words) in [
        (issuer.token(&claims(json!({ "aud": "https://other.test" }))), ServiceFault::Unauthenticated, "audience"),
        (issuer.token(&claims(json!({ "repository": "other" }))), ServiceFault::Denied, "claims"),
        (issuer.token(&claims(json!({ "exp": now - 600, "nbf": now - 900, "iat": now - 900 }))), ServiceFault::Unauthenticated, "token"),
        (issuer.token(&claims(json!({ "iss": "https://evil.test" }))), ServiceFault::Unauthenticated, "token"),
        (Issuer::generate().token(&claims(json!({}))), ServiceFault::Unauthenticated, "token"),
    ] {
        let (found, reason) = refused(&server, login(&token, Some("shop"))).await;
        assert!(found == fault && reason.contains(words), "{found:?} {reason}");
    }
    let (fault, reason) = refused(&server, login(&good, Some("absent"))).await;
    assert!(fault == ServiceFault::Unauthenticated && reason.starts_with("there is no role `absent` at `auth/ci`"), "{fault:?} {reason}");
}
