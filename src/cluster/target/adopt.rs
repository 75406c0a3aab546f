//! Objects that others made, and what makes them this project's.

use std::convert::Infallible;

use serde_json::Value;
use serde_json::json;

use crate::cluster::target::fields::beyond;
use crate::cluster::target::fields::is_of_kubernetes;
use crate::cluster::target::fields::join;
use crate::cluster::target::fields::take;
use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::MANAGER;
use crate::cluster::target::server::Server;
use crate::manifest::Node;

/// Whose a live object is that is not a member of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody's: kubectl's or a person's.
    Nobody,
    /// A tool that would put it back, by its name.
    Tool(&'static str),
    /// Another inventory's.
    OtherSet,
}

/// Whose the object of that metadata is, where it is not of the set `id`; `None` where it is.
pub(super) fn holder(metadata: &Value, id: &str) -> Option<Holder> {
    let (labels, annotations) = (&metadata["labels"], &metadata["annotations"]);
    match labels[PART_OF].as_str() {
        Some(set) if set == id => return None,
        Some(_) => return Some(Holder::OtherSet),
        None => {}
    }
    let marks = [
        ("Flux", labels.get("kustomize.toolkit.fluxcd.io/name").or(labels.get("helm.toolkit.fluxcd.io/name"))),
        ("Argo CD", annotations.get("argocd.argoproj.io/tracking-id").or(labels.get("argocd.argoproj.io/instance"))),
        ("Helm", annotations.get("meta.helm.sh/release-name").or(labels.get("app.kubernetes.io/managed-by").filter(|by| *by == "Helm"))),
    ];
    let tool = marks.into_iter().find(|(_, mark)| mark.is_some());
    Some(tool.map_or(Holder::Nobody, |(tool, _)| Holder::Tool(tool)))
}

/// Who makes objects of manifests: what they set belongs to who has the manifest now. What others set beside it stays theirs, such as the time at which
/// `kubectl rollout restart` was asked for, or a certificate that an operator fills in.
const MAKERS: [&str; 10] = [
    "kubectl-client-side-apply",
    "kubectl",
    "kubectl-create",
    "kubectl-replace",
    "before-first-apply",
    "helm",
    "helm-controller",
    "kustomize-controller",
    "argocd-controller",
    "argocd-application-controller",
];

/// Fields that change hands.
#[derive(Debug)]
pub(super) struct Adoption {
    /// The JSON patch that moves them to cloze, and takes away the copy of the object that kubectl keeps in an annotation.
    pub(super) patch: Value,
    /// Those that the next apply removes, since the manifest does not have them.
    pub(super) removed: Value,
}

impl Adoption {
    /// Of the object of that metadata by the manifest `ours`: all fields of its makers, and those of others that the manifest has. Fields of subresources and
    /// of the controllers of Kubernetes stay theirs. Makers' fields of another version of the kind are nobody's any more, as with `kubectl apply --server-side`.
    pub(super) fn of(metadata: &Value, api_version: &str, ours: &Node<Infallible>) -> Self {
        // A server that finds nobody's fields takes all for what somebody set before the first apply.
        let mut fields = json!({ "f:metadata": { "f:labels": { format!("f:{PART_OF}"): {} } } });
        let mut kept = Vec::new();
        for entry in metadata["managedFields"].as_array().into_iter().flatten() {
            if is_of_kubernetes(entry) {
                kept.push(entry.clone());
            } else if entry["manager"] == MANAGER || entry["manager"].as_str().is_some_and(|manager| MAKERS.contains(&manager)) {
                if entry["apiVersion"] == api_version {
                    join(&mut fields, &entry["fieldsV1"], &|step| step.ends_with(LAST_APPLIED));
                }
            } else {
                let theirs = beyond(&entry["fieldsV1"], ours);
                if theirs.as_object().is_some_and(|theirs| !theirs.is_empty()) {
                    kept.push(entry.clone());
                    kept.last_mut().map(|entry| entry["fieldsV1"] = theirs).unwrap_or_default();
                }
            }
        }
        let removed = beyond(&fields, ours);
        kept.push(json!({
            "manager": MANAGER, "operation": "Apply", "apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": fields,
        }));
        let mut patch = vec![
            json!({ "op": "add", "path": "/metadata/managedFields", "value": kept }),
            json!({ "op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"] }),
        ];
        if metadata["annotations"].get(LAST_APPLIED).is_some() {
            patch.push(json!({ "op": "remove", "path": format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1")) }));
        }
        Self { patch: Value::Array(patch), removed }
    }
}

/// What an apply that was tried by force makes of the object at `path`, without the fields `removed`, which the makers of the object give up: the server fills
/// in its defaults once more. Fields change hands first, which a dry run of an apply cannot do.
pub(super) async fn without(server: &Server, path: &str, mut object: Value, removed: &Value) -> Result<Value, Refused> {
    take(&mut object, removed);
    if object.get("spec").is_none() {
        return Ok(object);
    }
    let part = |name: &str| json!({ "op": "add", "path": format!("/metadata/{name}"), "value": object["metadata"].get(name).unwrap_or(&json!({})) });
    let mut changes = vec![part("labels"), part("annotations")];
    let is_content = |key: &str| !matches!(key, "apiVersion" | "kind" | "metadata" | "status");
    for (key, value) in object.as_object().into_iter().flatten().filter(|(key, _)| is_content(key)) {
        changes.push(json!({ "op": "add", "path": format!("/{key}"), "value": value }));
    }
    server.try_patch(path, &Value::Array(changes)).await
}

/// Where kubectl keeps what was applied, secrets included.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::Adoption;
    use super::Holder;
    use super::holder;
    use crate::manifest::Limits;
    use crate::manifest::read;

    #[test]
    fn tools_are_known_by_their_marks() {
        for (metadata, expected) in [
            (json!({}), Some(Holder::Nobody)),
            (json!({ "labels": { "applyset.kubernetes.io/part-of": "ours" } }), None),
            (json!({ "labels": { "applyset.kubernetes.io/part-of": "theirs" } }), Some(Holder::OtherSet)),
            (json!({ "labels": { "app.kubernetes.io/managed-by": "Helm" } }), Some(Holder::Tool("Helm"))),
            (json!({ "labels": { "app.kubernetes.io/managed-by": "me" } }), Some(Holder::Nobody)),
            (json!({ "annotations": { "argocd.argoproj.io/tracking-id": "shop" } }), Some(Holder::Tool("Argo CD"))),
            (
                json!({ "labels": { "kustomize.toolkit.fluxcd.io/name": "shop", "app.kubernetes.io/managed-by": "Helm" } }),
                Some(Holder::Tool("Flux")),
            ),
        ] {
            assert_eq!(holder(&metadata, "ours"), expected, "{metadata}");
        }
    }

    #[test]
    fn what_makers_set_becomes_ours_and_of_others_what_the_manifest_has() {
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        let entry = |manager: &str, fields: Value| json!({ "manager": manager, "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": fields });
        let status =
            json!({ "manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": { "f:status": {} } });
        let mut older = entry("kubectl-create", json!({ "f:spec": { "f:rollbackTo": {} } }));
        older["apiVersion"] = "extensions/v1beta1".into();
        let metadata = json!({ "resourceVersion": "9", "annotations": { last: "CANARY" }, "managedFields": [
            entry("kubectl-client-side-apply", json!({ "f:metadata": { "f:annotations": { ".": {}, format!("f:{last}"): {} } }, "f:spec": { "f:replicas": {}, "f:old": {} } })),
            entry("kubectl-edit", json!({ "f:spec": { "f:paused": {}, "f:minReadySeconds": {} } })),
            entry("someone", json!({ "f:spec": { "f:replicas": {} } })),
            older,
            status,
        ] });
        let ours = read("spec: { replicas: 2, paused: true }\n", Limits::default()).unwrap().remove(0);
        let Adoption { patch, removed } = Adoption::of(&metadata, "apps/v1", &ours);
        let labels = json!({ "f:applyset.kubernetes.io/part-of": {} });
        let fields =
            json!({ "f:metadata": { "f:annotations": { ".": {} }, "f:labels": labels }, "f:spec": { "f:replicas": {}, "f:old": {} } });
        assert_eq!(
            patch,
            json!([
                { "op": "add", "path": "/metadata/managedFields", "value": [
                    entry("kubectl-edit", json!({ "f:spec": { "f:minReadySeconds": {} } })),
                    status,
                    { "manager": "cloze", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields },
                ] },
                { "op": "replace", "path": "/metadata/resourceVersion", "value": "9" },
                { "op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration" },
            ])
        );
        assert_eq!(removed["f:spec"], json!({ "f:old": {} }));
    }
}
