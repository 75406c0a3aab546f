//! One pass over an object that meets every field naming a ConfigMap or Secret exactly once.

use crate::manifest::{Entry, Mark, Node, Object, Value};
use crate::reference::annotation;
use crate::reference::rule::Rule;
use crate::reference::shape;
use crate::reference::shape::text;
use crate::reference::storage;
use crate::reference::table;
use crate::reference::table::Branch;
use crate::reference::{Presence, Referent, Site, Stranger, Visit};

/// Shows `visitor` every field of `object` that names a ConfigMap or Secret, and writes what it answers.
///
/// ConfigMaps, Secrets and CustomResourceDefinitions refer to nothing; metadata (an Ingress' annotations excepted) and status are
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
    parameters: Option<(Referent, Presence)>,
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
                    entries[index].node.value = Value::Text(name);
                }
            }
            Value::List(items) => {
                for item in items {
                    let Value::Text(name) = &mut item.value else { continue };
                    let site = Site { referent, name, namespace: None, keys: Vec::new(), text_only, presence, mark: item.mark };
                    if let Some(new) = self.ask(&site, visitor) {
                        *name = new;
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
fn parameters<B>(root: &Node<B>, kind: &str, visitor: &impl Visit) -> Option<(Referent, Presence)> {
    let policy = root.at(&["spec", "policyName"]).and_then(Node::as_text).unwrap_or_default();
    match visitor.parameters(kind.strip_suffix("Binding")?, policy) {
        Some(true) => Some((Referent::ConfigMap, Presence::Required)),
        Some(false) => None,
        None => Some((Referent::ConfigMap, Presence::Optional)),
    }
}

/// The kind that a reference says it names; `None` when it is neither ConfigMap nor Secret.
fn typed<B>(entries: &[Entry<B>], default: Option<Referent>) -> Option<Referent> {
    let group = text(entries, "group").or_else(|| text(entries, "apiGroup")).unwrap_or_default();
    match (group, text(entries, "kind")) {
        ("" | "core", Some(kind)) => Referent::of(kind),
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

/// `resourceNames` of a rule (rbac.authorization.k8s.io/v1 PolicyRule) whose `resources` are ConfigMaps or Secrets. A name stays beside the
/// new ones where the rule covers other resources too.
fn permissions<B>(entries: &mut [Entry<B>], index: usize, visitor: &mut impl Visit) {
    let texts = |key| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.node.as_list());
    let has = |key, wanted: &str| texts(key).is_some_and(|list: &[Node<B>]| list.iter().any(|item| item.as_text() == Some(wanted)));
    if texts("apiGroups").is_some() && !has("apiGroups", "") && !has("apiGroups", "*") {
        return;
    }
    let covered: Vec<Referent> = [(Referent::ConfigMap, "configmaps"), (Referent::Secret, "secrets")]
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
                renamed.push(Node { mark, value: Value::Text(name) });
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
        entry.node.value = Value::Text(text);
    }
}

/// A StorageClass' parameter.
fn parameter<B>(entries: &mut [Entry<B>], index: usize, visitor: &mut impl Visit) {
    let entry = &entries[index];
    let (Some((beside, presence)), Some(name)) = (storage::secret(&entry.key), entry.node.as_text()) else { return };
    if is_pattern(name) {
        return;
    }
    let namespace = text(entries, &beside).filter(|namespace| !is_pattern(namespace));
    let mark = entry.node.mark;
    let site = Site { referent: Referent::Secret, name, namespace, keys: Vec::new(), text_only: false, presence, mark };
    if let Some(name) = visitor.reference(&site) {
        entries[index].node.value = Value::Text(name);
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
        None => annotations.push(Entry { key: key.to_owned(), mark: Mark::default(), node: Node::text(value) }),
    }
}

/// The entries of the mapping under `key`, which is made where there is none.
fn mapping<'a, B>(entries: &'a mut Vec<Entry<B>>, key: &str) -> &'a mut Vec<Entry<B>> {
    let index = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        entries.push(Entry { key: key.to_owned(), mark: Mark::default(), node: Node::made(Value::Null) });
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
