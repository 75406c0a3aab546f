//! The verdict on any object, by its kind.

use serde_json::Value;

use crate::cluster::health::batch;
use crate::cluster::health::conditions;
use crate::cluster::health::infrastructure;
use crate::cluster::health::live::Live;
use crate::cluster::health::pod;
use crate::cluster::health::related::Related;
use crate::cluster::health::verdict::Health;
use crate::cluster::health::workload;

/// How far a live object is, by the rules of its kind.
///
/// `object` is as the API server gives it, with `apiVersion` and `kind`. The rules are those of `kubectl rollout status` and of kstatus
/// (sigs.k8s.io/cli-utils, pkg/kstatus/status/core.go); what the pods of the newest revision say is ours.
pub fn health(object: &Value, related: &Related<'_>) -> Health {
    let live = Live(object);
    if live.is_being_removed() && live.kind() != "Namespace" {
        return Health::stuck("it is being removed");
    }
    match (live.group(), live.kind()) {
        ("apps", "Deployment") => workload::deployment(live, related),
        ("apps", "StatefulSet") => workload::stateful_set(live, related),
        ("apps", "DaemonSet") => workload::daemon_set(live, related),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workload::replica_set(live, related),
        ("batch", "Job") => batch::job(live, related),
        ("batch", "CronJob") => Health::Ready,
        ("", "Pod") => pod::verdict(live, related.events.about(live.uid()), false)
            .reworded(|reason| reason.split_once(": ").map_or_else(|| reason.clone(), |(_, rest)| rest.to_owned())),
        ("", "PersistentVolumeClaim") => infrastructure::claim(live, related),
        ("", "Service") => infrastructure::service(live, related),
        ("", "Namespace") => infrastructure::namespace(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => infrastructure::definition(live),
        ("autoscaling", "HorizontalPodAutoscaler") => infrastructure::autoscaler(live),
        ("apiregistration.k8s.io", "APIService") => infrastructure::api_service(live),
        _ => conditions::verdict(live),
    }
}

/// Whether an object of the kind is ready as soon as the API server has it, so that nobody need look at it again.
pub fn is_ready_when_applied(group: &str, kind: &str) -> bool {
    match (group, kind) {
        ("", kind) => {
            matches!(
                kind,
                "ConfigMap"
                    | "Secret"
                    | "ServiceAccount"
                    | "LimitRange"
                    | "ResourceQuota"
                    | "Endpoints"
                    | "PersistentVolume"
                    | "PodTemplate"
            )
        }
        ("batch", kind) => kind == "CronJob",
        ("networking.k8s.io", kind) => matches!(kind, "Ingress" | "IngressClass" | "NetworkPolicy"),
        (
            "rbac.authorization.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
            | "node.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io",
            _,
        ) => true,
        ("admissionregistration.k8s.io", kind) => kind != "ValidatingAdmissionPolicy",
        _ => false,
    }
}
