//! Lists of names, and prefixes.

use cloze::service::ServiceFault;
use cloze::vault::ListSecrets;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Seed;

use crate::gcp::bench::STRANGE;
use crate::gcp::bench::made;
use crate::gcp::bench::settings;
use crate::read::ask;
use crate::read::one;

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let mut seed = Seed::default();
    for number in 0..600 {
        seed = seed.secret(&format!("shop-{number:03}"), "v").secret(&format!("z{number}"), "v");
    }
    let server = Gcp::serve(seed).unwrap();
    let mut settings = settings(&server, &server.protocol().service_account(&server.url()));
    settings.prefixes = vec!["shop-".to_owned()];
    let vault = made(settings);
    let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!((names.len(), names[0].as_str(), names[599].as_str()), (600, "shop-000", "shop-599"));
    let queries: Vec<Option<String>> = server.journal().calls().into_iter().map(|call| call.query).collect();
    assert_eq!(queries[..2], [Some("pageSize=250".to_owned()), Some("pageSize=250&pageToken=at%20250".to_owned())]);
    let error = one(&vault, ask("z1", None, None)).await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::BadName, "`z1` is outside the prefixes that the project allows: `shop-`")
    );
    for (text, reason) in [
        ("[", "no JSON from byte 1 on"),
        (r#"{"secrets": [{"name": "projects/other-project/secrets/x"}]}"#, "a list with secrets of another place"),
        (r#"{"secrets": [1]}"#, "no `name`"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text: text.to_owned() }));
        assert_eq!(vault.list().await.unwrap_err().reason, format!("{STRANGE}{reason}"));
    }
    server.script(Script::new("", 1, Fault::Body { code: 403, text: "{}".to_owned() }));
    let error = vault.list().await.unwrap_err();
    assert_eq!(error.reason, "the identity lacks `secretmanager.secrets.list` in the project `demo-project`");
    assert_eq!(error.next, "grant it `roles/secretmanager.viewer`, or do without a list");
}
