//! Keys of AWS KMS, as moto and local-kms understand it. Neither checks a credential; moto forbids nothing, local-kms knows a key's state.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::digest::Digest;
use cloze::identity::ToolEnvironment;
use cloze::key::KmsSettings;
use cloze::key::ServiceKey;
use cloze::key::kms;
use cloze::service::http::RequestLimits;
use cloze::service::http::Transport;
use serde_json::Value;
use serde_json::json;

use crate::fixture::LocalKms;
use crate::fixture::Moto;
use crate::key_suite as suite;

fn key(url: &str, region: &str, name: &str) -> ServiceKey {
    let pairs = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "any")];
    kms(KmsSettings {
        key: name.to_owned(),
        region: Some(region.to_owned()),
        profile: None,
        endpoint: Some(url.to_owned()),
        environment: Arc::new(ToolEnvironment::collect(pairs.map(|(name, value)| (name.into(), value.into())), None)),
        transport: Transport::default(),
        limits: RequestLimits::default(),
        entropy: Arc::new(Machine),
        clock: Arc::new(Machine),
    })
}

/// The ARN of a key that this answer is about.
fn arn(answer: &Value) -> &str {
    answer["KeyMetadata"]["Arn"].as_str().unwrap()
}

#[tokio::test]
async fn moto_conforms() {
    let Some(server) = Moto::start() else { return };
    let one = server.done("TrentService.CreateKey", json!({})).await;
    let two = server.done("TrentService.CreateKey", json!({})).await;
    let [first, second] = [&one, &two].map(|made| key(server.url(), server.region(), arn(made)));
    suite::conforms(&first, &second).await;
    let alias = json!({ "AliasName": "alias/cloze", "TargetKeyId": arn(&one) });
    server.done("TrentService.CreateAlias", alias).await;
    suite::conforms(&key(server.url(), server.region(), "alias/cloze"), &first).await;
    let said = suite::refusal(&key(server.url(), server.region(), "alias/none")).await;
    assert!(said.starts_with("aws alias/none: there is no such key in this region of this account"), "{said}");
}

#[tokio::test]
async fn local_kms_conforms() {
    let Some(server) = LocalKms::start() else { return };
    let one = server.done("CreateKey", json!({})).await;
    let two = server.done("CreateKey", json!({})).await;
    let [first, second] = [&one, &two].map(|made| key(server.url(), LocalKms::REGION, arn(made)));
    // Where a request names the key, it does not look at the key's name in the ciphertext: that part can be changed.
    suite::keeps_what_it_wrapped(&first, &second).await;
    server.done("CreateAlias", json!({ "AliasName": "alias/cloze", "TargetKeyId": arn(&one) })).await;
    suite::keeps_what_it_wrapped(&key(server.url(), LocalKms::REGION, "alias/cloze"), &first).await;
    let said = suite::refusal(&key(server.url(), LocalKms::REGION, "alias/none")).await;
    assert!(said.starts_with("aws alias/none: there is no such key in this region of this account"), "{said}");
}

#[tokio::test]
async fn a_key_that_is_disabled_or_about_to_go_says_so() {
    let Some(server) = LocalKms::start() else { return };
    let made = server.done("CreateKey", json!({})).await;
    let recipient = key(server.url(), LocalKms::REGION, arn(&made));
    let wanted = format!("aws {}: the key is disabled or scheduled for deletion: ", arn(&made));
    let id = json!({ "KeyId": arn(&made) });
    let said = suite::refusal_after(&recipient, async || drop(server.done("DisableKey", id.clone()).await)).await;
    assert!(said.starts_with(&wanted), "{said}");
    let said = suite::refusal(&recipient).await;
    assert!(said.starts_with(&wanted), "{said}");
    server.done("EnableKey", id).await;
    let deletion = json!({ "KeyId": arn(&made), "PendingWindowInDays": 7 });
    let said = suite::refusal_after(&recipient, async || drop(server.done("ScheduleKeyDeletion", deletion).await)).await;
    assert!(said.starts_with(&wanted), "{said}");
}

#[tokio::test]
async fn the_encryption_context_is_the_digest_of_the_slots_place() {
    let Some(server) = LocalKms::start() else { return };
    let made = server.done("CreateKey", json!({})).await;
    let (_, slot) = suite::wrapped(&key(server.url(), LocalKms::REGION, arn(&made))).await;
    let without = server.call("Decrypt", json!({ "CiphertextBlob": slot.wrapped })).await;
    assert_eq!(without.unwrap_err(), "InvalidCiphertextException");
    let context = json!({ "cloze.dev/slot": Digest::plain(&[b"cloze.dev/slot/v1", suite::CONTEXT]).to_string() });
    let with = server.done("Decrypt", json!({ "CiphertextBlob": slot.wrapped, "EncryptionContext": context })).await;
    assert_eq!(with["KeyId"], made["KeyMetadata"]["Arn"]);
}
