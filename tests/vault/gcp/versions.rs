//! Versions and aliases.

use cloze::service::ServiceFault;
use cloze::vault::Vault as _;

use crate::gcp::bench::server;
use crate::gcp::bench::vault;
use crate::read::ask;
use crate::read::one;

#[tokio::test]
async fn versions_are_numbers_aliases_and_what_the_answer_says() {
    let server = server();
    server.protocol().alias("b", "stable", 1);
    let vault = vault(&server);
    let asks = [ask("b", None, None), ask("b", None, Some("1")), ask("b", None, Some("2")), ask("b", None, Some("stable"))];
    let found: Vec<(String, Option<bool>)> =
        vault.fetch(&asks).await.into_iter().map(|answer| answer.map(|fetched| (fetched.version, fetched.current)).unwrap()).collect();
    let found: Vec<(&str, Option<bool>)> = found.iter().map(|(version, current)| (version.as_str(), *current)).collect();
    assert_eq!(found, [("2", Some(true)), ("1", Some(false)), ("2", Some(true)), ("1", Some(false))]);
    assert_eq!(one(&vault, ask("b", None, Some("1"))).await.unwrap().current, None);
    let error = one(&vault, ask("b", None, Some("7"))).await.unwrap_err();
    let there = "Secret Version [projects/123456789012/secrets/b/versions/7] not found";
    assert_eq!((error.fault, error.reason), (ServiceFault::NotFound, format!("version 7 of `b` is not there: {there}")));
    assert_eq!(error.next, "check the name, the version, the project `demo-project` and the location");
}
