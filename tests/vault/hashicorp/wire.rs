//! What goes over the wire, how often, and where it does not go.

use crate::hashicorp::bench::one_fault;
use crate::hashicorp::bench::server;
use crate::hashicorp::bench::vault;
use crate::hashicorp::bench::with_token;
use crate::one_fault::REDIRECTS;
use crate::read::ask;
use crate::read::one;
use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::vault::ListSecrets;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use std::sync::Arc;
use std::time::Duration;
use vault_mock::Credential;
use vault_mock::Options;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

#[tokio::test]
async fn redirects_are_not_followed_and_the_token_stays_home() {
    let elsewhere = server();
    for code in REDIRECTS {
        for to in [format!("{}/v1/secret/data/b", elsewhere.url()), "/v1/secret/data/a".to_owned(), "//evil.example/x".to_owned()] {
            one_fault().follows_no_redirect(code, &to).await;
        }
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[tokio::test]
async fn the_wire_is_as_documented() {
    let server = server();
    let mut settings = Settings::new(format!("{}/", server.url()), "/secret/", Secret::copy_of(server.protocol().token().as_bytes()));
    settings.namespace = Some("team/shop/".to_owned());
    let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
    assert!(one(&vault, ask("a", Some("user"), Some("1"))).await.is_ok());
    vault.list().await.unwrap();
    let calls = server.journal().calls();
    assert_eq!(
        (calls[0].method.as_str(), calls[0].path.as_str(), calls[0].query.as_deref()),
        ("GET", "/v1/secret/data/a", Some("version=1"))
    );
    assert_eq!(calls[0].credential, Credential::Known);
    assert_eq!((calls[0].subject.note("marked"), calls[0].subject.note("namespace")), (Some("true"), Some("team/shop/")));
    assert_eq!((calls[1].method.as_str(), calls[1].path.as_str()), ("LIST", "/v1/secret/metadata/"));
}

#[tokio::test]
async fn a_wrong_token_and_a_narrow_one_are_told_apart() {
    let server = Hashicorp::serve(
        Seed::default()
            .token("narrow", Some(&["secret/data/a"]))
            .secret("secret/a", &[("value", "v")])
            .secret("secret/b", &[("value", "v")]),
    )
    .unwrap();
    let narrow = with_token(&server, "narrow");
    assert!(one(&narrow, ask("a", None, None)).await.is_ok());
    assert_eq!(one(&narrow, ask("b", None, None)).await.unwrap_err().fault, ServiceFault::Denied);
    let wrong = with_token(&server, "wrong");
    assert_eq!(one(&wrong, ask("a", None, None)).await.unwrap_err().fault, ServiceFault::Unauthenticated);
}

#[tokio::test]
async fn each_version_is_read_once_and_sixteen_at_a_time() {
    let mut seed = Seed::default();
    for number in 0..167 {
        seed = seed.secret(&format!("secret/{number}"), &[("x", "1"), ("y", "2"), ("z", "3")]);
    }
    let server = Hashicorp::serve_with(seed, Options::latency(Duration::from_millis(5))).unwrap();
    let asks: Vec<SecretRef> = (0..500).map(|number| ask(&(number % 167).to_string(), Some(["x", "y", "z"][number / 167]), None)).collect();
    let answers = vault(&server).fetch(&asks).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.as_ref().unwrap().value.expose(), [b'1' + u8::try_from(number / 167).unwrap()]);
    }
    assert_eq!(server.journal().count(), 167);
    assert!(server.journal().most_at_once() > 32, "{} at once", server.journal().most_at_once());
}
