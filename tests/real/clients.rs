//! vault-mock, read by the clients that the vendors wrote; and those clients against the real servers, so that it is known what they
//! report there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use tempfile::TempDir;
use tempfile::tempdir;
use vault_mock::Authority;
use vault_mock::Credential;
use vault_mock::Options;
use vault_mock::Protocol;
use vault_mock::Server;
use vault_mock::aws;
use vault_mock::aws::Aws;
use vault_mock::azure;
use vault_mock::azure::Azure;
use vault_mock::gcp;
use vault_mock::gcp::Gcp;
use vault_mock::hashicorp;
use vault_mock::hashicorp::Hashicorp;

use crate::fixture::Issuer;
use crate::fixture::Moto;
use crate::fixture::Report;
use crate::fixture::VaultServer;
use crate::fixture::client;

/// A folder with the certificate of the authority that vouches for vault-mock.
struct Trust {
    authority: Authority,
    folder: TempDir,
}

impl Trust {
    fn new() -> Self {
        let trust = Self { authority: Authority::generate(), folder: tempdir().unwrap() };
        trust.file("ca.pem", &trust.authority.pem());
        trust
    }

    fn options(&self) -> Options<'_> {
        Options { tls: Some(&self.authority), names: vec!["*.vault.test".to_owned()], ..Options::default() }
    }

    /// The certificate's file.
    fn pem(&self) -> String {
        self.folder.path().join("ca.pem").to_str().unwrap().to_owned()
    }

    /// Another file beside it.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// No request had a credential that the server did not give out.
fn asked_honestly<P: Protocol>(server: &Server<P>) {
    let strange = |credential| matches!(credential, Credential::Unknown | Credential::Dead);
    let calls = server.journal().calls();
    assert!(!calls.is_empty() && !calls.iter().any(|call| strange(call.credential)), "{calls:?}");
}

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
    let trust = Trust::new();
    let seed = hashicorp::Seed::default().secret("secret/shop/db", &[("password", "one")]);
    let server = Hashicorp::serve_with(seed, trust.options()).unwrap();
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
    let (url, token, pem) = (server.url(), server.protocol().token().to_owned(), trust.pem());
    let environment = [("VAULT_ADDR", url.as_str()), ("VAULT_TOKEN", &token), ("VAULT_CACERT", &pem)];
    let Some(reports) = client("with_hvac", &environment) else { return };
    assert_eq!(reports, expected());
    asked_honestly(&server);
}

/// Bytes that are no UTF-8.
const BYTES: [u8; 4] = [0, 0xff, 0xfe, b'\n'];

/// A text of every kind of character, and one that fills a page.
fn texts() -> [String; 3] {
    ["one".to_owned(), "zwei\nZeilen \"é\" 😀 \\ \u{1f}".to_owned(), "0123456789abcdef".repeat(256)]
}

#[tokio::test]
async fn boto3_reads_moto() {
    let Some(server) = Moto::start() else { return };
    let mut expected = BTreeSet::new();
    for text in &texts()[..2] {
        let name = format!("shop/{}", text.len());
        let put = server.done("secretsmanager.CreateSecret", json!({ "Name": name, "SecretString": text })).await;
        expected.insert(Report::value(&name, put["VersionId"].as_str().unwrap(), text.as_bytes()));
        let parameter = json!({ "Name": format!("/{name}"), "Value": text, "Type": "SecureString" });
        server.done("AmazonSSM.PutParameter", parameter).await;
        expected.insert(Report::value(&format!("ssm:/{name}"), "1", text.as_bytes()));
    }
    let environment = [
        ("AWS_ENDPOINT_URL", server.url()),
        ("AWS_REGION", server.region()),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
    ];
    assert_eq!(client("with_boto3", &environment), Some(expected));
}

#[test]
fn boto3_reads_vault_mock() {
    let trust = Trust::new();
    let key = aws::Key { session: Some("session".to_owned()), ..aws::Key::new("AKIAREADER", "reader-secret-key") };
    let server = Aws::serve_with(aws::Seed::default().key(key), trust.options()).unwrap();
    let aws = server.protocol();
    let texts = texts();
    let mut expected = BTreeSet::new();
    for number in 0..25 {
        let name = format!("shop/{number}");
        let values = [texts[0].as_bytes(), texts[1].as_bytes(), texts[2].as_bytes(), &BYTES];
        let versions = values.map(|value| Report::value(&name, &aws.put(&name, value), value));
        // Secrets Manager tells of no version without a label: the last two have one.
        expected.extend(versions.into_iter().skip(2));
    }
    aws.put("gone", b"one");
    aws.delete("gone");
    for number in 0..60 {
        let name = format!("/shop/{number}");
        let kind = ["String", "StringList", "SecureString"][number % 3];
        for text in ["old", texts[number % 3].as_str()] {
            aws.put_parameter(&name, kind, text);
        }
        expected.insert(Report::value(&format!("ssm:{name}"), "2", texts[number % 3].as_bytes()));
    }
    let (url, region, pem) = (server.url(), aws.region(), trust.pem());
    let environment = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", &region),
        ("AWS_ACCESS_KEY_ID", "AKIAREADER"),
        ("AWS_SECRET_ACCESS_KEY", "reader-secret-key"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_CA_BUNDLE", &pem),
    ];
    let Some(reports) = client("with_boto3", &environment) else { return };
    assert_eq!(reports, expected);
    asked_honestly(&server);
}

#[test]
fn azure_keyvault_secrets_reads_vault_mock() {
    let trust = Trust::new();
    let federated = azure::Federated {
        issuer: "https://ci.test".to_owned(),
        subject: "repo:shop".to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
    };
    let secret = azure::Client { id: "app".to_owned(), secret: Some("app-secret".to_owned()), ..azure::Client::default() };
    let job = azure::Client { id: "ci".to_owned(), federated: Some(federated), ..azure::Client::default() };
    let server = Azure::serve_with(azure::Seed::default().client(secret).client(job), trust.options()).unwrap();
    let azure = server.protocol();
    let put = |name: &str, value: &str, disabled: bool| {
        azure.put(name, azure::Version { value: value.to_owned(), disabled, ..azure::Version::default() }).unwrap()
    };
    let mut expected = BTreeSet::new();
    for number in 0..30 {
        let name = format!("shop-{number}");
        let text = &texts()[number % 3];
        expected.insert(Report::value(&name, &put(&name, "", false), b""));
        expected.insert(Report::value(&name, &put(&name, text, false), text.as_bytes()));
    }
    // A page of versions, and one that was switched off.
    for number in 0..27 {
        let text = number.to_string();
        expected.insert(Report::value("many", &put("many", &text, false), text.as_bytes()));
    }
    expected.insert(Report::missing("many", &put("many", "off", true), "Forbidden 403"));
    put("gone", "one", false);
    assert!(azure.delete("gone"));
    expected.insert(Report::missing("gone", "", "deleted"));
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let (vault, authority) = (format!("https://shop.vault.test:{port}"), format!("https://login.vault.test:{port}"));
    let (tenant, pem) = (azure.tenant(), trust.pem());
    let claims = json!({ "iss": "https://ci.test", "sub": "repo:shop", "aud": "api://AzureADTokenExchange", "exp": 4_102_444_800_u64 });
    let token = trust.file("token", &Issuer::generate().token(&claims));
    let common = [
        ("AZURE_KEYVAULT_URL", vault.as_str()),
        ("AZURE_AUTHORITY_HOST", &authority),
        ("AZURE_TENANT_ID", &tenant),
        ("SSL_CA_FILE", &pem),
        ("LOOPBACK", "vault.test"),
        // The client takes the port for a part of the domain.
        ("ANY_RESOURCE", "1"),
    ];
    for own in [
        [("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", "app-secret")],
        [("AZURE_CLIENT_ID", "ci"), ("AZURE_FEDERATED_TOKEN_FILE", token.as_str())],
    ] {
        let Some(reports) = client("with_azure", &[&common[..], &own].concat()) else { return };
        assert_eq!(reports, expected);
        asked_honestly(&server);
    }
}

#[test]
fn google_cloud_secret_manager_reads_vault_mock() {
    let trust = Trust::new();
    let server = Gcp::serve_with(gcp::Seed::default(), trust.options()).unwrap();
    let gcp = server.protocol();
    let texts = texts();
    let values = [texts[0].as_bytes(), texts[1].as_bytes(), texts[2].as_bytes(), &BYTES, b""];
    let mut expected = BTreeSet::new();
    for (number, value) in values.into_iter().enumerate() {
        let name = format!("shop-{number}");
        for value in [b"old", value] {
            let version = gcp.put(&name, value).to_string();
            expected.insert(Report::value(&name, &version, value));
        }
        gcp.put(&format!("europe-west3/regional-{number}"), value);
    }
    for (name, state, words) in [("off", gcp::State::Disabled, "disabled 400"), ("gone", gcp::State::Destroyed, "destroyed 400")] {
        gcp.put(name, b"one");
        gcp.set(name, Some(1), state);
        gcp.put(name, b"two");
        expected.extend([Report::missing(name, "1", words), Report::value(name, "2", b"two")]);
    }
    let (url, pem, project) = (server.url(), trust.pem(), gcp.project().to_owned());
    let account = trust.file("account.json", &gcp.service_account(&url));
    let token = trust.file("token", "demo-subject-token");
    let workload = trust.file("workload.json", &gcp.external_account(&token, &url));
    let common = [("SECRET_MANAGER_URL", url.as_str()), ("GOOGLE_CLOUD_PROJECT", &project), ("REQUESTS_CA_BUNDLE", &pem)];
    for credentials in [&account, &workload] {
        let own = [("GOOGLE_APPLICATION_CREDENTIALS", credentials.as_str())];
        let Some(reports) = client("with_google", &[&common[..], &own].concat()) else { return };
        assert_eq!(reports, expected);
        asked_honestly(&server);
    }
    let own = [("GOOGLE_APPLICATION_CREDENTIALS", account.as_str()), ("GOOGLE_CLOUD_LOCATION", "europe-west3")];
    let regional: BTreeSet<Report> =
        values.into_iter().enumerate().map(|(number, value)| Report::value(&format!("regional-{number}"), "1", value)).collect();
    assert_eq!(client("with_google", &[&common[..], &own].concat()), Some(regional));
}
