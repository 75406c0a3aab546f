//! What else the cluster has that tells of an object.

use std::collections::HashMap;

use serde_json::Value;

use crate::cluster::health::live::Live;
use crate::cluster::health::pod;
use crate::cluster::health::pod::CrashedContainer;

/// What belongs to an object. Without it a verdict rests on the object's own status.
#[derive(Debug, Default)]
pub struct Related<'a> {
    /// The pods of its newest revision.
    pub pods: Vec<&'a Value>,
    /// The events (core/v1) about the object, its newest ReplicaSet and these pods.
    pub(super) events: Events<'a>,
    /// The name of a Deployment's newest ReplicaSet.
    pub replica_set: Option<&'a str>,
    /// The pods of a StatefulSet that are of an older revision and not ready: its controller waits for them to become ready before it replaces them,
    /// so that one that never does has to be deleted (kubernetes.io/docs/concepts/workloads/controllers/statefulset, forced rollback).
    pub blocking: Vec<&'a str>,
}

/// Events, by the uid of what they are about.
#[derive(Debug, Default)]
pub(super) struct Events<'a>(HashMap<&'a str, Vec<Live<'a>>>);

impl<'a> Events<'a> {
    /// The events about what has the uid, oldest first.
    pub(super) fn about(&self, uid: &str) -> &[Live<'a>] {
        self.0.get(uid).map(Vec::as_slice).unwrap_or_default()
    }
}

impl<'a> FromIterator<&'a Value> for Events<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Value>>(events: I) -> Self {
        let mut of = Self(by_uid(events, |event| event.text("/involvedObject/uid")));
        of.0.values_mut().for_each(|events| events.sort_by_cached_key(|event| last_seen(*event).to_owned()));
        of
    }
}

/// When an event was seen last: `lastTimestamp`, or `eventTime` where it has that alone.
fn last_seen(event: Live<'_>) -> &str {
    ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"].map(|place| event.text(place)).into_iter().max().unwrap_or_default()
}

/// Pods, ReplicaSets and events of a namespace, by what they belong to: what tells of one object is found without a look at all of them.
#[derive(Debug, Default)]
pub struct Neighbors<'a> {
    pods: HashMap<&'a str, Vec<Live<'a>>>,
    replica_sets: HashMap<&'a str, Vec<Live<'a>>>,
    events: Events<'a>,
}

impl<'a> Neighbors<'a> {
    /// These pods, ReplicaSets and events.
    pub fn of(
        pods: impl IntoIterator<Item = &'a Value>,
        replica_sets: impl IntoIterator<Item = &'a Value>,
        events: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        let (pods, replica_sets) = (by_uid(pods, Live::controller), by_uid(replica_sets, Live::controller));
        Self { pods, replica_sets, events: events.into_iter().collect() }
    }

    /// What belongs to `object` among them.
    ///
    /// The newest revision is that of the Deployment's annotation `deployment.kubernetes.io/revision`, of a StatefulSet's `status.updateRevision` and of
    /// a DaemonSet's annotation `deprecated.daemonset.template.generation`, which its pods bear as a label (controller/daemon/util).
    pub fn related(&self, object: &Value) -> Related<'a> {
        let live = Live(object);
        let owned = || self.pods.get(live.uid()).into_iter().flatten().copied();
        let mut related = Related::default();
        match live.kind() {
            "Deployment" => {
                let Some(newest) = self.newest(live) else { return related };
                related.replica_set = Some(newest.name());
                related.pods = self.pods.get(newest.uid()).into_iter().flatten().map(|pod| pod.0).collect();
                self.tell(&mut related, newest.uid());
            }
            "StatefulSet" => {
                let revision = live.text("/status/updateRevision");
                let is_newest = |pod: &Live<'_>| pod.text("/metadata/labels/controller-revision-hash") == revision;
                related.pods = owned().filter(is_newest).map(|pod| pod.0).collect();
                let older = owned().filter(|pod| !is_newest(pod));
                related.blocking = older.filter(|pod| !pod.holds("Ready") && !pod.is_being_removed()).map(Live::name).collect();
            }
            "DaemonSet" => {
                let generation = live.text("/metadata/annotations/deprecated.daemonset.template.generation");
                let is_newest = |pod: &Live<'_>| pod.text("/metadata/labels/pod-template-generation") == generation;
                related.pods = owned().filter(is_newest).map(|pod| pod.0).collect();
            }
            _ => related.pods = owned().map(|pod| pod.0).collect(),
        }
        self.tell(&mut related, live.uid());
        for pod in related.pods.clone() {
            self.tell(&mut related, Live(pod).uid());
        }
        related
    }

    /// Adds the events about what has the uid.
    fn tell(&self, related: &mut Related<'a>, uid: &str) {
        if let Some((uid, events)) = self.events.0.get_key_value(uid) {
            related.events.0.insert(uid, events.clone());
        }
    }

    /// The ReplicaSet of a Deployment's newest template. Each change of the template gives its ReplicaSet the next revision, also where it
    /// exists already from an earlier release.
    fn newest(&self, deployment: Live<'_>) -> Option<Live<'a>> {
        let revision = |live: Live<'_>| live.count("/metadata/annotations/deployment.kubernetes.io~1revision");
        let current = revision(deployment);
        let own = self.replica_sets.get(deployment.uid()).into_iter().flatten().copied();
        own.filter(|set| revision(*set) == current).max_by_key(|set| set.name())
    }
}

impl Related<'_> {
    /// The container whose end keeps `object` from being ready, of the pod that the verdict names: the first of the worst, and of a Job the last one
    /// that failed.
    pub(super) fn crashed(&self, object: &Value) -> Option<CrashedContainer> {
        let is_job = Live(object).kind() == "Job";
        let own = (Live(object).kind() == "Pod").then_some(object);
        let pods = own.into_iter().chain(self.pods.iter().copied()).map(Live);
        let mut found: Option<(u8, CrashedContainer)> = None;
        for pod in pods.filter(|pod| !pod.is_being_removed()) {
            let Some(crashed) = pod::crashed(pod, is_job) else { continue };
            let rank = pod::verdict(pod, self.events.about(pod.uid()), is_job).rank();
            if found.as_ref().is_none_or(|(worst, _)| rank > *worst || is_job && rank == *worst) {
                found = Some((rank, crashed));
            }
        }
        found.map(|(_, crashed)| crashed)
    }
}

/// The objects by a uid that each of them names; those that name none are left out.
fn by_uid<'a>(objects: impl IntoIterator<Item = &'a Value>, uid: impl Fn(Live<'a>) -> &'a str) -> HashMap<&'a str, Vec<Live<'a>>> {
    let mut found: HashMap<&str, Vec<Live<'a>>> = HashMap::new();
    for object in objects.into_iter().map(Live) {
        let uid = uid(object);
        if !uid.is_empty() {
            found.entry(uid).or_default().push(object);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::Neighbors;
    use crate::cluster::health::Health;
    use crate::cluster::health::health;
    use crate::cluster::health::live::READS;
    use crate::cluster::health::pod::CrashedContainer;

    /// Deployments, their ReplicaSets, pods that are not ready, and two events about each pod.
    fn scene(deployments: usize, pods: usize) -> [Vec<Value>; 4] {
        let [mut objects, mut sets, mut made, mut events] = [(); 4].map(|()| Vec::new());
        let metadata = |kind: &str, owner: &str, number: usize| {
            let (uid, revision) = (format!("{kind}-{number}"), json!({ "deployment.kubernetes.io/revision": "1" }));
            json!({ "name": uid, "uid": uid, "annotations": revision, "ownerReferences": [{ "controller": true, "uid": owner }] })
        };
        let status = json!({ "phase": "Running", "containerStatuses": [{ "name": "main", "ready": false, "state": { "running": {} } }] });
        for number in 0..deployments {
            objects.push(json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("web", "", number), "spec": { "replicas": pods } }));
            sets.push(json!({ "metadata": metadata("set", &format!("web-{number}"), number) }));
            for pod in number * pods..(number + 1) * pods {
                made.push(json!({ "metadata": metadata("pod", &format!("set-{number}"), pod), "status": status }));
                for reason in ["Unhealthy", "BackOff"] {
                    events.push(
                        json!({ "involvedObject": { "uid": format!("pod-{pod}") }, "reason": reason, "message": "Readiness probe failed" }),
                    );
                }
            }
        }
        [objects, sets, made, events]
    }

    /// How much is read to judge them all.
    fn work(deployments: usize, pods: usize) -> usize {
        let [objects, sets, made, events] = scene(deployments, pods);
        let before = READS.get();
        let neighbors = Neighbors::of(&made, &sets, &events);
        for object in &objects {
            let verdict = health(object, &neighbors.related(object));
            assert!(matches!(&verdict, Health::Progressing { reason } if reason.ends_with("its readiness probe fails")), "{verdict:?}");
        }
        READS.get() - before
    }

    #[test]
    fn twice_as_many_pods_are_twice_the_work() {
        for (small, large) in [((20, 3), (40, 3)), ((1, 60), (1, 120))] {
            let (small, large) = (work(small.0, small.1), work(large.0, large.1));
            assert!(large <= 2 * small + 20, "{small} {large}");
        }
    }

    #[test]
    fn the_container_that_crashed_is_that_of_the_pod_that_the_verdict_names() {
        let pod = |name: &str, status: Value| json!({ "kind": "Pod", "metadata": { "name": name, "uid": name, "ownerReferences": [{ "controller": true, "uid": "u" }] }, "status": status });
        let ended = |state: &str| json!({ state: { "terminated": { "exitCode": 1, "reason": "Error" } } });
        let container = |name: &str, restarts: usize, more: &Value| {
            let mut one = json!({ "name": name, "restartCount": restarts, "ready": false });
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            one
        };
        let crash_loop =
            json!({ "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": { "terminated": { "exitCode": 1 } } });
        let pods = [
            pod(
                "well",
                json!({ "phase": "Running", "containerStatuses": [{ "name": "main", "ready": true, "state": { "running": {} } }] }),
            ),
            pod("once", json!({ "phase": "Running", "containerStatuses": [container("main", 1, &ended("state"))] })),
            pod(
                "often",
                json!({ "phase": "Running", "containerStatuses": [
                container("beside", 0, &json!({ "state": { "running": {} } })), container("main", 3, &crash_loop)] }),
            ),
            pod("failed", json!({ "phase": "Failed", "containerStatuses": [container("main", 0, &ended("state"))] })),
        ];
        let crashed = |kind: &str, pods: &[Value]| {
            let object = json!({ "kind": kind, "metadata": { "uid": "u" } });
            Neighbors::of(pods, [], []).related(&object).crashed(&object)
        };
        let of = |pod: &str, is_previous| Some(CrashedContainer { pod: pod.to_owned(), container: "main".to_owned(), is_previous });
        assert_eq!(crashed("ReplicaSet", &pods[..1]), None);
        assert_eq!(crashed("ReplicaSet", &pods[..2]), of("once", false));
        assert_eq!(crashed("ReplicaSet", &pods[..3]), of("often", true));
        assert_eq!(crashed("Job", &[pods[3].clone(), pods[1].clone()]), of("failed", false));
        assert_eq!(Neighbors::default().related(&pods[1]).crashed(&pods[1]), of("once", false));
    }
}
