//! What pods see of ConfigMaps and Secrets that were changed in place, under the name that they had.

use std::convert::Infallible;

use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read;
use crate::reference::pod_specs;
use crate::target::Effect;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Put;

/// An object that was changed in place, and the workloads of the release whose pods go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPlace {
    /// The object.
    pub object: Identity,
    /// Workloads whose pods have it as files: the kubelet replaces these within a minute or two, but not under `subPath`.
    pub files: Vec<Identity>,
    /// Workloads whose pods have it in their environment: they see it when they start again.
    pub environment: Vec<Identity>,
}

/// The ConfigMaps and Secrets of `set` that `put` changed under the name that they had, each with the workloads that use it and that were not changed
/// themselves, which rolls their pods.
pub(crate) fn in_place(set: &ManifestSet<'_>, put: &Put) -> Vec<InPlace> {
    let with = |wanted: &Effect| -> Vec<&Manifest<'_>> {
        let is_it = |object: &Identity| put.objects.iter().any(|one| one.object == *object && one.effect == *wanted);
        set.manifests.iter().filter(|manifest| is_it(&manifest.named_by_template())).collect()
    };
    let is_config =
        |manifest: &&Manifest<'_>| matches!((manifest.identity.kind.as_str(), manifest.identity.group()), ("ConfigMap" | "Secret", ""));
    let mut found: Vec<InPlace> = with(&Effect::Changed)
        .into_iter()
        .filter(|manifest| is_config(manifest) && manifest.base == manifest.identity.name)
        .map(|manifest| InPlace { object: manifest.identity.clone(), files: Vec::new(), environment: Vec::new() })
        .collect();
    if found.is_empty() {
        return found;
    }
    // A Secret is not read: its values would be copied for nothing.
    for workload in with(&Effect::Unchanged).into_iter().filter(|manifest| !is_config(manifest)) {
        let Some(mut root) = std::str::from_utf8(workload.bytes).ok().and_then(|text| read(text, Limits::default()).ok()?.pop()) else {
            continue;
        };
        for one in found.iter_mut().filter(|one| one.object.namespace == workload.identity.namespace) {
            let pods = pod_specs(&root);
            let below =
                |keys: &[&str]| pods.iter().any(|pod| keys.iter().any(|key| pod.get(key).is_some_and(|node| names(node, &one.object))));
            if below(&["volumes"]) {
                one.files.push(workload.identity.clone());
            }
            if below(&["containers", "initContainers"]) {
                one.environment.push(workload.identity.clone());
            }
        }
        root.wipe();
    }
    found
}

/// Whether a reference below the node names the object: a mapping under a key that says the kind, or the name of a Secret's volume.
fn names(node: &Node<Infallible>, object: &Identity) -> bool {
    let is_name = |node: Option<&Node<Infallible>>| node.and_then(Node::as_text) == Some(object.name.as_str());
    match &node.value {
        Value::List(items) => items.iter().any(|item| names(item, object)),
        Value::Map(entries) => entries.iter().any(|entry| {
            let says = match entry.key.as_str() {
                "configMapRef" | "configMapKeyRef" | "configMap" => object.kind == "ConfigMap",
                "secretRef" | "secretKeyRef" | "secret" => object.kind == "Secret",
                _ => false,
            };
            says && (is_name(entry.node.get("name")) || is_name(entry.node.get("secretName"))) || names(&entry.node, object)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::in_place;
    use crate::manifest::Identity;
    use crate::target::Effect;
    use crate::target::Manifest;
    use crate::target::ManifestSet;
    use crate::target::ObjectEffect;
    use crate::target::Put;
    use crate::target::Syntax;

    fn identity(version: &str, kind: &str, name: &str) -> Identity {
        Identity { api_version: version.into(), kind: kind.into(), namespace: "shop".into(), name: name.into() }
    }

    #[test]
    fn pods_that_go_on_see_files_soon_and_variables_when_they_start() {
        let pod = |spec: &str| format!("spec: {{ template: {{ spec: {{ {spec} }} }} }}\n");
        let env = "containers: [{ name: a, image: b, envFrom: [{ configMapRef: { name: app } }] }]";
        let files = "containers: [{ name: a, image: b }], volumes: [{ name: v, projected: { sources: [{ configMap: { name: app } }] } }]";
        let secret = "containers: [{ name: a, image: b }], volumes: [{ name: v, secret: { secretName: app } }]";
        let objects = [
            (identity("v1", "ConfigMap", "app"), "kind: ConfigMap\n".to_owned(), Effect::Changed),
            (identity("apps/v1", "Deployment", "env"), pod(env), Effect::Unchanged),
            (identity("apps/v1", "Deployment", "files"), pod(files), Effect::Unchanged),
            (identity("apps/v1", "Deployment", "secret"), pod(secret), Effect::Unchanged),
            (identity("apps/v1", "Deployment", "rolled"), pod(env), Effect::Changed),
        ];
        let manifests = objects.iter().map(|(object, text, _)| Manifest::new(object, &object.name, text.as_bytes())).collect();
        let set = ManifestSet { syntax: Syntax::Yaml, manifests };
        let effects = objects.iter().map(|(object, _, effect)| ObjectEffect { object: object.clone(), effect: effect.clone() });
        let found = in_place(&set, &Put { objects: effects.collect(), ..Put::default() });
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].files, &found[0].environment), (&vec![objects[2].0.clone()], &vec![objects[1].0.clone()]));
    }

    #[test]
    fn a_new_name_is_not_a_change_in_place() {
        let object = identity("v1", "ConfigMap", "app-7kq2m9xw4c");
        let set = ManifestSet { syntax: Syntax::Yaml, manifests: vec![Manifest::new(&object, "app", b"kind: ConfigMap\n")] };
        let effect = ObjectEffect { object: identity("v1", "ConfigMap", "app"), effect: Effect::Changed };
        assert_eq!(in_place(&set, &Put { objects: vec![effect], ..Put::default() }), []);
    }
}
