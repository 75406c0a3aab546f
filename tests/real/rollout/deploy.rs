//! `cloze deploy` and `cloze rollback` of an environment in a whole cluster.

use kube::api::DynamicObject;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deployment;
use super::plain;
use super::resource;
use super::shop::Shop;

impl Rollout {
    /// The object as the server has it; `None` where it has none.
    pub(super) async fn live(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        let object: Option<DynamicObject> = self.api(&resource(api_version, kind)).get_opt(name).await.unwrap();
        object.map(|object| serde_json::to_value(object).unwrap())
    }

    /// The image that the Deployment `web` asks for.
    pub(super) async fn image(&self) -> String {
        let web = self.live("apps/v1", "Deployment", "web").await.unwrap();
        web["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    /// Changes an object as another program would.
    pub(super) async fn change(&self, api_version: &str, kind: &str, name: &str, patch: Value) {
        self.api(&resource(api_version, kind)).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
}

pub(super) fn config_map(name: &str, value: &str) -> String {
    let annotations = json!({ "cloze.dev/names": "stable" });
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "annotations": annotations }, "data": { "key": value } })
        .to_string()
}

#[tokio::test]
async fn a_release_is_proven_and_what_is_there_is_not_sent_again() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.ends_with("applied to cluster lab: 2 created\nrelease 1 runs in cluster lab\n"), "{said}");
    assert_eq!(shop.outcomes(), ["1 applied"]);
    let web = rollout.live("apps/v1", "Deployment", "web").await.unwrap();
    assert_eq!(web["status"]["availableReplicas"], 2, "the deploy waited");
    let managers: Vec<&str> =
        web["metadata"]["managedFields"].as_array().unwrap().iter().filter_map(|entry| entry["manager"].as_str()).collect();
    assert!(managers.contains(&"cloze"), "{managers:?}");
    let again = shop.said(&["deploy"]);
    assert_eq!(again.0, 0, "{}", again.1);
    assert!(again.1.contains("applied to cluster lab: 2 unchanged\n"), "{}", again.1);
    let same = rollout.live("apps/v1", "Deployment", "web").await.unwrap();
    assert_eq!(same["metadata"]["generation"], web["metadata"]["generation"]);
    // A release of other content, and back.
    shop.template("web.yaml", &deployment("web:2").to_string());
    assert_eq!(shop.said(&["deploy"]).0, 0);
    assert_eq!(rollout.image().await, "web:2");
    let (code, said) = shop.said(&["rollback"]);
    assert_eq!((code, rollout.image().await.as_str()), (0, "web:1"), "{said}");
    assert_eq!(shop.outcomes(), ["3 applied", "2 applied", "1 applied"]);
}

#[tokio::test]
async fn a_release_that_does_not_run_is_taken_back() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    shop.template("web.yaml", &deployment("missing:2").to_string());
    shop.template("extra.yaml", &config_map("extra", "1"));
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!(code, 7, "{said}");
    let (_, error) = said.split_once("error: ").unwrap();
    let error = plain(error.lines().next().unwrap()).replace("ImagePullBackOff", "ErrImagePull");
    assert_eq!(
        error,
        "release 2 does not run in cluster lab: Deployment NS/web: pod `web-…`: container `main` has no image: image `missing:2` cannot be \
         pulled: not found (ErrImagePull); release 3 took it back to release 1"
    );
    assert_eq!(rollout.image().await, "web:1");
    assert_eq!(rollout.live("v1", "ConfigMap", "extra").await, None, "what only the failed release brought is gone");
    assert_eq!(shop.outcomes(), ["3 applied", "2 rolled back by 3", "1 applied"]);
}

#[tokio::test]
async fn a_release_that_does_not_run_stays_where_the_project_says_so() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    shop.set_cluster("{ context: lab, on-failure: stop }");
    shop.template("web.yaml", &deployment("missing:2").to_string());
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!((code, rollout.image().await.as_str()), (7, "missing:2"), "{said}");
    assert_eq!(shop.outcomes(), ["2 failed", "1 applied"]);
    // By hand, to the one that ran.
    let (code, said) = shop.said(&["rollback"]);
    assert_eq!((code, rollout.image().await.as_str()), (0, "web:1"), "{said}");
    assert_eq!(shop.outcomes()[0], "3 applied");
}

#[tokio::test]
async fn what_belongs_to_others_is_refused_before_anything_changes() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "replicas": 5 } })).await;
    for (name, labels) in [("plain", json!({})), ("helm", json!({ "app.kubernetes.io/managed-by": "Helm" }))] {
        let object =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": labels }, "data": { "key": "theirs" } });
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        rollout.api(&resource("v1", "ConfigMap")).create(&PostParams::default(), &object).await.unwrap();
        shop.template(&format!("{name}.yaml"), &config_map(name, "ours"));
    }
    shop.template("web.yaml", &deployment("web:2").to_string());
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!(code, 4, "{said}");
    for words in [
        "ConfigMap NS/plain: it exists already and does not belong to this project\n  take it over with `--adopt ConfigMap/plain`, or rename yours\n",
        "ConfigMap NS/helm: it exists already, and Helm manages it\n",
        "Deployment NS/web: `.spec.replicas` is held by ",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:1", 1), "nothing was recorded or applied");
    // A HorizontalPodAutoscaler may scale.
    let scaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" },
        "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" }, "minReplicas": 3, "maxReplicas": 5 },
    });
    let scaler: DynamicObject = serde_json::from_value(scaler).unwrap();
    rollout.api(&resource("autoscaling/v2", "HorizontalPodAutoscaler")).create(&PostParams::default(), &scaler).await.unwrap();
    let adopt = ["deploy", "--adopt", "ConfigMap/plain", "--adopt", "ConfigMap/helm"];
    let (code, said) = shop.said(&adopt);
    assert!(code == 4 && said.contains("Helm manages it") && !said.contains("replicas"), "{said}");
    let (code, said) = shop.said(&[&adopt[..], &["--adopt", "ConfigMap/helm"]].concat());
    assert_eq!((code, rollout.image().await.as_str()), (0, "web:2"), "{said}");
    for name in ["plain", "helm"] {
        assert_eq!(rollout.live("v1", "ConfigMap", name).await.unwrap()["data"]["key"], "ours");
    }
    assert_eq!(rollout.live("apps/v1", "Deployment", "web").await.unwrap()["spec"]["replicas"], 5, "who scales it has the last word");
}

#[tokio::test]
async fn a_newer_release_and_another_history_keep_a_deploy_from_the_cluster() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    let inventory = "cloze.shop.dev";
    let mark = |key: &str, value: &str| json!({ "metadata": { "annotations": { key: value } } });
    rollout.change("v1", "ConfigMap", inventory, mark("cloze.dev/release", "99")).await;
    shop.template("web.yaml", &deployment("web:2").to_string());
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 6 && said.contains("the cluster holds release 99, which is newer than release 2"), "{code} {said}");
    assert_eq!(shop.said(&["deploy", "--dry-run"]), (code, said));
    rollout.change("v1", "ConfigMap", inventory, mark("cloze.dev/release", "1")).await;
    rollout.change("v1", "ConfigMap", inventory, mark("cloze.dev/store", "0123")).await;
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 6 && said.contains("the cluster holds releases of another history: its store id is 0123"), "{code} {said}");
    assert_eq!(shop.said(&["diff", "--live"]).0, 6);
    assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:1", 1), "nothing was recorded or applied");
}

#[tokio::test]
async fn a_definition_and_its_resource_come_in_one_release() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let group = format!("{}.example.com", rollout.cluster.namespace());
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("gadgets.{group}") },
        "spec": {
            "group": group, "scope": "Namespaced", "names": { "plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": schema }],
        },
    });
    shop.template("definition.yaml", &definition.to_string());
    let gadget = json!({ "apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": { "name": "one" }, "spec": { "size": 3 } });
    shop.template("gadget.yaml", &gadget.to_string());
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!(code, 0, "{said}");
    let version = format!("{group}/v1");
    assert_eq!(rollout.live(&version, "Gadget", "one").await.unwrap()["spec"]["size"], 3);
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 0 && said.contains("4 unchanged"), "{said}");
}
