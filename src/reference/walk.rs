//! One pass over an object that meets every field naming a ConfigMap or Secret exactly once.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::reference::FreeText;
use crate::reference::Learned;
use crate::reference::Presence;
use crate::reference::ReferenceSite;
use crate::reference::TextPlace;
use crate::reference::Visit;
use crate::reference::annotation::annotated;
use crate::reference::fixed::Fixed;
use crate::reference::permission::permissions;
use crate::reference::rule::ReferenceRule;
use crate::reference::shape;
use crate::reference::shape::is_name;
use crate::reference::shape::is_pattern;
use crate::reference::shape::text;
use crate::reference::storage::parameter;
use crate::reference::table;
use crate::reference::table::Branch;

/// Shows `visitor` every field of `object` that names a ConfigMap or Secret, by the tables, by shape and by what was `learned`, and writes
/// what it answers; and every other string that may be such a name.
///
/// ConfigMaps, Secrets and definitions of custom resources refer to nothing but in annotations; of the metadata only those are looked into,
/// status is not.
pub fn walk<B>(object: &mut Object<B>, learned: &Learned, visitor: &mut impl Visit) {
    let refers = !object.is_config_map() && !object.is_secret() && object.identity.kind != "CustomResourceDefinition";
    let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
    let (fixed, fixed_part) = Fixed::of(group, kind);
    let walk = ObjectWalk {
        group,
        kind,
        custom: !table::is_core_group(group),
        rolls: !(group == "batch" && kind == "Job"),
        parameters: parameters(&object.root, kind, visitor),
        fixed_part,
    };
    let cursor = TablePosition { table: table::fields(group, kind), learned: learned.fields(group, kind), pod: None, weak: false, fixed };
    let below = cursor.below("metadata").below("annotations");
    if let Some(annotations) =
        object.root.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")).and_then(Node::as_map_mut)
    {
        walk.annotations(annotations, below, visitor);
    }
    if !refers {
        return;
    }
    let parameters = object.root.get_mut("parameters").and_then(Node::as_map_mut);
    if let (Some(parameters), "StorageClass", "storage.k8s.io") = (parameters, kind, group) {
        (0..parameters.len()).for_each(|index| parameter(parameters, index, Some(fixed_part), visitor));
        return;
    }
    let Some(entries) = object.root.as_map_mut() else { return };
    for index in 0..entries.len() {
        let below = cursor.below(&entries[index].key);
        if let Some(rule) = below.rule() {
            walk.field(entries, index, rule, below, "", visitor);
            continue;
        }
        let Entry { key, node, .. } = &mut entries[index];
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            walk.field_or_below(node, below, Way { parent: "", key, listed: false, place: walk.place(key) }, visitor);
        }
    }
}

/// What holds for the whole object.
struct ObjectWalk<'a> {
    group: &'a str,
    kind: &'a str,
    custom: bool,
    /// Whether a changed annotation on its pod template is allowed and makes new pods.
    rolls: bool,
    /// What `spec.paramRef` names, where it is an admission policy's binding.
    parameters: Option<(ConfigKind, Presence)>,
    /// What the cluster never lets change of it.
    fixed_part: &'static str,
}

/// Where in the tables a node lies.
#[derive(Clone, Copy)]
struct TablePosition<'a> {
    table: Option<&'static Branch>,
    learned: Option<&'a Branch>,
    pod: Option<&'static Branch>,
    /// Whether `pod` was found by the shape of a part of a pod spec in a kind that cloze does not know: what it names may be absent.
    weak: bool,
    fixed: Fixed,
}

/// How a node was reached.
#[derive(Clone, Copy)]
struct Way<'a> {
    parent: &'a str,
    key: &'a str,
    listed: bool,
    /// What its strings are; `None` where names mean something else.
    place: Option<TextPlace>,
}

impl TablePosition<'_> {
    fn below(self, key: &str) -> Self {
        Self {
            table: self.table.and_then(|branch| branch.below(key)),
            learned: self.learned.and_then(|branch| branch.below(key)),
            pod: self.pod.and_then(|branch| branch.below(key)),
            weak: self.weak,
            fixed: self.fixed.below(key),
        }
    }

    fn rule(self) -> Option<ReferenceRule> {
        let known = self.table.and_then(|branch| branch.rule).or_else(|| self.learned.and_then(|branch| branch.rule));
        known.or_else(|| {
            let rule = self.pod.and_then(|branch| branch.rule)?;
            Some(if self.weak { rule.optional() } else { rule })
        })
    }

    /// The same, where a part of a pod spec begins in a kind that cloze does not know.
    fn part_of_pod(self, key: &str) -> Self {
        if self.pod.is_some() {
            return self;
        }
        let container = |key: &str| table::pod_fields()?.below("containers")?.below(key);
        let pod = match key {
            "volumes" | "imagePullSecrets" => table::pod_fields().and_then(|pod| pod.below(key)),
            "env" | "envFrom" => container(key),
            "valueFrom" => container("env").and_then(|env| env.below(key)),
            _ => None,
        };
        Self { pod, weak: pod.is_some(), ..self }
    }
}

impl ObjectWalk<'_> {
    /// What strings under a key of the root are.
    fn place(&self, key: &str) -> Option<TextPlace> {
        self.below(self.custom.then_some(TextPlace::Field), key)
    }

    /// What strings under `key` are, in what is `place`.
    fn below(&self, place: Option<TextPlace>, key: &str) -> Option<TextPlace> {
        match key {
            "args" | "command" => Some(TextPlace::Argument),
            "annotations" => Some(TextPlace::Annotation),
            "volumeAttributes" | "parameters" => Some(TextPlace::Parameter),
            // CEL in the policies of admission.
            "expression" => Some(TextPlace::Field),
            _ if ELSEWHERE.contains(&key) => None,
            _ => place,
        }
    }

    fn field_or_below<B>(&self, node: &mut Node<B>, cursor: TablePosition<'_>, way: Way<'_>, visitor: &mut impl Visit) {
        match &mut node.value {
            Value::Map(entries) if way.place == Some(TextPlace::Annotation) => self.annotations(entries, cursor, visitor),
            Value::Map(entries) => self.map(entries, cursor, way, visitor),
            Value::List(items) => {
                let mut flag = None;
                for item in items {
                    // What follows a flag is its value.
                    let key = flag.as_deref().filter(|_| way.place == Some(TextPlace::Argument)).unwrap_or(way.key);
                    self.field_or_below(item, cursor, Way { listed: true, key, ..way }, visitor);
                    flag = item.as_text().filter(|text| text.starts_with('-') && !text.contains('=')).map(str::to_owned);
                }
            }
            Value::Text(text) => {
                if let Some(place) = way.place {
                    let Way { parent, key, listed, .. } = way;
                    visitor.text(&FreeText { place, parent, key, listed, text, mark: node.mark });
                }
            }
            _ => {}
        }
    }

    fn map<B>(&self, entries: &mut Vec<Entry<B>>, mut cursor: TablePosition<'_>, way: Way<'_>, visitor: &mut impl Visit) {
        if shape::is_pod_spec(entries) {
            cursor.pod = table::pod_fields();
            cursor.weak = false;
        }
        let parent = way.key;
        let selector = shape::selector(self.group, self.kind, parent, entries)
            .or_else(|| if self.custom { shape::reference(parent, entries) } else { None })
            .map(|rule| ("name", rule))
            .or_else(|| if self.custom { shape::beside_kind(entries) } else { None });
        let variable = if parent == "env" { text(entries, "name").map(str::to_owned) } else { None };
        let mut template = None;
        for index in 0..entries.len() {
            let mut below = cursor.below(&entries[index].key);
            let rule = below.rule().or_else(|| selector.filter(|(key, _)| entries[index].key == *key).map(|(_, rule)| rule));
            if let Some(rule) = rule {
                self.field(entries, index, rule, below, parent, visitor);
                continue;
            }
            let Entry { key, node, .. } = &mut entries[index];
            if self.custom {
                below = below.part_of_pod(key);
            }
            let mut way = Way { parent, key, listed: way.listed && node.as_text().is_some(), place: self.below(way.place, key) };
            if let Some(name) = variable.as_deref().filter(|_| key == "value") {
                way = Way { key: name, place: Some(TextPlace::Variable), ..way };
            }
            if self.rolls && key == "spec" && node.as_map().is_some_and(shape::is_pod_spec) {
                visitor.enter_template();
                self.field_or_below(node, below, way, visitor);
                template = visitor.leave_template();
            } else {
                self.field_or_below(node, below, way, visitor);
            }
        }
        if let Some((key, value)) = template {
            annotate(entries, &key, value);
        }
    }

    fn annotations<B>(&self, entries: &mut [Entry<B>], cursor: TablePosition<'_>, visitor: &mut impl Visit) {
        for index in 0..entries.len() {
            let below = cursor.below(&entries[index].key);
            if let Some(rule) = below.rule() {
                self.field(entries, index, rule, below, "annotations", visitor);
            } else if !annotated(&mut entries[index], self.fixed(below), visitor)
                && let Some(text) = entries[index].node.as_text()
            {
                let (key, mark) = (entries[index].key.as_str(), entries[index].node.mark);
                visitor.text(&FreeText { place: TextPlace::Annotation, parent: "annotations", key, listed: false, text, mark });
            }
        }
    }

    fn fixed(&self, cursor: TablePosition<'_>) -> Option<&'static str> {
        (cursor.fixed == Fixed::Inside).then_some(self.fixed_part)
    }

    fn field<B>(
        &self,
        entries: &mut [Entry<B>],
        index: usize,
        rule: ReferenceRule,
        cursor: TablePosition<'_>,
        parent: &str,
        visitor: &mut impl Visit,
    ) {
        let named = match rule {
            ReferenceRule::Permission => return permissions(entries, index, visitor),
            ReferenceRule::Name(referent, presence) => Some((referent, presence)),
            ReferenceRule::Typed(default, presence) => shape::referent(entries, default).map(|referent| (referent, presence)),
            ReferenceRule::Parameters => self.parameters,
        };
        let Some((referent, presence)) = named else { return };
        let presence = if optional(entries) { Presence::Optional } else { presence };
        let text_only = parent == "configMapKeyRef";
        let fixed = self.fixed(cursor);
        let Entry { key, node, .. } = &mut entries[index];
        match &mut node.value {
            Value::Text(name) => {
                let (name, mark) = (name.clone(), node.mark);
                let (namespace, keys) = (namespace(entries, &entries[index].key), keys(entries));
                let site = ReferenceSite { referent, name: &name, namespace, keys, text_only, presence, fixed, mark };
                if let Some(name) = self.ask(site, visitor) {
                    entries[index].node.value = Value::Text(name.into());
                }
            }
            Value::List(items) => {
                for item in items {
                    if let Value::Map(entries) = &mut item.value {
                        self.named(entries, rule, cursor, parent, visitor);
                    }
                    let Value::Text(name) = &mut item.value else { continue };
                    let site =
                        ReferenceSite { referent, name, namespace: None, keys: Vec::new(), text_only, presence, fixed, mark: item.mark };
                    if let Some(new) = self.ask(site, visitor) {
                        *name = new.into();
                    }
                }
            }
            Value::Map(entries) => self.named(entries, rule, cursor, parent, visitor),
            Value::Bool(_) | Value::Number(_) => visitor.misfit(key, node.kind(), node.mark),
            Value::Null | Value::Leaf(_) => {}
        }
    }

    /// A field that is said to be a name and is a mapping with one.
    fn named<B>(&self, entries: &mut [Entry<B>], rule: ReferenceRule, cursor: TablePosition<'_>, parent: &str, visitor: &mut impl Visit) {
        if let Some(index) = entries.iter().position(|entry| entry.key == "name" && entry.node.as_text().is_some()) {
            self.field(entries, index, rule, cursor, parent, visitor);
        }
    }

    /// What to write in place of a name; a custom resource may have `namespace/name` there.
    fn ask(&self, site: ReferenceSite<'_>, visitor: &mut impl Visit) -> Option<String> {
        if !self.custom {
            return visitor.reference(&site);
        }
        if is_pattern(site.name) {
            return None;
        }
        match site.name.split_once('/').filter(|(namespace, name)| site.namespace.is_none() && is_name(namespace) && is_name(name)) {
            Some((namespace, name)) => {
                visitor.reference(&ReferenceSite { name, namespace: Some(namespace), ..site }).map(|new| format!("{namespace}/{new}"))
            }
            None => visitor.reference(&site),
        }
    }
}

/// Keys below which a name means something else: pods, ports, containers and hosts.
const ELSEWHERE: [&str; 15] = [
    "affinity",
    "labelSelector",
    "labels",
    "matchExpressions",
    "matchLabels",
    "namespaceSelector",
    "nodeSelector",
    "objectSelector",
    "podSelector",
    "ports",
    "resources",
    "securityContext",
    "selector",
    "tolerations",
    "topologySpreadConstraints",
];

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
    use crate::reference::FreeText;
    use crate::reference::Learned;
    use crate::reference::Permission;
    use crate::reference::Presence;
    use crate::reference::ReferenceSite;
    use crate::reference::Taught;
    use crate::reference::Visit;
    use crate::reference::sample;
    use crate::reference::table::tests::CORE_ROWS;
    use crate::reference::table::tests::CUSTOM_ROWS;
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
        texts: Vec<String>,
        writes: bool,
        misfits: Vec<String>,
        parameters: Option<bool>,
        templates: usize,
    }

    impl Visit for Renamer {
        fn reference(&mut self, site: &ReferenceSite<'_>) -> Option<String> {
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

        fn permission(&mut self, permission: &Permission<'_>) -> Vec<String> {
            let Permission { referent, name, writes, .. } = *permission;
            self.writes |= writes;
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

        fn text(&mut self, text: &FreeText<'_>) {
            self.texts.push(format!("{:?} {}.{}={}", text.place, text.parent, text.key, text.text));
        }
    }

    fn walked(json: &Json) -> (Json, Renamer) {
        walked_with(json, Renamer::default())
    }

    fn walked_with(json: &Json, mut renamer: Renamer) -> (Json, Renamer) {
        let mut object = sample::object::<Infallible>(json);
        walk(&mut object, &Learned::default(), &mut renamer);
        (sample::json(&object.root), renamer)
    }

    /// The smallest object with `name` at `path`, every step wrapped in a list when `lists` says so.
    fn smallest(group: &str, kind: &str, rule: &str, path: &str, lists: bool) -> (Json, String) {
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let (way, last) = path.rsplit_once('.').unwrap_or(("", path));
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
        for key in way.split('.').rev().filter(|key| !key.is_empty()) {
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
        assert_eq!(rows.len(), CORE_ROWS + CUSTOM_ROWS);
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
            object("example.com/v1", "Widget", &json!({"spec": {"secretStoreRef": {"name": "a"}, "configMapName": "b"}})),
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
    fn strings_that_may_be_names_are_shown() {
        let widget = object(
            "example.com/v1",
            "Widget",
            &json!({"spec": {"credential": "a", "secrets": ["b"], "n": 1, "selector": {"app": "c"}, "ports": [{"name": "d"}]}}),
        );
        assert_eq!(walked(&widget).1.texts, ["Field spec.credential=a", "Field spec.secrets=b"]);
        let container = json!({"name": "c", "image": "i", "args": ["--x=y"], "env": [{"name": "E", "value": "v"}]});
        let pod = object(
            "v1",
            "Pod",
            &json!({"spec": {"containers": [container], "volumes": [{"name": "v", "csi": {"volumeAttributes": {"a": "b"}}}]}}),
        );
        let shown = ["Argument containers.args=--x=y", "Variable env.E=v", "Parameter volumeAttributes.a=b"];
        assert_eq!(walked(&pod).1.texts, shown);
        let mut service = object("v1", "Service", &json!({"spec": {"selector": {"app": "a"}, "externalName": "b"}}));
        service["metadata"]["annotations"] = json!({"note": "c"});
        assert_eq!(walked(&service).1.texts, ["Annotation annotations.note=c"]);
    }

    #[test]
    fn parts_of_a_pod_spec_are_followed_in_any_kind() {
        let template = object(
            "argoproj.io/v1alpha1",
            "WorkflowTemplate",
            &json!({"spec": {"templates": [{"container": {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "a", "key": "k"}}}],
                "envFrom": [{"secretRef": {"name": "b"}}, {"configMapRef": {"name": "c"}}]}}],
                "volumes": [{"name": "v", "secret": {"secretName": "d"}}, {"name": "w", "projected": {"sources": [{"configMap": {"name": "e"}}]}}],
                "imagePullSecrets": [{"name": "f"}], "arguments": {"parameters": [{"name": "p", "valueFrom": {"configMapKeyRef": {"name": "g", "key": "k"}}}]}}}),
        );
        let mut seen: Vec<_> = walked(&template).1.seen.into_iter().map(|seen| (seen.name, seen.presence)).collect();
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(seen.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f", "g"]);
        assert!(seen.iter().all(|(_, presence)| *presence == Presence::Optional));
    }

    #[test]
    fn references_by_key_are_followed_in_any_kind_and_typed_ones_by_their_kind() {
        let widget = |spec: Json| walked(&object("sparkoperator.k8s.io/v1", "Widget", &json!({"spec": spec}))).1.seen.len();
        assert_eq!(widget(json!({"authSecretRef": {"name": "a"}, "users": [{"passwordSecretRef": {"name": "b"}}]})), 2);
        assert_eq!(widget(json!({"secretRef": {"kind": "Vault", "name": "a"}})), 0);
        assert_eq!(widget(json!({"secretRef": {"name": "?*"}})), 0);
    }

    #[test]
    fn names_beside_their_kind_are_followed_in_any_kind() {
        let widget = |spec: Json| {
            let (after, renamer) = walked(&object("example.com/v1", "Widget", &json!({"spec": spec})));
            (after["spec"].clone(), renamer.seen.into_iter().map(|seen| (seen.referent, seen.namespace)).collect::<Vec<_>>())
        };
        let (after, seen) = widget(
            json!({"ref": {"kind": "Secret", "name": "a"}, "refs": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "namespace": "other"}],
            "patchesFrom": {"group": "", "kind": "Secret", "name": "c", "fieldPath": "data"}, "match": {"kinds": ["Secret"], "names": ["d"]}}),
        );
        assert_eq!(
            after,
            json!({"ref": {"kind": "Secret", "name": "a-new"}, "refs": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "b-new", "namespace": "other"}],
            "patchesFrom": {"group": "", "kind": "Secret", "name": "c-new", "fieldPath": "data"}, "match": {"kinds": ["Secret"], "names": ["d-new"]}})
        );
        assert!(seen.contains(&(ConfigKind::ConfigMap, Some("other".to_owned()))));
        for other in [
            json!({"kind": "Deployment", "name": "a"}),
            json!({"apiVersion": "example.com/v1", "kind": "Secret", "name": "a"}),
            json!({"kinds": ["Secret", "Pod"], "names": ["a"]}),
            json!({"kind": "Secret", "name": "{{ request.object.metadata.name }}"}),
        ] {
            assert_eq!(widget(json!({"ref": other})).1, [], "{other}");
        }
    }

    #[test]
    fn a_name_of_a_custom_resource_may_have_its_namespace_before_it() {
        for (api, kind, spec) in [
            ("projectcontour.io/v1", "HTTPProxy", json!({"virtualhost": {"tls": {"secretName": "other/a"}}})),
            ("example.com/v1", "Widget", json!({"secretRef": {"name": "other/a"}})),
            ("example.com/v1", "Widget", json!({"tls": {"kind": "Secret", "name": "other/a"}})),
        ] {
            let (after, renamer) = walked(&object(api, kind, &json!({"spec": spec})));
            assert!(after.to_string().contains("\"other/a-new\""), "{after}");
            assert_eq!((renamer.seen[0].name.as_str(), renamer.seen[0].namespace.as_deref()), ("a", Some("other")));
        }
        let claims = json!({"spec": {"tls": [{"secretName": "other/a"}]}});
        assert_eq!(walked(&object("networking.k8s.io/v1", "Ingress", &claims)).1.seen[0].name, "other/a");
    }

    #[test]
    fn well_known_annotations_are_followed_in_any_kind() {
        let mut ingress = object("networking.k8s.io/v1", "Ingress", &json!({}));
        ingress["metadata"]["annotations"] = json!({"alb.ingress.kubernetes.io/auth-idp-oidc": "{\"issuer\":\"i\",\"secretName\":\"a\"}",
            "haproxy-ingress.github.io/auth-secret": "secret://other/b", "secret.reloader.stakater.com/reload": "c,d"});
        let (after, _) = walked(&ingress);
        let annotations = &after["metadata"]["annotations"];
        assert_eq!(annotations["alb.ingress.kubernetes.io/auth-idp-oidc"], "{\"issuer\":\"i\",\"secretName\":\"a-new\"}");
        assert_eq!(annotations["haproxy-ingress.github.io/auth-secret"], "secret://other/b-new");
        assert_eq!(annotations["secret.reloader.stakater.com/reload"], "c-new,d-new");
        let pod = json!({"template": {"metadata": {"annotations": {"vault.hashicorp.com/agent-configmap": "e"}}, "spec": {"containers": [{"name": "a"}]}}});
        let (after, _) = walked(&object("apps/v1", "Deployment", &json!({"spec": pod})));
        assert_eq!(after["spec"]["template"]["metadata"]["annotations"]["vault.hashicorp.com/agent-configmap"], "e-new");
    }

    #[test]
    fn what_the_project_teaches_is_followed() {
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let paths =
            [path(&["spec", "auth"]), path(&["spec", "users", "secret"]), path(&["metadata", "annotations", "example.com/settings"])];
        let referents = [ConfigKind::Secret, ConfigKind::Secret, ConfigKind::ConfigMap];
        let taught = paths.iter().zip(referents).map(|(path, referent)| Taught { group: "example.com", kind: "Cache", path, referent });
        let learned = Learned::of(taught, [] as [&crate::manifest::Object<Infallible>; 0]);
        let mut cache =
            object("example.com/v1", "Cache", &json!({"spec": {"auth": "a", "users": [{"secret": {"name": "b"}}, {"secret": "c"}]}}));
        cache["metadata"]["annotations"] = json!({"example.com/settings": "d"});
        let mut tree = sample::object::<Infallible>(&cache);
        let mut renamer = Renamer::default();
        walk(&mut tree, &learned, &mut renamer);
        let after = sample::json(&tree.root);
        assert_eq!(after["spec"], json!({"auth": "a-new", "users": [{"secret": {"name": "b-new"}}, {"secret": "c-new"}]}));
        assert_eq!(after["metadata"]["annotations"]["example.com/settings"], "d-new");
        assert!(renamer.seen.iter().all(|seen| seen.presence == Presence::Required));
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
