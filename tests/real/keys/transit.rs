//! Keys of a transit engine, held by `HashiCorp` Vault itself.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::key::KeyWrap as _;
use cloze::key::ServiceKey;
use cloze::key::transit;
use cloze::secret::Secret;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use serde_json::Value;
use serde_json::json;

use crate::fixture::VaultServer;
use crate::key_suite as suite;

/// A server with the keys `cloze` and `other`, and other sorts of keys by their names.
async fn server() -> Option<VaultServer> {
    let server = VaultServer::start()?;
    server.done("POST", "sys/mounts/transit", json!({ "type": "transit" })).await;
    for (name, sort) in [("cloze", "aes256-gcm96"), ("other", "chacha20-poly1305"), ("rsa", "rsa-2048"), ("signs", "ed25519")] {
        server.done("POST", &format!("transit/keys/{name}"), json!({ "type": sort })).await;
    }
    server.done("POST", "transit/keys/derived", json!({ "derived": true })).await;
    Some(server)
}

fn key(server: &VaultServer, name: &str, token: &str) -> ServiceKey {
    let settings = Settings::new(server.url(), "transit", Secret::copy_of(token.as_bytes()));
    transit(format!("transit/{name}"), HashicorpVault::new(settings, Arc::new(Machine)).unwrap(), name.to_owned())
}

#[tokio::test]
async fn conforms() {
    let Some(server) = server().await else { return };
    let [one, two] = ["cloze", "other"].map(|name| key(&server, name, server.token()));
    suite::conforms(&one, &two).await;
    suite::conforms(&two, &one).await;
}

#[tokio::test]
async fn the_rights_that_the_docs_name_are_enough_and_needed() {
    let Some(server) = server().await else { return };
    let both = r#"path "transit/decrypt/cloze" { capabilities = ["update"] } path "transit/encrypt/cloze" { capabilities = ["update"] }"#;
    let token = server.token_for(both).await;
    let recipient = key(&server, "cloze", &token);
    suite::conforms(&recipient, &key(&server, "other", &token)).await;
    server.policy(r#"path "transit/decrypt/cloze" { capabilities = ["update"] }"#).await;
    let said = suite::refusal(&recipient).await;
    assert!(said.starts_with("hashicorp transit/cloze: the token may not update `transit/encrypt/cloze`"), "{said}");
    // A name that is wrong makes no key.
    server.policy(r#"path "transit/encrypt/*" { capabilities = ["update"] }"#).await;
    let said = suite::refusal(&key(&server, "none", &token)).await;
    assert!(said.starts_with("hashicorp transit/none: the token may not update `transit/encrypt/none`"), "{said}");
    assert!(said.ends_with("; where there is no such key, Vault says the same: make the key"), "{said}");
    assert_eq!(server.call("GET", "transit/keys/none", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_rotated_key_opens_what_it_wrapped_before_until_a_minimum_forbids_it() {
    let Some(server) = server().await else { return };
    let recipient = key(&server, "cloze", server.token());
    let (root, slot) = suite::wrapped(&recipient).await;
    server.done("POST", "transit/keys/cloze/rotate", Value::Null).await;
    assert!(recipient.unwrap(&slot, suite::CONTEXT).await.unwrap().unwrap().0.ct_eq(&root.0));
    let (_, newer) = suite::wrapped(&recipient).await;
    assert!(slot.wrapped.starts_with("vault:v1:") && newer.wrapped.starts_with("vault:v2:"));
    server.done("POST", "transit/keys/cloze/config", json!({ "min_decryption_version": 2 })).await;
    let error = recipient.unwrap(&slot, suite::CONTEXT).await.unwrap().unwrap_err();
    let wanted =
        "hashicorp transit/cloze: the version of the key that wrapped this is older than the key's minimum: `transit/decrypt/cloze`";
    assert_eq!(error.reason, wanted);
}

#[tokio::test]
async fn what_does_not_work_says_why() {
    let Some(server) = server().await else { return };
    for (name, words) in [("rsa", "associated_data"), ("signs", "associated_data"), ("derived", "key derivation")] {
        let said = suite::refusal(&key(&server, name, server.token())).await;
        assert!(said.contains(words), "{said}");
        assert!(said.ends_with("; use a key of type `aes256-gcm96` or `chacha20-poly1305` that is not derived"), "{said}");
    }
    let said = suite::refusal(&key(&server, "cloze", "hvs.unknown")).await;
    assert!(said.starts_with("hashicorp transit/cloze: the vault does not accept the token: "), "{said}");
    let settings = Settings::new(server.url(), "elsewhere", Secret::copy_of(server.token().as_bytes()));
    let elsewhere = transit("elsewhere/cloze".to_owned(), HashicorpVault::new(settings, Arc::new(Machine)).unwrap(), "cloze".to_owned());
    let said = suite::refusal(&elsewhere).await;
    assert!(said.starts_with("hashicorp elsewhere/cloze: there is no `elsewhere/encrypt/cloze`: "), "{said}");
    let recipient = key(&server, "cloze", server.token());
    let said = suite::refusal_after(&recipient, async || {
        server.done("POST", "transit/keys/cloze/config", json!({ "deletion_allowed": true })).await;
        server.done("DELETE", "transit/keys/cloze", Value::Null).await;
    })
    .await;
    assert_eq!(said, "hashicorp transit/cloze: there is no key for `transit/decrypt/cloze`; check the mount and the key's name");
    server.seal(true).await;
    assert_eq!(suite::refusal(&recipient).await, "hashicorp transit/cloze: the vault is sealed; unseal it");
}
