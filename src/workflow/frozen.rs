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

type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Group, kind, path, and words (the kinds' `ValidateUpdate` in kubernetes/pkg/apis).
const FROZEN: [Row; 9] = [
    ("", "Secret", &["type"], "type"),
    ("apps", "DaemonSet", &["spec", "selector"], "selector"),
    ("apps", "Deployment", &["spec", "selector"], "selector"),
    ("apps", "StatefulSet", &["spec", "selector"], "selector"),
    ("apps", "StatefulSet", &["spec", "serviceName"], "service's name"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"], "role"),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"], "role"),
    ("storage.k8s.io", "StorageClass", &["parameters"], "parameters"),
    ("storage.k8s.io", "StorageClass", &["provisioner"], "provisioner"),
];

fn rows(identity: &Identity) -> impl Iterator<Item = &'static Row> {
    FROZEN.iter().filter(|(group, kind, ..)| *group == identity.group() && *kind == identity.kind)
}

fn compare(identity: &Identity, before: &[u8], after: &[u8]) -> Vec<Problem> {
    let mut rows = rows(identity).peekable();
    if rows.peek().is_none() {
        return Vec::new();
    }
    let (Some(mut before), Some(mut after)) = (document(before), document(after)) else { return Vec::new() };
    // What was versioned and gets another name is another object for the cluster.
    let is_one = name(&before) == name(&after);
    let changed = rows.filter(|(_, _, path, _)| is_one && part(&before, path).expose() != part(&after, path).expose());
    let problems = changed
        .map(|(_, kind, _, what)| {
            let next = match *kind {
                "Secret" => "give it another name, or a versioned one, or delete it in the cluster before you apply",
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

/// What stands at a path; a Secret without a type is `Opaque`.
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
        let identity = Identity { api_version: "v1".into(), kind: "Secret".into(), namespace: "shop".into(), name: "a".into() };
        let text = |name: &str, kind: &str| format!("metadata: {{name: {name}}}\ntype: {kind}\n");
        let change = Change::Changed { identity, before: text("a-1", "Opaque"), after: text("a-2", "example.com/own") };
        assert!(of_changes(&[change]).is_empty());
    }
}
