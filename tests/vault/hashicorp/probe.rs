//! What is known without a value.

use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::SecretMetadata;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::KvEngine;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Capability;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::hashicorp::bench::vault;
use crate::hashicorp::bench::with;
use crate::hashicorp::bench::with_token;
use crate::read::CANARY;
use crate::read::ask;

fn seed() -> Seed {
    let fields = [("user", "app"), ("password", CANARY)];
    Seed::default().secret("secret/a", &fields).secret("secret/a", &fields).secret("secret/b", &[("value", CANARY)]).secret("secret/c", &[])
}

/// A server that lets the token `least` read below each of `verbs`, and ask for its capabilities.
fn server(verbs: &[&str]) -> Server<Hashicorp> {
    let rule = |seed: Seed, verb: &&str| seed.rule("least", &format!("secret/{verb}"), &[Capability::Read]);
    Hashicorp::serve(verbs.iter().fold(seed(), rule).policed("least", &["least"])).unwrap()
}

async fn probe(vault: &HashicorpVault, name: &str, key: Option<&str>, version: Option<&str>) -> Result<SecretMetadata, ServiceError> {
    let found = vault.probe(&[ask(name, key, version)]).await.remove(0);
    assert!(!format!("{found:?}").contains(CANARY), "{found:?}");
    // The server's own time.
    found.map(|found| SecretMetadata { created: None, ..found })
}

fn found(version: &str, current: Option<bool>, read: bool) -> SecretMetadata {
    SecretMetadata { version: version.to_owned(), current, not_before: None, expires: None, created: None, read }
}

#[tokio::test]
async fn keys_are_proven_without_values() {
    let server = server(&["data", "subkeys"]);
    let vault = with_token(&server, "least");
    assert_eq!(probe(&vault, "a", Some("password"), None).await.unwrap(), found("2", Some(true), false));
    assert_eq!(probe(&vault, "a", Some("user"), Some("1")).await.unwrap(), found("1", None, false));
    assert_eq!(probe(&vault, "a", None, None).await.unwrap(), found("2", Some(true), false));
    assert_eq!(probe(&vault, "b", None, None).await.unwrap(), found("1", Some(true), false));
    let missing = probe(&vault, "a", Some("passwort"), None).await.unwrap_err();
    assert_eq!(
        (missing.fault, missing.reason.as_str()),
        (ServiceFault::NotFound, "there is no key `passwort`; there is `password`, `user`")
    );
    assert_eq!(probe(&vault, "a", None, Some("3")).await.unwrap_err().fault, ServiceFault::NotFound);
    assert_eq!(probe(&vault, "absent", None, None).await.unwrap_err().fault, ServiceFault::NotFound);
    let empty = probe(&vault, "c", None, None).await.unwrap_err();
    assert_eq!((empty.fault, empty.reason.as_str()), (ServiceFault::BadValue, "`c` has no keys"));
    assert!(server.journal().of("read").is_empty());
    server.journal().clear();
    let asks = [ask("a", Some("user"), None), ask("a", Some("password"), None), ask("a", None, Some("1")), ask("b", None, None)];
    let current: Vec<Option<bool>> = vault.probe(&asks).await.into_iter().map(|found| found.unwrap().current).collect();
    assert_eq!(current, [Some(true), Some(true), Some(false), Some(true)]);
    assert_eq!((server.journal().of("capabilities-self").len(), server.journal().of("subkeys").len(), server.journal().count()), (1, 3, 4));
}

#[tokio::test]
async fn what_was_removed_is_told_without_a_read() {
    for verbs in [["data", "subkeys"], ["data", "metadata"]] {
        let server = server(&verbs);
        let vault = with_token(&server, "least");
        server.protocol().delete("secret/b", &[], "2026-01-02T03:04:05Z");
        server.protocol().destroy("secret/a", &[1]);
        let error = probe(&vault, "b", None, None).await.unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Gone, "version 1 of `b` was deleted at 2026-01-02T03:04:05Z"));
        let error = probe(&vault, "a", None, Some("1")).await.unwrap_err();
        assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Gone, "version 1 of `a` was destroyed"));
    }
}

#[tokio::test]
async fn metadata_serve_where_no_key_is_asked_for() {
    let server = server(&["data", "metadata"]);
    let vault = with_token(&server, "least");
    assert_eq!(probe(&vault, "a", None, None).await.unwrap(), found("2", Some(true), false));
    assert_eq!(probe(&vault, "a", None, Some("1")).await.unwrap(), found("1", Some(false), false));
    let error = probe(&vault, "a", None, Some("3")).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::NotFound, "`a` has no version 3; the current one is 2"));
    assert_eq!(probe(&vault, "absent", None, None).await.unwrap_err().fault, ServiceFault::NotFound);
    assert!(server.journal().of("read").is_empty());
    // They know no keys.
    assert_eq!(probe(&vault, "a", Some("user"), None).await.unwrap(), found("2", Some(true), true));
    // Nor whether a time has come.
    server.protocol().delete("secret/b", &[], "2999-01-01T00:00:00Z");
    assert!(probe(&vault, "b", None, None).await.unwrap().read);
}

#[tokio::test]
async fn a_read_is_the_last_resort_and_is_told() {
    let server = server(&["data"]);
    let vault = with_token(&server, "least");
    assert_eq!(probe(&vault, "a", Some("user"), None).await.unwrap(), found("2", Some(true), true));
    assert_eq!(probe(&vault, "a", Some("none"), None).await.unwrap_err().fault, ServiceFault::NotFound);
    // Nothing is tried that the vault has said is forbidden.
    assert_eq!((server.journal().of("subkeys").len(), server.journal().of("metadata").len()), (0, 0));
    // A vault that does not tell is tried.
    server.journal().clear();
    server.script(Script::always("capabilities-self", Fault::status(403)));
    assert!(probe(&vault, "a", None, None).await.unwrap().read);
    let count = |operation: &str| server.journal().of(operation).len();
    assert_eq!((count("capabilities-self"), count("subkeys"), count("metadata"), count("read")), (1, 1, 1, 1));
}

#[tokio::test]
async fn what_may_not_be_read_is_refused_though_it_is_there() {
    let server = server(&["subkeys", "metadata"]);
    let error = probe(&with_token(&server, "least"), "b", None, None).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Denied, "the token may not read `secret/data/b`"));
    assert_eq!(server.journal().count(), 1);
}

#[tokio::test]
async fn a_server_without_subkeys_is_asked_otherwise() {
    for fault in [Fault::status(405), Fault::worded(404, "1 error occurred: * unsupported path")] {
        let server = Hashicorp::serve(seed()).unwrap();
        server.script(Script::always("subkeys", fault));
        let vault = vault(&server);
        assert_eq!(probe(&vault, "a", None, None).await.unwrap(), found("2", Some(true), false));
        assert_eq!(probe(&vault, "a", Some("user"), None).await.unwrap(), found("2", Some(true), true));
    }
}

#[tokio::test]
async fn metadata_that_are_none_are_not_believed() {
    let server = server(&["data", "metadata"]);
    let vault = with_token(&server, "least");
    for (text, reason) in
        [("[", "no JSON from byte 1 on"), ("[]", "an array in place of an object"), ("{\"data\": {}}", "no `data.current_version`")]
    {
        server.script(Script::new("metadata", 1, Fault::Body { code: 200, text: text.to_owned() }));
        let error = probe(&vault, "a", None, None).await.unwrap_err();
        assert_eq!(error.reason, format!("the vault's answer is not that of a KV version 2 mount: {reason}"));
    }
}

#[tokio::test]
async fn version_1_can_only_be_read() {
    let server = Hashicorp::serve(Seed::default().mount("kv", 1).secret("kv/a", &[("value", CANARY)])).unwrap();
    let vault = with(&server, |settings| {
        settings.mount = "kv".to_owned();
        settings.engine = KvEngine::V1;
    });
    assert_eq!(probe(&vault, "a", None, None).await.unwrap(), found("", Some(true), true));
    assert_eq!(probe(&vault, "b", None, None).await.unwrap_err().fault, ServiceFault::NotFound);
}
