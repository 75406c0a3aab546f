//! What else the cluster has that tells of an object.

use serde_json::Value;

use crate::cluster::health::live::Live;

/// What belongs to an object. Without it a verdict rests on the object's own status.
#[derive(Debug, Default)]
pub struct Related<'a> {
    /// The pods of its newest revision.
    pub pods: Vec<&'a Value>,
    /// The events (core/v1) about the object, its newest ReplicaSet and these pods, oldest first.
    pub events: Vec<&'a Value>,
    /// The name of a Deployment's newest ReplicaSet.
    pub replica_set: Option<&'a str>,
    /// The pods of a StatefulSet that are of an older revision and not ready: its controller waits for them to become ready before it replaces them,
    /// so that one that never does has to be deleted (kubernetes.io/docs/concepts/workloads/controllers/statefulset, forced rollback).
    pub blocking: Vec<&'a str>,
}

impl<'a> Related<'a> {
    /// What belongs to `object` among the `pods`, `replica_sets` and `events` of its namespace.
    ///
    /// The newest revision is that of the Deployment's annotation `deployment.kubernetes.io/revision`, of a StatefulSet's `status.updateRevision` and of
    /// a DaemonSet's annotation `deprecated.daemonset.template.generation`, which its pods bear as a label (controller/daemon/util).
    pub fn of(object: &Value, pods: &[&'a Value], replica_sets: &[&'a Value], events: &[&'a Value]) -> Self {
        let live = Live(object);
        let owned = || pods.iter().copied().filter(|pod| !live.uid().is_empty() && Live(pod).controller() == live.uid());
        let mut related = Self::default();
        let mut about = vec![live.uid()];
        match live.kind() {
            "Deployment" => {
                let Some(newest) = newest(live, replica_sets) else { return related };
                related.replica_set = Some(newest.name());
                related.pods = pods.iter().copied().filter(|pod| Live(pod).controller() == newest.uid()).collect();
                about.push(newest.uid());
            }
            "StatefulSet" => {
                let revision = live.text("/status/updateRevision");
                let is_newest = |pod: &&Value| Live(pod).text("/metadata/labels/controller-revision-hash") == revision;
                related.pods = owned().filter(is_newest).collect();
                let older = owned().filter(|pod| !is_newest(pod)).map(Live);
                related.blocking = older.filter(|pod| !pod.holds("Ready") && !pod.is_being_removed()).map(Live::name).collect();
            }
            "DaemonSet" => {
                let generation = live.text("/metadata/annotations/deprecated.daemonset.template.generation");
                let is_newest = |pod: &&Value| Live(pod).text("/metadata/labels/pod-template-generation") == generation;
                related.pods = owned().filter(is_newest).collect();
            }
            _ => related.pods = owned().collect(),
        }
        about.extend(related.pods.iter().map(|pod| Live(pod).uid()));
        related.events = events.iter().copied().filter(|event| about.contains(&Live(event).text("/involvedObject/uid"))).collect();
        related
    }
}

/// The ReplicaSet of a Deployment's newest template. Each change of the template gives its ReplicaSet the next revision, also where it
/// exists already from an earlier release.
fn newest<'a>(deployment: Live<'_>, replica_sets: &[&'a Value]) -> Option<Live<'a>> {
    let revision = |live: Live<'_>| live.count("/metadata/annotations/deployment.kubernetes.io~1revision");
    let current = revision(deployment);
    let own = replica_sets.iter().copied().map(Live).filter(|set| set.controller() == deployment.uid());
    own.filter(|set| revision(*set) == current).max_by_key(|set| set.name())
}
