//! vault-mock, read by the clients that the vendors wrote; and those clients against the real servers, so that it is known what they
//! report there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use vault_mock::Authority;
use vault_mock::Options;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::fixture::Moto;
use crate::fixture::Report;
use crate::fixture::VaultServer;
use crate::fixture::client;

/// What hvac has to report of the two secrets that the tests write.
fn expected() -> BTreeSet<Report> {
    BTreeSet::from([
        Report::value("shop/db#password", "1", b"one"),
        Report::value("shop/db#password", "2", "zwei é".as_bytes()),
        Report::value("shop/db#port", "2", b"5432"),
        Report::value("top#value", "1", b""),
        Report::missing("shop/gone", "1", "deleted"),
        Report::missing("shop/gone", "2", "destroyed"),
        Report::value("shop/gone#value", "3", b"three"),
    ])
}

#[tokio::test]
async fn hvac_reads_vault() {
    let Some(server) = VaultServer::start() else { return };
    server.mount("secret", 2).await;
    let put = async |name: &str, fields| server.done("POST", &format!("secret/data/{name}"), json!({ "data": fields })).await;
    put("shop/db", json!({ "password": "one" })).await;
    put("shop/db", json!({ "password": "zwei é", "port": 5432 })).await;
    put("top", json!({ "value": "" })).await;
    for value in ["one", "two", "three"] {
        put("shop/gone", json!({ "value": value })).await;
    }
    server.done("POST", "secret/delete/shop/gone", json!({ "versions": [1] })).await;
    server.done("PUT", "secret/destroy/shop/gone", json!({ "versions": [2] })).await;
    let Some(reports) = client("with_hvac", &[("VAULT_ADDR", server.url()), ("VAULT_TOKEN", server.token())]) else { return };
    assert_eq!(reports, expected());
}

#[test]
fn hvac_reads_vault_mock() {
    let authority = Authority::generate();
    let options = Options { tls: Some(&authority), ..Options::default() };
    let server = Hashicorp::serve_with(Seed::default().secret("secret/shop/db", &[("password", "one")]), options).unwrap();
    let put = |name: &str, fields: serde_json::Value| {
        server.protocol().put(&format!("secret/{name}"), fields.as_object().unwrap().clone()).unwrap();
    };
    put("shop/db", json!({ "password": "zwei é", "port": 5432 }));
    put("top", json!({ "value": "" }));
    for value in ["one", "two", "three"] {
        put("shop/gone", json!({ "value": value }));
    }
    server.protocol().delete("secret/shop/gone", &[1], "2026-01-01T00:00:00Z");
    server.protocol().destroy("secret/shop/gone", &[2]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, authority.pem()).unwrap();
    let (url, token) = (server.url(), server.protocol().token().to_owned());
    let environment = [("VAULT_ADDR", url.as_str()), ("VAULT_TOKEN", &token), ("VAULT_CACERT", file.to_str().unwrap())];
    let Some(reports) = client("with_hvac", &environment) else { return };
    assert_eq!(reports, expected());
}

#[test]
fn boto3_reads_moto() {
    let Some(server) = Moto::start() else { return };
    let environment = [
        ("AWS_ENDPOINT_URL", server.url()),
        ("AWS_REGION", server.region()),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
    ];
    assert_eq!(client("with_boto3", &environment), Some(BTreeSet::new()));
}
