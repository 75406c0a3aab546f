//! Kinds that Kubernetes does not have, where a slip is likely.

use crate::manifest::Node;
use crate::manifest::Object;
use crate::stage::check::say::Say;
use crate::suggest::suggest;

/// Checks the kind of an object of a common group of Kubernetes. A kind that is near to none is left: it may be newer than cloze.
pub(super) fn check<B>(say: &mut Say<'_, B>) {
    let identity = &say.object.identity;
    let (group, kind) = (identity.group(), identity.kind.as_str());
    let Some((_, known)) = KINDS.iter().find(|(of, _)| *of == group) else { return };
    if known.contains(&kind) {
        return;
    }
    let mark = |key: &str| say.object.root.get(key).map_or(say.object.root.mark, |node: &Node<B>| node.mark);
    let version = &identity.api_version;
    if let Some((home, _)) = KINDS.iter().find(|(_, kinds)| kinds.contains(&kind)) {
        let next = if home.is_empty() { "write `apiVersion: v1`".to_owned() } else { format!("write `apiVersion: {home}/v1`") };
        say.problem(mark("apiVersion"), format!("Kubernetes has no {kind} in `{version}`"), next);
    } else if let Some(near) = meant(say.object) {
        say.problem(mark("kind"), format!("Kubernetes has no kind `{kind}` in `{version}`"), format!("write `{near}`"));
    }
}

/// The kind of the object's group that was probably meant, where it has none of that name.
pub(super) fn meant<B>(object: &Object<B>) -> Option<&'static str> {
    let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
    let (_, known) = KINDS.iter().find(|(of, _)| *of == group)?;
    let elsewhere = KINDS.iter().any(|(_, kinds)| kinds.contains(&kind));
    suggest(kind, known.iter().copied()).filter(|_| !elsewhere)
}

/// The kinds that people write, by group (kubernetes/api).
const KINDS: [(&str, &[&str]); 7] = [
    (
        "",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("apps", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling", &["HorizontalPodAutoscaler", "Scale"]),
    ("batch", &["CronJob", "Job"]),
    ("networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"]),
    ("policy", &["Eviction", "PodDisruptionBudget", "PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use crate::reference::sample::object;
    use crate::stage::check::shape;

    fn said(api: &str, kind: &str) -> Vec<(String, String)> {
        let problems = shape(&[object::<Infallible>(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}}))]);
        problems.into_iter().map(|problem| (problem.reason, problem.next)).collect()
    }

    fn pair(reason: &str, next: &str) -> Vec<(String, String)> {
        vec![(reason.to_owned(), next.to_owned())]
    }

    #[test]
    fn a_slip_finds_its_kind() {
        assert_eq!(said("v1", "Secert"), pair("Kubernetes has no kind `Secert` in `v1`", "write `Secret`"));
        assert_eq!(said("v1", "Configmap"), pair("Kubernetes has no kind `Configmap` in `v1`", "write `ConfigMap`"));
        assert_eq!(said("apps/v1", "Deploymnt"), pair("Kubernetes has no kind `Deploymnt` in `apps/v1`", "write `Deployment`"));
        assert_eq!(said("v1", "Deployment"), pair("Kubernetes has no Deployment in `v1`", "write `apiVersion: apps/v1`"));
        assert_eq!(said("apps/v1", "ConfigMap"), pair("Kubernetes has no ConfigMap in `apps/v1`", "write `apiVersion: v1`"));
    }

    #[test]
    fn kinds_that_are_not_near_and_custom_ones_are_left() {
        for (api, kind) in [("v1", "Galaxy"), ("example.com/v1", "Secert"), ("serving.knative.dev/v1", "Service"), ("batch/v1", "Job")] {
            assert!(said(api, kind).is_empty(), "{kind}");
        }
    }
}
