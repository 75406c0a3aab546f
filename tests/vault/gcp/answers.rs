//! Answers that are none, and answers that are damaged at every byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use vault_mock::Fault;
use vault_mock::Script;

use crate::damage::damaged;
use crate::gcp::bench::STRANGE;
use crate::gcp::bench::one_fault;
use crate::gcp::bench::server;
use crate::gcp::bench::vault;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

/// The body of a version's value.
fn body(name: &str, payload: &str) -> String {
    format!(r#"{{"name": "{name}", "payload": {payload}}}"#)
}

fn payload(value: &str) -> String {
    format!(r#"{{"data": "{}", "dataCrc32c": "{}"}}"#, STANDARD.encode(value), crc32c::crc32c(value.as_bytes()))
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let good = "projects/123456789012/secrets/b/versions/2";
    let is = async |text: &str, reason: &str| {
        let fault = Fault::Body { code: 200, text: text.to_owned() };
        one_fault().fails_after(fault, ServiceFault::Unavailable, &format!("{STRANGE}{reason}"), 1).await;
    };
    is("", "no JSON from byte 0 on").await;
    is(&format!("[\"{CANARY}\"]"), "an array in place of an object").await;
    is("{}", "no `name`").await;
    is(&body("projects/123456789012/secrets/a/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body("projects/other-project/secrets/b/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body("projects/1/locations/europe-west3/secrets/b/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body(good, "1"), "no `payload`").await;
    is(&body(good, &format!(r#"{{"data": "{}"}}"#, STANDARD.encode(CANARY))), "a value without a checksum").await;
    is(&body(good, r#"{"data": "", "dataCrc32c": "x"}"#), "a checksum that is not a number").await;
    is(&body(good, &format!(r#"{{"data": "{CANARY}!", "dataCrc32c": "1"}}"#)), "a value that is not base64").await;
    let server = server();
    server.script(Script::always("", Fault::Body { code: 200, text: body(good, &payload(CANARY)) }));
    let error = one(&vault(&server), ask("b", None, Some("1"))).await.unwrap_err();
    assert_eq!(error.reason, format!("{STRANGE}another version than the one asked for"));
    // Empty bytes may be left out, and a checksum may be a number.
    server.heal();
    server.script(Script::always("", Fault::Body { code: 200, text: body(good, r#"{"dataCrc32c": 0}"#) }));
    assert!(one(&vault(&server), ask("b", None, None)).await.unwrap().value.is_empty());
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let vault = vault(&server);
    let encoded = STANDARD.encode(CANARY);
    let good = body("projects/123456789012/secrets/x/versions/1", &payload(CANARY));
    for text in damaged(&good) {
        for code in [200, 400, 403] {
            server.heal();
            server.script(Script::always("", Fault::Body { code, text: text.clone() }));
            for answer in vault.fetch(&[ask("x", None, None), ask("x", Some("absent"), None)]).await {
                let shown = format!("{answer:?}");
                assert!(!shown.contains(CANARY) && !shown.contains(&encoded), "{text}: {shown}");
            }
        }
    }
}
