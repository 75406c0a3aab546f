//! What kubectl, kustomize, Helm and others made is taken over by a deploy: whose fields are whose afterwards, and which pods are replaced.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::DynamicObject;
use kube::api::ListParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::resource;
use super::shop::Shop;
use super::with_container;
use super::workload;

const CANARY: &str = "canary-adopted-4471";

impl Rollout {
    fn kubectl(&self, words: &[&str]) {
        let output = self.cluster.kubectl().args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn replica_sets(&self) -> Vec<String> {
        let found = self.api(&resource("apps/v1", "ReplicaSet")).list(&ListParams::default()).await.unwrap();
        let mut names: Vec<String> = found.items.into_iter().filter_map(|set| set.metadata.name).collect();
        names.sort();
        names
    }

    async fn web(&self) -> Value {
        self.live("apps/v1", "Deployment", "web").await.unwrap()
    }
}

/// The managers of an object's fields, but for those of its status.
fn managers(object: &Value) -> Vec<&str> {
    let entries = object["metadata"]["managedFields"].as_array().unwrap().iter();
    entries.filter(|entry| entry.get("subresource").is_none()).map(|entry| entry["manager"].as_str().unwrap()).collect()
}

/// A Deployment whose pods have the ConfigMap `app` and the Secret `db`, and that variable.
fn web(variable: &str) -> Value {
    let from = json!([{ "configMapRef": { "name": "app" } }, { "secretRef": { "name": "db" } }]);
    let more = json!({ "envFrom": from, "env": [{ "name": "KEPT", "value": "1" }, { "name": variable, "value": "1" }] });
    with_container(workload("Deployment", "web:1", &json!({ "replicas": 1 })), &more)
}

fn config(more: &str) -> Value {
    let mut object: Value = serde_json::from_str(&config_map("app", "one")).unwrap();
    object["data"][more] = "two".into();
    object
}

fn secret() -> Value {
    let annotations = json!({ "cloze.dev/names": "stable", "cloze.dev/literals": "accepted" });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db", "annotations": annotations }, "data": { "pw": STANDARD.encode(CANARY) } })
}

/// The same without what is said to cloze.
fn plain(mut object: Value) -> Value {
    object["metadata"].as_object_mut().unwrap().remove("annotations");
    object
}

impl Shop<'_> {
    /// Templates for these objects, and no others.
    fn templates(&self, objects: &[Value]) {
        let folder = self.folder.path().join("templates");
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        for object in objects {
            self.template(&format!("{}.yaml", object["metadata"]["name"].as_str().unwrap()), &object.to_string());
        }
    }

    /// A deploy that takes over each of these, named that many times.
    fn adopt(&self, names: &[&str], times: usize) -> (i32, String) {
        let flags = names.iter().flat_map(|name| [["--adopt", *name]; 2].into_iter().take(times)).flatten();
        self.said(&["deploy"].into_iter().chain(flags).collect::<Vec<_>>())
    }
}

#[tokio::test]
async fn what_kustomize_and_kubectl_applied_is_taken_over_without_a_restart() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let objects = [web("OLD"), config("old"), secret()];
    shop.templates(&objects);
    let theirs = shop.folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("kustomization.yaml"), "resources: [all.yaml]\n").unwrap();
    fs::write(theirs.join("all.yaml"), objects.map(|object| format!("---\n{}\n", plain(object))).concat()).unwrap();
    rollout.kubectl(&["apply", "-k", theirs.to_str().unwrap()]);
    rollout.kubectl(&["rollout", "restart", "deployment/web"]);
    rollout.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let (before, sets) = (rollout.web().await, rollout.replica_sets().await);
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let db = rollout.live("v1", "Secret", "db").await.unwrap();
    assert!(db["metadata"]["annotations"][last].as_str().unwrap().contains(&STANDARD.encode(CANARY)));
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 4 && said.matches("it exists already and does not belong to this project").count() == 3, "{code} {said}");
    let (code, said) = shop.adopt(&["Deployment/web", "ConfigMap/app", "Secret/db"], 1);
    assert!(code == 0 && !said.contains("replaced"), "{code} {said}");
    let after = rollout.web().await;
    assert_eq!((&after["metadata"]["uid"], &after["spec"]), (&before["metadata"]["uid"], &before["spec"]));
    assert_eq!(rollout.replica_sets().await, sets);
    let restarted = &after["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"];
    assert!(restarted.is_string(), "what somebody asked for beside stays");
    for object in [after, rollout.live("v1", "ConfigMap", "app").await.unwrap(), rollout.live("v1", "Secret", "db").await.unwrap()] {
        assert!(
            object["metadata"]["annotations"].get(last).is_none() && !managers(&object).contains(&"kubectl-client-side-apply"),
            "{object:#}"
        );
        let metadata = object["metadata"].to_string();
        assert!(!metadata.contains(CANARY) && !metadata.contains(&STANDARD.encode(CANARY)), "{metadata}");
    }
    assert!(shop.said(&["deploy"]).1.contains("applied to cluster lab: 3 unchanged\n"));
    // What the release gives up is gone.
    shop.templates(&[web("NEW"), config("new"), secret()]);
    shop.ok(&["deploy"]);
    let names = |list: &Value| list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&rollout.web().await["spec"]["template"]["spec"]["containers"][0]["env"]), ["KEPT", "NEW"]);
    assert_eq!(rollout.live("v1", "ConfigMap", "app").await.unwrap()["data"], json!({ "key": "one", "new": "two" }));
}

#[tokio::test]
async fn a_rollout_that_taking_over_brings_is_announced_and_shown() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let mut settings = plain(config("more"));
    settings["metadata"]["name"] = "app".into();
    let theirs = shop.folder.path().join("theirs.yaml");
    fs::write(&theirs, [plain(web("OLD")), settings.clone(), plain(secret())].map(|object| format!("---\n{object}\n")).concat()).unwrap();
    rollout.kubectl(&["apply", "--server-side", "-f", theirs.to_str().unwrap()]);
    rollout.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let (before, sets) = (rollout.web().await, rollout.replica_sets().await);
    // The ConfigMap gets a name by its content.
    shop.templates(&[web("KEPT2"), settings, secret()]);
    let names = ["Deployment/web", "Secret/db"];
    let shown = shop.ok(&["deploy", "--dry-run", "--adopt", names[0], "--adopt", names[1]]);
    let removed = |line: &str| line.starts_with('-') && line.contains("name: OLD");
    assert!(shown.contains("~ Deployment ") && shown.lines().any(removed) && shown.contains("restarts: Deployment "), "{shown}");
    assert_eq!(rollout.web().await["spec"], before["spec"]);
    let (code, said) = shop.adopt(&names, 1);
    let words = "warning: templates/web.yaml: Deployment NS/web is taken over with another pod template, so that its pods are replaced\n";
    assert!(code == 0 && said.contains(words), "{code} {said}");
    let web = rollout.web().await;
    assert_eq!(rollout.replica_sets().await.len(), sets.len() + 1, "one rollout");
    assert!(!managers(&web).contains(&"kubectl") && !web["spec"].to_string().contains("OLD"), "{web:#}");
}

#[tokio::test]
async fn what_helm_installed_is_named_twice_and_taken_over_without_a_restart() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    // Helm 3 creates, and Helm 4 applies on the server; both as the manager `helm`, with these marks.
    for is_applied in [false, true] {
        for object in [web("OLD"), config("old"), secret()] {
            let mut object = plain(object);
            object["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "Helm" });
            object["metadata"]["annotations"] = json!({ "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop" });
            let api = rollout.api(&resource(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap()));
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            if is_applied {
                api.patch(&name, &PatchParams::apply("helm"), &Patch::Apply(&object)).await.unwrap();
            } else {
                let object: DynamicObject = serde_json::from_value(object).unwrap();
                api.create(&PostParams { field_manager: Some("helm".to_owned()), ..PostParams::default() }, &object).await.unwrap();
            }
        }
        rollout.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
        let (before, sets) = (rollout.web().await, rollout.replica_sets().await);
        shop.templates(&[web("OLD"), config("old"), secret()]);
        let names = ["Deployment/web", "ConfigMap/app", "Secret/db"];
        let (code, said) = shop.adopt(&names, 1);
        let words = "Deployment NS/web: it exists already, and Helm manages it\n  take it out of Helm first, then take it over with `--adopt Deployment/web --adopt Deployment/web`";
        assert!(code == 4 && said.contains(words) && said.matches("Helm manages it").count() == 3, "{code} {said}");
        assert_eq!(rollout.web().await["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
        let (code, said) = shop.adopt(&names, 2);
        assert!(code == 0 && !said.contains("replaced"), "{code} {said}");
        let after = rollout.web().await;
        assert_eq!((&after["spec"], rollout.replica_sets().await), (&before["spec"], sets));
        assert!(!managers(&after).contains(&"helm") && !after["metadata"].to_string().contains("elm"), "{after:#}");
        shop.templates(&[web("NEW"), config("new"), secret()]);
        shop.ok(&["deploy"]);
        assert!(!rollout.web().await["spec"].to_string().contains("OLD"));
        assert_eq!(rollout.live("v1", "ConfigMap", "app").await.unwrap()["data"], json!({ "key": "one", "new": "two" }));
        shop.ok(&["destroy", "--yes"]);
    }
}

#[tokio::test]
async fn what_argo_cd_or_flux_manages_is_named_twice() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let marks = [
        ("Argo CD", "argocd-controller", json!({}), json!({ "argocd.argoproj.io/tracking-id": "shop:/ConfigMap:shop/app" })),
        ("Flux", "kustomize-controller", json!({ "kustomize.toolkit.fluxcd.io/name": "shop" }), json!({})),
        ("Flux", "helm-controller", json!({ "helm.toolkit.fluxcd.io/name": "shop" }), json!({ "meta.helm.sh/release-name": "shop" })),
    ];
    shop.templates(&[config("ours")]);
    for (tool, manager, labels, annotations) in marks {
        let mut object = plain(config("theirs"));
        object["metadata"]["labels"] = labels;
        object["metadata"]["annotations"] = annotations;
        rollout.api(&resource("v1", "ConfigMap")).patch("app", &PatchParams::apply(manager), &Patch::Apply(&object)).await.unwrap();
        let (code, said) = shop.adopt(&["ConfigMap/app"], 1);
        assert!(code == 4 && said.contains(&format!("and {tool} manages it")), "{code} {said}");
        let (code, said) = shop.adopt(&["ConfigMap/app"], 2);
        let app = rollout.live("v1", "ConfigMap", "app").await.unwrap();
        assert_eq!((code, managers(&app), &app["data"]), (0, vec!["cloze"], &json!({ "key": "one", "ours": "two" })), "{said}");
        shop.ok(&["destroy", "--yes"]);
    }
}
