//! Literal values of Secrets: what a template or a file wrote there itself. Reviews never show them, and a warning says that they are there.

mod numbered;
mod part;

pub use numbered::NumberedLiterals;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;

use crate::blank::BlankText;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::find;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::stage::literal::part::BLANK;
use crate::stage::literal::part::secret_parts;

/// The annotation on a Secret whose literal values are meant to be there; its value is [`ACCEPTED`].
pub const LITERALS: &str = "cloze.dev/literals";

/// The value of [`LITERALS`].
pub const ACCEPTED: &str = "accepted";

/// What a review without keys shows in place of a literal value.
pub const MASK: &str = "<literal>";

/// What is shown in place of a literal value under a key of a Secret.
pub type LiteralMask<'a> = &'a (dyn Fn(&Identity, &str, &Secret) -> String + Sync);

/// What a review with keys shows in place of a literal value: equal for equal values under one key of one Secret, and of no use to a reader who
/// does not have the environment's keys. It depends on the key of names only, so that rotating the others changes nothing.
pub fn keyed_mask(keys: &Keys, based: &Identity, key: &str, value: &Secret) -> String {
    let parts = [b"literal".as_slice(), based.namespace.as_bytes(), based.name.as_bytes(), key.as_bytes(), value.expose()];
    format!("<literal {}>", &keys.name(&parts).to_string()[..DIGITS])
}

/// Puts `mask` in place of each value of a Secret; of those under the `masked` keys, which are shown otherwise, in place of each part that
/// is a secret by its look. All of them move to `stringData`, which is not base64 and wins over `data`; an empty value stays empty.
pub fn hide_literals(root: &mut Node<Infallible>, masked: &dyn Fn(&str) -> bool, mask: &dyn Fn(&str, &Secret) -> String) {
    let mut texts = BTreeMap::new();
    for (field, is_encoded) in [("data", true), ("stringData", false)] {
        let Some(Node { value: Value::Map(entries), .. }) = root.take(field) else { continue };
        for mut entry in entries {
            if masked(&entry.key) {
                hide_parts(&entry.key, &mut entry.node, mask);
            } else {
                let value = value_of(&entry.node, is_encoded);
                entry.node.wipe();
                let shown = if value.is_empty() { String::new() } else { shown(&entry.key, &value, mask) };
                entry.node = Node { mark: entry.node.mark, value: Value::Text(shown.into()) };
            }
            texts.insert(entry.key.clone(), entry);
        }
    }
    if !texts.is_empty() {
        root.set("stringData", Node::made(Value::Map(texts.into_values().collect())));
    }
}

fn hide_parts(key: &str, node: &mut Node<Infallible>, mask: &dyn Fn(&str, &Secret) -> String) {
    let Some(text) = node.as_text() else { return };
    let parts = secret_parts(key, text);
    if parts.is_empty() {
        return;
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        shown.push_str(&text[at..part.start]);
        shown.push_str(&mask(key, &Secret::copy_of(text[part.clone()].as_bytes())));
        at = part.end;
    }
    shown.push_str(&text[at..]);
    node.wipe();
    node.value = Value::Text(shown.into());
}

/// The keys of a Secret whose values have blanks, once `stringData` is merged over `data`.
pub fn keys_with_blanks(object: &Object<BlankText>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for field in ["data", "stringData"] {
        for entry in object.root.get(field).and_then(Node::as_map).unwrap_or_default() {
            match &entry.node.value {
                Value::Leaf(_) => keys.insert(entry.key.to_string()),
                _ => keys.remove(entry.key.as_str()),
            };
        }
    }
    keys
}

/// Every literal value of every Secret, decoded.
pub fn literals(objects: &[Object<BlankText>]) -> Vec<Secret> {
    objects.iter().flat_map(|object| found(object).into_iter().map(|(_, _, value)| value)).collect()
}

/// A warning for each Secret that has literal values and does not say that they are meant.
pub fn warnings(objects: &[Object<BlankText>]) -> Vec<Problem> {
    find(objects, |object, warnings| warnings.extend(Some(object).filter(|object| !is_accepted(object)).and_then(warning)))
}

fn warning(object: &Object<BlankText>) -> Option<Problem> {
    let mut found = found(object);
    found.dedup_by_key(|(key, ..)| *key);
    let (_, mark, _) = found.first()?;
    let mut keys = found.iter().take(NAMED).map(|(key, ..)| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    if found.len() > NAMED {
        keys.push_str(&format!(" and {} more", found.len() - NAMED));
    }
    let reason = format!("{} holds literal values, which anyone who reads the project can read: {keys}", object.identity);
    let next = format!("move them to a vault and write `secret(…)`, or add the annotation `{LITERALS}: {ACCEPTED}`");
    Some(Problem::new(Fault::Check, reason, next).at(object.place(*mark)))
}

/// The keys of a Secret with literal values that are not empty, each at its place.
pub(super) fn literal_keys(object: &Object<BlankText>) -> Vec<(&str, Mark)> {
    let mut found = found(object);
    found.dedup_by_key(|(key, ..)| *key);
    found.into_iter().map(|(key, mark, _)| (key, mark)).collect()
}

fn is_accepted(object: &Object<BlankText>) -> bool {
    object.root.at(&["metadata", "annotations", LITERALS]).and_then(Node::as_text) == Some(ACCEPTED)
}

/// The literal values of a Secret that are not empty, and beside blanks what is a secret by its look, by key: those of `stringData` win over
/// those of `data`.
fn found(object: &Object<BlankText>) -> Vec<(&str, Mark, Secret)> {
    let mut found = BTreeMap::new();
    for (field, is_encoded) in [("data", true), ("stringData", false)] {
        let entries = object.root.get(field).and_then(Node::as_map).unwrap_or_default();
        for entry in entries.iter().filter(|_| object.is_secret()) {
            let values = match &entry.node.value {
                Value::Text(_) => vec![value_of(&entry.node, is_encoded)],
                Value::Leaf(text) => parts_beside_blanks(&entry.key, text),
                _ => Vec::new(),
            };
            let mark = if entry.node.mark == Mark::default() { entry.mark } else { entry.node.mark };
            found.insert(&*entry.key, (mark, values));
        }
    }
    let each = found.into_iter().flat_map(|(key, (mark, values))| values.into_iter().map(move |value| (key, mark, value)));
    each.filter(|(.., value)| !value.is_empty()).collect()
}

fn parts_beside_blanks(key: &str, text: &BlankText) -> Vec<Secret> {
    let piece = |piece: &'_ Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Blank(_) => BLANK.to_owned(),
    };
    let text: String = text.pieces.iter().map(piece).collect();
    secret_parts(key, &text).into_iter().map(|part| Secret::copy_of(text[part].as_bytes())).collect()
}

/// A text's bytes, decoded where it is base64.
fn value_of<B>(node: &Node<B>, is_encoded: bool) -> Secret {
    let text = Secret::copy_of(node.as_text().unwrap_or_default().as_bytes());
    if is_encoded { Filter::B64decode.apply(&text).unwrap_or(text) } else { text }
}

/// The mask of a value, or the value where it is such a mask already.
fn shown(key: &str, value: &Secret, mask: &dyn Fn(&str, &Secret) -> String) -> String {
    let digest = |text: &&str| text.strip_prefix("<literal ").and_then(|rest| rest.strip_suffix('>')).is_some_and(is_digest);
    match value.expose_text().filter(digest) {
        Some(masked) => masked.to_owned(),
        None => mask(key, value),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Hexadecimal digits that a mask shows.
const DIGITS: usize = 12;

/// Keys that a warning names.
const NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use crate::blank::BlankText;
    use crate::blank::Blanks;
    use crate::clock::Machine;
    use crate::manifest::Node;
    use crate::manifest::Object;
    use crate::reference::sample;
    use crate::seal::Keys;
    use crate::secret::Secret;
    use crate::stage::literal::hide_literals;
    use crate::stage::literal::keyed_mask;
    use crate::stage::literal::literals;
    use crate::stage::literal::warnings;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    /// A Secret of that content with every literal hidden, as JSON.
    fn hidden(content: &serde_json::Value) -> serde_json::Value {
        let mut json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
        json.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        let Object { mut root, .. } = sample::object::<Infallible>(&json);
        hide_literals(&mut root, &|key| key == "blank", &|key, value| format!("<{key} {}>", value.len()));
        sample::json(&root)["stringData"].clone()
    }

    #[test]
    fn no_literal_is_shown_in_either_field() {
        let content = json!({"data": {"a": "aHVudGVyMg==", "both": "b2xk", "no base64": "!"}, "stringData": {"b": "x", "both": "longer"}});
        assert_eq!(hidden(&content), json!({"a": "<a 7>", "b": "<b 1>", "both": "<both 6>", "no base64": "<no base64 1>"}));
        assert_eq!(
            hidden(&json!({"data": {"blank": "<secret default/pw>", "c": "Yw=="}})),
            json!({"blank": "<secret default/pw>", "c": "<c 1>"})
        );
        assert_eq!(hidden(&json!({"data": {"number": 7, "empty": "", "null": null}})), json!({"number": "", "empty": "", "null": ""}));
        assert_eq!(hidden(&json!({"data": "text"})), serde_json::Value::Null);
    }

    #[test]
    fn beside_a_blank_only_what_is_a_secret_by_its_look_is_hidden() {
        let content = json!({"stringData": {"blank": "postgres://app:hunter2@<secret default/host>/shop"}});
        assert_eq!(hidden(&content), json!({"blank": "postgres://app:<blank 7>@<secret default/host>/shop"}));
    }

    #[test]
    fn a_mask_is_not_masked_again() {
        let kept = "<literal 0123456789ab>";
        let content = json!({"stringData": {"a": kept, "b": "<literal 0123456789AB>", "c": "<literal 0123>"}});
        assert_eq!(hidden(&content), json!({"a": kept, "b": "<b 22>", "c": "<c 14>"}));
    }

    #[test]
    fn equal_values_have_equal_masks_under_one_key_of_one_object() {
        let keys = Keys::fresh(&Machine);
        let identity = |name: &str| crate::manifest::Identity {
            api_version: "v1".into(),
            kind: "Secret".into(),
            namespace: "shop".into(),
            name: name.into(),
        };
        let mask = |name: &str, key: &str, value: &[u8]| keyed_mask(&keys, &identity(name), key, &Secret::copy_of(value));
        assert_eq!(mask("a", "k", b"1"), mask("a", "k", b"1"));
        for other in [mask("a", "k", b"2"), mask("a", "l", b"1"), mask("b", "k", b"1")] {
            assert_ne!(mask("a", "k", b"1"), other);
        }
        assert_eq!(mask("a", "k", b"1").len(), "<literal 0123456789ab>".len());
    }

    fn secrets() -> Vec<Object<BlankText>> {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let data = || map(vec![("tls.key", Node::text("aHVudGVyMg==")), ("empty", Node::text("")), ("pw", cloze("_", &[id]))]);
        let text = vec![
            ("a", Node::text("1")),
            ("b", Node::text("2")),
            ("c", Node::text("3")),
            ("d", Node::text("4")),
            ("pw", cloze("x_", &[id])),
        ];
        let accepted = map(vec![("annotations", map(vec![("cloze.dev/literals", Node::text("accepted"))]))]);
        let beside = vec![
            ("app.json", cloze("{\"password\": \"hunter3\", \"token\": \"_\", \"apiKey\": \"hunter4\"}", &[id])),
            ("b", cloze("user=app,_", &[id])),
        ];
        vec![
            object("Secret", vec![("stringData", map(beside))]),
            object("Secret", vec![("data", data())]),
            object("Secret", vec![("stringData", map(text))]),
            object("Secret", vec![("metadata", accepted), ("data", data())]),
            object("Secret", vec![("data", map(vec![("pw", cloze("_", &[id])), ("empty", Node::text(""))]))]),
            object("ConfigMap", vec![("data", map(vec![("a", Node::text("b"))]))]),
        ]
    }

    #[test]
    fn each_secret_with_literals_is_warned_of_once() {
        let reported: Vec<String> = warnings(&secrets()).iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
        let next = "move them to a vault and write `secret(…)`, or add the annotation `cloze.dev/literals: accepted`";
        let of = |column: u32, keys: &str| {
            format!(
                "t.yaml (rendered):7:{column}: Secret shop/secret holds literal values, which anyone who reads the project can read: {keys}; {next}"
            )
        };
        assert_eq!(reported, [of(3, "`app.json`"), of(1, "`tls.key`"), of(1, "`a`, `b`, `c` and 1 more")]);
    }

    #[test]
    fn every_literal_is_told_to_who_masks_logs() {
        let found: Vec<String> = literals(&secrets()).iter().map(|value| value.expose_text().unwrap().to_owned()).collect();
        assert_eq!(found, ["hunter3", "hunter4", "hunter2", "1", "2", "3", "4", "hunter2"]);
    }
}
