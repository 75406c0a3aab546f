//! One pass over an object that meets every field naming a ConfigMap or Secret exactly once.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::reference::Presence;
use crate::reference::Site;
use crate::reference::Stranger;
use crate::reference::Visit;
use crate::reference::annotation;
use crate::reference::rule::Rule;
use crate::reference::shape;
use crate::reference::shape::text;
use crate::reference::storage;
use crate::reference::table;
use crate::reference::table::Branch;

/// Shows `visitor` every field of `object` that names a ConfigMap or Secret, and writes what it answers.
///
/// ConfigMaps, Secrets and definitions of custom resources refer to nothing; metadata (an Ingress' annotations excepted) and status are
/// not looked into.
pub fn walk<B>(object: &mut Object<B>, visitor: &mut impl Visit) {
    if object.is_config_map() || object.is_secret() || object.identity.kind == "CustomResourceDefinition" {
        return;
    }
    let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
    let walk = Walk {
        group,
        kind,
        custom: !table::is_core_group(group),
        rolls: !(group == "batch" && kind == "Job"),
        parameters: parameters(&object.root, kind, visitor),
    };
    let cursor = Cursor { table: table::fields(group, kind), pod: None };
    if kind == "Ingress" && !walk.custom {
        let annotations = object.root.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        annotations.and_then(Node::as_map_mut).into_iter().flatten().for_each(|entry| annotated(entry, visitor));
    }
    let parameters = object.root.get_mut("parameters").and_then(Node::as_map_mut);
    if let (Some(parameters), "StorageClass", "storage.k8s.io") = (parameters, kind, group) {
        (0..parameters.len()).for_each(|index| parameter(parameters, index, visitor));
    }
    for Entry { key, node, .. } in object.root.as_map_mut().into_iter().flatten() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            walk.node(node, cursor.below(key), key, visitor);
        }
    }
}

/// What holds for the whole object.
struct Walk<'a> {
    group: &'a str,
    kind: &'a str,
    custom: bool,
    /// Whether a changed annotation on its pod template is allowed and makes new pods.
    rolls: bool,
    /// What `spec.paramRef` names, where it is an admission policy's binding.
    parameters: Option<(ConfigKind, Presence)>,
}

/// Where in the tables a node lies.
#[derive(Clone, Copy)]
struct Cursor {
    table: Option<&'static Branch>,
    pod: Option<&'static Branch>,
}

impl Cursor {
    fn below(self, key: &str) -> Self {
        Self { table: self.table.and_then(|branch| branch.below(key)), pod: self.pod.and_then(|branch| branch.below(key)) }
    }

    fn rule(self) -> Option<Rule> {
        self.table.and_then(|branch| branch.rule).or_else(|| self.pod.and_then(|branch| branch.rule))
    }
}

impl Walk<'_> {
    fn node<B>(&self, node: &mut Node<B>, cursor: Cursor, key: &str, visitor: &mut impl Visit) {
        match &mut node.value {
            Value::Map(entries) => self.map(entries, cursor, key, visitor),
            Value::List(items) => {
                for item in items {
                    self.node(item, cursor, key, visitor);
                }
            }
            _ => {}
        }
    }

    fn map<B>(&self, entries: &mut Vec<Entry<B>>, mut cursor: Cursor, parent: &str, visitor: &mut impl Visit) {
        if shape::is_pod_spec(entries) {
            cursor.pod = table::pod_fields();
        }
        let selector = shape::selector(self.group, self.kind, parent, entries);
        let mut template = None;
        for index in 0..entries.len() {
            let below = cursor.below(&entries[index].key);
            let rule = below.rule().or_else(|| selector.filter(|_| entries[index].key == "name"));
            if let Some(rule) = rule {
                self.field(entries, index, rule, parent, visitor);
                continue;
            }
            let Entry { key, node, .. } = &mut entries[index];
            if self.rolls && key == "spec" && node.as_map().is_some_and(shape::is_pod_spec) {
                visitor.enter_template();
                self.node(node, below, key, visitor);
                template = visitor.leave_template();
            } else {
                self.node(node, below, key, visitor);
            }
            if self.custom {
                strange(parent, &entries[index], visitor);
            }
        }
        if let Some((key, value)) = template {
            annotate(entries, &key, value);
        }
    }

    fn field<B>(&self, entries: &mut [Entry<B>], index: usize, rule: Rule, parent: &str, visitor: &mut impl Visit) {
        let named = match rule {
            Rule::Permission => return permissions(entries, index, visitor),
            Rule::Name(referent, presence) => Some((referent, presence)),
            Rule::Typed(default, presence) => typed(entries, default).map(|referent| (referent, presence)),
            Rule::Parameters => self.parameters,
        };
        let Some((referent, presence)) = named else { return };
        let presence = if optional(entries) { Presence::Optional } else { presence };
        let text_only = parent == "configMapKeyRef";
        let Entry { key, node, .. } = &mut entries[index];
        match &mut node.value {
            Value::Text(name) => {
                let (name, mark) = (name.clone(), node.mark);
                let (namespace, keys) = (namespace(entries, &entries[index].key), keys(entries));
                let site = Site { referent, name: &name, namespace, keys, text_only, presence, mark };
                if let Some(name) = self.ask(&site, visitor) {
                    entries[index].node.value = Value::Text(name.into());
                }
            }
            Value::List(items) => {
                for item in items {
                    let Value::Text(name) = &mut item.value else { continue };
                    let site = Site { referent, name, namespace: None, keys: Vec::new(), text_only, presence, mark: item.mark };
                    if let Some(new) = self.ask(&site, visitor) {
                        *name = new.into();
                    }
                }
            }
            Value::Bool(_) | Value::Number(_) => visitor.misfit(key, node.kind(), node.mark),
            Value::Null | Value::Leaf(_) | Value::Map(_) => {}
        }
    }

    fn ask(&self, site: &Site<'_>, visitor: &mut impl Visit) -> Option<String> {
        if self.custom && is_pattern(site.name) { None } else { visitor.reference(site) }
    }
}

/// A binding's parameters are of the kind that its policy says. Where the policy is not at hand, a ConfigMap of that name is what is
/// meant.
fn parameters<B>(root: &Node<B>, kind: &str, visitor: &impl Visit) -> Option<(ConfigKind, Presence)> {
    let policy = root.at(&["spec", "policyName"]).and_then(Node::as_text).unwrap_or_default();
    match visitor.parameters(kind.strip_suffix("Binding")?, policy) {
        Some(true) => Some((ConfigKind::ConfigMap, Presence::Required)),
        Some(false) => None,
        None => Some((ConfigKind::ConfigMap, Presence::Optional)),
    }
}

/// The kind that a reference says it names; `None` when it is neither ConfigMap nor Secret.
fn typed<B>(entries: &[Entry<B>], default: Option<ConfigKind>) -> Option<ConfigKind> {
    let group = text(entries, "group").or_else(|| text(entries, "apiGroup")).unwrap_or_default();
    match (group, text(entries, "kind")) {
        ("" | "core", Some(kind)) => ConfigKind::of(kind),
        ("" | "core", None) => default,
        _ => None,
    }
}

/// The namespace beside a name: under `namespace`, or under `secretNamespace` beside `secretName`.
fn namespace<'a, B>(entries: &'a [Entry<B>], key: &str) -> Option<&'a str> {
    let namespace = match key.strip_suffix("Name") {
        Some(prefix) => text(entries, &format!("{prefix}Namespace")),
        None => text(entries, "namespace"),
    };
    namespace.filter(|namespace| !namespace.is_empty())
}

/// The keys that are asked for beside a name: under `key`, or under `key` of each of `items`.
fn keys<B>(entries: &[Entry<B>]) -> Vec<(&str, Mark)> {
    let own = entries.iter().filter(|entry| entry.key == "key" || entry.key == "valuesKey").map(|entry| &entry.node);
    let items = entries.iter().find(|entry| entry.key == "items").and_then(|entry| entry.node.as_list()).unwrap_or_default();
    let of_items = items.iter().filter_map(|item| item.get("key"));
    own.chain(of_items).filter_map(|node| Some((node.as_text()?, node.mark))).collect()
}

fn optional<B>(entries: &[Entry<B>]) -> bool {
    entries.iter().any(|entry| entry.key == "optional" && matches!(entry.node.value, Value::Bool(true)))
}

/// Whether a text in a custom resource stands for names rather than being one: a policy's wildcard, a template's variable.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '{', '}', '$', '(', ')'])
}

/// `resourceNames` of a rule (rbac.authorization.k8s.io/v1 `PolicyRule`) whose `resources` are ConfigMaps or Secrets. A name stays beside the
/// new ones where the rule covers other resources too.
fn permissions<B>(entries: &mut [Entry<B>], index: usize, visitor: &mut impl Visit) {
    let texts = |key| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.node.as_list());
    let has = |key, wanted: &str| texts(key).is_some_and(|list: &[Node<B>]| list.iter().any(|item| item.as_text() == Some(wanted)));
    if texts("apiGroups").is_some() && !has("apiGroups", "") && !has("apiGroups", "*") {
        return;
    }
    let covered: Vec<ConfigKind> = [(ConfigKind::ConfigMap, "configmaps"), (ConfigKind::Secret, "secrets")]
        .into_iter()
        .filter(|(_, plural)| has("resources", plural) || has("resources", "*"))
        .map(|(referent, _)| referent)
        .collect();
    let others = texts("resources").is_some_and(|list| list.len() > covered.len()) || has("resources", "*");
    let Some(names) = entries[index].node.as_list_mut() else { return };
    let mut renamed: Vec<Node<B>> = Vec::with_capacity(names.len());
    for node in names.drain(..) {
        let mark = node.mark;
        let new: Vec<String> = match node.as_text() {
            Some(name) => covered.iter().flat_map(|referent| visitor.permission(*referent, name)).collect(),
            None => Vec::new(),
        };
        if others || new.is_empty() {
            renamed.push(node);
        }
        for name in new {
            if !renamed.iter().any(|known| known.as_text() == Some(&name)) {
                renamed.push(Node { mark, value: Value::Text(name.into()) });
            }
        }
    }
    *names = renamed;
}

/// An Ingress' annotation, `name` or `namespace/name`.
fn annotated<B>(entry: &mut Entry<B>, visitor: &mut impl Visit) {
    let (Some(referent), Some(text)) = (annotation::referent(&entry.key), entry.node.as_text()) else { return };
    let (namespace, name) = text.split_once('/').map_or((None, text), |(namespace, name)| (Some(namespace), name));
    let mark = entry.node.mark;
    let site = Site { referent, name, namespace, keys: Vec::new(), text_only: false, presence: Presence::Required, mark };
    if let Some(name) = visitor.reference(&site) {
        let text = namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"));
        entry.node.value = Value::Text(text.into());
    }
}

/// A parameter of a `StorageClass`.
fn parameter<B>(entries: &mut [Entry<B>], index: usize, visitor: &mut impl Visit) {
    let entry = &entries[index];
    let (Some((beside, presence)), Some(name)) = (storage::secret(&entry.key), entry.node.as_text()) else { return };
    if is_pattern(name) {
        return;
    }
    let namespace = text(entries, &beside).filter(|namespace| !is_pattern(namespace));
    let mark = entry.node.mark;
    let site = Site { referent: ConfigKind::Secret, name, namespace, keys: Vec::new(), text_only: false, presence, mark };
    if let Some(name) = visitor.reference(&site) {
        entries[index].node.value = Value::Text(name.into());
    }
}

fn strange<B>(parent: &str, entry: &Entry<B>, visitor: &mut impl Visit) {
    let mut tell = |node: &Node<B>| {
        if let Some(text) = node.as_text() {
            visitor.stranger(&Stranger { parent, key: &entry.key, text, mark: node.mark });
        }
    };
    tell(&entry.node);
    entry.node.as_list().unwrap_or_default().iter().for_each(tell);
}

/// Puts an annotation on the template whose entries these are.
fn annotate<B>(entries: &mut Vec<Entry<B>>, key: &str, value: String) {
    let metadata = mapping(entries, "metadata");
    let annotations = mapping(metadata, "annotations");
    match annotations.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => entry.node = Node::text(value),
        None => annotations.push(Entry { key: key.into(), mark: Mark::default(), node: Node::text(value) }),
    }
}

/// The entries of the mapping under `key`, which is made where there is none.
fn mapping<'a, B>(entries: &'a mut Vec<Entry<B>>, key: &str) -> &'a mut Vec<Entry<B>> {
    let index = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        entries.push(Entry { key: key.into(), mark: Mark::default(), node: Node::made(Value::Null) });
        entries.len() - 1
    });
    let node = &mut entries[index].node;
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    match &mut node.value {
        Value::Map(entries) => entries,
        _ => unreachable!("it was made a mapping just now"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use super::walk;
    use crate::manifest::ConfigKind;
    use crate::manifest::Mark;
    use crate::reference::Presence;
    use crate::reference::Site;
    use crate::reference::Stranger;
    use crate::reference::Visit;
    use crate::reference::sample;
    use crate::reference::table::tests::core_rows;
    use crate::reference::table::tests::custom_rows;

    /// A note of a reference.
    struct Seen {
        referent: ConfigKind,
        name: String,
        namespace: Option<String>,
        keys: Vec<String>,
        presence: Presence,
    }

    /// Appends `-new` to every name and takes notes.
    #[derive(Default)]
    struct Renamer {
        seen: Vec<Seen>,
        strangers: Vec<String>,
        misfits: Vec<String>,
        parameters: Option<bool>,
        templates: usize,
    }

    impl Visit for Renamer {
        fn reference(&mut self, site: &Site<'_>) -> Option<String> {
            let keys = site.keys.iter().map(|(key, _)| (*key).to_owned()).collect();
            self.seen.push(Seen {
                referent: site.referent,
                name: site.name.to_owned(),
                namespace: site.namespace.map(str::to_owned),
                keys,
                presence: site.presence,
            });
            Some(format!("{}-new", site.name))
        }

        fn permission(&mut self, referent: ConfigKind, name: &str) -> Vec<String> {
            let known = name.starts_with(&referent.word().to_lowercase());
            if known { vec![format!("{name}-new")] } else { Vec::new() }
        }

        fn parameters(&self, _: &str, _: &str) -> Option<bool> {
            self.parameters
        }

        fn misfit(&mut self, key: &str, found: &'static str, _: Mark) {
            self.misfits.push(format!("{key} is {found}"));
        }

        fn leave_template(&mut self) -> Option<(String, String)> {
            self.templates += 1;
            Some(("note".to_owned(), self.templates.to_string()))
        }

        fn stranger(&mut self, stranger: &Stranger<'_>) {
            self.strangers.push(format!("{}.{}={}", stranger.parent, stranger.key, stranger.text));
        }
    }

    fn walked(json: &Json) -> (Json, Renamer) {
        walked_with(json, Renamer::default())
    }

    fn walked_with(json: &Json, mut renamer: Renamer) -> (Json, Renamer) {
        let mut object = sample::object::<Infallible>(json);
        walk(&mut object, &mut renamer);
        (sample::json(&object.root), renamer)
    }

    /// The smallest object with `name` at `path`, every step wrapped in a list when `lists` says so.
    fn smallest(group: &str, kind: &str, rule: &str, path: &str, lists: bool) -> (Json, String) {
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let (way, last) = path.rsplit_once('.').unwrap();
        let mut leaf = serde_json::Map::new();
        let referent = if rule.contains("ConfigMap") { "configmap" } else { "secret" };
        let permission = rule.starts_with("rbac");
        leaf.insert(last.to_owned(), if permission { json!([format!("{referent}-x")]) } else { json!(format!("{referent}-x")) });
        if permission {
            leaf.insert("resources".to_owned(), json!([format!("{referent}s")]));
            leaf.insert("apiGroups".to_owned(), json!([""]));
        }
        if rule.starts_with("typed:-") {
            leaf.insert("kind".to_owned(), json!("Secret"));
        }
        let wrap = |value: Json| if lists { json!([value]) } else { value };
        let mut tree = Json::Object(leaf);
        for key in way.split('.').rev() {
            tree = json!({key: wrap(tree)});
        }
        tree["apiVersion"] = json!(version);
        tree["kind"] = json!(kind);
        tree["metadata"] = json!({"name": "x", "namespace": "shop"});
        (tree, format!("{referent}-x"))
    }

    #[test]
    fn every_row_of_the_tables_is_followed() {
        let rows: Vec<_> = core_rows().into_iter().chain(custom_rows()).collect();
        assert_eq!(rows.len(), 260 + 925);
        for (group, kind, rule, path) in rows {
            for lists in [false, true] {
                // A list of mappings is no string list's parent; `resourceNames` and the like are lists themselves.
                let (before, name) = smallest(group, kind, rule, path, lists);
                let (after, _) = walked(&before);
                let expected = before.to_string().replace(&format!("\"{name}\""), &format!("\"{name}-new\""));
                assert_ne!(before.to_string(), expected);
                assert_eq!(after.to_string(), expected, "{kind} {path}");
            }
        }
    }

    #[test]
    fn the_referent_is_the_one_that_the_row_says() {
        for (group, kind, rule, path) in core_rows().into_iter().chain(custom_rows()) {
            let expected = match rule.trim_end_matches('?') {
                "ConfigMap" | "typed:ConfigMap" | "param" => ConfigKind::ConfigMap,
                "Secret" | "typed:Secret" | "typed:-" => ConfigKind::Secret,
                _ => continue,
            };
            let (_, renamer) = walked(&smallest(group, kind, rule, path, false).0);
            assert_eq!(renamer.seen.len(), 1, "{kind} {path}");
            assert_eq!(renamer.seen[0].referent, expected, "{kind} {path}");
        }
    }

    fn object(api: &str, kind: &str, rest: &Json) -> Json {
        let mut json = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}});
        for (key, value) in rest.as_object().unwrap() {
            json[key] = value.clone();
        }
        json
    }

    #[test]
    fn lists_of_names_are_followed() {
        let (after, renamer) = walked(&object("monitoring.coreos.com/v1", "Prometheus", &json!({"spec": {"secrets": ["a", "b"]}})));
        assert_eq!(after["spec"]["secrets"], json!(["a-new", "b-new"]));
        assert_eq!(renamer.seen.len(), 2);
    }

    #[test]
    fn what_is_produced_and_what_names_something_else_is_left() {
        let left = [
            object("cert-manager.io/v1", "Certificate", &json!({"spec": {"secretName": "a"}})),
            object(
                "external-secrets.io/v1",
                "ExternalSecret",
                &json!({"spec": {"target": {"name": "a"}, "secretStoreRef": {"name": "b"}, "data": [{"secretKey": "c"}]}}),
            ),
            object("bitnami.com/v1alpha1", "SealedSecret", &json!({"spec": {"template": {"metadata": {"name": "a"}}}})),
            object(
                "argoproj.io/v1alpha1",
                "AnalysisTemplate",
                &json!({"spec": {"metrics": [{"provider": {"web": {"authentication": {"oauth2": {"clientSecret": "a"}}}}}]}}),
            ),
            object("keda.sh/v1alpha1", "TriggerAuthentication", &json!({"spec": {"azureKeyVault": {"secrets": [{"name": "a"}]}}})),
            object("external-secrets.io/v1", "SecretStore", &json!({"spec": {"provider": {"webhook": {"secrets": [{"name": "a"}]}}}})),
            object("example.com/v1", "Widget", &json!({"spec": {"secretRef": {"name": "a"}, "configMapName": "b"}})),
            object("v1", "ConfigMap", &json!({"data": {"containers": "x"}})),
            object("v1", "Secret", &json!({"data": {"secretName": "x"}})),
            object(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                &json!({"spec": {"containers": [{"name": "a", "envFrom": [{"secretRef": {"name": "b"}}]}]}}),
            ),
        ];
        for before in left {
            let (after, renamer) = walked(&before);
            assert_eq!(after, before);
            assert!(renamer.seen.is_empty());
        }
    }

    #[test]
    fn unknown_fields_of_custom_resources_are_told() {
        let widget = object("example.com/v1", "Widget", &json!({"spec": {"secretRef": {"name": "a"}, "secrets": ["b"], "n": 1}}));
        assert_eq!(walked(&widget).1.strangers, ["secretRef.name=a", "spec.secrets=b"]);
        assert!(walked(&object("v1", "Service", &json!({"spec": {"secretRef": {"name": "a"}}}))).1.strangers.is_empty());
    }

    #[test]
    fn a_pod_spec_is_followed_in_any_kind_at_any_depth() {
        let pod = json!({"containers": [{"name": "a", "image": "b", "envFrom": [{"configMapRef": {"name": "c"}}],
            "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "i"}}]}],
            "volumes": [{"projected": {"sources": [{"configMap": {"name": "p", "items": [{"key": "k1"}, {"key": "k2"}]}}]}}]});
        let (after, renamer) = walked(&object("example.com/v1", "Widget", &json!({"a": [{"b": {"template": {"spec": pod}}}]})));
        let pod = &after["a"][0]["b"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["envFrom"][0]["configMapRef"]["name"], "c-new");
        assert_eq!(pod["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"], "s-new");
        assert_eq!(pod["initContainers"][0]["envFrom"][0]["secretRef"]["name"], "i-new");
        assert_eq!(pod["volumes"][0]["projected"]["sources"][0]["configMap"]["name"], "p-new");
        let keys: Vec<_> = renamer.seen.iter().map(|seen| (seen.name.as_str(), seen.keys.len())).collect();
        assert_eq!(keys.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [&("s", 1), &("p", 2)]);
        assert_eq!(after["a"][0]["b"]["template"]["metadata"]["annotations"]["note"], "1");
    }

    #[test]
    fn a_reference_in_a_table_and_in_a_shape_is_met_once() {
        let pod = json!({"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "c"}}]}]});
        for (api, kind) in [("apps/v1", "Deployment"), ("argoproj.io/v1alpha1", "Rollout")] {
            let (after, renamer) = walked(&object(api, kind, &json!({"spec": {"template": {"spec": pod}}})));
            assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"], "c-new");
            assert_eq!(renamer.seen.len(), 1);
        }
    }

    #[test]
    fn patterns_in_policies_are_left() {
        let pod = json!({"containers": [{"name": "*", "envFrom": [{"configMapRef": {"name": "?*"}}]}]});
        let (_, renamer) = walked(&object("kyverno.io/v1", "Policy", &json!({"spec": {"pattern": {"spec": pod}}})));
        assert!(renamer.seen.is_empty());
    }

    #[test]
    fn optional_says_so() {
        let env = |optional: Json| {
            let map = json!({"name": "c", "key": "k", "optional": optional});
            object("v1", "Pod", &json!({"spec": {"containers": [{"name": "a", "env": [{"valueFrom": {"configMapKeyRef": map}}]}]}}))
        };
        assert_eq!(walked(&env(json!(true))).1.seen[0].presence, Presence::Optional);
        assert_eq!(walked(&env(json!(false))).1.seen[0].presence, Presence::Required);
    }

    #[test]
    fn a_field_may_carry_a_namespace() {
        let volume = object(
            "v1",
            "PersistentVolume",
            &json!({"spec": {"csi": {"nodeStageSecretRef": {"name": "a", "namespace": "other"}},
                "azureFile": {"secretName": "b", "secretNamespace": "third"}, "rbd": {"secretRef": {"name": "c"}}}}),
        );
        let namespaces: Vec<_> = walked(&volume).1.seen.into_iter().map(|seen| (seen.name, seen.namespace)).collect();
        assert!(namespaces.contains(&("a".to_owned(), Some("other".to_owned()))));
        assert!(namespaces.contains(&("b".to_owned(), Some("third".to_owned()))));
        assert!(namespaces.contains(&("c".to_owned(), None)));
    }

    #[test]
    fn typed_references_to_other_kinds_are_left() {
        let backend =
            |resource: Json| object("networking.k8s.io/v1", "Ingress", &json!({"spec": {"defaultBackend": {"resource": resource}}}));
        let followed = |json: &Json| walked(json).1.seen.len();
        assert_eq!(followed(&backend(json!({"kind": "ConfigMap", "name": "a"}))), 1);
        assert_eq!(followed(&backend(json!({"kind": "StorageBucket", "name": "a"}))), 0);
        assert_eq!(followed(&backend(json!({"apiGroup": "example.com", "kind": "ConfigMap", "name": "a"}))), 0);
        let gateway = |reference: Json| {
            let spec = json!({"listeners": [{"tls": {"certificateRefs": [reference]}}]});
            object("gateway.networking.k8s.io/v1", "Gateway", &json!({"spec": spec}))
        };
        let (after, renamer) = walked(&gateway(json!({"name": "a", "namespace": "other"})));
        assert_eq!(renamer.seen[0].referent, ConfigKind::Secret);
        assert_eq!(renamer.seen[0].namespace.as_deref(), Some("other"));
        assert_eq!(after["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"], "a-new");
        assert_eq!(followed(&gateway(json!({"group": "", "kind": "ConfigMap", "name": "a"}))), 1);
        assert_eq!(followed(&gateway(json!({"group": "example.com", "kind": "Secret", "name": "a"}))), 0);
    }

    #[test]
    fn parameters_are_of_the_kind_that_the_policy_says() {
        let spec = json!({"spec": {"policyName": "p", "paramRef": {"name": "a"}}});
        let binding = object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", &spec);
        let presence =
            |parameters| walked_with(&binding, Renamer { parameters, ..Renamer::default() }).1.seen.first().map(|seen| seen.presence);
        assert_eq!(presence(Some(true)), Some(Presence::Required));
        assert_eq!(presence(Some(false)), None);
        assert_eq!(presence(None), Some(Presence::Optional));
    }

    #[test]
    fn permissions_are_renamed_by_what_the_rule_covers() {
        let names = |rule: Json| {
            let (after, _) = walked(&object("rbac.authorization.k8s.io/v1", "Role", &json!({"rules": [rule]})));
            after["rules"][0]["resourceNames"].clone()
        };
        let rule =
            |groups: Json, resources: Json, names: Json| json!({"apiGroups": groups, "resources": resources, "resourceNames": names});
        let both = json!(["configmap-a", "secret-b", "other"]);
        assert_eq!(
            names(rule(json!([""]), json!(["secrets", "configmaps"]), both.clone())),
            json!(["configmap-a-new", "secret-b-new", "other"])
        );
        assert_eq!(names(rule(json!([""]), json!(["secrets"]), both.clone())), json!(["configmap-a", "secret-b-new", "other"]));
        assert_eq!(names(rule(json!([""]), json!(["secrets", "pods"]), json!(["secret-b"]))), json!(["secret-b", "secret-b-new"]));
        assert_eq!(names(rule(json!(["*"]), json!(["*"]), json!(["secret-b"]))), json!(["secret-b", "secret-b-new"]));
        assert_eq!(names(rule(json!([""]), json!(["pods"]), both.clone())), both);
        assert_eq!(names(rule(json!(["example.com"]), json!(["secrets"]), both.clone())), both);
    }

    #[test]
    fn an_ingress_names_secrets_in_annotations() {
        let mut ingress = object("networking.k8s.io/v1", "Ingress", &json!({}));
        ingress["metadata"]["annotations"] = json!({"nginx.ingress.kubernetes.io/auth-secret": "a",
            "nginx.ingress.kubernetes.io/auth-tls-secret": "other/b", "nginx.ingress.kubernetes.io/auth-realm": "c"});
        let (after, renamer) = walked(&ingress);
        let annotations = &after["metadata"]["annotations"];
        assert_eq!(annotations["nginx.ingress.kubernetes.io/auth-secret"], "a-new");
        assert_eq!(annotations["nginx.ingress.kubernetes.io/auth-tls-secret"], "other/b-new");
        assert_eq!(annotations["nginx.ingress.kubernetes.io/auth-realm"], "c");
        assert_eq!(renamer.seen[1].namespace.as_deref(), Some("other"));
    }

    #[test]
    fn a_storage_class_names_secrets_in_parameters() {
        let class = object(
            "storage.k8s.io/v1",
            "StorageClass",
            &json!({"parameters": {"csi.storage.k8s.io/node-stage-secret-name": "a", "csi.storage.k8s.io/node-stage-secret-namespace": "other",
                "csi.storage.k8s.io/provisioner-secret-name": "${pvc.name}", "adminSecretName": "b", "type": "c"}}),
        );
        let (after, renamer) = walked(&class);
        assert_eq!(after["parameters"]["csi.storage.k8s.io/node-stage-secret-name"], "a-new");
        assert_eq!(after["parameters"]["csi.storage.k8s.io/provisioner-secret-name"], "${pvc.name}");
        assert_eq!(after["parameters"]["adminSecretName"], "b-new");
        assert!(renamer.seen.iter().any(|seen| seen.name == "a" && seen.namespace.as_deref() == Some("other")));
        assert_eq!(renamer.seen.len(), 2);
    }

    #[test]
    fn selectors_of_the_prometheus_operator_are_known_by_shape() {
        let monitor = json!({"spec": {"endpoints": [{"basicAuth": {"username": {"name": "a", "key": "user"}}}],
            "selector": {"matchLabels": {"name": "x", "key": "y"}}}});
        let (after, renamer) = walked(&object("monitoring.coreos.com/v1", "ServiceMonitor", &monitor));
        assert_eq!(after["spec"]["endpoints"][0]["basicAuth"]["username"]["name"], "a-new");
        assert_eq!(renamer.seen.len(), 1);
        assert_eq!(renamer.seen[0].keys, ["user"]);
    }

    #[test]
    fn a_job_gets_no_annotation_on_its_template() {
        let pod = json!({"template": {"spec": {"containers": [{"name": "a"}]}}});
        assert_eq!(walked(&object("batch/v1", "Job", &json!({"spec": pod}))).1.templates, 0);
        assert_eq!(walked(&object("batch/v1", "CronJob", &json!({"spec": {"jobTemplate": {"spec": pod}}}))).1.templates, 1);
        assert_eq!(walked(&object("v1", "Pod", &json!({"spec": {"containers": [{"name": "a"}]}}))).1.templates, 0);
    }

    #[test]
    fn a_name_that_is_no_string_is_told() {
        let pod = object("v1", "Pod", &json!({"spec": {"imagePullSecrets": [{"name": 7}]}}));
        assert_eq!(walked(&pod).1.misfits, ["name is a number"]);
    }
}
