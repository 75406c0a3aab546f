//! What goes over the wire, and where it does not go.

use cloze::vault::Vault as _;
use vault_mock::Credential;

use crate::gcp::bench::made;
use crate::gcp::bench::one_fault;
use crate::gcp::bench::server;
use crate::gcp::bench::settings;
use crate::gcp::bench::vault;
use crate::one_fault::REDIRECTS;
use crate::read::ask;
use crate::read::one;

#[tokio::test]
async fn redirects_are_not_followed_and_the_token_stays_home() {
    let elsewhere = server();
    for code in REDIRECTS {
        let path = "/v1/projects/demo-project/secrets/b/versions/latest:access";
        for to in [format!("{}{path}", elsewhere.url()), path.to_owned(), "//evil.example/x".to_owned()] {
            one_fault().follows_no_redirect(code, &to).await;
        }
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[tokio::test]
async fn the_wire_is_as_documented() {
    let server = server();
    let vault = vault(&server);
    vault.fetch(&[ask("b", None, None), ask("b", None, Some("1")), ask("json", Some("user"), None)]).await.into_iter().for_each(|answer| {
        assert!(answer.is_ok(), "{answer:?}");
    });
    let mut paths: Vec<String> = server.journal().calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    paths.sort();
    let base = "GET /v1/projects/demo-project/secrets";
    assert_eq!(
        paths,
        [format!("{base}/b/versions/1:access"), format!("{base}/b/versions/latest:access"), format!("{base}/json/versions/latest:access")]
    );
    assert!(server.journal().calls().iter().all(|call| call.credential == Credential::Known));
    let mut regional = settings(&server, &server.protocol().service_account(&server.url()));
    regional.location = Some("europe-west3".to_owned());
    let regional = made(regional);
    server.protocol().put("europe-west3/b", b"regional");
    server.journal().clear();
    assert_eq!(one(&regional, ask("b", None, None)).await.unwrap().value.expose(), b"regional");
    assert_eq!(server.journal().calls()[0].path, "/v1/projects/demo-project/locations/europe-west3/secrets/b/versions/latest:access");
    assert_eq!(regional.to_string(), "Google Secret Manager, project demo-project in europe-west3");
}
