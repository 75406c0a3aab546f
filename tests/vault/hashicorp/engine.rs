//! KV version 1, and mounts of the other version than was said.

use cloze::service::ServiceFault;
use cloze::vault::ListSecrets;
use cloze::vault::Shape;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::KvEngine;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::hashicorp::bench::error;
use crate::hashicorp::bench::with;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

fn server() -> Server<Hashicorp> {
    let seed = Seed::default().mount("kv", 1).mount("secret", 2);
    let seed = seed.secret("kv/a", &[("value", CANARY)]).secret("kv/deep/b", &[("user", "app"), ("password", CANARY)]);
    Hashicorp::serve(seed.secret("secret/a", &[("value", CANARY)])).unwrap()
}

fn of(server: &Server<Hashicorp>, mount: &str, engine: KvEngine) -> HashicorpVault {
    with(server, |settings| {
        mount.clone_into(&mut settings.mount);
        settings.engine = engine;
    })
}

#[tokio::test]
async fn version_1_has_values_and_no_versions() {
    let server = server();
    let vault = of(&server, "kv", KvEngine::V1);
    let fetched = one(&vault, ask("a", None, None)).await.unwrap();
    assert_eq!((fetched.value.expose(), fetched.version.as_str(), fetched.current), (CANARY.as_bytes(), "", Some(true)));
    assert_eq!(one(&vault, ask("deep/b", Some("user"), None)).await.unwrap().value.expose(), b"app");
    assert_eq!(one(&vault, ask("deep/b", None, None)).await.unwrap().shape, Shape::Json("an object"));
    let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(names, ["a", "deep/b"]);
    let pinned = one(&vault, ask("a", None, Some("1"))).await.unwrap_err();
    assert_eq!(
        (pinned.fault, pinned.reason.as_str()),
        (ServiceFault::Unsupported, "the mount `kv` is KV version 1, which has no versions")
    );
    assert_eq!(error(&vault, "absent").await.fault, ServiceFault::NotFound);
    assert_eq!(server.journal().calls()[0].path, "/v1/kv/a");
}

#[tokio::test]
async fn answers_of_version_1_that_are_none_are_not_believed() {
    let server = server();
    let vault = of(&server, "kv", KvEngine::V1);
    for (text, reason) in [
        (format!("{{\"{CANARY}"), "no JSON from byte 13 on"),
        (format!("[\"{CANARY}\"]"), "an array in place of an object"),
        (format!("{{\"data\": \"{CANARY}\"}}"), "no `data`"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text }));
        assert_eq!(error(&vault, "a").await.reason, format!("the vault's answer is not that of a KV version 1 mount: {reason}"));
    }
}

#[tokio::test]
async fn a_mount_of_version_2_is_noticed_by_who_expects_1() {
    let server = server();
    let vault = of(&server, "secret", KvEngine::V1);
    let reason = "the mount `secret` is KV version 2, and the project takes it for KV version 1";
    for name in ["a", "data/a", "absent"] {
        let error = error(&vault, name).await;
        assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::NotFound, reason), "{name}");
        assert_eq!(error.next, "set the vault's engine to KV version 2 in the project file");
    }
    assert_eq!(vault.list().await.unwrap_err().reason, reason);
}

#[tokio::test]
async fn a_mount_of_version_1_is_noticed_by_who_expects_2() {
    let server = server();
    let vault = of(&server, "kv", KvEngine::V2);
    let reason = "the mount `kv` is KV version 1, and the project takes it for KV version 2";
    for name in ["a", "deep/b", "absent"] {
        assert_eq!(error(&vault, name).await.reason, reason, "{name}");
    }
    // What the mount is was asked once, and where a secret was found not at all.
    assert_eq!(server.journal().of("mount").len(), 1);
    let vault = of(&server, "secret", KvEngine::V2);
    one(&vault, ask("a", None, None)).await.unwrap();
    assert_eq!(error(&vault, "absent").await.fault, ServiceFault::NotFound);
    assert_eq!(server.journal().of("mount").len(), 1);
}
