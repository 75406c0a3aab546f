//! Whether an apply would change nothing, as far as the live object and what the server notes of its fields prove it.

use std::convert::Infallible;

use serde_json::Map;
use serde_json::Value as Json;

use crate::cluster::target::server::MANAGER;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;

/// Whether applying `ours` to `live` would change nothing: what cloze holds there is exactly what `ours` has, and each value is the same, in the
/// same order. Where that cannot be told, such as for a quantity that the server writes otherwise, the answer is no.
///
/// `live` may be a Secret's metadata alone: the content of an immutable one that cloze holds is what cloze applied, which its name says.
pub(super) fn is_unchanged(ours: &Node<Infallible>, live: &Json) -> bool {
    let (Some(entries), Some(owned)) = (ours.as_map(), owned(ours, live)) else { return false };
    let is_secret = ours.get("kind").and_then(Node::as_text) == Some("Secret");
    let is_frozen = matches!(ours.get("immutable").map(|node| &node.value), Some(Value::Bool(true)));
    let mut count = 0;
    for entry in entries.iter().filter(|entry| !matches!(entry.key.as_str(), "apiVersion" | "kind")) {
        let key = entry.key.as_str();
        count += 1;
        let Some(owned) = owned.get(&format!("f:{key}")) else { return false };
        let is_same = match (key, live.get(key)) {
            ("metadata", Some(live)) => metadata(&entry.node, live, owned),
            (_, Some(live)) => same(&entry.node, Some(live), owned),
            ("data" | "type" | "immutable", None) if is_secret && is_frozen => same(&entry.node, None, owned),
            _ => false,
        };
        if !is_same {
            return false;
        }
    }
    count == owned.len()
}

/// The fields that cloze holds by applying (`FieldsV1`), in the version of `ours`.
fn owned<'l>(ours: &Node<Infallible>, live: &'l Json) -> Option<&'l Map<String, Json>> {
    let version = ours.get("apiVersion")?.as_text()?;
    let entry = live["metadata"]["managedFields"].as_array()?.iter().find(|entry| {
        entry["manager"] == MANAGER && entry["operation"] == "Apply" && entry["apiVersion"] == version && entry.get("subresource").is_none()
    })?;
    entry["fieldsV1"].as_object()
}

fn metadata(ours: &Node<Infallible>, live: &Json, owned: &Json) -> bool {
    // What an object is known by is not a field of anybody.
    let entries = ours.as_map().unwrap_or_default().iter().filter(|entry| !matches!(entry.key.as_str(), "name" | "namespace"));
    fields(entries.map(|entry| (entry.key.as_str(), &entry.node)), Some(live), owned)
}

/// Whether what is `owned` of a value is all of `ours`, and `live` is the same; `None` is known to be.
fn same(ours: &Node<Infallible>, live: Option<&Json>, owned: &Json) -> bool {
    let Some(children) = owned.as_object() else { return false };
    if children.keys().all(|key| key == ".") {
        return live.is_none_or(|live| equal(ours, live));
    }
    match &ours.value {
        Value::Map(entries) => fields(entries.iter().map(|entry| (entry.key.as_str(), &entry.node)), live, owned),
        Value::List(items) => elements(items, live, children),
        _ => false,
    }
}

fn fields<'n>(entries: impl Iterator<Item = (&'n str, &'n Node<Infallible>)>, live: Option<&Json>, owned: &Json) -> bool {
    let mut count = 0;
    for (key, node) in entries {
        count += 1;
        let Some(owned) = owned.get(format!("f:{key}")) else { return false };
        let value = match live {
            None => None,
            Some(live) => match live.get(key) {
                Some(value) => Some(value),
                None => return false,
            },
        };
        if !same(node, value, owned) {
            return false;
        }
    }
    owned.as_object().is_some_and(|children| children.keys().filter(|key| *key != ".").count() == count)
}

/// Whether the elements of a list that are owned one by one are `ours`, and are in that order in `live`.
fn elements(ours: &[Node<Infallible>], live: Option<&Json>, owned: &Map<String, Json>) -> bool {
    let Some(live) = live.and_then(Json::as_array) else { return false };
    let mut next = 0;
    for item in ours {
        let found = owned.iter().find_map(|(child, below)| {
            if let Some(value) = child.strip_prefix("v:") {
                let value: Json = serde_json::from_str(value).ok()?;
                return equal(item, &value).then_some((None, value, below));
            }
            let keys: Json = serde_json::from_str(child.strip_prefix("k:")?).ok()?;
            let is_it = keys.as_object()?.iter().all(|(key, value)| item.get(key).is_none_or(|own| equal(own, value)))
                && keys.as_object()?.keys().any(|key| item.get(key).is_some());
            is_it.then_some((Some(()), keys, below))
        });
        let Some((keyed, wanted, below)) = found else { return false };
        let is_there = |one: &Json| match (keyed, wanted.as_object()) {
            (Some(()), Some(keys)) => keys.iter().all(|(key, value)| one.get(key) == Some(value)),
            _ => *one == wanted,
        };
        let Some(at) = live.iter().skip(next).position(is_there).map(|at| at + next) else { return false };
        next = at + 1;
        if keyed.is_some() && !same(item, Some(&live[at]), below) {
            return false;
        }
    }
    owned.keys().filter(|key| *key != ".").count() == ours.len()
}

/// Whether two values are the same to the last digit.
fn equal(ours: &Node<Infallible>, live: &Json) -> bool {
    match (&ours.value, live) {
        (Value::Bool(ours), Json::Bool(live)) => ours == live,
        (Value::Number(Number::Int(ours)), Json::Number(live)) => live.as_i64() == Some(*ours),
        (Value::Number(Number::Uint(ours)), Json::Number(live)) => live.as_u64() == Some(*ours),
        (Value::Number(Number::Float(ours)), Json::Number(live)) => live.as_f64() == Some(*ours),
        (Value::Text(ours), Json::String(live)) => ours == live,
        (Value::List(ours), Json::Array(live)) => ours.len() == live.len() && ours.iter().zip(live).all(|(ours, live)| equal(ours, live)),
        (Value::Map(ours), Json::Object(live)) => {
            ours.len() == live.len() && ours.iter().all(|entry| live.get(entry.key.as_str()).is_some_and(|live| equal(&entry.node, live)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::is_unchanged;
    use crate::manifest::Limits;
    use crate::manifest::read;

    fn unchanged(text: &str, live: &Value) -> bool {
        is_unchanged(&read(text, Limits::default()).unwrap().remove(0), live)
    }

    /// As kube-apiserver 1.36 keeps a Deployment that was applied.
    fn deployment() -> Value {
        json!({
            "metadata": {
                "name": "web", "namespace": "shop", "uid": "u", "labels": { "app": "web" },
                "managedFields": [
                    { "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "subresource": "status", "fieldsV1": { "f:status": {} } },
                    { "manager": "cloze", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {
                        "f:metadata": { "f:labels": { "f:app": {} } },
                        "f:spec": { "f:replicas": {}, "f:selector": {}, "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"web\"}": {
                            ".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
                            "f:env": { "k:{\"name\":\"A\"}": { ".": {}, "f:name": {}, "f:value": {} }, "k:{\"name\":\"B\"}": { ".": {}, "f:name": {}, "f:value": {} } },
                        } } } } },
                    } },
                ],
            },
            "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } }, "paused": false, "template": { "spec": { "restartPolicy": "Always", "containers": [
                { "name": "web", "image": "web:1", "imagePullPolicy": "Always", "args": ["-v", "1"], "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                  "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }] },
            ] } } },
            "status": { "replicas": 2 },
        })
    }

    const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    spec:
      containers:
      - name: web
        image: web:1
        args: [\"-v\", \"1\"]
        ports: [{ containerPort: 80 }]
        env: [{ name: A, value: \"1\" }, { name: B, value: \"2\" }]
";

    #[test]
    fn what_cloze_holds_and_the_values_must_be_the_same() {
        assert!(unchanged(DEPLOYMENT, &deployment()));
        for (from, to) in [
            ("web:1", "web:2"),
            ("replicas: 2", "replicas: 3"),
            ("  replicas: 2\n", ""),
            ("app: web } }\nspec", "app: web, more: x } }\nspec"),
            ("labels: { app: web } }", "labels: { } }"),
            ("[\"-v\", \"1\"]", "[\"1\", \"-v\"]"),
            ("env: [{ name: A, value: \"1\" }, { name: B, value: \"2\" }]", "env: [{ name: B, value: \"2\" }, { name: A, value: \"1\" }]"),
            (", { name: B, value: \"2\" }", ""),
            (", { name: B, value: \"2\" }", ", { name: C, value: \"2\" }"),
            ("containerPort: 80", "containerPort: 81"),
            ("containerPort: 80", "containerPort: 80, protocol: UDP"),
            ("selector: { matchLabels: { app: web } }", "selector: { matchLabels: { app: web }, matchExpressions: [] }"),
            ("apps/v1", "apps/v1beta1"),
            ("replicas: 2", "replicas: ~"),
        ] {
            let text = DEPLOYMENT.replacen(from, to, 1);
            assert_ne!(text, DEPLOYMENT, "{from}");
            assert!(!unchanged(&text, &deployment()), "{from} -> {to}");
        }
        let mut drifted = deployment();
        drifted["spec"]["replicas"] = 5.into();
        assert!(!unchanged(DEPLOYMENT, &drifted), "somebody scaled it");
        let mut taken = deployment();
        taken["metadata"]["managedFields"][1]["manager"] = "kubectl".into();
        assert!(!unchanged(DEPLOYMENT, &taken));
    }

    #[test]
    fn of_an_immutable_secret_the_metadata_is_enough() {
        let text =
            "apiVersion: v1\nkind: Secret\nmetadata: { name: a-1, labels: { b: c } }\ntype: Opaque\nimmutable: true\ndata: { k: dg== }\n";
        let live = |data: Value| {
            json!({ "metadata": { "name": "a-1", "labels": { "b": "c" }, "managedFields": [{ "manager": "cloze", "operation": "Apply", "apiVersion": "v1",
                "fieldsV1": { "f:metadata": { "f:labels": { "f:b": {} } }, "f:type": {}, "f:immutable": {}, "f:data": data } }] } })
        };
        assert!(unchanged(text, &live(json!({ "f:k": {} }))));
        assert!(!unchanged(text, &live(json!({ "f:k": {}, "f:l": {} }))));
        assert!(!unchanged(text, &live(json!({ "f:l": {} }))));
        assert!(!unchanged(&text.replace("immutable: true\n", "").replace("f:immutable", ""), &live(json!({ "f:k": {} }))));
        assert!(!unchanged(&text.replace("b: c", "b: d"), &live(json!({ "f:k": {} }))));
    }
}
