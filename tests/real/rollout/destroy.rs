//! An environment is taken out of a whole cluster, and whose inventory it is that a deploy finds there.

use std::time::Duration;

use futures::join;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::DeleteParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::from_value;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;
use crate::fixture::User;

#[tokio::test]
async fn all_that_is_not_protected_goes_and_a_later_deploy_works() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let kept = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "kept", "annotations": {
        "cloze.dev/names": "stable", "cloze.dev/prune": "never" } }, "data": { "a": "b" } });
    shop.template("kept.yaml", &kept.to_string());
    assert_eq!(shop.ok(&["destroy", "--yes"]), "removed 0 objects from cluster lab\n", "nothing is there yet");
    shop.ok(&["deploy"]);
    let (code, said) = shop.said(&["destroy"]);
    assert!(code == 2 && said.contains("nothing was removed: `destroy` asks first"), "{code} {said}");
    let would: Value = serde_json::from_str(&shop.ok(&["destroy", "--dry-run", "--format", "json"])).unwrap();
    let kinds = |objects: &Value| objects.as_array().unwrap().iter().map(|one| one["kind"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (kinds(&would["removed"]), kinds(&would["protected"])),
        (vec![json!("Deployment"), json!("ConfigMap")], vec![json!("ConfigMap")])
    );
    let schema: Value = serde_json::from_str(&shop.ok(&["schema", "--of", "destroy"])).unwrap();
    let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&would).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    assert!(rollout.live("apps/v1", "Deployment", "web").await.is_some());
    let gone = shop.ok(&["destroy", "--yes"]).replace(rollout.cluster.namespace(), "NS");
    assert!(gone.starts_with("removed 2 objects from cluster lab: Deployment NS/web, ConfigMap NS/settings-"), "{gone}");
    assert!(gone.contains("1 protected object in cluster lab, remove with `kubectl delete`: ConfigMap NS/kept"), "{gone}");
    assert_eq!(rollout.live("apps/v1", "Deployment", "web").await, None);
    assert_eq!(rollout.live("v1", "ConfigMap", "cloze.shop.dev").await, None);
    assert!(rollout.live("v1", "ConfigMap", "kept").await.is_some());
    assert_eq!(shop.outcomes(), ["1 destroyed"]);
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 0 && said.contains("applied to cluster lab: 2 created, 1 unchanged"), "{said}");
    assert_eq!(shop.outcomes(), ["1 applied"]);
}

#[tokio::test]
async fn an_inventory_that_others_made_is_refused_until_it_is_taken_over() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    let name = "cloze.shop.dev";
    let mut inventory = rollout.live("v1", "ConfigMap", name).await.unwrap();
    rollout.delete("v1", "ConfigMap", name).await;
    let metadata = inventory["metadata"].as_object_mut().unwrap();
    metadata.retain(|key, _| matches!(key.as_str(), "name" | "labels" | "annotations"));
    rollout.create(inventory).await;
    let (code, said) = shop.said(&["deploy"]);
    let words = "the cluster's inventory `cloze.shop.dev` is not the one that earlier releases are in";
    assert!(code == 6 && said.contains(words) && said.contains("`--adopt ConfigMap/cloze.shop.dev`"), "{code} {said}");
    shop.template("web.yaml", &deployment("web:2").to_string());
    assert_eq!((shop.said(&["deploy"]), shop.outcomes().len()), ((code, said), 1), "nothing is recorded");
    shop.ok(&["deploy", "--adopt", "ConfigMap/cloze.shop.dev"]);
    shop.ok(&["deploy"]);
    // Where there is none any more, nothing can be overwritten.
    rollout.delete("v1", "ConfigMap", name).await;
    shop.ok(&["deploy"]);
    shop.ok(&["deploy"]);
}

#[tokio::test]
async fn what_a_finalizer_keeps_is_waited_for_and_named() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.template("held.yaml", &config_map("held", "1"));
    shop.ok(&["deploy"]);
    let finalizers = |names: Value| json!({ "metadata": { "finalizers": names } });
    rollout.change("v1", "ConfigMap", "held", finalizers(json!(["example.com/hold"]))).await;
    let held = "ConfigMap NS/held was deleted and is still there: the finalizer `example.com/hold` keeps it
";
    // The next one waits for it, too.
    for _ in 0..2 {
        let (code, said) = shop.said(&["destroy", "--yes", "--timeout", "1s"]);
        assert!(code == 7 && said.contains(held) && said.contains("run `cloze destroy` again"), "{code} {said}");
    }
    let mut terminal = shop.at_terminal(&["destroy", "--yes"]);
    terminal.shows("removing 1 object from cluster lab").shows("waiting for 1 of 1 object … ").shows("  ConfigMap ");
    let shown = terminal.shows("/held: the finalizer `example.com/hold` keeps it").presses("\x03").ends(130);
    assert!(
        shown.contains("interrupted: objects in cluster lab were deleted, and not all may be gone; `cloze destroy` carries on"),
        "{shown}"
    );
    // What goes is not applied to: it would be gone with it.
    let before = shop.outcomes();
    let (code, said) = shop.said(&["deploy"]);
    let words = "templates/held.yaml: ConfigMap NS/held: it is being removed: the finalizer `example.com/hold` keeps it
  wait until it is gone";
    assert!(code == 4 && said.contains(words), "{code} {said}");
    assert_eq!((shop.outcomes(), rollout.live("apps/v1", "Deployment", "web").await), (before, None));
    let released = async {
        sleep(Duration::from_millis(500)).await;
        rollout.change("v1", "ConfigMap", "held", finalizers(json!(null))).await;
    };
    let mut destroy = rollout.cluster.cloze(shop.folder.path(), User::Admin);
    let destroy = spawn_blocking(move || destroy.args(["destroy", "--yes", "--format", "json"]).output().unwrap());
    let (output, ()) = join!(destroy, released);
    let output = output.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["removed"].as_array().unwrap().len(), &report["removed"][0]["name"]), (1, &json!("held")), "{report:#}");
    // Programs hear of what is there yet, and of what is gone.
    let lines: Vec<Value> = String::from_utf8(output.stderr).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |line: &Value| ["health", "reason", "ready", "of"].map(|key| line[key].clone());
    let keeps = json!("the finalizer `example.com/hold` keeps it");
    let expected = [[json!("deleting"), keeps, json!(0), json!(1)], [json!("gone"), Value::Null, json!(1), json!(1)]];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected, "{lines:#?}");
    shop.ok(&["deploy"]);
}

#[tokio::test]
async fn a_namespace_that_is_being_removed_is_one_problem() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let name = format!("{}-going", rollout.cluster.namespace());
    let namespaces: Api<Namespace> = Api::all(rollout.client.clone());
    let object = json!({ "metadata": { "name": name, "finalizers": ["example.com/hold"] } });
    namespaces.create(&PostParams::default(), &from_value(object).unwrap()).await.unwrap();
    namespaces.delete(&name, &DeleteParams::default()).await.unwrap();
    for template in ["one", "two"] {
        let mut object: Value = serde_json::from_str(&config_map(template, "1")).unwrap();
        object["metadata"]["namespace"] = name.clone().into();
        shop.template(&format!("{template}.yaml"), &object.to_string());
    }
    let (code, said) = shop.said(&["deploy"]);
    let words = "error: templates/one.yaml: the namespace `NS-going` is being removed
  also at templates/two.yaml
  wait until it is gone, then deploy again
";
    assert!(code == 4 && said.ends_with(words), "{code} {said}");
    assert_eq!(rollout.live("apps/v1", "Deployment", "web").await, None);
    let release = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    namespaces.patch(&name, &PatchParams::default(), &release).await.unwrap();
}

#[tokio::test]
async fn fields_of_others_are_taken_where_it_is_asked_for() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "replicas": 1 } })).await;
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 4 && said.contains("`.spec.replicas` is held by "), "{code} {said}");
    let report: Value = serde_json::from_str(&shop.ok(&["deploy", "--force-conflicts", "--format", "json"])).unwrap();
    assert_eq!(report["outcome"], "applied", "{report:#}");
    assert_eq!(rollout.live("apps/v1", "Deployment", "web").await.unwrap()["spec"]["replicas"], 2);
    let shown = shop.ok(&["show"]);
    assert!(shown.contains("by ") && shown.contains(": cluster lab: 2 created, inventory "), "{shown}");
}
