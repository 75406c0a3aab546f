//! When an object is applied: what others need comes first.

use crate::manifest::Identity;

/// The place of a kind in the order of an apply: what others need has a lower one.
///
/// Files are named by it, so the number of a kind never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phase(u8);

impl Phase {
    /// The phase of an object's kind.
    pub fn of(identity: &Identity) -> Self {
        let (group, kind) = (identity.group(), identity.kind.as_str());
        match PHASES.iter().find(|(_, known, kinds)| *known == group && kinds.contains(&kind)) {
            Some((number, ..)) => Self(*number),
            None if group.contains('.') && !group.ends_with(".k8s.io") => Self(CUSTOM),
            None => Self(LAST),
        }
    }

    /// Whether it is that of kinds that only their API group tells apart.
    pub fn needs_group(self) -> bool {
        self.0 == CUSTOM || self.0 == LAST
    }

    /// Its number, from 0 to 99.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// Custom resources: after what their operators may read, before the workloads that may need what they make.
const CUSTOM: u8 = 60;
/// Kinds of Kubernetes itself that are not in the table.
const LAST: u8 = 99;

/// Number, API group and kinds.
const PHASES: [(u8, &str, &[&str]); 24] = [
    (0, "", &["Namespace"]),
    (5, "apiextensions.k8s.io", &["CustomResourceDefinition"]),
    (10, "scheduling.k8s.io", &["PriorityClass"]),
    (12, "node.k8s.io", &["RuntimeClass"]),
    (15, "", &["ResourceQuota", "LimitRange"]),
    (18, "networking.k8s.io", &["NetworkPolicy"]),
    (20, "", &["ServiceAccount"]),
    (22, "rbac.authorization.k8s.io", &["ClusterRole", "Role"]),
    (24, "rbac.authorization.k8s.io", &["ClusterRoleBinding", "RoleBinding"]),
    (30, "", &["ConfigMap"]),
    (32, "", &["Secret"]),
    (40, "storage.k8s.io", &["CSIDriver", "StorageClass"]),
    (42, "", &["PersistentVolume"]),
    (44, "", &["PersistentVolumeClaim"]),
    (50, "", &["Service"]),
    (70, "apps", &["DaemonSet"]),
    (72, "", &["Pod", "ReplicationController"]),
    (74, "apps", &["ReplicaSet", "Deployment"]),
    (76, "apps", &["StatefulSet"]),
    (78, "batch", &["Job", "CronJob"]),
    (80, "policy", &["PodDisruptionBudget"]),
    (82, "autoscaling", &["HorizontalPodAutoscaler"]),
    (84, "networking.k8s.io", &["IngressClass"]),
    (86, "networking.k8s.io", &["Ingress"]),
];
