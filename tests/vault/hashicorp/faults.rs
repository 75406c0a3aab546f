//! Refusals, passing faults, patience, and answers that are none.

use crate::hashicorp::bench::one_fault;
use crate::hashicorp::bench::server;
use crate::hashicorp::bench::vault;
use crate::hashicorp::bench::words;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;
use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Script;

#[tokio::test]
async fn refusals_are_told_apart_and_not_repeated() {
    use ServiceFault::{Denied, NotFound, Unauthenticated, Unavailable};
    one_fault().fails_after(Fault::status(401), Unauthenticated, "the vault does not accept the token", 1).await;
    one_fault().fails_after(Fault::status(403), Denied, "the token may not read `secret/data/b`: permission denied", 1).await;
    one_fault()
        .fails_after(words(403, "* bad\ttoken\u{1b}[31m"), Unauthenticated, "the vault does not accept the token: * bad token[31m", 1)
        .await;
    let reason = "`b` or the version asked for is not there, or the vault hides it from this token";
    // The second call asks what the mount is.
    one_fault().fails_after(Fault::status(404), NotFound, reason, 2).await;
    one_fault().fails_after(words(404, "no handler for route"), NotFound, "there is no `secret/data/b`: no handler for route", 2).await;
    one_fault().fails_after(words(400, "odd"), Unavailable, "the vault refused the request with status 400: odd", 1).await;
    one_fault()
        .fails_after(Fault::status(405), Unavailable, "the vault refused the request with status 405: unsupported operation", 1)
        .await;
    one_fault().fails_after(Fault::status(501), Unavailable, "the vault failed with status 501", 1).await;
    // The token itself is never shown, even when a server says it.
    one_fault().fails_after(words(403, "no demo-token here"), Denied, "the token may not read `secret/data/b`", 1).await;
}

#[tokio::test]
async fn passing_faults_are_tried_four_times() {
    use ServiceFault::Unavailable;
    one_fault().fails_after(Fault::status(500), Unavailable, "the vault failed with status 500: internal error", 4).await;
    one_fault().fails_after(Fault::status(503), Unavailable, "the vault is sealed", 4).await;
    one_fault()
        .fails_after(Fault::status(412), Unavailable, "the vault refused the request with status 412: required index state not present", 4)
        .await;
    let broken = "the connection to the vault broke before the answer was complete";
    one_fault().fails_after(Fault::Reset, Unavailable, broken, 4).await;
    one_fault().fails_after(Fault::Truncated, Unavailable, broken, 4).await;
    one_fault()
        .fails_after(Fault::Body { code: 502, text: format!("<html>{CANARY}") }, Unavailable, "the vault failed with status 502", 4)
        .await;
}

#[tokio::test]
async fn a_vault_that_asks_for_patience_is_asked_less_and_less_until_the_deadline() {
    let (outcome, count) = one_fault().under(None, Fault::status(429)).await;
    let error = outcome.unwrap_err();
    let reason = "the vault is rate limiting requests: request path \"secret/data/b\": rate limit quota exceeded";
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::RateLimited, reason));
    assert!((2..=4).contains(&count), "{count}");
}

#[tokio::test]
async fn a_vault_that_asks_for_no_time_at_all_is_asked_no_more_often() {
    let (outcome, count) = one_fault().under(None, Fault::throttled(0)).await;
    assert_eq!(outcome.unwrap_err().fault, ServiceFault::RateLimited);
    assert!((2..=4).contains(&count), "{count}");
}

#[tokio::test]
async fn patience_that_ends_in_silence_is_told_as_patience() {
    let server = server();
    server.script(Script::new("b", 1, Fault::throttled(1)));
    server.script(Script::always("b", Fault::Delay { ms: 60_000 }));
    let error = one(&vault(&server), ask("b", None, None)).await.unwrap_err();
    assert_eq!((error.fault, server.journal().count()), (ServiceFault::RateLimited, 2), "{error:?}");
}

#[tokio::test]
async fn passing_faults_pass() {
    one_fault().recovers(1, Fault::status(429)).await;
    one_fault().recovers(1, Fault::throttled(0)).await;
    for fault in [Fault::status(500), Fault::status(503), Fault::Reset, Fault::Truncated] {
        one_fault().recovers(3, fault).await;
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_the_deadline() {
    let started = Instant::now();
    one_fault().recovers(1, Fault::throttled(1)).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    let started = Instant::now();
    let (outcome, count) = one_fault().under(None, Fault::throttled(3600)).await;
    assert_eq!((outcome.unwrap_err().fault, count), (ServiceFault::RateLimited, 1));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn answers_that_take_too_long_end_at_the_deadline() {
    one_fault().fails_after(Fault::Slow { each_ms: 100 }, ServiceFault::Unavailable, "the vault did not answer within 3 s", 1).await;
    one_fault().fails_after(Fault::Delay { ms: 60_000 }, ServiceFault::Unavailable, "the vault did not answer within 3 s", 1).await;
    one_fault().recovers(0, Fault::Reset).await;
    let (outcome, _) = one_fault().under(Some(1), Fault::Slow { each_ms: 1 }).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let strange = "the vault's answer is not that of a KV version 2 mount: ";
    let body = |text: &str| Fault::Body { code: 200, text: text.to_owned() };
    let is = async |text: &str, reason: &str| {
        one_fault().fails_after(body(text), ServiceFault::Unavailable, &format!("{strange}{reason}"), 1).await
    };
    is("", "no JSON from byte 0 on").await;
    is(&format!("{{\"{CANARY}"), "no JSON from byte 13 on").await;
    is(&format!(r#"{{"data": {{"value": "{CANARY}"}}}}"#), "no `data.metadata`").await;
    is(&format!(r#"{{"data": {{"data": {{"value": "{CANARY}"}}, "metadata": {{}}}}}}"#), "no `data.metadata.version`").await;
    is(&format!(r#"{{"errors": ["{CANARY}"]}}"#), "no `data.metadata`").await;
    let large = Fault::Body { code: 200, text: "x".repeat(2 << 20) };
    one_fault().fails_after(large, ServiceFault::BadValue, "the vault's answer is larger than 1 MiB", 1).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let stopped = server();
    let vault = vault(&stopped);
    drop(stopped);
    let error = one(&vault, ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, "no connection to the vault: connection refused"));
}

#[tokio::test]
async fn a_host_that_does_not_resolve_is_named_as_that() {
    for address in ["https://nowhere.invalid:8200", "https://vault.nowhere.invalid"] {
        let vault = HashicorpVault::new(Settings::new(address, "secret", Secret::copy_of(b"t")), Arc::new(Machine)).unwrap();
        let error = one(&vault, ask("a", None, None)).await.unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, "the host of the vault does not resolve"));
        assert!(error.next.contains("DNS"), "{}", error.next);
    }
}

#[tokio::test]
async fn a_dead_vault_is_given_up_on() {
    let server = server();
    server.script(Script::always("", Fault::status(500)));
    let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
    settings.limits.parallel = 2;
    settings.limits.rest = Duration::from_millis(100);
    let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
    let asks: Vec<SecretRef> = (0..200).map(|number| ask(&number.to_string(), None, None)).collect();
    let answers = vault.fetch(&asks).await;
    let reasons: Vec<&str> = answers.iter().map(|answer| answer.as_ref().unwrap_err().reason.as_str()).collect();
    let given_up = reasons.iter().filter(|reason| **reason == "not asked for: the vault could not answer several others").count();
    assert!(given_up >= 190, "{given_up}");
    assert!(reasons.contains(&"the vault failed with status 500: internal error"));
    assert!(server.journal().count() <= 4 * 10);
}

#[tokio::test]
async fn another_version_than_the_one_asked_for_is_not_believed() {
    let server = server();
    let text = format!(r#"{{"data": {{"data": {{"value": "{CANARY}"}}, "metadata": {{"version": 2, "deletion_time": ""}}}}}}"#);
    server.script(Script::always("b", Fault::Body { code: 200, text }));
    let error = one(&vault(&server), ask("b", None, Some("1"))).await.unwrap_err();
    let reason = "the vault's answer is not that of a KV version 2 mount: another version than the one asked for";
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, reason));
}
