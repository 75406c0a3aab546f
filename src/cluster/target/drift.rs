//! What others changed in the objects of a release, as the server notes it beside the fields: a change takes a field from its manager.

use std::collections::HashMap;
use std::convert::Infallible;

use serde_json::Map;
use serde_json::Value as Json;

use crate::cluster::target::ClusterStatus;
use crate::cluster::target::fields::is_item;
use crate::cluster::target::fields::is_of_kubernetes;
use crate::cluster::target::item::TTL;
use crate::cluster::target::once::content_of;
use crate::cluster::target::server::MANAGER;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;
use crate::manifest::read;
use crate::target::ManifestSet;

/// A field of an object that is not as the release says, or that others set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub object: Identity,
    /// The field, such as `spec.replicas`; `None` where the object is gone.
    pub field: Option<String>,
    /// Who set it; `None` where it was removed.
    pub manager: Option<String>,
}

impl ClusterStatus {
    /// What of the release `set`, which the cluster holds, is no longer as it says. No value is compared: a field that cloze still holds is as it was applied.
    pub fn drift(&self, set: &ManifestSet<'_>) -> Vec<Drift> {
        let there: HashMap<Key<'_>, &Json> = self.fields.iter().map(|(object, fields)| (key(object), fields)).collect();
        let mut found = Vec::new();
        for manifest in &set.manifests {
            let object = || manifest.identity.clone();
            let Some(fields) = there.get(&key(manifest.identity)) else {
                // A Job that runs once may be gone when it has.
                if content_of(manifest).is_none() {
                    found.push(Drift { object: object(), field: None, manager: None });
                }
                continue;
            };
            let text = std::str::from_utf8(manifest.bytes).unwrap_or_default();
            let Some(mut root) = read(text, Limits::default()).ok().and_then(|mut documents| documents.pop()) else { continue };
            let taken = lost_of(&root, fields)
                .into_iter()
                .filter(|(path, manager)| !is_scaled(path, manager.as_deref()) && !is_to_come(path, manager.as_deref()));
            found.extend(taken.map(|(path, manager)| Drift { object: object(), field: Some(shown(&path)), manager }));
            root.wipe();
        }
        found
    }

    /// The fields of the cluster's objects that others set and cloze does not hold. Fields of Kubernetes' own controllers are left out.
    pub fn foreign(&self) -> Vec<Drift> {
        let mut found = Vec::new();
        for (object, fields) in &self.fields {
            let empty = Map::new();
            let own = own(fields).unwrap_or(&empty);
            for entry in fields.as_array().into_iter().flatten().filter(|entry| is_others(entry)) {
                let Some(theirs) = entry["fieldsV1"].as_object() else { continue };
                let mut paths = Vec::new();
                leaves(theirs, Some(own), &mut Vec::new(), &mut paths);
                let manager = entry["manager"].as_str().map(str::to_owned);
                let is_content = |path: &Vec<String>| match path.as_slice() {
                    [first, second, ..] if first == "f:metadata" => second == "f:labels" || second == "f:annotations",
                    [first, ..] => first != "f:status" && first != "f:metadata",
                    [] => false,
                };
                let one = |path: Vec<String>| Drift { object: object.clone(), field: Some(shown(&path)), manager: manager.clone() };
                found.extend(paths.into_iter().filter(is_content).map(one));
            }
        }
        found
    }
}

/// Group, kind, namespace and name: the server may prefer another version than that of the manifest.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn key(object: &Identity) -> Key<'_> {
    (object.group(), &object.kind, &object.namespace, &object.name)
}

/// The fields that cloze holds by applying.
fn own(fields: &Json) -> Option<&Map<String, Json>> {
    let is_own = |entry: &&Json| entry["manager"] == MANAGER && entry["operation"] == "Apply" && entry.get("subresource").is_none();
    fields.as_array()?.iter().find(is_own)?["fieldsV1"].as_object()
}

/// Whether an entry of `managedFields` is of a person or a tool.
fn is_others(entry: &Json) -> bool {
    let is_own = entry["manager"] == MANAGER && entry["operation"] == "Apply";
    !is_own && !is_of_kubernetes(entry)
}

/// Whether the number of pods is that of a HorizontalPodAutoscaler.
fn is_scaled(path: &[String], manager: Option<&str>) -> bool {
    path == ["f:spec", "f:replicas"] && manager == Some("kube-controller-manager")
}

/// Whether it is the end of a Job that has yet to end well: that is set then.
fn is_to_come(path: &[String], manager: Option<&str>) -> bool {
    path.len() == 2 && path[0] == "f:spec" && path[1].strip_prefix("f:") == Some(TTL) && manager.is_none()
}

/// The paths of a manifest that cloze does not hold, each with who does.
fn lost_of(root: &Node<Infallible>, fields: &Json) -> Vec<(Vec<String>, Option<String>)> {
    let empty = Map::new();
    let own = own(fields).unwrap_or(&empty);
    let mut found = Vec::new();
    for entry in root.as_map().unwrap_or_default().iter().filter(|entry| !matches!(entry.key.as_str(), "apiVersion" | "kind")) {
        let name = format!("f:{}", entry.key);
        if entry.key == "metadata" {
            let held = own.get(&name).and_then(Json::as_object).unwrap_or(&empty);
            for entry in entry.node.as_map().unwrap_or_default().iter().filter(|entry| !matches!(entry.key.as_str(), "name" | "namespace"))
            {
                lost(&entry.node, held.get(&format!("f:{}", entry.key)), &mut vec![name.clone(), format!("f:{}", entry.key)], &mut found);
            }
        } else {
            lost(&entry.node, own.get(&name), &mut vec![name], &mut found);
        }
    }
    let holder = |path: &Vec<String>| {
        let others = fields.as_array().into_iter().flatten().filter(|entry| entry["manager"] != MANAGER || entry["operation"] != "Apply");
        let mut holders = others.filter(|entry| path.iter().try_fold(&entry["fieldsV1"], |field, step| field.get(step)).is_some());
        holders.next().and_then(|entry| entry["manager"].as_str()).map(str::to_owned)
    };
    let drifted = |(path, may_be_left_out): (Vec<String>, bool)| match holder(&path) {
        None if may_be_left_out => None,
        manager => Some((path, manager)),
    };
    found.into_iter().filter_map(drifted).collect()
}

/// Whether it is a value that Kubernetes' types leave out when they write an object (`omitempty`): the server does not have it, though nobody
/// removed it.
fn is_empty(node: &Node<Infallible>) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) | Value::Number(Number::Int(0)) => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.iter().all(|entry| is_empty(&entry.node)),
        _ => false,
    }
}

/// Adds the paths within `ours` that `held`, the fields below it, does not have, each with whether the server leaves such a value out.
fn lost(ours: &Node<Infallible>, held: Option<&Json>, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, bool)>) {
    if matches!(ours.value, Value::Null) {
        return;
    }
    let Some(children) = held.and_then(Json::as_object) else {
        // Of a map that others emptied or took, each of its fields.
        match &ours.value {
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    path.push(format!("f:{}", entry.key));
                    lost(&entry.node, None, path, found);
                    path.pop();
                }
            }
            _ => found.push((path.clone(), is_empty(ours))),
        }
        return;
    };
    if children.keys().all(|key| key == ".") {
        return;
    }
    match &ours.value {
        Value::Map(entries) => {
            for entry in entries {
                let step = format!("f:{}", entry.key);
                path.push(step.clone());
                lost(&entry.node, children.get(&step), path, found);
                path.pop();
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let (step, held) = match children.iter().find(|(step, _)| is_item(item, step)) {
                    Some((step, held)) => (step.clone(), Some(held)),
                    None => (format!("i:{index}"), None),
                };
                path.push(step);
                match held {
                    Some(held) if item.as_map().is_some() => lost(item, Some(held), path, found),
                    Some(_) => {}
                    None => found.push((path.clone(), false)),
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Adds the paths of single fields in `theirs` that `own` does not have.
fn leaves(theirs: &Map<String, Json>, own: Option<&Map<String, Json>>, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (step, below) in theirs.iter().filter(|(step, _)| *step != ".") {
        let held = own.and_then(|own| own.get(step));
        path.push(step.clone());
        match below.as_object().filter(|below| below.keys().any(|key| key != ".")) {
            Some(below) => leaves(below, held.and_then(Json::as_object), path, found),
            None if held.is_none() => found.push(path.clone()),
            None => {}
        }
        path.pop();
    }
}

/// A path as people write it: `spec.template.spec.containers[web].image`.
fn shown(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        match step.split_at_checked(2) {
            Some(("f:", key)) if key.contains(['.', '/', '[']) => text.push_str(&format!("[{key}]")),
            Some(("f:", key)) => {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(key);
            }
            Some(("k:", keys)) => {
                let keys: Map<String, Json> = serde_json::from_str(keys).unwrap_or_default();
                let value = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.push_str(&format!("[{}]", keys.values().map(value).collect::<Vec<_>>().join(",")));
            }
            Some(("i:", index)) => text.push_str(&format!("[{index}]")),
            _ => text.push_str("[…]"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

    use super::Drift;
    use crate::cluster::target::ClusterStatus;
    use crate::manifest::Identity;
    use crate::target::Manifest;
    use crate::target::ManifestSet;
    use crate::target::Syntax;

    const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app.kubernetes.io/name: web } }
spec:
  replicas: 2
  paused: ~
  selector: { matchLabels: { app: web } }
  template: { spec: { containers: [{ name: web, image: web:1, ports: [{ containerPort: 80 }], args: [-v] }] } }
";

    fn entry(manager: &str, operation: &str, fields: Json) -> Json {
        let mut entry = json!({ "manager": manager, "operation": operation, "apiVersion": "apps/v1" });
        entry["fieldsV1"] = fields;
        entry
    }

    /// What cloze holds of it.
    fn own() -> Json {
        entry(
            "cloze",
            "Apply",
            json!({
                "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {}, "f:applyset.kubernetes.io/part-of": {} } },
                "f:spec": { "f:replicas": {}, "f:selector": {}, "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"web\"}": {
                    ".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
                } } } } },
            }),
        )
    }

    fn web() -> Identity {
        Identity { api_version: "apps/v1".into(), kind: "Deployment".into(), namespace: "shop".into(), name: "web".into() }
    }

    fn status(fields: Option<Json>) -> ClusterStatus {
        ClusterStatus {
            release: Some(1),
            objects: Vec::new(),
            others: 0,
            fields: fields.into_iter().map(|fields| (web(), fields)).collect(),
        }
    }

    fn lines(drift: Vec<Drift>) -> Vec<String> {
        let line = |Drift { field, manager, .. }: Drift| format!("{} by {}", field.unwrap_or_default(), manager.unwrap_or_default());
        drift.into_iter().map(line).collect()
    }

    fn drift(fields: Option<Json>) -> Vec<String> {
        let identity = web();
        let set = ManifestSet { syntax: Syntax::Yaml, manifests: vec![Manifest::new(&identity, "web", WEB.as_bytes())] };
        lines(status(fields).drift(&set))
    }

    #[test]
    fn a_value_that_the_server_leaves_out_was_removed_by_nobody() {
        let identity = web();
        let mut own = own();
        own["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:hostIPC"] = json!({});
        let lines_of = |more: &str, fields: Json| {
            let text = WEB.replace("spec: { containers:", &format!("spec: {{ {more}, containers:"));
            assert_ne!(text, WEB);
            let set = ManifestSet { syntax: Syntax::Yaml, manifests: vec![Manifest::new(&identity, "web", text.as_bytes())] };
            lines(status(Some(fields)).drift(&set))
        };
        for empty in [
            "volumes: []",
            "hostNetwork: false",
            "nodeSelector: {}",
            "priority: 0",
            "schedulerName: ''",
            "securityContext: { windowsOptions: {} }",
        ] {
            assert_eq!(lines_of(empty, json!([own])), Vec::<String>::new(), "{empty}");
        }
        assert_eq!(lines_of("hostNetwork: true", json!([own])), ["spec.template.spec.hostNetwork by "]);
        let taken = entry("kubectl", "Update", json!({ "f:spec": { "f:template": { "f:spec": { "f:hostNetwork": {} } } } }));
        assert_eq!(lines_of("hostNetwork: false", json!([own, taken])), ["spec.template.spec.hostNetwork by kubectl"]);
    }

    #[test]
    fn a_field_that_cloze_still_holds_is_as_it_was_applied() {
        assert_eq!(drift(Some(json!([own()]))), Vec::<String>::new());
        assert_eq!(drift(None), [" by "], "it is gone");
    }

    #[test]
    fn a_field_that_somebody_took_or_removed_has_drifted() {
        let mut less = own();
        less["fieldsV1"]["f:metadata"]["f:labels"] = json!({ "f:applyset.kubernetes.io/part-of": {} });
        let spec = &mut less["fieldsV1"]["f:spec"];
        spec.as_object_mut().unwrap().remove("f:replicas");
        let web = &mut spec["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"web\"}"];
        web.as_object_mut().unwrap().remove("f:image");
        web["f:ports"] = json!({ "k:{\"containerPort\":81,\"protocol\":\"TCP\"}": {} });
        let image = json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"web\"}": { "f:image": {} } } } } } });
        let mut scale = entry("kubectl", "Update", json!({ "f:spec": { "f:replicas": {} } }));
        scale["subresource"] = "scale".into();
        let all = json!([less, entry("kubectl-set", "Update", image), scale]);
        assert_eq!(
            drift(Some(all.clone())),
            [
                "metadata.labels[app.kubernetes.io/name] by ",
                "spec.replicas by kubectl",
                "spec.template.spec.containers[web].image by kubectl-set",
                "spec.template.spec.containers[web].ports[0] by ",
            ]
        );
        assert_eq!(lines(status(Some(all.clone())).foreign()), ["spec.template.spec.containers[web].image by kubectl-set"]);
        let mut scaled = all;
        scaled[2]["manager"] = "kube-controller-manager".into();
        assert!(!drift(Some(scaled)).iter().any(|line| line.starts_with("spec.replicas")), "a HorizontalPodAutoscaler has the last word");
    }

    #[test]
    fn what_others_added_is_foreign_and_what_kubernetes_sets_is_not() {
        let theirs = json!({ "f:metadata": { "f:annotations": { "f:note": {} }, "f:finalizers": {} }, "f:spec": { "f:paused": {}, "f:replicas": {} }, "f:status": { "f:x": {} } });
        let all = json!([own(), entry("kubectl-edit", "Update", theirs.clone()), entry("kube-controller-manager", "Update", theirs)]);
        assert_eq!(drift(Some(all.clone())), Vec::<String>::new());
        assert_eq!(lines(status(Some(all)).foreign()), ["metadata.annotations.note by kubectl-edit", "spec.paused by kubectl-edit"]);
    }
}
