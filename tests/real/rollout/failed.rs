//! What fails: soon, and in words.

use std::time::Duration;

use cloze::cluster::health::Health;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deployment;
use super::plain;
use super::with_container;
use super::workload;

const POD: (&str, &str) = ("v1", "Pod");
const AT_ONCE: Duration = Duration::ZERO;
/// The grace of these tests.
const GRACE: Duration = Duration::from_secs(3);

/// Whether a container of the pod waits for a reason.
fn waits(pod: &Value, reason: &str) -> bool {
    pod["status"]["containerStatuses"].as_array().is_some_and(|list| list.iter().any(|one| one["state"]["waiting"]["reason"] == reason))
}

fn has_condition(object: &Value, kind: &str, reason: &str) -> bool {
    object["status"]["conditions"].as_array().is_some_and(|list| list.iter().any(|one| one["type"] == kind && one["reason"] == reason))
}

/// A webhook for the pods of the namespace that nobody answers.
pub(super) fn webhook(rollout: &Rollout) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": rollout.cluster.namespace() },
        "webhooks": [{
            "name": "pods.policy.example",
            "clientConfig": { "url": "https://127.0.0.1:1/" },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": rollout.cluster.namespace() } },
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    })
}

#[tokio::test]
async fn a_crash_fails_with_its_second_restart() {
    let Some(rollout) = Rollout::new().await else { return };
    rollout.complete(&[deployment("web:1")]).await;
    let crashed = |pod: &Value| {
        let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_i64();
        restarts.is_some_and(|count| count >= 2) && pod["status"]["containerStatuses"][0]["state"]["running"].is_null()
    };
    let reason = rollout.fail(deployment("broken:2"), POD, crashed, AT_ONCE).await;
    assert!(plain(&reason).starts_with("pod `web-…`: container `main` crashed (Error, exit code 1), restarted "), "{reason}");
    // Back: the old pods were there all the time.
    rollout.complete(&[deployment("web:1")]).await;
}

#[tokio::test]
async fn an_image_that_is_not_there_fails_at_once() {
    let Some(rollout) = Rollout::new().await else { return };
    let reason = rollout.fail(deployment("missing:2"), POD, |pod| waits(pod, "ErrImagePull"), AT_ONCE).await;
    let expected = "pod `web-…`: container `main` has no image: image `missing:2` cannot be pulled: not found (ErrImagePull)";
    assert_eq!(plain(&reason).replace("ImagePullBackOff", "ErrImagePull"), expected);
}

#[tokio::test]
async fn a_missing_key_fails_at_once_and_a_missing_object_after_the_grace() {
    let Some(rollout) = Rollout::new().await else { return };
    let refers = |name: &str| {
        let key = json!({ "configMapKeyRef": { "name": name, "key": "nowhere" } });
        with_container(deployment("web:2"), &json!({ "env": [{ "name": "A", "valueFrom": key }] }))
    };
    let misconfigured = |pod: &Value| waits(pod, "CreateContainerConfigError");
    let reason = rollout.fail(refers("kube-root-ca.crt"), POD, misconfigured, AT_ONCE).await;
    assert_eq!(plain(&reason), "pod `web-…`: container `main` cannot be configured: ConfigMap `kube-root-ca.crt` has no key `nowhere`");
    let reason = rollout.fail(refers("nobody"), POD, misconfigured, GRACE).await;
    assert_eq!(plain(&reason), "pod `web-…`: container `main` cannot be configured: ConfigMap `nobody` does not exist (for 3 s)");
}

#[tokio::test]
async fn a_volume_of_what_does_not_exist_fails_after_the_grace() {
    let Some(rollout) = Rollout::new().await else { return };
    let mut object = with_container(deployment("web:2"), &json!({ "volumeMounts": [{ "name": "v", "mountPath": "/v" }] }));
    object["spec"]["template"]["spec"]["volumes"] = json!([{ "name": "v", "secret": { "secretName": "nobody" } }]);
    let is_known = |event: &Value| event["reason"] == "FailedMount";
    let reason = rollout.fail(object, ("v1", "Event"), is_known, GRACE).await;
    assert_eq!(plain(&reason), "pod `web-…`: volume `v` cannot be mounted: Secret `nobody` does not exist (for 3 s)");
}

#[tokio::test]
async fn pods_that_never_become_ready_fail_at_the_deployments_own_deadline_or_at_that_of_the_wait() {
    let Some(rollout) = Rollout::new().await else { return };
    let unready = |seconds: i64| workload("Deployment", "unready:2", &json!({ "replicas": 1, "progressDeadlineSeconds": seconds }));
    let late = |object: &Value| has_condition(object, "Progressing", "ProgressDeadlineExceeded");
    let reason = rollout.fail(unready(4), ("apps/v1", "Deployment"), late, AT_ONCE).await;
    assert_eq!(plain(&reason), "no progress within 4 s: pod `web-…`: container `main` runs and is not ready");
    let Some(patient) = Rollout::new().await else { return };
    let awaited = patient.apply(&[unready(600)]).await;
    let limits = super::WaitLimits { deadline: Duration::from_secs(4), ..patient.limits() };
    let verdicts = super::wait(patient.client.clone(), &awaited, limits, &|_| {}).await.unwrap();
    assert_eq!(
        verdicts[0].health.reason().map(plain).unwrap(),
        "not ready within 4 s: 0 of 1 pods available; pod `web-…`: container `main` runs and is not ready"
    );
}

#[tokio::test]
async fn a_pod_that_no_node_takes_fails_after_the_grace() {
    let Some(rollout) = Rollout::new().await else { return };
    let object = with_container(deployment("web:2"), &json!({ "resources": { "requests": { "cpu": "1M" } } }));
    let reason = rollout.fail(object, POD, |pod| has_condition(pod, "PodScheduled", "Unschedulable"), GRACE).await;
    assert_eq!(plain(&reason), "pod `web-…`: it cannot be scheduled: not enough cpu (for 3 s)");
}

#[tokio::test]
async fn pods_that_a_quota_or_a_webhook_keeps_out_fail_after_the_grace() {
    let refused = |object: &Value| has_condition(object, "ReplicaFailure", "FailedCreate");
    let Some(rollout) = Rollout::new().await else { return };
    rollout
        .complete(&[
            json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "most" }, "spec": { "hard": { "pods": "1" } } }),
        ])
        .await;
    let reason = rollout.fail(deployment("web:2"), ("apps/v1", "Deployment"), refused, GRACE).await;
    assert_eq!(reason, "the quota `most` is used up (pods) (for 3 s)");
    // A StatefulSet has no condition for that; its events tell.
    let Some(rollout) = Rollout::new().await else { return };
    rollout.complete(&[webhook(&rollout)]).await;
    let object = workload("StatefulSet", "web:2", &json!({ "serviceName": "web" }));
    let reason = rollout.fail(object, ("v1", "Event"), |event| event["reason"] == "FailedCreate", GRACE + Duration::from_secs(2)).await;
    assert_eq!(reason, "the admission webhook `pods.policy.example` does not answer (for 3 s)");
}

#[tokio::test]
async fn a_pod_security_level_that_forbids_the_pods_fails_at_once() {
    let Some(rollout) = Rollout::new().await else { return };
    let namespace = super::resource("v1", "Namespace");
    let label = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    let namespaces: super::Api<super::DynamicObject> = super::Api::all_with(rollout.client.clone(), &namespace);
    namespaces.patch(rollout.cluster.namespace(), &super::PatchParams::default(), &super::Patch::Merge(label)).await.unwrap();
    let refused = |object: &Value| has_condition(object, "ReplicaFailure", "FailedCreate");
    let reason = rollout.fail(deployment("web:2"), ("apps/v1", "Deployment"), refused, AT_ONCE).await;
    assert_eq!(reason, "the Pod Security level `restricted` of the namespace forbids its pods");
}

#[tokio::test]
async fn a_job_fails_when_it_gives_up() {
    let Some(rollout) = Rollout::new().await else { return };
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": "migrate" },
        "spec": {
            "backoffLimit": 0,
            "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "broken:1" }] } },
        },
    });
    let reason = rollout.fail(job, ("batch/v1", "Job"), |job| has_condition(job, "Failed", "BackoffLimitExceeded"), AT_ONCE).await;
    assert_eq!(plain(&reason), "its pod failed; pod `migrate-…`: container `main` crashed (Error, exit code 1)");
}

#[tokio::test]
async fn an_init_container_and_a_daemon_sets_pod_that_crash_fail() {
    let Some(rollout) = Rollout::new().await else { return };
    let mut object = workload("DaemonSet", "web:2", &json!({}));
    object["spec"]["template"]["spec"]["initContainers"] = json!([{ "name": "prepare", "image": "broken:2" }]);
    let crashed = |pod: &Value| {
        let status = &pod["status"]["initContainerStatuses"][0];
        status["restartCount"].as_i64().is_some_and(|count| count >= 2) && status["state"]["running"].is_null()
    };
    let reason = rollout.fail(object, POD, crashed, AT_ONCE).await;
    assert!(plain(&reason).starts_with("pod `web-…`: init container `prepare` crashed (Error, exit code 1), restarted "), "{reason}");
}

#[tokio::test]
async fn a_stateful_set_on_its_way_back_is_blocked_by_its_failed_pod_until_that_is_deleted() {
    let Some(rollout) = Rollout::new().await else { return };
    let set = |image: &str| workload("StatefulSet", image, &json!({ "serviceName": "web", "replicas": 2 }));
    rollout.complete(&[set("web:1")]).await;
    let reason = rollout.fail(set("missing:2"), POD, |pod| waits(pod, "ErrImagePull"), AT_ONCE).await;
    assert!(reason.starts_with("pod `web-1`: container `main` has no image: "), "{reason}");
    let verdicts = rollout.roll(&[set("web:1")]).await;
    assert_eq!(
        verdicts[0].health,
        Health::Failed {
            reason: "pod `web-1` of an older revision is not ready, and is replaced only when it is deleted (for 3 s)".to_owned()
        }
    );
    rollout.api(&super::resource("v1", "Pod")).delete("web-1", &kube::api::DeleteParams::default()).await.unwrap();
    rollout.complete(&[set("web:1")]).await;
}

#[tokio::test]
async fn a_definition_whose_names_are_taken_fails() {
    let Some(rollout) = Rollout::new().await else { return };
    let namespace = rollout.cluster.namespace().to_owned();
    let definition = |plural: &str, kind: &str| super::complete::definition(&format!("{namespace}.example"), plural, kind);
    rollout.complete(&[definition("lamps", "Lamp")]).await;
    let reason = rollout.roll(&[definition("lights", "Lamp")]).await.remove(0).health;
    assert_eq!(reason, Health::Failed { reason: "another definition has its names (ListKindConflict)".to_owned() });
}
