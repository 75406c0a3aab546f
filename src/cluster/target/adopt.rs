//! Objects that others made, and what makes them this project's.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::server::MANAGER;

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

/// The JSON patch that moves the fields of others to cloze and takes away the copy of the object that kubectl keeps in an annotation. Fields of
/// subresources and of the controllers of Kubernetes stay theirs.
pub(super) fn adoption(metadata: &Value, api_version: &str) -> Value {
    let mut fields = Value::Object(Map::new());
    let mut kept = Vec::new();
    for entry in metadata["managedFields"].as_array().into_iter().flatten() {
        if entry.get("subresource").is_some() || entry["manager"] == "kube-controller-manager" {
            kept.push(entry.clone());
        } else {
            join(&mut fields, &entry["fieldsV1"]);
        }
    }
    kept.push(json!({
        "manager": MANAGER, "operation": "Apply", "apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": fields,
    }));
    let mut patch = vec![
        json!({ "op": "replace", "path": "/metadata/managedFields", "value": kept }),
        json!({ "op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"] }),
    ];
    if metadata["annotations"].get(LAST_APPLIED).is_some() {
        patch.push(json!({ "op": "remove", "path": format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1")) }));
    }
    Value::Array(patch)
}

/// Where kubectl keeps what was applied, secrets included.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields of both.
fn join(fields: &mut Value, more: &Value) {
    let (Value::Object(fields), Value::Object(more)) = (fields, more) else { return };
    for (key, below) in more.iter().filter(|(key, _)| !key.ends_with(LAST_APPLIED)) {
        join(fields.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())), below);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Holder;
    use super::adoption;
    use super::holder;

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
    fn fields_of_others_become_ours_and_the_copy_goes() {
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        let entry = |manager: &str, operation: &str, fields: serde_json::Value| json!({ "manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields });
        let status =
            json!({ "manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": { "f:status": {} } });
        let metadata = json!({ "resourceVersion": "9", "annotations": { last: "CANARY" }, "managedFields": [
            entry("kubectl-client-side-apply", "Update", json!({ "f:metadata": { "f:annotations": { ".": {}, format!("f:{last}"): {} } }, "f:spec": { "f:replicas": {} } })),
            entry("kubectl-edit", "Update", json!({ "f:spec": { "f:paused": {} } })),
            status,
        ] });
        assert_eq!(
            adoption(&metadata, "apps/v1"),
            json!([
                { "op": "replace", "path": "/metadata/managedFields", "value": [status, {
                    "manager": "cloze", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
                    "fieldsV1": { "f:metadata": { "f:annotations": { ".": {} } }, "f:spec": { "f:replicas": {}, "f:paused": {} } },
                }] },
                { "op": "replace", "path": "/metadata/resourceVersion", "value": "9" },
                { "op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration" },
            ])
        );
    }
}
