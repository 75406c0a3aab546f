//! An object as expressions see it: each blank by its mask, no literal of a Secret, and nothing that a review does not show.

use std::convert::Infallible;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::manifest::write_json;
use crate::secret::SecretBuffer;
use crate::stage::literal::MASK;
use crate::stage::literal::hide_literals;
use crate::stage::literal::keys_with_blanks;

/// The object as JSON; the values of a Secret are all under `stringData`.
pub fn shown(object: &Object<BlankText>, blanks: &Blanks) -> Vec<u8> {
    let mut root = masked(&object.root, blanks);
    if object.is_secret() {
        let with_blanks = keys_with_blanks(object);
        hide_literals(&mut root, &|key| with_blanks.contains(key), &|_, _| MASK.to_owned());
    }
    let mut out = SecretBuffer::with_capacity(FIRST);
    write_json(&root, &mut out);
    out.expose().to_vec()
}

/// Bytes that the buffer has from the start.
const FIRST: usize = 8 << 10;

fn masked(node: &Node<BlankText>, blanks: &Blanks) -> Node<Infallible> {
    let value = match &node.value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Number(number) => Value::Number(*number),
        Value::Text(text) => Value::Text(text.clone()),
        Value::Leaf(text) => {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Blank(id) => blanks.mask(*id),
            };
            Value::Text(text.pieces.iter().map(piece).collect::<String>().into())
        }
        Value::List(items) => Value::List(items.iter().map(|item| masked(item, blanks)).collect()),
        Value::Map(entries) => {
            let entry = |entry: &Entry<BlankText>| Entry { key: entry.key.clone(), mark: entry.mark, node: masked(&entry.node, blanks) };
            Value::Map(entries.iter().map(entry).collect())
        }
    };
    Node { mark: node.mark, value }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use crate::blank::Blanks;
    use crate::manifest::Node;
    use crate::stage::policy::shown::shown;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    #[test]
    fn blanks_show_what_they_ask_for_and_literals_of_a_secret_do_not_show() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "db");
        let seen = |object| serde_json::from_slice::<Value>(&shown(&object, &blanks)).unwrap();
        let data = map(vec![("a", Node::text("aHVudGVyMg==")), ("b", Node::text(""))]);
        let texts = map(vec![("c", cloze("password=hunter2;_", &[id]))]);
        let secret = seen(object("Secret", vec![("data", data), ("stringData", texts)]));
        assert_eq!(
            (&secret["stringData"]["a"], &secret["stringData"]["b"], &secret["data"]),
            (&json!("<literal>"), &json!(""), &json!(null))
        );
        assert!(!secret.to_string().contains("hunter2") && !secret.to_string().contains("aHVu"), "{secret}");
        assert!(secret["stringData"]["c"].as_str().unwrap().contains("<secret default/db>"), "{secret}");
        let config = seen(object("ConfigMap", vec![("data", map(vec![("k", Node::text("v")), ("b", cloze("x _", &[id]))]))]));
        assert_eq!(config["data"], json!({ "k": "v", "b": "x <secret default/db>" }));
    }
}
