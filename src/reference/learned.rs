//! Fields that the project teaches, and those that definitions of custom resources in the release describe.

use std::collections::HashMap;

use crate::manifest::ConfigKind;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::reference::Presence;
use crate::reference::rule::ReferenceRule;
use crate::reference::table;
use crate::reference::table::Branch;

/// A field of a kind, as the project teaches it.
#[derive(Debug, Clone, Copy)]
pub struct Taught<'a> {
    /// The kind's API group.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The keys from the root to the field; lists on the way are stepped into.
    pub path: &'a [String],
    /// What the field names.
    pub referent: ConfigKind,
}

/// Fields of kinds that no table has.
#[derive(Debug, Default)]
pub struct Learned {
    kinds: HashMap<(String, String), Branch>,
}

impl Learned {
    /// What the project teaches, and what the definitions among `objects` describe of kinds that the tables do not have: an object that
    /// such a field names need not be in the release.
    pub fn of<'a, B: 'a>(taught: impl IntoIterator<Item = Taught<'a>>, objects: impl IntoIterator<Item = &'a Object<B>>) -> Self {
        let mut learned = Self::default();
        for object in objects {
            learned.define(object);
        }
        for Taught { group, kind, path, referent } in taught {
            let root = learned.kinds.entry((group.to_owned(), kind.to_owned())).or_default();
            path.iter().fold(root, |branch, key| branch.grow(key.clone())).rule = Some(ReferenceRule::Name(referent, Presence::Required));
        }
        learned
    }

    /// The fields of a kind.
    pub(super) fn fields(&self, group: &str, kind: &str) -> Option<&Branch> {
        if self.kinds.is_empty() { None } else { self.kinds.get(&(group.to_owned(), kind.to_owned())) }
    }

    fn define<B>(&mut self, definition: &Object<B>) {
        if definition.identity.kind != "CustomResourceDefinition" {
            return;
        }
        let text = |path: &[&str]| definition.root.at(path).and_then(Node::as_text);
        let (Some(group), Some(kind)) = (text(&["spec", "group"]), text(&["spec", "names", "kind"])) else { return };
        if table::fields(group, kind).is_some() {
            return;
        }
        let mut root = Branch::default();
        for version in definition.root.at(&["spec", "versions"]).and_then(Node::as_list).unwrap_or_default() {
            if let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) {
                describe(schema, None, &mut root);
            }
        }
        self.kinds.insert((group.to_owned(), kind.to_owned()), root);
    }
}

/// Takes the fields that name an object out of a schema (`JSONSchemaProps`), whose own rule is `rule`.
fn describe<B>(schema: &Node<B>, rule: Option<ReferenceRule>, branch: &mut Branch) {
    if let Some(items) = schema.get("items") {
        return describe(items, rule, branch);
    }
    let Some(properties) = schema.get("properties").and_then(Node::as_map) else {
        if schema.get("type").and_then(Node::as_text) == Some("string") {
            branch.rule = rule;
        }
        return;
    };
    let typed = properties.iter().any(|property| matches!(property.key.as_str(), "kind" | "group" | "apiGroup"));
    for property in properties {
        let rule = match (property.key.as_str(), rule) {
            ("status" | "metadata", None) => continue,
            ("name", Some(ReferenceRule::Name(referent, presence))) if typed => Some(ReferenceRule::Typed(Some(referent), presence)),
            ("name", rule) => rule,
            (key, _) => named(key).or_else(|| described(property.node.get("description").and_then(Node::as_text)?)),
        };
        describe(&property.node, rule, branch.grow(property.key.to_string()));
    }
}

/// What a property of that name names: `secretName`, `tlsSecret`, `authSecretRef`, `configMaps`, ….
fn named(key: &str) -> Option<ReferenceRule> {
    let key = key.to_lowercase();
    let stem = ["keyselector", "keyref", "ref", "refs", "names", "name", "s", ""].iter().find_map(|end| {
        let stem = key.strip_suffix(end)?;
        (stem.ends_with("secret") || stem.ends_with("configmap")).then_some(stem)
    })?;
    let referent = if stem.ends_with("secret") { ConfigKind::Secret } else { ConfigKind::ConfigMap };
    Some(ReferenceRule::Name(referent, Presence::Optional))
}

/// What a property's description says that it names.
fn described(description: &str) -> Option<ReferenceRule> {
    let text = description.to_lowercase();
    let says = |word: &str| {
        ["name of the ", "name of a ", "name of the kubernetes ", "name of a kubernetes "]
            .iter()
            .any(|begin| text.contains(&format!("{begin}{word}")))
    };
    let referent = if says("secret") {
        ConfigKind::Secret
    } else if says("configmap") {
        ConfigKind::ConfigMap
    } else {
        return None;
    };
    Some(ReferenceRule::Name(referent, Presence::Optional))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use super::Learned;
    use super::Taught;
    use crate::manifest::ConfigKind;
    use crate::reference::Presence;
    use crate::reference::rule::ReferenceRule;
    use crate::reference::sample::object;

    fn learned(spec: &Json) -> Learned {
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "caches.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Cache"}, "versions": [{"name": "v1",
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": spec}}}}}]}});
        let path = ["spec".to_owned(), "auth".to_owned()];
        let taught = Taught { group: "example.com", kind: "Queue", path: &path, referent: ConfigKind::ConfigMap };
        Learned::of([taught], [&object::<Infallible>(&definition)])
    }

    fn rule(learned: &Learned, kind: &str, path: &[&str]) -> Option<ReferenceRule> {
        path.iter().try_fold(learned.fields("example.com", kind)?, |branch, key| branch.below(key))?.rule
    }

    #[test]
    fn a_definition_s_schema_says_which_fields_name_objects() {
        let string = json!({"type": "string"});
        let learned = learned(&json!({
            "tlsSecret": string,
            "settings": {"type": "string", "description": "Name of the ConfigMap that holds the settings."},
            "authSecretRef": {"type": "object", "properties": {"name": string, "key": string}},
            "configMaps": {"type": "array", "items": string},
            "users": {"type": "array", "items": {"type": "object", "properties": {"passwordSecret": {"type": "object", "properties": {"name": string, "kind": string}}}}},
            "secretStore": string, "secretKey": string, "host": string,
        }));
        let name = |referent| Some(ReferenceRule::Name(referent, Presence::Optional));
        assert_eq!(rule(&learned, "Cache", &["spec", "tlsSecret"]), name(ConfigKind::Secret));
        assert_eq!(rule(&learned, "Cache", &["spec", "settings"]), name(ConfigKind::ConfigMap));
        assert_eq!(rule(&learned, "Cache", &["spec", "authSecretRef", "name"]), name(ConfigKind::Secret));
        assert_eq!(rule(&learned, "Cache", &["spec", "authSecretRef", "key"]), None);
        assert_eq!(rule(&learned, "Cache", &["spec", "configMaps"]), name(ConfigKind::ConfigMap));
        let typed = Some(ReferenceRule::Typed(Some(ConfigKind::Secret), Presence::Optional));
        assert_eq!(rule(&learned, "Cache", &["spec", "users", "passwordSecret", "name"]), typed);
        for other in ["secretStore", "secretKey", "host"] {
            assert_eq!(rule(&learned, "Cache", &["spec", other]), None, "{other}");
        }
    }

    #[test]
    fn what_the_project_teaches_has_to_be_there() {
        let learned = learned(&json!({}));
        assert_eq!(rule(&learned, "Queue", &["spec", "auth"]), Some(ReferenceRule::Name(ConfigKind::ConfigMap, Presence::Required)));
        assert!(learned.fields("example.com", "Other").is_none());
    }
}
