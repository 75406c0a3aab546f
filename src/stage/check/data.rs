//! The keys of ConfigMaps and Secrets, and what a Secret's type demands of them.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::stage::check::base64;
use crate::stage::check::dns;
use crate::stage::check::say::Say;
use crate::suggest::suggest;

/// Checks key names, sections, literal base64, and required keys.
pub(super) fn check<B>(say: &mut Say<'_, B>) {
    if say.object.is_config_map() {
        config_map(say);
    } else if say.object.is_secret() {
        secret(say);
    }
}

/// Keys that a type requires: all of these, or any one.
enum Required {
    All(&'static [&'static str]),
    Any(&'static [&'static str]),
}

/// The keys that a type of Secret requires (`ValidateSecret`).
fn required(kind: &str) -> Option<Required> {
    match kind {
        "kubernetes.io/dockercfg" => Some(Required::All(&[".dockercfg"])),
        "kubernetes.io/dockerconfigjson" => Some(Required::All(&[".dockerconfigjson"])),
        "kubernetes.io/basic-auth" => Some(Required::Any(&["username", "password"])),
        "kubernetes.io/ssh-auth" => Some(Required::All(&["ssh-privatekey"])),
        "kubernetes.io/tls" => Some(Required::All(&["tls.crt", "tls.key"])),
        _ => None,
    }
}

const TYPES: [&str; 8] = [
    "Opaque",
    "bootstrap.kubernetes.io/token",
    "kubernetes.io/basic-auth",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/service-account-token",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
];

const TOKEN: &str = "kubernetes.io/service-account-token";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

fn config_map<B>(say: &mut Say<'_, B>) {
    let root = &say.object.root;
    keys(section(root, "data"), say);
    keys(section(root, "binaryData"), say);
    encoded("binaryData", section(root, "binaryData"), say);
    for Entry { key, mark, .. } in section(root, "binaryData") {
        if section(root, "data").iter().any(|entry| entry.key == *key) {
            say.problem(*mark, format!("key `{key}` is in data and in binaryData"), "remove one of the two");
        }
    }
    foreign("stringData", "data", say);
    misspelt(&["data", "binaryData", "immutable"], say);
}

fn secret<B>(say: &mut Say<'_, B>) {
    let root = &say.object.root;
    keys(section(root, "data"), say);
    keys(section(root, "stringData"), say);
    encoded("data", section(root, "data"), say);
    foreign("binaryData", "data", say);
    misspelt(&["data", "stringData", "immutable", "type"], say);
    let Some(kind) = root.get("type") else { return };
    let Some(name) = kind.as_text() else {
        match kind.value {
            Value::Null => {}
            Value::Leaf(_) => {
                say.problem(kind.mark, "a blank is in `type`", "write the type in the template; only values can be secret");
            }
            _ => say.problem(kind.mark, format!("`type` is {} where Kubernetes needs a string", kind.kind()), "quote it"),
        }
        return;
    };
    if name == TOKEN && root.at(&["metadata", "annotations", ACCOUNT]).is_none() {
        say.problem(
            kind.mark,
            format!("a Secret of type `{TOKEN}` has no annotation `{ACCOUNT}`"),
            "add it, with the service account's name",
        );
    }
    if !TYPES.contains(&name)
        && name.starts_with("kubernetes.io/")
        && let Some(near) = suggest(name, TYPES)
    {
        say.problem(kind.mark, format!("Kubernetes has no type `{name}`"), format!("write `{near}`"));
    }
    let has = |key: &&&str| ["data", "stringData"].into_iter().any(|name| section(root, name).iter().any(|entry| entry.key == **key));
    match required(name) {
        Some(Required::All(keys)) => {
            for key in keys.iter().filter(|key| !has(key)) {
                say.problem(kind.mark, format!("a Secret of type `{name}` has no key `{key}`"), "add it, or change the type");
            }
        }
        Some(Required::Any(keys)) if !keys.iter().any(|key| has(&key)) => {
            let reason = format!("a Secret of type `{name}` needs one of the keys `{}`", keys.join("`, `"));
            say.problem(kind.mark, reason, "add one of them, or change the type");
        }
        _ => {}
    }
}

fn section<'a, B>(root: &'a Node<B>, name: &str) -> &'a [Entry<B>] {
    root.get(name).and_then(Node::as_map).unwrap_or_default()
}

fn keys<B>(entries: &[Entry<B>], say: &mut Say<'_, B>) {
    for Entry { key, mark, .. } in entries {
        if !dns::is_data_key(key) {
            let next = "use letters, digits, `-`, `_` and `.`, at most 253, and do not begin with `..`";
            say.problem(*mark, format!("`{key}` cannot be a key"), next);
        }
    }
}

/// Literal values that have to be base64. The message says nothing of the value.
fn encoded<B>(name: &str, entries: &[Entry<B>], say: &mut Say<'_, B>) {
    for Entry { key, node, .. } in entries {
        if node.as_text().is_some_and(|text| base64::decoded_length(text.as_bytes()).is_none()) {
            let next = if name == "data" { "encode it, or write it under `stringData` as it is" } else { "encode it" };
            say.problem(node.mark, format!("`{name}.{key}` is not base64"), next);
        }
    }
}

/// Fields of the root that the kind does not have and whose name is a slip. The API server drops them.
fn misspelt<B>(known: &[&'static str], say: &mut Say<'_, B>) {
    let fields = ["apiVersion", "kind", "metadata", "status", "sops", "stringData", "binaryData"];
    for Entry { key, mark, .. } in say.object.root.as_map().unwrap_or_default() {
        if fields.contains(&key.as_str()) || known.contains(&key.as_str()) {
            continue;
        }
        if let Some(near) = suggest(key, known.iter().copied()) {
            say.problem(*mark, format!("a {} has no `{key}`", say.object.identity.kind), format!("write `{near}`"));
        }
    }
}

/// A section of a Secret that it does not have, where it was probably meant for one that it has.
pub(super) fn section_slip<B>(field: &str, say: &mut Say<'_, B>) {
    if !say.object.is_secret() {
        return;
    }
    if field == "binaryData" {
        foreign(field, "data", say);
    }
    let Some(entry) = say.object.root.as_map().unwrap_or_default().iter().find(|entry| entry.key == field) else { return };
    if let Some(near @ ("data" | "stringData")) = suggest(field, ["data", "stringData", "immutable", "type"]) {
        say.problem(entry.mark, format!("a Secret has no `{field}`"), format!("write `{near}`"));
    }
}

/// A section that the kind does not have, and where its entries belong.
fn foreign<B>(name: &str, home: &str, say: &mut Say<'_, B>) {
    let entry = say.object.root.as_map().unwrap_or_default().iter().find(|entry| entry.key == name);
    if let Some(entry) = entry {
        let next = format!("write its entries under `{home}`");
        say.problem(entry.mark, format!("a {} has no `{name}`", say.object.identity.kind), next);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use crate::reference::sample::object;
    use crate::stage::check::shape;

    fn found(kind: &str, rest: &Json) -> Vec<(String, String)> {
        let mut json = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
        for (key, value) in rest.as_object().unwrap() {
            json[key] = value.clone();
        }
        let problems = shape(&[object::<Infallible>(&json)]);
        assert!(problems.iter().all(|problem| problem.place.is_some()));
        problems.into_iter().map(|problem| (problem.reason, problem.next)).collect()
    }

    fn only(kind: &str, rest: &Json) -> (String, String) {
        let mut found = found(kind, rest);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn keys_are_names_of_files() {
        let (reason, next) = only("ConfigMap", &json!({"data": {"a/b": "x"}}));
        assert_eq!(reason, "`a/b` cannot be a key");
        assert_eq!(next, "use letters, digits, `-`, `_` and `.`, at most 253, and do not begin with `..`");
        assert_eq!(only("Secret", &json!({"stringData": {"..a": "x"}})).0, "`..a` cannot be a key");
    }

    #[test]
    fn a_key_stands_in_one_section() {
        let (reason, next) = only("ConfigMap", &json!({"data": {"a": "x"}, "binaryData": {"a": "eA=="}}));
        assert_eq!((reason.as_str(), next.as_str()), ("key `a` is in data and in binaryData", "remove one of the two"));
    }

    #[test]
    fn a_section_belongs_to_its_kind() {
        let (reason, next) = only("ConfigMap", &json!({"stringData": {"a": "x"}}));
        assert_eq!((reason.as_str(), next.as_str()), ("a ConfigMap has no `stringData`", "write its entries under `data`"));
        assert_eq!(only("Secret", &json!({"binaryData": {"a": "eA=="}})).0, "a Secret has no `binaryData`");
    }

    #[test]
    fn a_misspelt_section_is_noticed() {
        let slip = |kind: &str, key: &str| only(kind, &json!({key: {"a": "eA=="}}));
        assert_eq!(slip("Secret", "stringdata"), ("a Secret has no `stringdata`".to_owned(), "write `stringData`".to_owned()));
        assert_eq!(slip("ConfigMap", "date").1, "write `data`");
        assert_eq!(slip("ConfigMap", "binarydata").1, "write `binaryData`");
        assert_eq!(slip("Secret", "typ").1, "write `type`");
        assert!(found("Secret", &json!({"sops": {}})).is_empty());
    }

    #[test]
    fn literal_base64_is_checked_and_not_repeated() {
        let (reason, next) = only("Secret", &json!({"data": {"password": "hunter2!"}}));
        assert_eq!(reason, "`data.password` is not base64");
        assert_eq!(next, "encode it, or write it under `stringData` as it is");
        let (reason, next) = only("ConfigMap", &json!({"binaryData": {"logo": "x"}}));
        assert_eq!((reason.as_str(), next.as_str()), ("`binaryData.logo` is not base64", "encode it"));
        assert!(found("Secret", &json!({"data": {"a": "aHVudGVyMg=="}})).is_empty());
    }

    #[test]
    fn types_require_their_keys() {
        for (kind, key) in [
            ("kubernetes.io/dockercfg", ".dockercfg"),
            ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
            ("kubernetes.io/ssh-auth", "ssh-privatekey"),
        ] {
            let (reason, next) = only("Secret", &json!({"type": kind}));
            assert_eq!(reason, format!("a Secret of type `{kind}` has no key `{key}`"));
            assert_eq!(next, "add it, or change the type");
            assert!(found("Secret", &json!({"type": kind, "stringData": {key: "x"}})).is_empty());
        }
        assert_eq!(found("Secret", &json!({"type": "kubernetes.io/tls"})).len(), 2);
        assert!(found("Secret", &json!({"type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}})).is_empty());
        let (reason, next) = only("Secret", &json!({"type": "kubernetes.io/basic-auth"}));
        assert_eq!(reason, "a Secret of type `kubernetes.io/basic-auth` needs one of the keys `username`, `password`");
        assert_eq!(next, "add one of them, or change the type");
        assert!(found("Secret", &json!({"type": "kubernetes.io/basic-auth", "data": {"password": ""}})).is_empty());
        assert!(found("Secret", &json!({"type": "Opaque"})).is_empty());
        assert!(found("Secret", &json!({"type": "example.com/own"})).is_empty());
    }

    #[test]
    fn a_token_names_its_service_account() {
        let (reason, next) = only("Secret", &json!({"type": "kubernetes.io/service-account-token"}));
        assert_eq!(reason, "a Secret of type `kubernetes.io/service-account-token` has no annotation `kubernetes.io/service-account.name`");
        assert_eq!(next, "add it, with the service account's name");
    }

    #[test]
    fn a_mistyped_type_is_noticed() {
        let (reason, next) = only("Secret", &json!({"type": "kubernetes.io/dockerconfigjsn"}));
        assert_eq!(reason, "Kubernetes has no type `kubernetes.io/dockerconfigjsn`");
        assert_eq!(next, "write `kubernetes.io/dockerconfigjson`");
        assert_eq!(only("Secret", &json!({"type": 7})).0, "`type` is a number where Kubernetes needs a string");
    }
}
