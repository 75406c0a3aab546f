//! What a pod comes to.

use crate::cluster::health::configuration;
use crate::cluster::health::container;
use crate::cluster::health::container::Role;
use crate::cluster::health::live::Live;
use crate::cluster::health::scheduling;
use crate::cluster::health::verdict::Health;
use crate::cluster::token::name_between;
use crate::cluster::token::reason as safe_reason;

/// A container that ended though it should run, or in a way that it should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashedContainer {
    /// Its pod.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// Whether it was started again since, so that the log of its end is that of the container before.
    pub is_previous: bool,
}

/// The verdict on a pod: kstatus' rules for pods (`podConditions`), and of what keeps it from being ready the worst. `events` are those about the pod, oldest
/// first.
///
/// `of_job` says that the pod may end, and that its Job counts how often it failed.
pub(super) fn verdict(pod: Live<'_>, events: &[Live<'_>], of_job: bool) -> Health {
    let named = |reason: &str| format!("pod `{}`: {reason}", pod.name());
    if pod.is_being_removed() {
        return Health::progressing(named("it is being removed"));
    }
    match pod.text("/status/phase") {
        "Succeeded" => return Health::Ready,
        "Failed" => return Health::failed(named(&end(pod))),
        _ if pod.holds("Ready") => return Health::Ready,
        _ => {}
    }
    if let Some(scheduled) = pod.condition("PodScheduled").filter(|condition| condition.status == "False") {
        return match scheduled.reason {
            "SchedulingGated" => Health::progressing(named("its scheduling gates are not open yet")),
            _ => Health::stuck(named(&format!("it cannot be scheduled: {}", scheduling::cause(scheduled.message)))),
        };
    }
    let worst = containers(pod, of_job).map(|(_, health)| health).fold(Health::Ready, Health::or_worse);
    if worst != Health::Ready {
        return worst.reworded(|reason| named(&format!("{reason}{}", probe(events))));
    }
    prepared(pod, events).unwrap_or_else(|| Health::progressing("it is not ready")).reworded(|reason| named(&reason))
}

/// The status of each container with the verdict on it.
fn containers(pod: Live<'_>, of_job: bool) -> impl Iterator<Item = (Live<'_>, Health)> {
    let init = pod.list("/status/initContainerStatuses").map(move |status| {
        // One that always restarts is a sidecar.
        let is_sidecar =
            pod.list("/spec/initContainers").any(|one| one.text("/name") == status.text("/name") && one.text("/restartPolicy") == "Always");
        (status, container::verdict(status, Role { is_init: !is_sidecar, of_job }))
    });
    let main = pod.list("/status/containerStatuses");
    init.chain(main.map(move |status| (status, container::verdict(status, Role { is_init: false, of_job }))))
}

/// The first container of the pod that ended as it should not; `of_job` as in [`verdict`].
pub(super) fn crashed(pod: Live<'_>, of_job: bool) -> Option<CrashedContainer> {
    let is_now = |status: Live<'_>| status.at("/state/terminated").is_some();
    let has_ended = |status: &Live<'_>| is_now(*status) || status.at("/lastState/terminated").is_some();
    let status = if pod.text("/status/phase") == "Failed" {
        failed(pod)
    } else {
        containers(pod, of_job).find(|(status, health)| has_ended(status) && *health != Health::Ready).map(|(status, _)| status)
    }?;
    let (pod, container) = (pod.name().to_owned(), status.text("/name").to_owned());
    Some(CrashedContainer { pod, container, is_previous: !is_now(status) })
}

/// The status of the first container that did not end well.
fn failed(pod: Live<'_>) -> Option<Live<'_>> {
    let mut all = pod.list("/status/initContainerStatuses").chain(pod.list("/status/containerStatuses"));
    all.find(|status| status.count("/state/terminated/exitCode") != 0)
}

/// How a pod that failed ended: its first container that did not end well, or what the kubelet says of the pod, such as `Evicted`.
pub(super) fn end(pod: Live<'_>) -> String {
    match (failed(pod), safe_reason(pod.text("/status/reason"))) {
        (Some(status), _) => format!("container `{}` {}", status.text("/name"), container::end(status)),
        (None, Some(reason)) => format!("it failed ({reason})"),
        (None, None) => "it failed".to_owned(),
    }
}

/// What a node lacks to start the pod's containers. Volumes are mounted before the sandbox is made, so that events about them are over when the
/// condition `PodReadyToStartContainers` holds.
fn prepared(pod: Live<'_>, events: &[Live<'_>]) -> Option<Health> {
    if pod.holds("PodReadyToStartContainers") {
        return None;
    }
    events.iter().rev().find_map(|event| {
        let message = event.text("/message");
        let volume = || name_between(message, "for volume \"", "\"").map_or("a volume".to_owned(), |name| format!("volume `{name}`"));
        match event.text("/reason") {
            "FailedMount" => Some(match configuration::missing(message) {
                Some(health) => health.reworded(|reason| format!("{} cannot be mounted: {reason}", volume())),
                None => Health::stuck(format!("{} cannot be mounted (FailedMount)", volume())),
            }),
            "FailedAttachVolume" => Some(Health::stuck(format!("{} cannot be attached (FailedAttachVolume)", volume()))),
            "FailedCreatePodSandBox" | "NetworkNotReady" => {
                Some(Health::stuck(format!("its network cannot be set up ({})", event.text("/reason"))))
            }
            _ => None,
        }
    })
}

/// Which probe fails, as the kubelet's newest event says; the answers of probes are the program's own and stay behind.
fn probe(events: &[Live<'_>]) -> &'static str {
    let newest = events.iter().rev().find(|event| event.text("/reason") == "Unhealthy");
    match newest.map(|event| event.text("/message")) {
        Some(message) if message.starts_with("Readiness probe") => "; its readiness probe fails",
        Some(message) if message.starts_with("Liveness probe") => "; its liveness probe fails",
        Some(message) if message.starts_with("Startup probe") => "; its startup probe fails",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::verdict;
    use crate::cluster::health::Health;
    use crate::cluster::health::live::Live;

    fn pod(status: &Value) -> Value {
        json!({ "metadata": { "name": "web-1", "uid": "u" }, "status": status })
    }

    fn event(reason: &str, message: &str) -> Value {
        json!({ "involvedObject": { "uid": "u" }, "reason": reason, "message": message })
    }

    #[test]
    fn a_mount_that_failed_counts_until_the_volumes_are_there() {
        let failed = event("FailedMount", "MountVolume.SetUp failed for volume \"v\" : secret \"db\" not found");
        let waits = |ready: &str| {
            pod(&json!({ "phase": "Pending", "conditions": [{ "type": "PodReadyToStartContainers", "status": ready }],
                "containerStatuses": [{ "name": "web", "state": { "waiting": { "reason": "ContainerCreating" } } }] }))
        };
        assert_eq!(
            verdict(Live(&waits("False")), &[Live(&failed)], false),
            Health::stuck("pod `web-1`: volume `v` cannot be mounted: Secret `db` does not exist")
        );
        assert_eq!(verdict(Live(&waits("True")), &[Live(&failed)], false), Health::progressing("pod `web-1`: it is not ready"));
    }

    #[test]
    fn a_probe_that_fails_is_named_and_its_answer_stays_behind() {
        let runs = pod(&json!({ "phase": "Running",
            "containerStatuses": [{ "name": "web", "ready": false, "state": { "running": {} } }] }));
        let unhealthy = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500 hunter2");
        assert_eq!(
            verdict(Live(&runs), &[Live(&unhealthy)], false),
            Health::progressing("pod `web-1`: container `web` runs and is not ready; its readiness probe fails")
        );
    }

    #[test]
    fn a_pod_that_ended_is_ready_or_failed() {
        assert_eq!(verdict(Live(&pod(&json!({ "phase": "Succeeded" }))), &[], false), Health::Ready);
        let failed = pod(&json!({ "phase": "Failed",
            "initContainerStatuses": [{ "name": "migrate", "state": { "terminated": { "exitCode": 2, "reason": "Error" } } }] }));
        assert_eq!(verdict(Live(&failed), &[], false), Health::failed("pod `web-1`: container `migrate` crashed (Error, exit code 2)"));
        let evicted = pod(&json!({ "phase": "Failed", "reason": "Evicted", "message": "hunter2" }));
        assert_eq!(verdict(Live(&evicted), &[], false), Health::failed("pod `web-1`: it failed (Evicted)"));
    }

    #[test]
    fn of_several_containers_the_worst_is_said() {
        let two = pod(&json!({ "phase": "Pending", "containerStatuses": [
            { "name": "a", "ready": false, "state": { "running": {} } },
            { "name": "b", "image": "app:2", "state": { "waiting": { "reason": "InvalidImageName" } } },
        ] }));
        assert_eq!(
            verdict(Live(&two), &[], false),
            Health::failed("pod `web-1`: container `b` has no image: image `app:2` is not a valid name of an image (InvalidImageName)")
        );
        let gated =
            pod(&json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "SchedulingGated" }] }));
        assert_eq!(verdict(Live(&gated), &[], false), Health::progressing("pod `web-1`: its scheduling gates are not open yet"));
    }
}
