//! The ways in: one login for a run, and its errors.

use std::fs;

use cloze::service::ServiceFault;
use cloze::vault::CallPlan;
use cloze::vault::Vault as _;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use vault_mock::Fault;
use vault_mock::Script;

use crate::gcp::bench::server;
use crate::gcp::bench::user;
use crate::gcp::bench::vault;
use crate::gcp::bench::with;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

#[tokio::test]
async fn logins_are_made_when_they_are_needed_and_once() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "demo-subject-token").unwrap();
    let federated = server.protocol().external_account(file.to_str().unwrap(), &server.url());
    for vault in [user(&server), with(&server, &federated)] {
        assert_eq!(server.journal().count(), 0, "nothing is sent before the first fetch");
        let asks = [ask("a", None, None), ask("b", None, None), ask("b", None, Some("1"))];
        assert_eq!(vault.plan(&asks), CallPlan { secrets: 3, calls: 3, ahead: 1, parallel: 128 });
        assert!(vault.fetch(&asks).await.iter().all(Result::is_ok));
        assert!(vault.fetch(&asks).await.iter().all(Result::is_ok));
        assert_eq!((server.journal().of("token").len(), server.journal().count()), (1, 7));
        server.journal().clear();
    }
    assert_eq!(vault(&server).plan(&[ask("a", None, None)]).ahead, 0);
}

#[tokio::test]
async fn a_token_that_is_rejected_in_the_middle_of_a_run_is_renewed_once() {
    let server = server();
    let vault = user(&server);
    let logins = || server.journal().of("token").len();
    assert!(one(&vault, ask("a", None, None)).await.is_ok() && logins() == 1);
    server.script(Script::new("AccessSecretVersion", 1, Fault::status(401)));
    assert!(one(&vault, ask("a", None, None)).await.is_ok() && logins() == 2);
    server.script(Script::always("AccessSecretVersion", Fault::status(401)));
    let asks: Vec<_> = (0..20).map(|number| ask(&number.to_string(), None, None)).collect();
    assert!(vault.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap_err().fault == ServiceFault::Unauthenticated));
    assert_eq!(logins(), 3, "one more login for all of them");
}

#[tokio::test]
async fn logins_that_fail_are_told_in_our_words() {
    let reported = async |fault: Fault| {
        let server = server();
        server.script(Script::always("token", fault));
        let vault = user(&server);
        let answers = vault.fetch(&[ask("a", None, None), ask("b", None, None)]).await;
        let error = answers[0].as_ref().unwrap_err().clone();
        assert_eq!(answers[1].as_ref().unwrap_err(), &error);
        assert!(!format!("{error:?}").contains(CANARY) && !error.next.is_empty());
        assert_eq!(server.journal().of("AccessSecretVersion").len(), 0);
        (error.fault, error.reason, server.journal().of("token").len())
    };
    let expired = "the login at Google has expired or was revoked (status 400)".to_owned();
    assert_eq!(reported(Fault::worded(400, CANARY)).await, (ServiceFault::Unauthenticated, expired, 1));
    let refused = "Google's token service did not give a token for these credentials (status 401)".to_owned();
    assert_eq!(reported(Fault::variant(401, "invalid_client")).await, (ServiceFault::Unauthenticated, refused, 1));
    let failing = "Google's token service failed with status 503".to_owned();
    assert_eq!(reported(Fault::variant(503, "down")).await, (ServiceFault::Unavailable, failing, 3));
    let nothing = "the connection to Google's token service broke before the answer was complete".to_owned();
    assert_eq!(reported(Fault::Reset).await, (ServiceFault::Unavailable, nothing, 3));
    let senseless = "Google's token service answered without a token".to_owned();
    assert_eq!(reported(Fault::Body { code: 200, text: CANARY.to_owned() }).await, (ServiceFault::Unauthenticated, senseless, 1));
    // What fails for once is tried again.
    let server = server();
    server.script(Script::new("token", 2, Fault::variant(503, "down")));
    assert!(one(&user(&server), ask("a", None, None)).await.is_ok());
}

#[tokio::test]
async fn credentials_that_are_none_are_told() {
    let server = server();
    let reported = async |json: &str| {
        let error = one(&with(&server, json), ask("a", None, None)).await.unwrap_err();
        assert_eq!(error.fault, ServiceFault::Unauthenticated);
        assert!(!format!("{error:?}").contains(CANARY));
        error.reason
    };
    assert_eq!(reported(CANARY).await, "the Google credentials are not JSON");
    assert_eq!(reported(&format!(r#"{{"type": "{CANARY}"}}"#)).await, "the Google credentials are of an unknown type");
    assert_eq!(
        reported(&format!(r#"{{"type": "service_account", "private_key": "{CANARY}"}}"#)).await,
        "the Google credentials have a private key that cannot be used"
    );
    let broken = server.protocol().service_account(&server.url()).replace("PRIVATE KEY", CANARY);
    assert_eq!(reported(&broken).await, "the Google credentials have a private key that cannot be used");
    for (address, reason) in [
        ("http://evil.example/token", "plain http would show the token to the network"),
        ("https://u:p@evil.example/token", "it has a user or a password in it"),
        ("x", "it is not a URL"),
    ] {
        let moved = server.protocol().authorized_user(address.trim_end_matches("/token"));
        assert_eq!(reported(&moved).await, format!("the Google credentials name an address that cannot be used: {reason}"));
    }
    assert_eq!(server.journal().count(), 0);
    // One that holds no more is Google's to refuse.
    server.protocol().revoke();
    assert!(reported(&server.protocol().service_account(&server.url())).await.starts_with("Google does not accept the token"));
}

/// Whoever may change a file of the project does not choose what is read, run or asked on the machine of who deploys.
#[tokio::test]
async fn credentials_of_the_project_ask_for_nothing_but_a_token_of_googles() {
    let server = server();
    let folder = TempDir::new().unwrap();
    let proof = folder.path().join("proof");
    let source = |source: Value, token_url: &str| {
        json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": token_url,
            "credential_source": source,
        })
    };
    let file = json!({ "file": "/proc/self/environ" });
    let (google, home) = ("https://sts.googleapis.com/v1/token", format!("{}/v1/token", server.url()));
    let wrapped = |inner: &Value| {
        json!({
            "type": "impersonated_service_account",
            "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken",
            "source_credentials": inner,
        })
    };
    let program = json!({ "executable": { "command": format!("/usr/bin/touch {}", proof.display()), "timeout_millis": 5000 } });
    let cases = [
        (source(file.clone(), "https://evil.example/v1/token"), "of the project name evil.example, which is not a host of Google's"),
        (
            source(file.clone(), "https://evilgoogleapis.com/v1/token"),
            "of the project name evilgoogleapis.com, which is not a host of Google's",
        ),
        (source(file.clone(), "https:\\\\evil.example/token"), "of the project name evil.example, which is not a host of Google's"),
        (source(file, "http://192.0.2.2/token"), "name an address that cannot be used: plain http would show the token to the network"),
        (source(program, &home), "of the project ask for a token by `executable`"),
        (
            source(json!({ "url": server.url(), "headers": { "Metadata-Flavor": "Google" } }), &home),
            "of the project ask for a token by `url`",
        ),
        (source(json!({ "environment_id": "aws1" }), google), "of the project ask for a token by `environment_id`"),
    ];
    for (json, reason) in cases {
        for json in [wrapped(&json), wrapped(&wrapped(&json)), json] {
            let error = one(&with(&server, &json.to_string()), ask("a", None, None)).await.unwrap_err();
            assert_eq!((error.fault, error.reason), (ServiceFault::Unauthenticated, format!("the Google credentials {reason}")), "{json}");
        }
    }
    assert_eq!(server.journal().count(), 0);
    assert!(!proof.exists());
}
