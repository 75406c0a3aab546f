//! Objects that the project declares as somebody else's: each that the release mentions exists in the cluster, with the keys that are read of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value as Json;

use crate::cluster::target::item::Item;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// A ConfigMap or Secret that others keep.
#[derive(Debug, Clone)]
pub struct ExternalObject {
    /// Where that is said.
    pub place: Place,
    /// Whether it is a Secret.
    pub is_secret: bool,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The keys that it is said to have.
    pub keys: Vec<String>,
}

/// The kinds in URLs, namespaces and names of objects.
pub(super) fn others<'a>(externals: impl Iterator<Item = &'a ExternalObject>) -> Vec<(&'static str, &'a str, &'a str)> {
    externals.map(|object| (object.plural(), object.namespace.as_str(), object.name.as_str())).collect()
}

impl ExternalObject {
    fn plural(&self) -> &'static str {
        if self.is_secret { "secrets" } else { "configmaps" }
    }
}

/// What is wrong with those of `externals` that `items` mention.
pub(super) async fn problems(server: &Server, externals: &[ExternalObject], items: &[Item<'_>]) -> Vec<Problem> {
    let asked: Vec<_> = mentioned(externals, items).into_iter().map(|(object, keys)| look(server, object, keys)).collect();
    stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten().collect()
}

/// Those of `externals` that `items` mention, each with the keys that must be there and who reads them.
pub(super) fn mentioned<'a>(externals: &'a [ExternalObject], items: &[Item<'_>]) -> Vec<(&'a ExternalObject, BTreeMap<String, Place>)> {
    let mut found = Vec::new();
    for object in externals {
        let mut keys: BTreeMap<String, Place> = object.keys.iter().map(|key| (key.clone(), object.place.clone())).collect();
        let mut is_mentioned = false;
        for item in items.iter().filter(|item| [object.namespace.as_str(), ""].contains(&item.identity().namespace.as_str())) {
            let mut read = BTreeSet::new();
            is_mentioned |= item.at(&[]).is_some_and(|root| mentions(root, object, &mut read));
            let place = item.manifest.file.map_or_else(|| object.place.clone(), Place::file);
            keys.extend(read.into_iter().map(|key| (key, place.clone())));
        }
        if is_mentioned {
            found.push((object, keys));
        }
    }
    found
}

/// Whether a part of an object has its name and needs it; the keys that it reads are added to `keys`.
fn mentions(node: &Node<Infallible>, object: &ExternalObject, keys: &mut BTreeSet<String>) -> bool {
    match &node.value {
        Value::Text(text) => *text == object.name,
        Value::List(items) => items.iter().fold(false, |found, item| mentions(item, object, keys) | found),
        Value::Map(entries) => {
            if matches!(node.get("optional").map(|node| &node.value), Some(Value::Bool(true))) {
                return false;
            }
            let reference = if object.is_secret { "secretKeyRef" } else { "configMapKeyRef" };
            let read = node.get(reference).filter(|read| read.get("name").and_then(Node::as_text) == Some(&object.name));
            let is_optional = |read: &&Node<Infallible>| matches!(read.get("optional").map(|node| &node.value), Some(Value::Bool(true)));
            keys.extend(read.filter(|read| !is_optional(read)).and_then(|read| read.get("key")?.as_text()).map(str::to_owned));
            entries.iter().fold(false, |found, entry| mentions(&entry.node, object, keys) | found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Leaf(_) => false,
    }
}

/// What is wrong with it. Of its content the names of keys alone are read: the server notes them beside the metadata.
async fn look(server: &Server, object: &ExternalObject, keys: BTreeMap<String, Place>) -> Vec<Problem> {
    let (kind, plural) = (if object.is_secret { "Secret" } else { "ConfigMap" }, object.plural());
    let ExternalObject { namespace, name, .. } = object;
    let words = format!("{kind} {namespace}/{name}");
    let wrong = |place: &Place, reason: String, next: &str| Problem::new(Fault::Check, reason, next).at(place.clone());
    let metadata = match server.get(&format!("/api/v1/namespaces/{namespace}/{plural}/{name}"), Part::Metadata).await {
        Ok(found) => found,
        Err(Refused::Absent | Refused::NoNamespace) => {
            let reason = format!("{words} is listed under `external:` and does not exist in the cluster");
            return vec![wrong(&object.place, reason, "ask its owner to create it, or correct the entry")];
        }
        Err(refused) => {
            let said = refused.words();
            return vec![wrong(&object.place, format!("{words} cannot be looked at in the cluster: {}", said.reason), &said.next)];
        }
    };
    let Some(known) = known_keys(&metadata) else { return Vec::new() };
    let missing = keys.into_iter().filter(|(key, _)| !known.contains(key));
    let say = |(key, place): (String, Place)| {
        let reason = format!("{words} has no key `{key}` in the cluster: `external:` lists it as somebody else's");
        wrong(&place, reason, "ask its owner to add the key, or correct the reference")
    };
    missing.map(say).collect()
}

/// The keys of a ConfigMap or Secret as `managedFields` name them; `None` where it is not known of each field who set it.
fn known_keys(object: &Json) -> Option<BTreeSet<String>> {
    let entries = object["metadata"]["managedFields"].as_array().filter(|entries| !entries.is_empty())?;
    let mut keys = BTreeSet::new();
    for entry in entries {
        if entry["manager"] == "before-first-apply" {
            return None;
        }
        for field in ["f:data", "f:binaryData", "f:stringData"] {
            let named = entry["fieldsV1"][field].as_object().into_iter().flatten();
            keys.extend(named.filter_map(|(key, _)| key.strip_prefix("f:")).map(str::to_owned));
        }
    }
    (!keys.is_empty()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::ExternalObject;
    use super::known_keys;
    use super::mentions;
    use crate::manifest::Limits;
    use crate::manifest::read;
    use crate::place::Place;

    #[test]
    fn keys_are_known_by_the_names_of_fields() {
        let entry = |manager: &str, fields: serde_json::Value| json!({ "manager": manager, "operation": "Update", "fieldsV1": fields });
        let object = |entries: &[serde_json::Value]| json!({ "metadata": { "managedFields": entries } });
        let one = entry("kubectl-create", json!({ "f:data": { ".": {}, "f:tls.crt": {} }, "f:type": {} }));
        let two = entry("me", json!({ "f:data": { "f:tls.key": {} }, "f:binaryData": { "f:bin": {} } }));
        let names = |keys: &[&str]| Some(keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>());
        assert_eq!(known_keys(&object(&[one.clone(), two])), names(&["bin", "tls.crt", "tls.key"]));
        assert_eq!(known_keys(&object(&[one, entry("before-first-apply", json!({}))])), None);
        for unknown in [json!({}), object(&[]), object(&[entry("me", json!({ "f:type": {} }))])] {
            assert_eq!(known_keys(&unknown), None, "{unknown}");
        }
    }

    #[test]
    fn what_is_optional_is_not_asked_for() {
        let object = ExternalObject {
            place: Place::file("cloze.yaml"),
            is_secret: true,
            namespace: "shop".into(),
            name: "tls".into(),
            keys: Vec::new(),
        };
        for (text, found, read_keys) in [
            ("a: { secretKeyRef: { name: tls, key: crt } }", true, &["crt"][..]),
            ("a: { secretKeyRef: { name: tls, key: crt, optional: true } }", false, &[]),
            ("a: { secretKeyRef: { name: other, key: crt } }", false, &[]),
            ("a: { configMapKeyRef: { name: tls, key: crt } }", true, &[]),
            ("volumes: [{ secret: { secretName: tls } }]", true, &[]),
            ("volumes: [{ secret: { secretName: tls, optional: true } }]", false, &[]),
        ] {
            let mut keys = BTreeSet::new();
            let root = read(text, Limits::default()).unwrap().remove(0);
            assert_eq!(mentions(&root, &object, &mut keys), found, "{text}");
            assert_eq!(keys.iter().map(String::as_str).collect::<Vec<_>>(), read_keys, "{text}");
        }
    }
}
