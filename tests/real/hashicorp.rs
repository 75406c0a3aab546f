//! The adapter for `HashiCorp` Vault and `OpenBao` against `HashiCorp` Vault itself.

use std::sync::Arc;

use async_trait::async_trait;
use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::Adapter;
use cloze::vault::ListSecrets;
use cloze::vault::SecretValue;
use cloze::vault::Vault;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::KvEngine;
use cloze::vault::hashicorp::Settings;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::fixture::VaultServer;
use crate::suite;
use crate::suite::Abilities;
use crate::suite::Seeded;
use crate::suite::Versions;
use crate::suite::ask;

/// A server with KV at `secret`, and the adapter for it.
#[derive(Debug)]
struct Bench {
    server: VaultServer,
    engine: KvEngine,
    vault: HashicorpVault,
}

impl Bench {
    async fn start() -> Option<Self> {
        Self::of(KvEngine::V2).await
    }

    async fn of(engine: KvEngine) -> Option<Self> {
        let server = VaultServer::start()?;
        server.mount("secret", if engine == KvEngine::V1 { 1 } else { 2 }).await;
        let vault = HashicorpVault::new(Settings { engine, ..settings(&server, "secret", server.token()) }, Arc::new(Machine)).unwrap();
        Some(Self { server, engine, vault })
    }

    async fn write(&self, name: &str, fields: Value) {
        match self.engine {
            KvEngine::V1 => self.server.done("POST", &format!("secret/{name}"), fields).await,
            KvEngine::V2 => self.server.done("POST", &format!("secret/data/{name}"), json!({ "data": fields })).await,
        };
    }
}

fn settings(server: &VaultServer, mount: &str, token: &str) -> Settings {
    Settings::new(server.url(), mount, Secret::copy_of(token.as_bytes()))
}

fn adapter(server: &VaultServer, mount: &str, token: &str) -> HashicorpVault {
    HashicorpVault::new(settings(server, mount, token), Arc::new(Machine)).unwrap()
}

async fn one(vault: &HashicorpVault, ask: SecretRef) -> Result<SecretValue, ServiceError> {
    vault.fetch(&[ask]).await.remove(0)
}

async fn fault(vault: &HashicorpVault, ask: SecretRef) -> (ServiceFault, String) {
    let error = one(vault, ask).await.unwrap_err();
    (error.fault, error.reason)
}

#[async_trait]
impl Seeded for Bench {
    fn vault(&self) -> &dyn Adapter {
        &self.vault
    }

    async fn put(&self, name: &str, value: &[u8]) {
        self.write(name, json!({ "value": str::from_utf8(value).unwrap() })).await;
    }

    async fn put_fields(&self, name: &str, json: &str) {
        self.write(name, serde_json::from_str::<Map<String, Value>>(json).unwrap().into()).await;
    }

    async fn remove(&self, name: &str) {
        let verb = if self.engine == KvEngine::V1 { "" } else { "data/" };
        self.server.done("DELETE", &format!("secret/{verb}{name}"), Value::Null).await;
    }

    fn abilities(&self) -> Abilities {
        match self.engine {
            KvEngine::V1 => Abilities { versions: Versions::None, remembers: false, ..Abilities::default() },
            KvEngine::V2 => Abilities { probes: true, ..Abilities::default() },
        }
    }
}

#[tokio::test]
async fn version_2_conforms() {
    let Some(bench) = Bench::start().await else { return };
    suite::all(&bench).await;
}

#[tokio::test]
async fn version_1_conforms() {
    let Some(bench) = Bench::of(KvEngine::V1).await else { return };
    suite::all(&bench).await;
}

#[tokio::test]
async fn a_mount_of_the_other_version_is_known() {
    for (engine, other) in [(KvEngine::V1, KvEngine::V2), (KvEngine::V2, KvEngine::V1)] {
        let Some(bench) = Bench::of(engine).await else { return };
        bench.put("a", b"one").await;
        let mistaken = Settings { engine: other, ..settings(&bench.server, "secret", bench.server.token()) };
        let vault = HashicorpVault::new(mistaken, Arc::new(Machine)).unwrap();
        let (kind, reason) = fault(&vault, ask("a")).await;
        let expected = format!("the mount `secret` is {engine}, and the project takes it for {other}");
        assert_eq!((kind, reason), (ServiceFault::NotFound, expected));
    }
}

#[tokio::test]
async fn a_probe_reads_as_little_as_it_may() {
    let Some(bench) = Bench::start().await else { return };
    bench.write("a", json!({ "user": "canary", "port": 5432 })).await;
    bench.put("b", b"canary").await;
    let keyed = |key: &str| SecretRef { key: Some(key.to_owned()), ..ask("a") };
    let asks = [keyed("user"), keyed("password"), ask("b"), ask("absent")];
    let probed = async |rules: &str, ordinary: bool| {
        let token = if ordinary { bench.server.ordinary_token_for(rules).await } else { bench.server.token_for(rules).await };
        let vault = adapter(&bench.server, "secret", &token);
        let found = vault.probe(&asks).await;
        // Nobody's policy allows more than its rules: what is not read is not read because it cannot be.
        let values = vault.fetch(&asks).await.iter().filter(|answer| answer.is_ok()).count();
        (found.into_iter().map(|found| found.map(|found| found.read).map_err(|error| error.fault)).collect::<Vec<_>>(), values)
    };
    let subkeys = r#"path "secret/subkeys/*" { capabilities = ["read"] }"#;
    let data = r#"path "secret/data/*" { capabilities = ["read"] }"#;
    let metadata = r#"path "secret/metadata/*" { capabilities = ["read"] }"#;
    let absent = Err(ServiceFault::NotFound);
    // A token that may not even ask what it may do.
    assert_eq!(probed(subkeys, false).await, (vec![Ok(false), absent, Ok(false), absent], 0));
    assert_eq!(probed(data, false).await, (vec![Ok(true), absent, Ok(true), absent], 2));
    assert_eq!(probed(&format!("{data} {metadata}"), false).await, (vec![Ok(true), absent, Ok(false), absent], 2));
    assert_eq!(probed(&format!("{data} {subkeys}"), false).await, (vec![Ok(false), absent, Ok(false), absent], 2));
    // One that may: the vault says that the deployment is going to fail.
    assert_eq!(probed(subkeys, true).await, (vec![Err(ServiceFault::Denied); 4], 0));
    assert_eq!(probed(&format!("{data} {subkeys}"), true).await, (vec![Ok(false), absent, Ok(false), absent], 2));
    assert_eq!(probed(data, true).await, (vec![Ok(true), absent, Ok(true), absent], 2));
}

#[tokio::test]
async fn gone_destroyed_and_absent_are_told_apart() {
    let Some(bench) = Bench::start().await else { return };
    for value in ["one", "two", "three"] {
        bench.put("a", value.as_bytes()).await;
    }
    bench.server.done("POST", "secret/delete/a", json!({ "versions": [1] })).await;
    bench.server.done("PUT", "secret/destroy/a", json!({ "versions": [2] })).await;
    let pinned = |version: &str| SecretRef { version: Some(version.to_owned()), ..ask("a") };
    assert_eq!(one(&bench.vault, ask("a")).await.unwrap().value.expose(), b"three");
    let (deleted, destroyed) = (fault(&bench.vault, pinned("1")).await, fault(&bench.vault, pinned("2")).await);
    assert_eq!((deleted.0, destroyed.0), (ServiceFault::Gone, ServiceFault::Gone));
    assert_ne!(deleted.1, destroyed.1);
    assert_eq!(fault(&bench.vault, pinned("4")).await.0, ServiceFault::NotFound);
    bench.server.done("POST", "secret/undelete/a", json!({ "versions": [1] })).await;
    assert_eq!(one(&bench.vault, pinned("1")).await.unwrap().value.expose(), b"one");
}

#[tokio::test]
async fn refusals_are_what_they_are() {
    let Some(bench) = Bench::start().await else { return };
    bench.put("shop/db", b"one").await;
    bench.put("other", b"two").await;
    let token = bench.server.token_for(r#"path "secret/data/shop/*" { capabilities = ["read"] }"#).await;
    let limited = adapter(&bench.server, "secret", &token);
    assert_eq!(one(&limited, ask("shop/db")).await.unwrap().value.expose(), b"one");
    assert_eq!(fault(&limited, ask("shop/absent")).await.0, ServiceFault::NotFound);
    assert_eq!(fault(&limited, ask("other")).await.0, ServiceFault::Denied);
    assert_eq!(limited.list().await.unwrap_err().fault, ServiceFault::Denied);
    let stranger = adapter(&bench.server, "secret", "hvs.no-such-token");
    let (kind, reason) = fault(&stranger, ask("shop/db")).await;
    assert!(matches!(kind, ServiceFault::Unauthenticated | ServiceFault::Denied), "{reason}");
    assert!(!reason.contains("no-such-token"), "{reason}");
    let elsewhere = adapter(&bench.server, "no-such-mount", bench.server.token());
    assert_eq!(fault(&elsewhere, ask("shop/db")).await.0, ServiceFault::NotFound);
    bench.server.seal(true).await;
    let (kind, reason) = fault(&limited, ask("shop/db")).await;
    assert_eq!((kind, reason.contains("sealed")), (ServiceFault::Unavailable, true), "{reason}");
    bench.server.seal(false).await;
    assert_eq!(one(&limited, ask("shop/db")).await.unwrap().value.expose(), b"one");
}

#[tokio::test]
async fn a_quota_is_waited_out() {
    let Some(bench) = Bench::start().await else { return };
    let names: Vec<String> = (0..12).map(|index| format!("quota/{index}")).collect();
    for name in &names {
        bench.put(name, name.as_bytes()).await;
    }
    bench.server.done("POST", "sys/quotas/rate-limit/test", json!({ "path": "secret/", "rate": 5, "interval": "1s" })).await;
    let asks: Vec<SecretRef> = names.iter().map(|name| ask(name)).collect();
    for (name, answer) in names.iter().zip(bench.vault.fetch(&asks).await) {
        assert_eq!(answer.unwrap_or_else(|error| panic!("{name}: {error:?}")).value.expose(), name.as_bytes());
    }
}

#[tokio::test]
async fn names_are_found_where_they_were_put() {
    let Some(bench) = Bench::start().await else { return };
    let names =
        ["a b", "é/ü", "a+b", "a&b=c", "a:b@c", "a;b,c", "~a", "*", "(a)", "日本/語", "a=", "data", "metadata/data", "v1/sys", "!$'"];
    for (index, name) in names.iter().enumerate() {
        // Percent-encoded by the test's own means, so that the adapter is not asked to agree with itself.
        let path: String = name.bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") }).collect();
        bench.write(&path, json!({ "value": index.to_string() })).await;
    }
    for (index, name) in names.iter().enumerate() {
        let fetched = one(&bench.vault, ask(name)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(fetched.value.expose(), index.to_string().as_bytes(), "{name}");
    }
    let mut expected = names.to_vec();
    expected.sort_unstable();
    let listed: Vec<String> = bench.vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(listed, expected);
}
