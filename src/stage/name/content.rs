//! What a ConfigMap's or Secret's digest stands for.

use crate::manifest::Leaf;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::problem::Fault;
use crate::problem::Problem;

/// Kind, namespace, base name, type and content of an object, in an order that does not depend on how it was written. Together with the
/// digest's own framing no two contents give the same parts: an empty key ends each section.
pub(super) fn parts<'a, B: Leaf>(object: &'a Object<B>, base: &'a str, problems: &mut Vec<Problem>) -> Vec<&'a [u8]> {
    let kind = if object.is_secret() { object.root.get("type").and_then(Node::as_text).filter(|kind| !kind.is_empty()) } else { Some("") };
    let identity = &object.identity;
    let mut parts: Vec<&[u8]> =
        [&identity.kind, &identity.namespace, base, kind.unwrap_or("Opaque")].into_iter().map(str::as_bytes).collect();
    for section in SECTIONS {
        let entries = object.root.get(section).and_then(Node::as_map).unwrap_or_default();
        let mut pairs: Vec<(&[u8], &[u8])> = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = match &entry.node.value {
                Value::Text(text) => text.as_bytes(),
                Value::Leaf(leaf) => leaf.bytes(),
                _ => {
                    let reason = format!("`{}` is {} where Kubernetes needs a string", entry.key, entry.node.kind());
                    problems.push(Problem::new(Fault::Check, reason, "quote it").at(object.place(entry.node.mark)));
                    continue;
                }
            };
            pairs.push((entry.key.as_bytes(), value));
        }
        pairs.sort_unstable();
        parts.extend(pairs.into_iter().flat_map(|(key, value)| [key, value]));
        parts.push(b"");
    }
    parts
}

/// The canonical bytes of a tree in which each public text is what `change` makes of it: equal for equal content, whatever the order of a
/// mapping's entries.
pub(super) fn canonical<'a, B: Leaf>(node: &'a Node<B>, change: &impl Fn(&'a str) -> &'a str, bytes: &mut Vec<u8>) {
    let text = |tag: u8, text: &[u8], bytes: &mut Vec<u8>| {
        bytes.push(tag);
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text);
    };
    match &node.value {
        Value::Null => bytes.push(b'n'),
        Value::Bool(flag) => bytes.extend([b'b', u8::from(*flag)]),
        Value::Number(Number::Int(number)) => text(b'i', number.to_string().as_bytes(), bytes),
        Value::Number(Number::Uint(number)) => text(b'i', number.to_string().as_bytes(), bytes),
        Value::Number(Number::Float(number)) => text(b'f', &number.to_bits().to_be_bytes(), bytes),
        Value::Text(value) => text(b's', change(value).as_bytes(), bytes),
        Value::Leaf(leaf) => text(b's', leaf.bytes(), bytes),
        Value::List(items) => {
            bytes.push(b'[');
            for item in items {
                canonical(item, change, bytes);
            }
            bytes.push(b']');
        }
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            bytes.push(b'{');
            for entry in entries {
                text(b'k', entry.key.as_bytes(), bytes);
                canonical(&entry.node, change, bytes);
            }
            bytes.push(b'}');
        }
    }
}

/// The keys of an object, sorted, and whether each is text.
pub(super) fn keys<B>(object: &Object<B>) -> Vec<(String, bool)> {
    let mut keys: Vec<(String, bool)> = SECTIONS
        .into_iter()
        .flat_map(|section| {
            let entries = object.root.get(section).and_then(Node::as_map).unwrap_or_default();
            entries.iter().map(move |entry| (entry.key.to_string(), section != "binaryData"))
        })
        .collect();
    keys.sort_unstable();
    keys
}

/// Where content is. `stringData` is in reviews only.
const SECTIONS: [&str; 3] = ["data", "binaryData", "stringData"];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::ProptestConfig;
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use serde_json::Value as Json;
    use serde_json::json;

    use super::keys;
    use super::parts;
    use crate::digest::Digest;
    use crate::manifest::Node;
    use crate::reference::sample::object;

    fn digest(json: &Json) -> Digest {
        let mut problems = Vec::new();
        let object = object::<Infallible>(json);
        let digest = Digest::plain(&parts(&object, "app", &mut problems));
        assert!(problems.is_empty());
        digest
    }

    fn map(data: &Json, binary: &Json) -> Json {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data, "binaryData": binary})
    }

    #[test]
    fn where_a_value_stands_matters() {
        let digests = [
            digest(&map(&json!({"a": "b"}), &json!({}))),
            digest(&map(&json!({}), &json!({"a": "b"}))),
            digest(&map(&json!({"a": "b", "c": "d"}), &json!({}))),
            digest(&map(&json!({"a": "b"}), &json!({"c": "d"}))),
            digest(&map(&json!({"a": "", "b": ""}), &json!({}))),
            digest(&map(&json!({"ab": "", "": ""}), &json!({}))),
        ];
        for (index, one) in digests.iter().enumerate() {
            assert!(digests[index + 1..].iter().all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn absent_and_empty_are_the_same() {
        let bare = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}});
        assert_eq!(digest(&bare), digest(&map(&json!({}), &Json::Null)));
    }

    #[test]
    fn a_secret_without_a_type_is_opaque() {
        let secret =
            |kind: &Json| digest(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app"}, "type": kind, "data": {}}));
        assert_eq!(secret(&json!("Opaque")), secret(&json!("")));
        assert_eq!(secret(&json!("Opaque")), secret(&Json::Null));
        assert_ne!(secret(&json!("Opaque")), secret(&json!("kubernetes.io/tls")));
    }

    #[test]
    fn a_value_that_is_no_string_is_a_problem() {
        let object = object::<Infallible>(&map(&json!({"port": 80}), &json!({})));
        let mut problems = Vec::new();
        parts(&object, "app", &mut problems);
        assert_eq!(problems[0].reason, "`port` is a number where Kubernetes needs a string");
        assert_eq!(problems[0].next, "quote it");
        assert!(problems[0].place.is_some());
    }

    #[test]
    fn keys_say_whether_they_are_text() {
        let object = object::<Infallible>(&map(&json!({"b": "x"}), &json!({"a": "eA=="})));
        assert_eq!(keys(&object), [("a".to_owned(), false), ("b".to_owned(), true)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_entries_does_not_matter(entries in proptest::collection::btree_map("[a-z]{1,4}", ".{0,8}", 0..6)) {
            let forward: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            let mut backward = forward.clone();
            backward.reverse();
            let digest_of = |pairs: &[(String, String)]| {
                let mut object = object::<Infallible>(&map(&json!({}), &json!({})));
                for (key, value) in pairs {
                    object.root.get_mut("data").unwrap().set(key, Node::text(value.clone()));
                }
                Digest::plain(&parts(&object, "app", &mut Vec::new()))
            };
            prop_assert_eq!(digest_of(&forward), digest_of(&backward));
        }
    }
}
