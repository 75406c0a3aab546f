//! State of a cluster in a template: what `kubectl get -o yaml` writes beside what people wrote.

use crate::blank::BlankText;
use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// What was taken out of objects.
#[derive(Debug, Default)]
pub(super) struct ClusterState {
    first: Option<(Place, String, Vec<String>)>,
    objects: usize,
}

impl ClusterState {
    /// Takes out what only an API server writes. Empty fields, as generators write them, stay: they say nothing.
    pub(super) fn take_out_of(&mut self, object: &mut Object<BlankText>) {
        let mut taken = Vec::new();
        let mut mark = None;
        let is_exported =
            ["uid", "resourceVersion"].iter().any(|key| object.root.at(&["metadata", key]).is_some_and(|node| !is_empty(node)));
        let mut keep = |path: &str, fields: &[&str], entry: &Entry<BlankText>| {
            let state = fields.contains(&entry.key.as_str()) && !is_empty(&entry.node);
            if state {
                taken.push(format!("{path}{}", entry.key));
                mark.get_or_insert(entry.mark);
            }
            !state
        };
        if let Some(metadata) = object.root.get_mut("metadata") {
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
                annotations.retain(|entry| keep("metadata.annotations.", &ANNOTATIONS, entry));
            }
            if let Some(entries) = metadata.as_map_mut() {
                entries.retain(|entry| keep("metadata.", &METADATA, entry));
            }
        }
        if let Some(entries) = object.root.as_map_mut() {
            entries.retain(|entry| keep("", &["status"], entry));
        }
        // People write these, too; where the server gave the object an identity, it wrote them.
        let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
        for (_, _, path) in OF_KIND.iter().filter(|(of, named, _)| is_exported && *of == group && *named == kind) {
            if let Some(at) = take_out(&mut object.root, path) {
                taken.push(path.join("."));
                mark.get_or_insert(at);
            }
        }
        if let Some(mark) = mark {
            self.objects += 1;
            let place = object.place(mark);
            self.first.get_or_insert_with(|| (place, object.identity.to_string(), taken));
        }
    }

    /// One warning for all of it.
    pub(super) fn warning(self) -> Option<Problem> {
        let (place, object, fields) = self.first?;
        let others = match self.objects {
            1 => String::new(),
            2 => " (and another object has some, too)".to_owned(),
            count => format!(" (and {} other objects have some, too)", count - 1),
        };
        let reason = format!("{object} carries state of a cluster, which is left out: `{}`{others}", fields.join("`, `"));
        Some(Problem::new(Fault::Check, reason, "remove it from the template").at(place))
    }
}

/// Takes a field out, unless it is empty or the `None` of a headless Service. Where it was.
fn take_out(node: &mut Node<BlankText>, path: &[&str]) -> Option<Mark> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(node, |node, key| node.get_mut(key))?.as_map_mut()?;
    let is_written = |node: &Node<BlankText>| match &node.value {
        Value::Text(text) => text == "None",
        Value::List(items) => items.iter().any(|item| item.as_text() == Some("None")),
        _ => false,
    };
    let at = parent.iter().position(|entry| entry.key == *last && !is_empty(&entry.node) && !is_written(&entry.node))?;
    Some(parent.remove(at).mark)
}

/// What the API server or a controller chooses for an object, by group, kind and path.
const OF_KIND: [(&str, &str, &[&str]); 18] = [
    ("", "Service", &["spec", "clusterIP"]),
    ("", "Service", &["spec", "clusterIPs"]),
    ("", "Service", &["spec", "healthCheckNodePort"]),
    ("", "PersistentVolumeClaim", &["spec", "volumeName"]),
    ("", "PersistentVolumeClaim", &["metadata", "annotations", "pv.kubernetes.io/bind-completed"]),
    ("", "PersistentVolumeClaim", &["metadata", "annotations", "pv.kubernetes.io/bound-by-controller"]),
    ("", "PersistentVolumeClaim", &["metadata", "annotations", "volume.kubernetes.io/selected-node"]),
    ("", "PersistentVolumeClaim", &["metadata", "annotations", "volume.kubernetes.io/storage-provisioner"]),
    ("", "PersistentVolumeClaim", &["metadata", "annotations", "volume.beta.kubernetes.io/storage-provisioner"]),
    ("", "PersistentVolume", &["spec", "claimRef", "uid"]),
    ("", "PersistentVolume", &["spec", "claimRef", "resourceVersion"]),
    ("", "Pod", &["spec", "nodeName"]),
    ("", "ServiceAccount", &["secrets"]),
    ("batch", "Job", &["spec", "selector"]),
    ("batch", "Job", &["metadata", "labels", "controller-uid"]),
    ("batch", "Job", &["metadata", "labels", "batch.kubernetes.io/controller-uid"]),
    ("batch", "Job", &["spec", "template", "metadata", "labels", "controller-uid"]),
    ("batch", "Job", &["spec", "template", "metadata", "labels", "batch.kubernetes.io/controller-uid"]),
];

/// Fields of `metadata` that an API server or a controller writes (apimachinery `ObjectMeta`, "read-only" and "populated by the system"). An owner has
/// a `uid`, which only one cluster knows.
const METADATA: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Annotations that kubectl and controllers write. The first holds every value of a Secret.
const ANNOTATIONS: [&str; 2] = ["kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"];

/// Whether a node holds nothing: null, an empty text, or containers of such.
fn is_empty(node: &Node<BlankText>) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.iter().all(is_empty),
        Value::Map(entries) => entries.iter().all(|entry| is_empty(&entry.node)),
        Value::Bool(_) | Value::Number(_) | Value::Leaf(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

    use super::ClusterState;
    use crate::reference::sample;

    fn taken(objects: &[Json]) -> (Vec<Json>, Option<String>) {
        let mut state = ClusterState::default();
        let mut left = Vec::new();
        for json in objects {
            let mut object = sample::object(json);
            state.take_out_of(&mut object);
            left.push(sample::json(&object.root));
        }
        (left, state.warning().map(|warning| warning.reason))
    }

    fn object(metadata: &Json, rest: &Json) -> Json {
        let mut json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "shop"}});
        for (key, value) in metadata.as_object().unwrap() {
            json["metadata"][key] = value.clone();
        }
        for (key, value) in rest.as_object().unwrap() {
            json[key] = value.clone();
        }
        json
    }

    #[test]
    fn what_an_api_server_writes_is_left_out() {
        let exported = object(
            &json!({"uid": "a", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2024-05-05T23:44:57Z", "labels": {"uid": "x"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"pw\":\"canary\"}}", "note": "mine"}}),
            &json!({"data": {"uid": "eA=="}, "status": {"phase": "Bound"}}),
        );
        let (left, warning) = taken(&[exported]);
        let expected = object(&json!({"labels": {"uid": "x"}, "annotations": {"note": "mine"}}), &json!({"data": {"uid": "eA=="}}));
        assert_eq!(left, [expected]);
        let warning = warning.unwrap();
        assert!(warning.starts_with("Secret shop/pull carries state of a cluster, which is left out: `"));
        for field in ["metadata.annotations.kubectl.kubernetes.io/last-applied-configuration", "metadata.uid", "`status`"] {
            assert!(warning.contains(field), "{warning}");
        }
        assert!(!warning.contains("canary"));
    }

    #[test]
    fn what_a_controller_chose_for_an_exported_object_is_left_out() {
        let exported = json!({"name": "a", "namespace": "shop", "uid": "u"});
        let plain = json!({"name": "a", "namespace": "shop"});
        let job = |labels: &Json| json!({"template": {"metadata": {"labels": labels}, "spec": {"a": 1}}});
        let with_uid = json!({"controller-uid": "u", "app": "x"});
        let mut exported_job = job(&with_uid);
        exported_job["selector"] = json!({"matchLabels": {"controller-uid": "u"}});
        for (api, kind, spec, left) in [
            ("v1", "Service", json!({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [1]}), json!({"ports": [1]})),
            ("v1", "PersistentVolumeClaim", json!({"volumeName": "pvc-1", "resources": {}}), json!({"resources": {}})),
            (
                "v1",
                "PersistentVolume",
                json!({"claimRef": {"name": "c", "uid": "u", "resourceVersion": "1"}}),
                json!({"claimRef": {"name": "c"}}),
            ),
            ("v1", "Pod", json!({"nodeName": "n", "a": 1}), json!({"a": 1})),
            ("batch/v1", "Job", exported_job, job(&json!({"app": "x"}))),
        ] {
            let of = |metadata: &Json, spec: &Json| json!({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec});
            let (objects, warning) = taken(&[of(&exported, &spec)]);
            assert_eq!(objects, [of(&plain, &left)]);
            assert!(warning.unwrap().contains("`, `spec."), "{kind}");
            // Written by hand, it is meant.
            assert_eq!(taken(&[of(&plain, &spec)]), (vec![of(&plain, &spec)], None), "{kind}");
        }
        let headless = json!({"clusterIP": "None", "clusterIPs": ["None"]});
        let (objects, _) = taken(&[json!({"apiVersion": "v1", "kind": "Service", "metadata": exported, "spec": headless})]);
        assert_eq!(objects[0]["spec"], headless);
        let owned = json!({"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "u"}]});
        let (objects, warning) = taken(&[object(&owned, &json!({}))]);
        assert_eq!(objects, [object(&json!({}), &json!({}))]);
        assert!(warning.unwrap().ends_with("`metadata.ownerReferences`"));
    }

    #[test]
    fn several_objects_get_one_warning() {
        let exported = object(&json!({"uid": "a"}), &json!({}));
        let (_, warning) = taken(&[exported.clone(), exported.clone(), exported]);
        assert!(warning.unwrap().ends_with("`metadata.uid` (and 2 other objects have some, too)"));
    }

    #[test]
    fn what_generators_leave_empty_stays() {
        let generated = object(
            &json!({"creationTimestamp": null}),
            &json!({"status": {"acceptedNames": {"kind": "", "plural": ""}, "conditions": [], "storedVersions": []}}),
        );
        assert_eq!(taken(std::slice::from_ref(&generated)), (vec![generated], None));
    }
}
