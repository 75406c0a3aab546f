//! For tests: verdicts on what a control plane of Kubernetes 1.36 really said. Each file of `facts` has one object, and the pods, ReplicaSets
//! and warnings of its namespace, cut down to what is read.

use serde_json::Value;
use serde_json::from_str;
use serde_json::json;

use crate::cluster::health::Health;
use crate::cluster::health::Neighbors;
use crate::cluster::health::Related;
use crate::cluster::health::health;

macro_rules! fact {
    ($name:literal) => {
        from_str::<Value>(include_str!(concat!("facts/", $name, ".json"))).unwrap()
    };
}

fn list<'a>(fact: &'a Value, name: &str) -> Vec<&'a Value> {
    fact[name].as_array().unwrap().iter().collect()
}

/// The verdict with all that is known.
fn judged(fact: &Value) -> Health {
    let object = &fact["object"];
    let related = Neighbors::of(list(fact, "pods"), list(fact, "replicaSets"), list(fact, "events")).related(object);
    health(object, &related)
}

#[test]
fn a_rollout_that_failed_is_explained_by_the_pods_of_its_newest_revision() {
    for (fact, expected) in [
        (fact!("crash"), "pod `web-66f5c84565-mvp7h`: container `web` crashed (Error, exit code 1), restarted 3 times"),
        (
            fact!("image"),
            "pod `web-5fc94b6fb6-d6fsh`: container `web` has no image: image `missing:2` cannot be pulled: not found (ErrImagePull)",
        ),
        (
            fact!("missing-key"),
            "pod `web-b85b989c-x65db`: container `web` cannot be configured: ConfigMap `kube-root-ca.crt` has no key `nowhere`",
        ),
        (
            fact!("missing-config"),
            "no progress within 20 s: pod `web-5465f55699-fglwb`: container `web` cannot be configured: Secret `nowhere` does not exist",
        ),
        (
            fact!("missing-volume"),
            "no progress within 20 s: pod `web-5bf59dd4f7-nbrkq`: volume `v` cannot be mounted: ConfigMap `nowhere` does not exist",
        ),
        (fact!("unready"), "no progress within 20 s: pod `web-85495979b8-v8pmt`: container `web` runs and is not ready"),
        (
            fact!("unschedulable"),
            "no progress within 20 s: pod `web-6c86f86d69-hfpc8`: it cannot be scheduled: not enough cpu, nodes are cordoned",
        ),
        (fact!("quota-pods"), "no progress within 20 s: the quota `pods` is used up (pods)"),
        (fact!("security"), "the Pod Security level `restricted` of the namespace forbids its pods"),
    ] {
        assert_eq!(judged(&fact), Health::failed(expected));
    }
}

#[test]
fn what_can_be_cured_is_stuck_until_the_cluster_gives_up() {
    for (mut fact, expected) in [
        (fact!("missing-config"), "pod `web-5465f55699-fglwb`: container `web` cannot be configured: Secret `nowhere` does not exist"),
        (fact!("missing-volume"), "pod `web-5bf59dd4f7-nbrkq`: volume `v` cannot be mounted: ConfigMap `nowhere` does not exist"),
        (fact!("unschedulable"), "pod `web-6c86f86d69-hfpc8`: it cannot be scheduled: not enough cpu, nodes are cordoned"),
        (fact!("quota-pods"), "the quota `pods` is used up (pods)"),
    ] {
        let conditions = fact["object"]["status"]["conditions"].as_array_mut().unwrap();
        conditions.retain(|condition| condition["reason"] != "ProgressDeadlineExceeded");
        assert_eq!(judged(&fact), Health::stuck(expected));
    }
}

#[test]
fn the_status_of_an_older_generation_says_nothing() {
    for mut fact in [fact!("crash"), fact!("rollout"), fact!("stateful-complete"), fact!("daemon-complete")] {
        let generation = fact["object"]["metadata"]["generation"].as_i64().unwrap();
        fact["object"]["metadata"]["generation"] = json!(generation + 1);
        assert_eq!(judged(&fact), Health::progressing("its controller has not seen the change yet"));
    }
}

#[test]
fn a_deadline_that_an_older_replica_set_exceeded_does_not_count() {
    // As it is for a moment when a Deployment of one replica goes back: the condition is the old one, the status is observed.
    let mut fact = fact!("unready");
    fact["object"]["status"]["conditions"] = json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet \"web-of-before\" has timed out progressing." }]);
    assert!(matches!(judged(&fact), Health::Progressing { .. }), "{:?}", judged(&fact));
    // Without its ReplicaSets it is believed.
    assert!(health(&fact["object"], &Related::default()).has_failed());
}

#[test]
fn what_is_complete_is_ready() {
    for fact in [
        fact!("rollout"),
        fact!("crash-back"),
        fact!("paused"),
        fact!("stateful-complete"),
        fact!("daemon-complete"),
        fact!("job-complete"),
    ] {
        assert_eq!(judged(&fact), Health::Ready, "{fact}");
    }
}

#[test]
fn a_deployment_is_counted_as_kubectl_counts() {
    let mut fact = fact!("rollout");
    for (status, expected) in [
        (json!({ "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2 }), Health::progressing("1 of 2 pods updated")),
        (json!({ "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3 }), Health::progressing("1 old pod to be removed")),
        (json!({ "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1 }), Health::progressing("1 of 2 pods available")),
        // Recreate: the old pods go first.
        (json!({}), Health::progressing("0 of 2 pods updated")),
        (json!({ "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 }), Health::Ready),
    ] {
        fact["object"]["status"] = status;
        fact["object"]["status"]["observedGeneration"] = fact["object"]["metadata"]["generation"].clone();
        fact["pods"] = json!([]);
        assert_eq!(judged(&fact), expected);
    }
    fact["object"]["spec"]["replicas"] = json!(0);
    fact["object"]["status"] = json!({ "observedGeneration": 9, "replicas": 2 });
    assert_eq!(judged(&fact), Health::progressing("2 old pods to be removed"));
    fact["object"]["status"] = json!({ "observedGeneration": 9 });
    assert_eq!(judged(&fact), Health::Ready, "scaled to zero");
}

#[test]
fn a_stateful_set_waits_for_its_newest_pods_and_names_one_that_blocks_it() {
    assert_eq!(
        judged(&fact!("stateful-stuck")),
        Health::failed("pod `web-1`: container `web` has no image: image `missing:2` cannot be pulled: not found (ErrImagePull)")
    );
    let back = fact!("stateful-back");
    assert_eq!(judged(&back), Health::stuck("pod `web-1` of an older revision is not ready, and is replaced only when it is deleted"));
    let related = Neighbors::of(list(&back, "pods"), [], []).related(&back["object"]);
    assert_eq!(related.blocking, ["web-1"]);
}

#[test]
fn the_strategy_of_a_stateful_set_says_which_pods_have_to_be_new() {
    let mut fact = fact!("stateful-complete");
    fact["object"]["spec"]["replicas"] = json!(3);
    let status = |updated: i64| json!({ "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "updatedReplicas": updated });
    for (strategy, updated, expected) in [
        (json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }), 2, Health::progressing("2 of 3 pods updated")),
        (json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } }), 0, Health::progressing("0 of 1 pods updated")),
        (json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } }), 1, Health::Ready),
        (json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 5 } }), 0, Health::Ready),
        (json!({ "type": "OnDelete" }), 0, Health::Ready),
    ] {
        fact["object"]["spec"]["updateStrategy"] = strategy;
        fact["object"]["status"] = status(updated);
        assert_eq!(judged(&fact), expected);
    }
    fact["object"]["status"]["availableReplicas"] = json!(2);
    assert_eq!(judged(&fact), Health::progressing("2 of 3 pods available"), "minReadySeconds are not over");
}

#[test]
fn a_set_without_pods_is_stuck_where_its_events_say_why() {
    let mut fact = fact!("stateful-complete");
    fact["object"]["status"] = json!({ "observedGeneration": 1, "replicas": 0 });
    fact["events"] = json!([{ "involvedObject": { "uid": fact["object"]["metadata"]["uid"] }, "reason": "FailedCreate",
        "message": "create Pod web-0 in StatefulSet web failed error: pods \"web-0\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=2, limited: pods=2" }]);
    assert_eq!(judged(&fact), Health::stuck("the quota `pods` is used up (pods)"));
}

#[test]
fn a_daemon_set_is_ready_when_every_node_has_its_newest_pod() {
    assert_eq!(judged(&fact!("daemon-stuck")), Health::progressing("1 of 2 pods updated"));
    let mut fact = fact!("daemon-stuck");
    let uid = fact["object"]["metadata"]["uid"].clone();
    let pod = |name: &str, generation: &str| {
        json!({ "metadata": { "name": name, "uid": name, "labels": { "pod-template-generation": generation },
            "ownerReferences": [{ "controller": true, "uid": uid }] },
            "status": { "phase": "Running", "containerStatuses": [{ "name": "web", "restartCount": 4, "state": { "terminated": { "exitCode": 1, "reason": "Error" } } }] } })
    };
    fact["pods"] = json!([pod("old", "1")]);
    assert_eq!(judged(&fact), Health::progressing("1 of 2 pods updated"), "an old pod that crashes does not count");
    fact["pods"] = json!([pod("old", "1"), pod("new", "2")]);
    assert_eq!(judged(&fact), Health::failed("pod `new`: container `web` crashed (Error, exit code 1), restarted 4 times"));
}

#[test]
fn a_failed_job_says_so() {
    assert_eq!(judged(&fact!("job-failed")), Health::failed("its pod failed"));
}

#[test]
fn what_is_being_removed_is_stuck() {
    let mut fact = fact!("rollout");
    fact["object"]["metadata"]["deletionTimestamp"] = json!("2026-11-29T17:29:26Z");
    assert_eq!(judged(&fact), Health::stuck("it is being removed"));
}
