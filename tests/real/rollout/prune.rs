//! What nothing needs is removed from a whole cluster, and nothing else.

use std::time::Duration;
use std::time::Instant;

use kube::api::DeleteParams;
use kube::api::DynamicObject;
use kube::api::ListParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;

use super::Rollout;
use super::deploy::config_map;
use super::resource;
use super::shop::Shop;
use super::workload;

impl Rollout {
    /// The names of the ConfigMaps of a base name.
    pub(super) async fn config_maps(&self, base: &str) -> Vec<String> {
        let found = self.api(&resource("v1", "ConfigMap")).list(&ListParams::default()).await.unwrap();
        let names = found.items.into_iter().filter_map(|object| object.metadata.name);
        names.filter(|name| name.starts_with(&format!("{base}-"))).collect()
    }

    pub(super) async fn create(&self, object: Value) {
        let resource = resource(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api(&resource).create(&PostParams::default(), &object).await.unwrap();
    }

    pub(super) async fn delete(&self, api_version: &str, kind: &str, name: &str) {
        let api = self.api(&resource(api_version, kind));
        api.delete(name, &DeleteParams::default()).await.unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while api.get_opt(name).await.unwrap().is_some() {
            assert!(Instant::now() < end, "{kind} {name} is still there");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A Deployment that keeps no revisions, and uses the ConfigMap `settings`.
fn web(image: &str) -> String {
    let mut web = workload("Deployment", image, &json!({ "replicas": 1, "revisionHistoryLimit": 0 }));
    web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{ "configMapRef": { "name": "settings" } }]);
    web.to_string()
}

fn settings(level: &str) -> String {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": { "level": level } }).to_string()
}

fn of_kind(kind: &str, name: &str, spec: &Value, annotations: &Value) -> String {
    json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "annotations": annotations }, "spec": spec }).to_string()
}

#[tokio::test]
async fn what_nothing_needs_goes_after_proof_and_what_is_used_or_protected_stays() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.set_cluster("{ context: lab, keep: 2 }");
    shop.template("web.yaml", &web("web:1"));
    let port = json!({ "ports": [{ "port": 80 }], "selector": { "app": "web" } });
    shop.template("service.yaml", &of_kind("Service", "web", &port, &json!({})));
    shop.template("kept.yaml", &of_kind("Service", "kept", &port, &json!({ "cloze.dev/prune": "never" })));
    let claim = json!({ "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": { "requests": { "storage": "1Gi" } } });
    shop.ok(&["deploy"]);
    shop.template("claim.yaml", &of_kind("PersistentVolumeClaim", "data", &claim, &json!({})));
    shop.ok(&["deploy", "--wait=false"]);
    let first = rollout.config_maps("settings").await.remove(0);
    // Somebody else's pod uses the first one.
    let env = json!([{ "configMapRef": { "name": first } }]);
    let foreign = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "foreign" },
        "spec": { "containers": [{ "name": "main", "image": "web:1", "envFrom": env }] } });
    rollout.create(foreign).await;
    for name in ["service.yaml", "kept.yaml", "claim.yaml"] {
        std::fs::remove_file(shop.folder.path().join("templates").join(name)).unwrap();
    }
    shop.template("settings.yaml", &settings("debug"));
    let (code, said) = shop.said(&["deploy"]);
    assert!(
        code == 0
            && said.ends_with(
                "release 3 runs in cluster lab\nremoved 1 object that nothing needs: Service NS/web; kept 2 protected objects that no release \
                 has any more: PersistentVolumeClaim NS/data, Service NS/kept\n"
            ),
        "{said}"
    );
    assert_eq!(rollout.live("v1", "Service", "web").await, None);
    assert!(rollout.live("v1", "Service", "kept").await.is_some() && rollout.live("v1", "PersistentVolumeClaim", "data").await.is_some());
    assert_eq!(rollout.config_maps("settings").await.len(), 2, "release 2 is kept, and has the first one");
    shop.template("web.yaml", &web("web:2"));
    shop.ok(&["deploy"]);
    assert_eq!(rollout.config_maps("settings").await.len(), 2, "the foreign pod uses the first one");
    rollout.delete("v1", "Pod", "foreign").await;
    let would = shop.ok(&["prune", "--keep", "2", "--dry-run"]).replace(rollout.cluster.namespace(), "NS");
    assert!(
        would.contains(&format!("would remove 1 object from cluster lab: ConfigMap NS/{first}\n2 protected objects stay in")),
        "{would}"
    );
    assert_eq!(rollout.config_maps("settings").await.len(), 2);
    let (code, said) = shop.said(&["prune"]);
    assert!(code == 2 && said.contains("nothing was removed: `prune` asks first"), "{said}");
    shop.ok(&["prune", "--yes", "--history-only"]);
    assert_eq!(rollout.config_maps("settings").await.len(), 2);
    let report: Value = serde_json::from_str(&shop.ok(&["deploy", "--format", "json"])).unwrap();
    assert_eq!(report["pruned"]["removed"][0]["name"], first, "{report:#}");
    assert_eq!(rollout.config_maps("settings").await.len(), 1);
    let kinds = rollout.live("v1", "ConfigMap", "cloze.shop.dev").await.unwrap();
    let kinds = &kinds["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"];
    assert_eq!(kinds, "ConfigMap,Deployment.apps,PersistentVolumeClaim,Service");
}

/// A project whose deploys do not prune, with one release and a template that differs from it.
fn unpruned(rollout: &Rollout) -> Shop<'_> {
    let shop = Shop::new(rollout);
    shop.set_cluster("{ context: lab, keep: 1, prune: false }");
    shop.template("web.yaml", &web("web:1"));
    shop.ok(&["deploy"]);
    shop.template("settings.yaml", &settings("debug"));
    shop
}

#[tokio::test]
async fn without_pruning_all_stays_but_what_only_a_failed_release_brought() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = unpruned(&rollout);
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 0 && said.ends_with("release 2 runs in cluster lab\n"), "{said}");
    shop.template("settings.yaml", &settings("trace"));
    shop.template("web.yaml", &web("missing:1"));
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 7 && said.contains("release 4 took it back to release 2"), "{said}");
    assert_eq!(rollout.config_maps("settings").await.len(), 2, "{said}");
    // By name it prunes.
    let out = shop.ok(&["prune", "--keep", "1", "--yes"]);
    assert!(out.contains("removed 1 object from cluster lab: ConfigMap "), "{out}");
    assert_eq!(rollout.config_maps("settings").await.len(), 1);
}

#[tokio::test]
async fn a_prune_removes_nothing_under_a_release_that_it_does_not_know() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = unpruned(&rollout);
    shop.ok(&["deploy"]);
    let mark = |release: &str| json!({ "metadata": { "annotations": { "cloze.dev/release": release } } });
    for (held, words) in
        [("3", "the cluster holds release 3, which is newer than release 2"), ("1", "the cluster holds release 1, not release 2")]
    {
        rollout.change("v1", "ConfigMap", "cloze.shop.dev", mark(held)).await;
        let (code, said) = shop.said(&["prune", "--yes", "--keep", "1"]);
        assert!(code == 6 && said.contains(words), "{code} {said}");
        assert_eq!(rollout.config_maps("settings").await.len(), 2);
    }
    rollout.change("v1", "ConfigMap", "cloze.shop.dev", mark("2")).await;
    // What a prune was about to remove when it was stopped is taken back by the release that needs it.
    let old = rollout.config_maps("settings").await;
    for name in &old {
        let marked = json!({ "metadata": { "annotations": { "cloze.dev/pruned-by": "2" } } });
        rollout.change("v1", "ConfigMap", name, marked).await;
    }
    shop.ok(&["rollback", "1"]);
    let mut marks = Vec::new();
    for name in &old {
        let live = rollout.live("v1", "ConfigMap", name).await.unwrap();
        marks.push((live["data"]["level"].clone(), live["metadata"]["annotations"]["cloze.dev/pruned-by"].is_string()));
    }
    marks.sort_by_key(|(level, _)| level.to_string());
    assert_eq!(marks, [(json!("debug"), true), (json!("info"), false)]);
    // A release that was not waited for is not known to run.
    shop.template("web.yaml", &web("web:2"));
    shop.ok(&["deploy", "--wait=false"]);
    let (code, said) = shop.said(&["prune", "--yes"]);
    assert!(code == 7 && said.contains("release 4 was not seen to run in cluster lab"), "{code} {said}");
}

#[tokio::test]
async fn a_prune_makes_two_calls_for_each_object_that_it_removes() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.set_cluster("{ context: lab, prune: false }");
    let mut calls = Vec::new();
    for count in [3, 13] {
        let many: String = (0..count).map(|number| format!("---\n{}\n", config_map(&format!("many-{number}"), "1"))).collect();
        shop.template("many.yaml", &many);
        shop.ok(&["deploy", "--wait=false"]);
        std::fs::remove_file(shop.folder.path().join("templates/many.yaml")).unwrap();
        shop.ok(&["deploy"]);
        let proxy = rollout.cluster.proxy();
        let output = rollout.cluster.cloze_through(&proxy, shop.folder.path()).args(["prune", "--keep", "100", "--yes"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("removed {count} objects from cluster lab: ")), "{said}");
        // The history is in Secrets of the same cluster.
        let asked: Vec<String> = proxy.requests().into_iter().map(|one| one.what).filter(|what| !what.contains("/secrets")).collect();
        calls.push((count, asked.len()));
    }
    let [(few, before), (many, after)] = calls[..] else { panic!("{calls:?}") };
    assert_eq!(after - before, 2 * (many - few), "one that marks and one that deletes: {calls:?}");
    assert!(before <= 2 * few + 40, "what is used is looked for in lists, whose number the kinds make: {calls:?}");
}
