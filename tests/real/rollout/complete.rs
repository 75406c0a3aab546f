//! What becomes ready.

use std::time::Duration;

use cloze::cluster::health::Awaited;
use cloze::cluster::health::Health;
use cloze::cluster::health::Progress;
use cloze::cluster::health::wait;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;

use super::Log;
use super::Rollout;
use super::deployment;
use super::resource;
use super::workload;

/// A CustomResourceDefinition of a namespaced kind.
pub(super) fn definition(group: &str, plural: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": { "plural": plural, "kind": kind },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    })
}

fn of_core(kind: &str, name: &str, more: &Value) -> Value {
    let mut object = json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } });
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

#[tokio::test]
async fn a_release_of_many_kinds_becomes_ready() {
    let Some(rollout) = Rollout::new().await else { return };
    let named = |mut object: Value, name: &str| {
        object["metadata"]["name"] = json!(name);
        object["spec"]["selector"]["matchLabels"]["app"] = json!(name);
        object["spec"]["template"]["metadata"]["labels"]["app"] = json!(name);
        object
    };
    let once = json!({ "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "task:1" }] } });
    let objects = |version: &str| {
        vec![
            json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": rollout.cluster.namespace() },
                "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer" }),
            of_core("ConfigMap", "settings", &json!({ "data": { "version": version } })),
            of_core("Service", "web", &json!({ "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] } })),
            of_core(
                "PersistentVolumeClaim",
                "data",
                &json!({ "spec": { "storageClassName": rollout.cluster.namespace(), "accessModes": ["ReadWriteOnce"],
                    "resources": { "requests": { "storage": "1Gi" } } } }),
            ),
            deployment(&format!("web:{version}")),
            named(
                workload("Deployment", &format!("once:{version}"), &json!({ "replicas": 1, "strategy": { "type": "Recreate" } })),
                "recreated",
            ),
            named(workload("Deployment", &format!("off:{version}"), &json!({ "replicas": 0 })), "off"),
            named(workload("Deployment", &format!("unready:{version}"), &json!({ "replicas": 1, "paused": true })), "paused"),
            named(workload("StatefulSet", &format!("db:{version}"), &json!({ "replicas": 2, "serviceName": "db" })), "db"),
            named(workload("DaemonSet", &format!("agent:{version}"), &json!({})), "agent"),
            json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": format!("migrate-{version}") }, "spec": { "template": once } }),
            json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "later" }, "spec": { "suspend": true, "template": once } }),
            json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly" },
                "spec": { "schedule": "0 0 * * *", "suspend": true, "jobTemplate": { "spec": { "template": once } } } }),
            json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" },
                "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" }, "maxReplicas": 3, "minReplicas": 2 } }),
            json!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "web" },
                "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "web" } } } }),
        ]
    };
    rollout.complete(&objects("1")).await;
    rollout.complete(&objects("2")).await;
    // From two to zero.
    rollout.complete(&[workload("Deployment", "web:2", &json!({ "replicas": 0 }))]).await;
}

#[tokio::test]
async fn a_definition_and_its_resource_become_ready_though_the_definition_comes_late() {
    let Some(rollout) = Rollout::new().await else { return };
    let group = format!("{}.example", rollout.cluster.namespace());
    let awaited = [Awaited {
        resource: resource(&format!("{group}/v1"), "Lamp"),
        namespace: Some(rollout.cluster.namespace().to_owned()),
        name: "hall".to_owned(),
    }];
    let lamp = json!({ "apiVersion": format!("{group}/v1"), "kind": "Lamp", "metadata": { "name": "hall" } });
    let apply = async {
        sleep(Duration::from_secs(1)).await;
        rollout.complete(&[definition(&group, "lamps", "Lamp")]).await;
        rollout.apply(std::slice::from_ref(&lamp)).await;
    };
    let (waited, ()) = futures::join!(wait(rollout.client.clone(), &awaited, rollout.limits(), &|_| {}), apply);
    assert_eq!(waited.unwrap()[0].health, Health::Ready);
}

#[tokio::test]
async fn any_kind_is_waited_for_by_its_conditions() {
    let Some(rollout) = Rollout::new().await else { return };
    let group = format!("conditions.{}.example", rollout.cluster.namespace());
    rollout.complete(&[definition(&group, "lamps", "Lamp")]).await;
    let lamp = |ready: &str| {
        let condition = json!({ "type": "Ready", "status": ready, "reason": "Bulb" });
        json!({ "apiVersion": format!("{group}/v1"), "kind": "Lamp", "metadata": { "name": "hall" },
            "status": { "conditions": [condition] } })
    };
    let awaited = rollout.apply(&[lamp("False")]).await;
    let log = Log::default();
    let report = |progress: &Progress<'_>| log.take(progress);
    let cure = async {
        sleep(Duration::from_secs(1)).await;
        rollout.apply(&[lamp("True")]).await;
    };
    let (waited, ()) = futures::join!(wait(rollout.client.clone(), &awaited, rollout.limits(), &report), cure);
    assert_eq!(waited.unwrap()[0].health, Health::Ready);
    assert!(log.has("hall: Progressing { reason: \"condition Ready does not hold yet (Bulb)\""), "{:?}", log.0);
}

#[tokio::test]
async fn a_wait_that_is_dropped_leaves_everything_as_it_is() {
    let Some(rollout) = Rollout::new().await else { return };
    let awaited = rollout.apply(&[workload("Deployment", "unready:1", &json!({ "replicas": 1 }))]).await;
    let waited = tokio::time::timeout(Duration::from_secs(3), wait(rollout.client.clone(), &awaited, rollout.limits(), &|_| {})).await;
    assert!(waited.is_err(), "{waited:?}");
    rollout.complete(&[workload("Deployment", "ready:2", &json!({ "replicas": 1 }))]).await;
}
