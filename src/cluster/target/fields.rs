//! Sets of fields as an API server notes them beside an object (`FieldsV1`, structured-merge-diff), against manifests and objects.

use std::convert::Infallible;

use serde_json::Map;
use serde_json::Value as Json;

use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;

/// Whether an entry of `managedFields` is of a controller of Kubernetes, or of a subresource.
pub(super) fn is_of_kubernetes(entry: &Json) -> bool {
    let manager = entry["manager"].as_str().unwrap_or_default();
    entry.get("subresource").is_some() || manager.starts_with("kube-") || manager == "cloud-controller-manager"
}

/// Those of `fields` that `ours` does not have.
pub(super) fn beyond(fields: &Json, ours: &Node<Infallible>) -> Json {
    let mut left = Map::new();
    for (step, below) in fields.as_object().into_iter().flatten().filter(|(step, _)| *step != ".") {
        match child(ours, step) {
            None => drop(left.insert(step.clone(), below.clone())),
            Some(_) if is_leaf(below) => {}
            Some(ours) => {
                let below = beyond(below, ours);
                if !is_leaf(&below) {
                    left.insert(step.clone(), below);
                }
            }
        }
    }
    Json::Object(left)
}

/// Adds `more` to `fields`, but for those at the end of whose path `is_left_out` says so.
pub(super) fn join(fields: &mut Json, more: &Json, is_left_out: &dyn Fn(&str) -> bool) {
    let (Json::Object(fields), Json::Object(more)) = (fields, more) else { return };
    for (step, below) in more.iter().filter(|(step, _)| !is_left_out(step)) {
        join(fields.entry(step.clone()).or_insert_with(|| Json::Object(Map::new())), below, is_left_out);
    }
}

/// Takes `fields` out of `object`, as the server does where a manager gives them up whom nobody else has them with.
pub(super) fn take(object: &mut Json, fields: &Json) {
    for (step, below) in fields.as_object().into_iter().flatten() {
        if let (Some(key), Json::Object(object)) = (step.strip_prefix("f:"), &mut *object) {
            if let Some(value) = object.get_mut(key) {
                take(value, below);
            }
            let is_empty = |value: &Json| value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
            if is_leaf(below) || object.get(key).is_some_and(is_empty) {
                object.remove(key);
            }
        } else if let Json::Array(items) = &mut *object {
            let Some(at) = items.iter().position(|item| is_value(item, step)) else { continue };
            // What holds an item itself holds all of it.
            if is_leaf(below) || below.get(".").is_some() {
                items.remove(at);
            } else {
                take(&mut items[at], below);
            }
        }
    }
}

/// Whether it is a field without fields of its own.
fn is_leaf(fields: &Json) -> bool {
    fields.as_object().is_none_or(|fields| fields.keys().all(|key| key == "."))
}

/// The part of a manifest that a step leads to.
fn child<'n>(ours: &'n Node<Infallible>, step: &str) -> Option<&'n Node<Infallible>> {
    match step.strip_prefix("f:") {
        Some(key) => ours.get(key),
        None => match &ours.value {
            Value::List(items) => items.iter().find(|item| is_item(item, step)),
            _ => None,
        },
    }
}

/// Whether a step is that item of a list: by its keys, or by its value.
pub(super) fn is_item(item: &Node<Infallible>, step: &str) -> bool {
    if let Some(value) = step.strip_prefix("v:") {
        return serde_json::from_str(value).is_ok_and(|value: Json| is_equal(item, &value));
    }
    let Some(Ok(Json::Object(keys))) = step.strip_prefix("k:").map(serde_json::from_str::<Json>) else { return false };
    let is_there = |(key, value): (&String, &Json)| item.get(key).is_none_or(|own| is_equal(own, value));
    keys.iter().all(is_there) && keys.keys().any(|key| item.get(key).is_some())
}

/// The same of an item of a live list, which has all of its keys.
fn is_value(item: &Json, step: &str) -> bool {
    if let Some(value) = step.strip_prefix("v:") {
        return serde_json::from_str(value).is_ok_and(|value: Json| *item == value);
    }
    let Some(Ok(Json::Object(keys))) = step.strip_prefix("k:").map(serde_json::from_str::<Json>) else { return false };
    keys.iter().all(|(key, value)| item.get(key) == Some(value))
}

fn is_equal(ours: &Node<Infallible>, value: &Json) -> bool {
    match (&ours.value, value) {
        (Value::Text(ours), Json::String(value)) => ours == value,
        (Value::Bool(ours), Json::Bool(value)) => ours == value,
        (Value::Number(Number::Int(ours)), Json::Number(value)) => value.as_i64() == Some(*ours),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::beyond;
    use super::take;
    use crate::manifest::Limits;
    use crate::manifest::read;

    const WEB: &str = "metadata: { labels: { app: web } }
spec: { replicas: 2, selector: { matchLabels: { app: web } }, containers: [{ name: main, image: web, ports: [{ containerPort: 80 }] }], fin: [one] }
";

    #[test]
    fn what_a_manifest_does_not_have_is_left() {
        let ours = read(WEB, Limits::default()).unwrap().remove(0);
        let main = |more: serde_json::Value| {
            let mut fields = json!({ ".": {}, "f:name": {}, "f:image": {}, "f:ports": { ".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } } });
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "f:metadata": { "f:labels": { ".": {}, "f:app": {} } }, "f:spec": { "f:replicas": {}, "f:selector": {},
                "f:containers": { "k:{\"name\":\"main\"}": fields }, "f:fin": { "v:\"one\"": {} } } })
        };
        assert_eq!(beyond(&main(json!({})), &ours), json!({}));
        let mut more = main(json!({ "f:env": { ".": {}, "k:{\"name\":\"A\"}": { ".": {}, "f:name": {} } } }));
        more["f:metadata"]["f:annotations"] = json!({ ".": {}, "f:a/b": {} });
        more["f:spec"]["f:fin"]["v:\"two\""] = json!({});
        let left = beyond(&more, &ours);
        let env = json!({ "k:{\"name\":\"main\"}": { "f:env": { ".": {}, "k:{\"name\":\"A\"}": { ".": {}, "f:name": {} } } } });
        let expected = json!({ "f:metadata": { "f:annotations": { ".": {}, "f:a/b": {} } }, "f:spec": { "f:containers": env, "f:fin": { "v:\"two\"": {} } } });
        assert_eq!(left, expected);
        let mut live = json!({ "metadata": { "annotations": { "a/b": "1" }, "labels": { "app": "web" } }, "spec": { "fin": ["one", "two"],
            "containers": [{ "name": "side" }, { "name": "main", "image": "web", "env": [{ "name": "A", "value": "1" }] }] } });
        take(&mut live, &left);
        assert_eq!(
            live,
            json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "fin": ["one"], "containers": [{ "name": "side" }, { "name": "main", "image": "web" }] } })
        );
        // What others set in the same map stays.
        let mut live = json!({ "metadata": { "annotations": { "a/b": "1", "c": "2" } } });
        take(&mut live, &left);
        assert_eq!(live, json!({ "metadata": { "annotations": { "c": "2" } } }));
    }
}
