//! What is known by its shape alone: pod specs in any kind, and the selectors of some operators.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::reference::Presence;
use crate::reference::rule::ReferenceRule;

/// Every pod spec at any depth, outermost first.
pub fn pod_specs<B>(root: &Node<B>) -> Vec<&Node<B>> {
    let mut found = Vec::new();
    collect(root, &mut |node| found.push(node), &mut |_| {});
    found
}

/// Every mapping whose `spec` is a pod spec, the root left out: templates, whose metadata pods get.
pub fn pod_templates<B>(root: &Node<B>) -> Vec<&Node<B>> {
    let mut found = Vec::new();
    for entry in root.as_map().unwrap_or_default() {
        collect(&entry.node, &mut |_| {}, &mut |node| found.push(node));
    }
    found
}

/// Whether a mapping is a pod spec: its `containers` is a list of mappings, each with an `image` or a `name`.
pub(super) fn is_pod_spec<B>(entries: &[Entry<B>]) -> bool {
    entries.iter().find(|entry| entry.key == "containers").and_then(|entry| entry.node.as_list()).is_some_and(|containers| {
        !containers.is_empty()
            && containers.iter().all(|container| {
                container.as_map().is_some_and(|entries| entries.iter().any(|entry| entry.key == "image" || entry.key == "name"))
            })
    })
}

/// The rule for the `name` of a mapping that some operators' own types have: a selector of a Secret's or ConfigMap's key.
///
/// - Prometheus Operator: `{name, key, optional}` (`v1.SecretKeySelector`, `v1.ConfigMapKeySelector`).
/// - External Secrets: `{name, key, namespace}` (`SecretKeySelector`) and `caProvider: {type, name, key, namespace}` in its stores.
pub(super) fn selector<B>(group: &str, kind: &str, parent: &str, entries: &[Entry<B>]) -> Option<ReferenceRule> {
    let third = match group {
        "monitoring.coreos.com" => "optional",
        "external-secrets.io" if kind.ends_with("SecretStore") => {
            if parent == "caProvider" {
                let referent = text(entries, "type").and_then(ConfigKind::of)?;
                return Some(ReferenceRule::Name(referent, Presence::Required));
            }
            "namespace"
        }
        _ => return None,
    };
    // What users name freely may be called `name` and `key` too.
    let free = ["labels", "annotations", "nodeselector", "params", "headers"].iter().any(|word| parent.to_lowercase().ends_with(word));
    let known = |entry: &Entry<B>| entry.key == "name" || entry.key == "key" || entry.key == third;
    if free || text(entries, "name").is_none() || text(entries, "key").is_none() || !entries.iter().all(known) {
        return None;
    }
    let referent = if parent.to_lowercase().contains("configmap") { ConfigKind::ConfigMap } else { ConfigKind::Secret };
    Some(ReferenceRule::Name(referent, Presence::Required))
}

/// Whether a text in a custom resource stands for names rather than being one: a policy's wildcard, a template's variable.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '{', '}', '$', '(', ')'])
}

/// The rule for the `name` of a mapping under a key such as `valueFrom.secretKeyRef`, `envFrom.configMapRef` or `authSecretRef`: it has
/// one meaning in every kind.
pub(super) fn reference<B>(parent: &str, entries: &[Entry<B>]) -> Option<ReferenceRule> {
    let parent = parent.to_lowercase();
    let ends =
        |word: &str| ["ref", "keyref", "keyselector"].iter().any(|end| parent.strip_suffix(end).is_some_and(|stem| stem.ends_with(word)));
    let referent = if ends("secret") {
        ConfigKind::Secret
    } else if ends("configmap") {
        ConfigKind::ConfigMap
    } else {
        return None;
    };
    text(entries, "name")?;
    Some(ReferenceRule::Typed(Some(referent), Presence::Optional))
}

/// The rule for `name` beside `kind: Secret`, and for `names` beside `kinds: [Secret]`: they have one meaning in every kind.
pub(super) fn beside_kind<B>(entries: &[Entry<B>]) -> Option<(&'static str, ReferenceRule)> {
    if text(entries, "name").is_some() {
        return referent(entries, None).map(|referent| ("name", ReferenceRule::Name(referent, Presence::Optional)));
    }
    let kinds = entries.iter().find(|entry| entry.key == "kinds")?.node.as_list()?;
    let mut kinds = kinds.iter().map(|kind| kind.as_text().and_then(|kind| ConfigKind::of(kind.trim_start_matches("v1/"))));
    let referent = kinds.next()??;
    kinds.all(|kind| kind == Some(referent)).then_some(("names", ReferenceRule::Name(referent, Presence::Optional)))
}

/// The kind that a reference says it names; `None` when it is neither ConfigMap nor Secret.
pub(super) fn referent<B>(entries: &[Entry<B>], default: Option<ConfigKind>) -> Option<ConfigKind> {
    let version = text(entries, "apiVersion").and_then(|version| version.split_once('/')).map(|(group, _)| group);
    let group = text(entries, "group").or_else(|| text(entries, "apiGroup")).or(version).unwrap_or_default();
    match (group, text(entries, "kind")) {
        ("" | "core", Some(kind)) => ConfigKind::of(kind),
        ("" | "core", None) => default,
        _ => None,
    }
}

/// Whether a text can be the name of an object (apimachinery `IsDNS1123Subdomain`).
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
}

/// The public text under `key`.
pub(super) fn text<'a, B>(entries: &'a [Entry<B>], key: &str) -> Option<&'a str> {
    entries.iter().find(|entry| entry.key == key)?.node.as_text()
}

fn collect<'a, B>(node: &'a Node<B>, spec: &mut impl FnMut(&'a Node<B>), template: &mut impl FnMut(&'a Node<B>)) {
    match &node.value {
        Value::Map(entries) => {
            if is_pod_spec(entries) {
                spec(node);
            }
            if node.get("spec").and_then(Node::as_map).is_some_and(is_pod_spec) {
                template(node);
            }
            for entry in entries {
                collect(&entry.node, spec, template);
            }
        }
        Value::List(items) => {
            for item in items {
                collect(item, spec, template);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::is_pod_spec;
    use super::pod_specs;
    use super::pod_templates;
    use super::reference;
    use super::selector;
    use crate::manifest::ConfigKind;
    use crate::reference::Presence;
    use crate::reference::rule::ReferenceRule;
    use crate::reference::sample::node;

    #[test]
    fn a_pod_spec_is_known_by_its_containers() {
        let shape = |value| is_pod_spec(node::<Infallible>(&value).as_map().unwrap());
        assert!(shape(json!({"containers": [{"image": "a"}, {"name": "b"}]})));
        assert!(!shape(json!({"containers": []})));
        assert!(!shape(json!({"containers": ["a"]})));
        assert!(!shape(json!({"containers": [{"image": "a"}, {"size": 1}]})));
        assert!(!shape(json!({"containers": {"image": "a"}})));
        assert!(!shape(json!({"initContainers": [{"image": "a"}]})));
    }

    #[test]
    fn pod_specs_are_found_at_any_depth() {
        let pod = json!({"containers": [{"name": "a", "image": "b"}]});
        let root = node::<Infallible>(&json!({"kind": "X", "spec": {"a": [{"b": {"template": {"spec": pod}}}, pod]}}));
        assert_eq!(pod_specs(&root).len(), 2);
        assert_eq!(pod_templates(&root).len(), 1);
        assert!(pod_templates(&node::<Infallible>(&json!({"kind": "Pod", "spec": pod}))).is_empty());
    }

    #[test]
    fn references_are_known_by_the_key_that_they_stand_under() {
        let rule = |parent, value| reference(parent, node::<Infallible>(&value).as_map().unwrap());
        let typed = |referent| Some(ReferenceRule::Typed(Some(referent), Presence::Optional));
        for parent in ["secretRef", "secretKeyRef", "authSecretRef", "SecretKeySelector"] {
            assert_eq!(rule(parent, json!({"name": "a", "key": "b"})), typed(ConfigKind::Secret), "{parent}");
        }
        assert_eq!(rule("configMapKeyRef", json!({"name": "a"})), typed(ConfigKind::ConfigMap));
        for parent in ["secretStoreRef", "secret", "ref", "clusterRef"] {
            assert_eq!(rule(parent, json!({"name": "a"})), None, "{parent}");
        }
        assert_eq!(rule("secretRef", json!({"key": "a"})), None);
    }

    #[test]
    fn selectors_are_known_by_their_keys() {
        let rule = |group, kind, parent, value| selector(group, kind, parent, node::<Infallible>(&value).as_map().unwrap());
        let (secret, map) =
            (ReferenceRule::Name(ConfigKind::Secret, Presence::Required), ReferenceRule::Name(ConfigKind::ConfigMap, Presence::Required));
        let prometheus = |parent, value| rule("monitoring.coreos.com", "ServiceMonitor", parent, value);
        assert_eq!(prometheus("username", json!({"name": "a", "key": "b"})), Some(secret));
        assert_eq!(prometheus("configMap", json!({"name": "a", "key": "b", "optional": true})), Some(map));
        assert_eq!(prometheus("matchLabels", json!({"name": "a", "key": "b"})), None);
        assert_eq!(prometheus("x", json!({"name": "a", "key": "b", "value": "c"})), None);
        let store = |parent, value| rule("external-secrets.io", "SecretStore", parent, value);
        assert_eq!(store("bearerToken", json!({"name": "a", "key": "b", "namespace": "c"})), Some(secret));
        assert_eq!(store("caProvider", json!({"type": "ConfigMap", "name": "a", "key": "b"})), Some(map));
        assert_eq!(rule("external-secrets.io", "ExternalSecret", "remoteRef", json!({"name": "a", "key": "b"})), None);
        assert_eq!(rule("example.com", "X", "username", json!({"name": "a", "key": "b"})), None);
    }
}
