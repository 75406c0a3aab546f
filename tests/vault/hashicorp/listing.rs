//! Lists of names.

use crate::hashicorp::bench::server;
use crate::hashicorp::bench::vault;
use cloze::service::ServiceFault;
use cloze::vault::ListSecrets;
use vault_mock::Fault;
use vault_mock::Script;

#[tokio::test]
async fn lists_that_are_none_are_not_believed() {
    let server = server();
    let vault = vault(&server);
    let strange = "the vault's answer is not that of a KV version 2 mount: ";
    for (text, reason) in [
        ("{\"data\": {}}", "a list without `data.keys`"),
        ("{\"data\": {\"keys\": [1]}}", "a list with something else than names"),
        ("[", "no JSON from byte 1 on"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text: text.to_owned() }));
        assert_eq!(vault.list().await.unwrap_err().reason, format!("{strange}{reason}"));
    }
    server.script(Script::new("", 1, Fault::status(403)));
    let error = vault.list().await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::Denied, "the token may not list `secret/metadata/`: permission denied")
    );
    // Names that cannot be asked for do not lead anywhere either.
    server.journal().clear();
    let text = r#"{"data": {"keys": ["good", "../sys/", "..", "a%2fb", "/", "", "x\n"]}}"#.to_owned();
    server.script(Script::new("", 1, Fault::Body { code: 200, text }));
    let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!((names, server.journal().count()), (vec!["good".to_owned()], 1));
    // A server that has a folder in each folder is asked for 32 of them.
    server.journal().clear();
    server.script(Script::always("", Fault::Body { code: 200, text: r#"{"data": {"keys": ["again/"]}}"#.to_owned() }));
    let error = vault.list().await.unwrap_err();
    assert_eq!(error.reason, "the mount has more than 10000 folders, or they are nested deeper than 32");
    assert_eq!((error.fault, server.journal().count()), (ServiceFault::Unsupported, 32));
}
