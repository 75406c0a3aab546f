//! Versions, and maps with and without keys.

use crate::hashicorp::bench::server;
use crate::hashicorp::bench::vault;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;
use cloze::clock::Timestamp;
use cloze::service::ServiceFault;
use cloze::vault::Shape;
use cloze::vault::Vault as _;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

#[tokio::test]
async fn deleted_destroyed_and_expiring_versions_are_told() {
    let server = server();
    let vault = vault(&server);
    server.protocol().delete("secret/b", &[], "2026-01-02T03:04:05.123456789Z");
    let error = one(&vault, ask("b", None, None)).await.unwrap_err();
    assert_eq!(error.fault, ServiceFault::Gone);
    assert_eq!(error.reason, "version 1 of `b` was deleted at 2026-01-02T03:04:05.123456789Z");
    server.protocol().destroy("secret/b", &[1]);
    let error = one(&vault, ask("b", None, Some("1"))).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Gone, "version 1 of `b` was destroyed"));
    server.protocol().delete("secret/a", &[], "2999-01-01T00:00:00Z");
    let fetched = one(&vault, ask("a", Some("value"), None)).await.unwrap();
    assert_eq!(fetched.expires, Timestamp::from_rfc3339("2999-01-01T00:00:00Z"));
}

#[tokio::test]
async fn a_map_without_a_key_is_its_json() {
    let server = server();
    let fetched = one(&vault(&server), ask("a", None, None)).await.unwrap();
    assert_eq!(fetched.shape, Shape::Json("an object"));
    assert_eq!(fetched.json().unwrap().expose(), format!("{{\"user\":\"app\",\"value\":\"{CANARY}\"}}").as_bytes());
    assert_eq!(fetched.keys().unwrap(), "`user`, `value`");
    // A map with nothing but `value` is no map in the eyes of its user.
    let fetched = one(&vault(&server), ask("b", None, None)).await.unwrap();
    assert_eq!((fetched.shape, fetched.value.expose()), (Shape::Plain, CANARY.as_bytes()));
    assert!(fetched.json().is_none() && fetched.keys().is_none());
}

#[tokio::test]
async fn a_map_of_nothing_has_no_value() {
    let server = Hashicorp::serve(Seed::default().secret("secret/a", &[])).unwrap();
    let error = one(&vault(&server), ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::BadValue, "`a` has no keys"));
}

#[tokio::test]
async fn current_is_known_where_both_were_read() {
    let server = Hashicorp::serve(Seed::default().secret("secret/a", &[("value", "1")]).secret("secret/a", &[("value", "2")])).unwrap();
    let vault = vault(&server);
    let asks = [ask("a", None, None), ask("a", None, Some("1")), ask("a", None, Some("2"))];
    let current: Vec<Option<bool>> = vault.fetch(&asks).await.iter().map(|answer| answer.as_ref().unwrap().current).collect();
    assert_eq!(current, [Some(true), Some(false), Some(true)]);
    assert_eq!(one(&vault, ask("a", None, Some("1"))).await.unwrap().current, None);
}
