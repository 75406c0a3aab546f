//! Workloads that keep pods running.

use crate::cluster::admission::Denial;
use crate::cluster::health::live::Live;
use crate::cluster::health::pod;
use crate::cluster::health::related::Related;
use crate::cluster::health::verdict::Health;
use crate::cluster::token::name_between;

/// A Deployment, as `kubectl rollout status` judges it (`kubectl/pkg/polymorphichelpers/rollout_status.go`): the status is current, all replicas are
/// of the newest template, the old ones are gone, the new ones are available.
///
/// A paused Deployment is as its manifest says. `ProgressDeadlineExceeded` counts for the ReplicaSet that its message names: the controller keeps
/// the condition of an older one until it sees progress (controller/deployment/progress.go).
pub(super) fn deployment(live: Live<'_>, related: &Related<'_>) -> Health {
    if !live.is_observed() {
        return unobserved();
    }
    if live.is_set("/spec/paused") {
        return Health::Ready;
    }
    let wanted = live.count_or("/spec/replicas", 1);
    let status = |name: &str| live.count(&format!("/status/{name}"));
    let (replicas, updated, available) = (status("replicas"), status("updatedReplicas"), status("availableReplicas"));
    let reason = if updated < wanted {
        format!("{updated} of {wanted} pods updated")
    } else if replicas > updated {
        format!("{} to be removed", old_pods(replicas - updated))
    } else if available < updated {
        format!("{available} of {updated} pods available")
    } else {
        return Health::Ready;
    };
    let pods = worst_pod(related, false);
    let obstacle = refused_in_condition(live).or_worse(pods);
    let late = live.condition("Progressing").filter(|condition| condition.reason == "ProgressDeadlineExceeded");
    let is_late = late.is_some_and(|condition| match (related.replica_set, named_replica_set(condition.message)) {
        (Some(newest), Some(named)) => newest == named,
        _ => true,
    });
    if is_late && !obstacle.has_failed() {
        let seconds = live.count_or("/spec/progressDeadlineSeconds", 600);
        return Health::failed(format!("no progress within {seconds} s: {}", obstacle.reason().unwrap_or(&reason)));
    }
    explained(reason, obstacle)
}

/// The ReplicaSet in `ReplicaSet "web-66f5c84565" has timed out progressing.`
fn named_replica_set(message: &str) -> Option<&str> {
    name_between(message, "ReplicaSet \"", "\"")
}

/// A StatefulSet, as `kubectl rollout status` judges it, and as kstatus does with `OnDelete`: pods are replaced when somebody deletes them, so
/// only their number and readiness count. With a partition, those above it have to be of the newest revision.
pub(super) fn stateful_set(live: Live<'_>, related: &Related<'_>) -> Health {
    if !live.is_observed() || live.count("/status/observedGeneration") == 0 {
        return unobserved();
    }
    let wanted = live.count_or("/spec/replicas", 1);
    let ready = live.count("/status/readyReplicas");
    let available = live.count_or("/status/availableReplicas", ready).min(ready);
    let updated = live.count("/status/updatedReplicas");
    let rolls = live.text("/spec/updateStrategy/type") != "OnDelete";
    let to_update = if rolls { (wanted - live.count("/spec/updateStrategy/rollingUpdate/partition")).max(0) } else { 0 };
    let reason = if updated < to_update {
        format!("{updated} of {to_update} pods updated")
    } else if available < wanted {
        format!("{available} of {wanted} pods available")
    } else if live.count("/status/replicas") > wanted {
        format!("{} to be removed", old_pods(live.count("/status/replicas") - wanted))
    } else {
        return Health::Ready;
    };
    if let Some(pod) = related.blocking.first() {
        let what = format!("pod `{pod}` of an older revision is not ready, and is replaced only when it is deleted");
        return explained(reason, Health::stuck(what).or_worse(worst_pod(related, false)));
    }
    explained(reason, refused_in_events(live, related).or_worse(worst_pod(related, false)))
}

/// A DaemonSet, as `kubectl rollout status` judges it; with `OnDelete` old pods count as well as new ones.
pub(super) fn daemon_set(live: Live<'_>, related: &Related<'_>) -> Health {
    if !live.is_observed() || live.count("/status/observedGeneration") == 0 {
        return unobserved();
    }
    let wanted = live.count("/status/desiredNumberScheduled");
    let (updated, available) = (live.count("/status/updatedNumberScheduled"), live.count("/status/numberAvailable"));
    let rolls = live.text("/spec/updateStrategy/type") != "OnDelete";
    let reason = if rolls && updated < wanted {
        format!("{updated} of {wanted} pods updated")
    } else if available < wanted {
        format!("{available} of {wanted} pods available")
    } else {
        return Health::Ready;
    };
    explained(reason, refused_in_events(live, related).or_worse(worst_pod(related, false)))
}

/// A ReplicaSet or a ReplicationController, as kstatus judges it (`replicasetConditions`).
pub(super) fn replica_set(live: Live<'_>, related: &Related<'_>) -> Health {
    if !live.is_observed() {
        return unobserved();
    }
    let wanted = live.count_or("/spec/replicas", 1);
    let (replicas, available) = (live.count("/status/replicas"), live.count("/status/availableReplicas"));
    if available >= wanted && replicas <= wanted {
        return Health::Ready;
    }
    explained(format!("{available} of {wanted} pods available"), refused_in_condition(live).or_worse(worst_pod(related, false)))
}

/// The worst of the pods. One that failed as a whole, such as an evicted one, is replaced by its controller.
pub(super) fn worst_pod(related: &Related<'_>, of_job: bool) -> Health {
    let pods = related.pods.iter().copied().map(Live).filter(|pod| pod.text("/status/phase") != "Failed" && !pod.is_being_removed());
    pods.map(|pod| pod::verdict(pod, related.events.about(pod.uid()), of_job)).fold(Health::Ready, Health::or_worse)
}

/// Why a controller is refused its pods: its condition `ReplicaFailure`.
fn refused_in_condition(live: Live<'_>) -> Health {
    let refused = live.condition("ReplicaFailure").filter(|condition| condition.status == "True");
    refused.map_or(Health::Ready, |condition| refused_pods(condition.message))
}

/// Why a controller without the condition `ReplicaFailure` is refused its pods: its newest event `FailedCreate`.
pub(super) fn refused_in_events(live: Live<'_>, related: &Related<'_>) -> Health {
    let newest = related.events.about(live.uid()).iter().rfind(|event| event.text("/reason") == "FailedCreate");
    newest.map_or(Health::Ready, |event| refused_pods(event.text("/message")))
}

/// The verdict on a controller whose pods the API server refuses, out of the server's message.
fn refused_pods(message: &str) -> Health {
    match Denial::of(message) {
        None => Health::stuck("the API server refuses its pods"),
        Some(denial) if denial.may_pass() => Health::stuck(denial.reason("its pods")),
        Some(denial) => Health::failed(denial.reason("its pods")),
    }
}

pub(super) fn unobserved() -> Health {
    Health::progressing("its controller has not seen the change yet")
}

/// The obstacle where there is one; what is counted before the pod that the count waits for.
pub(super) fn explained(counted: String, obstacle: Health) -> Health {
    match obstacle {
        Health::Ready => Health::Progressing { reason: counted },
        Health::Progressing { reason } => Health::Progressing { reason: format!("{counted}; {reason}") },
        obstacle => obstacle,
    }
}

fn old_pods(count: i64) -> String {
    if count == 1 { "1 old pod".to_owned() } else { format!("{count} old pods") }
}
