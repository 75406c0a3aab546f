//! Fields that a cluster never lets change, against those of the release before.

use std::collections::HashMap;
use std::convert::Infallible;

use crate::history::History;
use crate::history::RecordedManifest;
use crate::history::Release;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::read;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::diff::Change;
use crate::workflow::build::Built;
use crate::workflow::document::written;

/// Warnings of the manifests that will not apply over those of `before`. Opens the packs of those manifests only that changed.
pub(crate) async fn of_built(history: &History<'_>, before: Option<&Release>, built: &Built) -> Result<Vec<Problem>, Problem> {
    let recorded: HashMap<&Identity, &RecordedManifest> = before
        .iter()
        .flat_map(|release| &release.body.manifests)
        .filter(|manifest| rows(&manifest.identity).next().is_some())
        .map(|manifest| (&manifest.identity, manifest))
        .collect();
    let changed = built.manifests.iter().filter_map(|built| {
        let recorded = recorded.get(&built.identity)?;
        (!history.is_recorded_as(recorded, built.bytes.expose())).then_some((*recorded, built))
    });
    let (recorded, changed): (Vec<_>, Vec<_>) = changed.unzip();
    let stored = history.some_manifests(recorded).await?;
    let pairs = stored.iter().zip(changed);
    Ok(pairs.flat_map(|(stored, built)| compare(&built.identity, stored.content.expose(), built.bytes.expose())).collect())
}

/// The same, of changes that a review shows.
pub(crate) fn of_changes(changes: &[Change]) -> Vec<Problem> {
    let of = |change: &Change| match change {
        Change::Changed { identity, before, after } => compare(identity, before.as_bytes(), after.as_bytes()),
        Change::Added(_) | Change::Removed(_) => Vec::new(),
    };
    changes.iter().flat_map(of).collect()
}

type Row = (&'static str, &'static str, &'static [&'static str], &'static str, Frozen);

/// How a field may not change.
#[derive(Clone, Copy)]
enum Frozen {
    /// Not at all.
    Whole,
    /// Not from one value to another; the cluster fills it in where it is absent.
    Given,
    /// Not to `None` nor away from it.
    Headless,
    /// Not to a smaller quantity.
    Shrinking,
}

/// Group, kind, path, and words (the kinds' `ValidateUpdate` in kubernetes/pkg/apis).
const FROZEN: [Row; 25] = [
    ("", "PersistentVolumeClaim", &["spec", "accessModes"], "access modes", Frozen::Whole),
    ("", "PersistentVolumeClaim", &["spec", "resources", "requests", "storage"], "size", Frozen::Shrinking),
    ("", "PersistentVolumeClaim", &["spec", "storageClassName"], "storage class", Frozen::Given),
    ("", "PersistentVolumeClaim", &["spec", "volumeMode"], "volume mode", Frozen::Given),
    ("", "PersistentVolumeClaim", &["spec", "volumeName"], "volume", Frozen::Given),
    ("", "Pod", &["spec"], "spec", Frozen::Whole),
    ("", "Secret", &["type"], "type", Frozen::Whole),
    ("", "Service", &["spec", "clusterIP"], "cluster IP", Frozen::Headless),
    ("apps", "DaemonSet", &["spec", "selector"], "selector", Frozen::Whole),
    ("apps", "Deployment", &["spec", "selector"], "selector", Frozen::Whole),
    ("apps", "StatefulSet", &["spec", "podManagementPolicy"], "pod management policy", Frozen::Given),
    ("apps", "StatefulSet", &["spec", "selector"], "selector", Frozen::Whole),
    ("apps", "StatefulSet", &["spec", "serviceName"], "service's name", Frozen::Whole),
    ("apps", "StatefulSet", &["spec", "volumeClaimTemplates"], "volumeClaimTemplates", Frozen::Whole),
    ("batch", "Job", &["spec", "selector"], "selector", Frozen::Given),
    ("batch", "Job", &["spec", "template"], "pod template", Frozen::Whole),
    ("networking.k8s.io", "IngressClass", &["spec", "controller"], "controller", Frozen::Whole),
    ("node.k8s.io", "RuntimeClass", &["handler"], "handler", Frozen::Whole),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"], "role", Frozen::Whole),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"], "role", Frozen::Whole),
    ("scheduling.k8s.io", "PriorityClass", &["value"], "value", Frozen::Whole),
    ("storage.k8s.io", "StorageClass", &["parameters"], "parameters", Frozen::Whole),
    ("storage.k8s.io", "StorageClass", &["provisioner"], "provisioner", Frozen::Whole),
    ("storage.k8s.io", "StorageClass", &["reclaimPolicy"], "reclaim policy", Frozen::Given),
    ("storage.k8s.io", "StorageClass", &["volumeBindingMode"], "volume binding mode", Frozen::Given),
];

impl Frozen {
    fn forbids(self, before: &Node<Infallible>, after: &Node<Infallible>, path: &[&str]) -> bool {
        let differs = || part(before, path).expose() != part(after, path).expose();
        let (old, new) = (before.at(path), after.at(path));
        match self {
            Self::Whole => differs(),
            Self::Given => old.is_some() && new.is_some() && differs(),
            Self::Headless => {
                let is_none = |node: Option<&Node<Infallible>>| node.and_then(Node::as_text) == Some("None");
                is_none(old) != is_none(new)
            }
            Self::Shrinking => {
                let size = |node: Option<&Node<Infallible>>| quantity(node?.as_text()?);
                size(old).zip(size(new)).is_some_and(|(old, new)| new < old)
            }
        }
    }
}

/// A quantity of bytes (apimachinery `resource.Quantity`).
fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|char: char| char.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let scale = |letter: &str| ["k", "m", "g", "t", "p", "e"].iter().zip(1..).find(|(known, _)| letter.eq_ignore_ascii_case(known));
    let factor = match suffix.strip_suffix('i') {
        _ if suffix.is_empty() => 1.0,
        Some(letter) => 1024f64.powi(scale(letter)?.1),
        None => 1000f64.powi(scale(suffix)?.1),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// Takes away what of a Pod's spec may change.
fn loosen(root: &mut Node<Infallible>) {
    let Some(spec) = root.get_mut("spec") else { return };
    for key in ["activeDeadlineSeconds", "ephemeralContainers", "terminationGracePeriodSeconds", "tolerations"] {
        spec.take(key);
    }
    for key in ["containers", "initContainers"] {
        for container in spec.get_mut(key).and_then(Node::as_list_mut).into_iter().flatten() {
            container.take("image");
        }
    }
}

fn rows(identity: &Identity) -> impl Iterator<Item = &'static Row> {
    FROZEN.iter().filter(|(group, kind, ..)| *group == identity.group() && *kind == identity.kind)
}

fn compare(identity: &Identity, before: &[u8], after: &[u8]) -> Vec<Problem> {
    let mut rows = rows(identity).peekable();
    if rows.peek().is_none() {
        return Vec::new();
    }
    let (Some(mut before), Some(mut after)) = (document(before), document(after)) else { return Vec::new() };
    if identity.group().is_empty() && identity.kind == "Pod" {
        loosen(&mut before);
        loosen(&mut after);
    }
    // What was versioned and gets another name is another object for the cluster.
    let is_one = name(&before) == name(&after);
    let changed = rows.filter(|(_, _, path, _, frozen)| is_one && frozen.forbids(&before, &after, path));
    let problems = changed
        .map(|(_, kind, _, what, _)| {
            let next = match *kind {
                "Secret" => "give it another name, or a versioned one, or delete it in the cluster before you apply",
                "Job" => {
                    "write `cloze.dev/names: versioned` on the Job, or give it another name, or delete it in the cluster before you apply"
                }
                "PersistentVolumeClaim" => "take the change back, or give it another name: its data is lost when it is deleted",
                _ => "give it another name, or delete it in the cluster before you apply",
            };
            let reason = format!("the {what} of {identity} differs from the release before, and Kubernetes refuses to change it");
            Problem::new(Fault::Check, reason, next)
        })
        .collect();
    before.wipe();
    after.wipe();
    problems
}

fn document(bytes: &[u8]) -> Option<Node<Infallible>> {
    read(std::str::from_utf8(bytes).ok()?, Limits::default()).ok()?.pop()
}

fn name(root: &Node<Infallible>) -> Option<&str> {
    root.at(&["metadata", "name"]).and_then(Node::as_text)
}

/// What is at a path; a Secret without a type is `Opaque`.
fn part(root: &Node<Infallible>, path: &[&str]) -> Secret {
    let mut scratch = SecretBuffer::with_capacity(1 << 10);
    match root.at(path) {
        Some(node) => written(node, &mut scratch),
        None if path == ["type"] => written(&Node::<Infallible>::text("Opaque"), &mut scratch),
        None => Secret::copy_of(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::of_changes;
    use crate::manifest::Identity;
    use crate::stage::diff::Change;

    fn said(api: &str, kind: &str, before: &str, after: &str) -> Vec<String> {
        let identity = Identity { api_version: api.into(), kind: kind.into(), namespace: "shop".into(), name: "a".into() };
        let text = |rest: &str| format!("metadata:\n  name: a\n{rest}\n");
        let change = Change::Changed { identity, before: text(before), after: text(after) };
        of_changes(&[change]).into_iter().map(|problem| problem.reason).collect()
    }

    #[test]
    fn what_never_changes_is_noticed() {
        assert_eq!(
            said("v1", "Secret", "type: Opaque", "type: example.com/own"),
            ["the type of Secret shop/a differs from the release before, and Kubernetes refuses to change it"]
        );
        for (api, kind, before, after) in [
            ("v1", "Secret", "", "type: kubernetes.io/tls"),
            ("apps/v1", "Deployment", "spec: {selector: {matchLabels: {app: a}}}", "spec: {selector: {matchLabels: {app: b}}}"),
            ("apps/v1", "StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}"),
            ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}"),
            ("storage.k8s.io/v1", "StorageClass", "parameters: {a: b}", "parameters: {a: c}"),
            (
                "batch/v1",
                "Job",
                "spec: {template: {spec: {containers: [{name: a, image: \"b:1\"}]}}}",
                "spec: {template: {spec: {containers: [{name: a, image: \"b:2\"}]}}}",
            ),
            ("v1", "Pod", "spec: {containers: [{name: a, command: [a]}]}", "spec: {containers: [{name: a, command: [b]}]}"),
            (
                "apps/v1",
                "StatefulSet",
                "spec: {volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}]}",
                "spec: {volumeClaimTemplates: [{spec: {resources: {requests: {storage: 2Gi}}}}]}",
            ),
            ("v1", "PersistentVolumeClaim", "spec: {storageClassName: a}", "spec: {storageClassName: b}"),
            (
                "v1",
                "PersistentVolumeClaim",
                "spec: {resources: {requests: {storage: 1Gi}}}",
                "spec: {resources: {requests: {storage: 1000M}}}",
            ),
            ("scheduling.k8s.io/v1", "PriorityClass", "value: 1", "value: 2"),
            ("v1", "Service", "spec: {clusterIP: None}", "spec: {}"),
        ] {
            assert_eq!(said(api, kind, before, after).len(), 1, "{kind}");
            assert!(said(api, kind, after, after).is_empty(), "{kind}");
        }
    }

    #[test]
    fn what_may_change_and_what_gets_another_name_is_left() {
        assert!(said("v1", "Secret", "", "type: Opaque").is_empty());
        assert!(said("apps/v1", "Deployment", "spec: {replicas: 1}", "spec: {replicas: 2}").is_empty());
        assert!(said("v1", "ConfigMap", "type: a", "type: b").is_empty());
        for (api, kind, before, after) in [
            ("v1", "Pod", "spec: {containers: [{name: a, image: \"b:1\"}]}", "spec: {containers: [{name: a, image: \"b:2\"}]}"),
            (
                "v1",
                "PersistentVolumeClaim",
                "spec: {resources: {requests: {storage: 1000M}}}",
                "spec: {resources: {requests: {storage: 1Gi}}}",
            ),
            ("v1", "PersistentVolumeClaim", "spec: {}", "spec: {storageClassName: a}"),
            ("v1", "Service", "spec: {clusterIP: 10.0.0.1}", "spec: {}"),
            ("batch/v1", "Job", "spec: {suspend: true}", "spec: {suspend: false}"),
            ("batch/v1", "CronJob", "spec: {jobTemplate: {spec: {template: {a: 1}}}}", "spec: {jobTemplate: {spec: {template: {a: 2}}}}"),
        ] {
            assert!(said(api, kind, before, after).is_empty(), "{kind}");
        }
        let identity = Identity { api_version: "v1".into(), kind: "Secret".into(), namespace: "shop".into(), name: "a".into() };
        let text = |name: &str, kind: &str| format!("metadata: {{name: {name}}}\ntype: {kind}\n");
        let change = Change::Changed { identity, before: text("a-1", "Opaque"), after: text("a-2", "example.com/own") };
        assert!(of_changes(&[change]).is_empty());
    }
}
