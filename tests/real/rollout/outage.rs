//! An API server that is away for a while, and one that does not allow everything.

use std::fs;
use std::time::Duration;
use std::time::Instant;

use cloze::cluster::health::Health;
use cloze::cluster::health::wait;
use k8s_openapi::api::rbac::v1::Role;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::from_value;
use serde_json::json;
use tokio::time::sleep;

use super::Log;
use super::Rollout;
use super::deployment;
use super::shop::Shop;
use crate::fixture::User;
use crate::fixture::rounds;

#[tokio::test]
async fn a_wait_outlasts_an_api_server_that_is_away() {
    let Some(rollout) = Rollout::new().await else { return };
    let (client, wire) = rollout.cluster.over_wire();
    let awaited = rollout.apply(&[deployment("unready:1")]).await;
    let log = Log::default();
    let seconds = u64::try_from(rounds(6, 30)).unwrap();
    let outage = async {
        sleep(Duration::from_secs(2)).await;
        wire.cut();
        // It becomes ready while nobody sees it, and was not stuck.
        rollout.apply(&[deployment("web:2")]).await;
        sleep(Duration::from_secs(seconds)).await;
        wire.repair();
    };
    let report = |progress: &cloze::cluster::health::Progress<'_>| log.take(progress);
    let (verdicts, ()) = futures::join!(wait(client, &awaited, rollout.limits(), &report), outage);
    assert_eq!(verdicts.unwrap()[0].health, Health::Ready);
    assert!(log.has("away: the API server cannot be reached") && log.has("back"), "{:?}", log.0);
}

#[tokio::test]
async fn without_the_right_to_see_pods_the_status_decides_and_without_that_to_see_objects_the_wait_says_so() {
    let Some(rollout) = Rollout::new().await else { return };
    let awaited = rollout.apply(&[super::workload("Deployment", "unready:1", &json!({ "progressDeadlineSeconds": 5 }))]).await;
    let client = rollout.cluster.client(User::Runner);
    let namespace = rollout.cluster.namespace();
    let refused = wait(client.clone(), &awaited, rollout.limits(), &|_| {}).await.unwrap_err();
    assert_eq!(refused.reason, format!("permission denied to list and watch deployments in the namespace `{namespace}`"));
    assert_eq!(refused.next, "grant list and watch on deployments, or deploy without waiting");
    let rules = json!([{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "watch"] }]);
    grant(&rollout, &rules).await;
    let log = Log::default();
    let report = |progress: &cloze::cluster::health::Progress<'_>| log.take(progress);
    let verdicts = wait(client, &awaited, rollout.limits(), &report).await.unwrap();
    assert_eq!(verdicts[0].health, Health::Failed { reason: "no progress within 5 s: 0 of 1 pods available".to_owned() });
    assert!(["hidden: pods", "hidden: replicasets", "hidden: events"].iter().all(|line| log.has(line)), "{:?}", log.0);
}

#[tokio::test]
async fn an_api_server_that_the_kubeconfig_does_not_trust_is_named_at_once() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let kubeconfig = fs::read_to_string(rollout.cluster.kubeconfig(User::Admin)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config"), &kubeconfig).unwrap();
    // As while somebody writes it.
    fs::write(folder.path().join("ca.crt"), "").unwrap();
    let in_cluster = format!("cluster://{}/history", rollout.cluster.namespace());
    let in_a_directory = format!("file://{}", folder.path().join("history").display());
    for url in [in_a_directory, in_cluster] {
        let began = Instant::now();
        let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
        let output = command.env("KUBECONFIG", folder.path().join("config")).args(["deploy", "--history", &url]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the API server's certificate is not valid here"), "{url}: {said}");
        assert!(said.contains("check the cluster's `certificate-authority` in the kubeconfig"), "{url}: {said}");
        assert!(began.elapsed() < Duration::from_secs(30), "{url}: it is not asked again: {:?}", began.elapsed());
    }
}

async fn grant(rollout: &Rollout, rules: &Value) {
    let role: Role = from_value(json!({ "metadata": { "name": "watcher" }, "rules": rules })).unwrap();
    let binding: RoleBinding = from_value(json!({
        "metadata": { "name": "watcher" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "watcher" },
        "subjects": [{ "kind": "User", "name": "runner", "apiGroup": "rbac.authorization.k8s.io" }],
    }))
    .unwrap();
    let namespace = rollout.cluster.namespace();
    Api::namespaced(rollout.client.clone(), namespace).create(&PostParams::default(), &role).await.unwrap();
    Api::namespaced(rollout.client.clone(), namespace).create(&PostParams::default(), &binding).await.unwrap();
}
