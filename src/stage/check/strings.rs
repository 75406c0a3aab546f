//! Strings where Kubernetes demands strings: what YAML reads as a number, a boolean or null has to be quoted.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::reference::pod_specs;
use crate::reference::pod_templates;
use crate::stage::check::say::Say;

/// Checks data, labels and annotations, variables, arguments and commands, and the names in pods and Services.
pub(super) fn check<B>(say: &mut Say<'_, B>) {
    let root = &say.object.root;
    if say.object.is_config_map() || say.object.is_secret() {
        for section in ["data", "binaryData", "stringData"] {
            values(section, root.get(section), say);
        }
    }
    let templates = pod_templates(root).into_iter().filter_map(|template| template.get("metadata"));
    for metadata in root.get("metadata").into_iter().chain(templates) {
        values("labels", metadata.get("labels"), say);
        values("annotations", metadata.get("annotations"), say);
    }
    if root.get("kind").and_then(Node::as_text) == Some("Service") && root.get("apiVersion").and_then(Node::as_text) == Some("v1") {
        let spec = root.get("spec");
        values("selector", spec.and_then(|spec| spec.get("selector")), say);
        if let Some(spec) = spec {
            names("spec", spec, say);
        }
    }
    for pod in pod_specs(root) {
        names("spec", pod, say);
        values("nodeSelector", pod.get("nodeSelector"), say);
        for container in ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|list| items(pod, list)) {
            for list in ["command", "args"] {
                items(container, list).for_each(|item| string(list, item, say));
            }
            for variable in items(container, "env") {
                let name = variable.get("name").and_then(Node::as_text).unwrap_or_default();
                if let Some(value) = variable.get("value") {
                    string(&format!("env.{name}"), value, say);
                }
            }
        }
    }
}

/// A mapping of strings to strings.
fn values<B>(name: &str, node: Option<&Node<B>>, say: &mut Say<'_, B>) {
    match node.map(|node| (&node.value, node)) {
        None | Some((Value::Null, _)) => {}
        Some((Value::Map(entries), _)) => {
            for Entry { key, node, .. } in entries {
                if !is_string(node) {
                    string(&format!("{name}.{key}"), node, say);
                }
            }
        }
        Some((_, node)) => {
            let reason = format!("`{name}` is {} where Kubernetes needs a mapping", node.kind());
            say.problem(node.mark, reason, "write keys with their values");
        }
    }
}

/// Fields that are strings wherever they are in a pod's or a Service's spec (`core/v1/types.go`). An absent one may be written as null.
const NAMES: [&str; 16] = [
    "claimName",
    "hostname",
    "image",
    "key",
    "mountPath",
    "name",
    "nodeName",
    "path",
    "prefix",
    "priorityClassName",
    "schedulerName",
    "secretName",
    "serviceAccountName",
    "subPath",
    "subdomain",
    "workingDir",
];

/// The fields of `NAMES` in `node` and below, which is under `parent`.
fn names<B>(parent: &str, node: &Node<B>, say: &mut Say<'_, B>) {
    for item in node.as_list().unwrap_or_default() {
        names(parent, item, say);
    }
    for Entry { key, node, .. } in node.as_map().unwrap_or_default() {
        // What users name freely is no field.
        if matches!(key.as_str(), "nodeSelector" | "labels" | "annotations" | "matchLabels" | "selector") {
            continue;
        }
        if NAMES.contains(&key.as_str()) && matches!(node.value, Value::Bool(_) | Value::Number(_)) {
            string(&format!("{parent}.{key}"), node, say);
        }
        names(key, node, say);
    }
}

fn string<B>(name: &str, node: &Node<B>, say: &mut Say<'_, B>) {
    let next = match &node.value {
        Value::Text(_) | Value::Leaf(_) => return,
        Value::Bool(_) | Value::Number(_) => "quote it",
        Value::Null => "write \"\" if an empty string is meant",
        Value::List(_) | Value::Map(_) => "write it as text, in a block that begins with `|`",
    };
    say.problem(node.mark, format!("`{name}` is {} where Kubernetes needs a string", node.kind()), next);
}

fn is_string<B>(node: &Node<B>) -> bool {
    matches!(node.value, Value::Text(_) | Value::Leaf(_))
}

fn items<'a, B>(node: &'a Node<B>, key: &str) -> impl Iterator<Item = &'a Node<B>> {
    node.get(key).and_then(Node::as_list).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use crate::blank::BlankId;
    use crate::blank::BlankText;
    use crate::blank::Piece;
    use crate::manifest::Node;
    use crate::manifest::Value;
    use crate::reference::sample::object;
    use crate::stage::check::shape;

    fn found(json: &Json) -> Vec<(String, String)> {
        let problems = shape(&[object::<Infallible>(json)]);
        assert!(problems.iter().all(|problem| problem.place.as_ref().is_some_and(|place| place.line > 0)));
        problems.into_iter().map(|problem| (problem.reason, problem.next)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(reason, next)| ((*reason).to_owned(), (*next).to_owned())).collect()
    }

    #[test]
    fn data_is_made_of_strings() {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
            "data": {"a": 80, "b": true, "c": null, "d": {"e": 1}, "f": "80"}});
        assert_eq!(
            found(&map),
            pairs(&[
                ("`data.a` is a number where Kubernetes needs a string", "quote it"),
                ("`data.b` is a boolean where Kubernetes needs a string", "quote it"),
                ("`data.c` is null where Kubernetes needs a string", "write \"\" if an empty string is meant"),
                ("`data.d` is a mapping where Kubernetes needs a string", "write it as text, in a block that begins with `|`"),
            ])
        );
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"pin": 1234}, "data": ["x"]});
        assert_eq!(
            found(&secret),
            pairs(&[
                ("`data` is a list where Kubernetes needs a mapping", "write keys with their values"),
                ("`stringData.pin` is a number where Kubernetes needs a string", "quote it"),
            ])
        );
    }

    #[test]
    fn so_are_labels_and_annotations() {
        let json = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": {"v": 1}},
            "spec": {"template": {"metadata": {"annotations": {"scrape": true}}, "spec": {"containers": [{"name": "a"}]}}}});
        assert_eq!(
            found(&json),
            pairs(&[
                ("`labels.v` is a number where Kubernetes needs a string", "quote it"),
                ("`annotations.scrape` is a boolean where Kubernetes needs a string", "quote it"),
            ])
        );
    }

    #[test]
    fn so_are_variables_arguments_and_commands() {
        let json = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {
            "nodeSelector": {"gpu": true},
            "containers": [{"name": "a", "env": [{"name": "PORT", "value": 80}, {"name": "X"}], "args": ["-p", 80]}],
            "initContainers": [{"name": "b", "command": [1]}]}});
        assert_eq!(
            found(&json).into_iter().map(|(reason, _)| reason).collect::<Vec<_>>(),
            [
                "`nodeSelector.gpu` is a boolean where Kubernetes needs a string",
                "`command` is a number where Kubernetes needs a string",
                "`args` is a number where Kubernetes needs a string",
                "`env.PORT` is a number where Kubernetes needs a string",
            ]
        );
    }

    #[test]
    fn so_are_names_in_pods_and_services() {
        let json = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": {"spec": {
            "serviceAccountName": 1,
            "nodeSelector": {"name": "x"},
            "imagePullSecrets": [{"name": true}],
            "volumes": [{"name": 1, "secret": {"secretName": 2, "items": [{"key": true, "path": 4}]}}, {"name": "b", "configMap": {"name": 5}}],
            "containers": [{"name": 1, "image": "i", "workingDir": null, "ports": [{"name": true, "containerPort": 80}],
                "livenessProbe": {"httpGet": {"path": "/", "port": 80}}, "resources": {"limits": {"cpu": 1}},
                "volumeMounts": [{"name": "b", "mountPath": "/b", "subPath": 8}],
                "envFrom": [{"prefix": false, "secretRef": {"name": 1}}],
                "env": [{"name": true, "value": "1"}, {"name": "Z", "valueFrom": {"configMapKeyRef": {"name": "c", "key": 256}}}]}]}}}});
        let wanted = [
            "spec.serviceAccountName",
            "imagePullSecrets.name",
            "volumes.name",
            "secret.secretName",
            "items.key",
            "items.path",
            "configMap.name",
            "containers.name",
            "ports.name",
            "volumeMounts.subPath",
            "envFrom.prefix",
            "secretRef.name",
            "env.name",
            "configMapKeyRef.key",
        ];
        let mut wanted: Vec<String> = wanted.iter().map(|field| format!("`{field}`")).collect();
        let reported = found(&json);
        assert!(
            reported.iter().all(|(reason, next)| reason.ends_with(" where Kubernetes needs a string") && next == "quote it"),
            "{reported:?}"
        );
        let mut fields: Vec<String> = reported.iter().map(|(reason, _)| reason.split(' ').next().unwrap().to_owned()).collect();
        wanted.sort();
        fields.sort();
        assert_eq!(fields, wanted);
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},
            "spec": {"selector": {"app": "a", "v": 1}, "ports": [{"name": true, "port": 80}]}});
        let reasons: Vec<String> = found(&service).into_iter().map(|(reason, _)| reason).collect();
        let words = ["`selector.v` is a number", "`ports.name` is a boolean"].map(|what| format!("{what} where Kubernetes needs a string"));
        assert_eq!(reasons, words);
    }

    #[test]
    fn a_blank_is_a_string() {
        let json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {}});
        let mut object = object::<BlankText>(&json);
        let blank = Value::Leaf(BlankText { pieces: vec![Piece::Blank(BlankId(0))] });
        object.root.get_mut("stringData").unwrap().set("pin", Node::made(blank));
        assert!(shape(&[object]).is_empty());
    }

    #[test]
    fn other_kinds_may_have_data_of_any_shape() {
        let json = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "data": {"a": 1}});
        assert!(found(&json).is_empty());
    }
}
