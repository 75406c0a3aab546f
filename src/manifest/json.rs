//! Nodes into JSON (RFC 8259), for programs and for readers of YAML.

use std::io::Write;

use crate::manifest::Leaf;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;
use crate::secret::SecretBuffer;

/// Writes one document on one line, ending in a newline. The same tree gives the same bytes everywhere.
pub fn write_json<B: Leaf>(node: &Node<B>, out: &mut SecretBuffer) {
    value(node, out);
    out.push(b'\n');
}

fn value<B: Leaf>(node: &Node<B>, out: &mut SecretBuffer) {
    match &node.value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) => {
            // A buffer takes every byte.
            let _ = match number {
                Number::Int(number) => write!(out, "{number}"),
                Number::Uint(number) => write!(out, "{number}"),
                Number::Float(number) => write!(out, "{number:?}"),
            };
        }
        Value::Text(text) => string(text.as_bytes(), out),
        Value::Leaf(leaf) => string(leaf.bytes(), out),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                value(item, out);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (index, entry) in entries.iter().enumerate() {
                separate(index, out);
                string(entry.key.as_bytes(), out);
                out.push(b':');
                value(&entry.node, out);
            }
            out.push(b'}');
        }
    }
}

fn separate(index: usize, out: &mut SecretBuffer) {
    if index > 0 {
        out.push(b',');
    }
}

/// A string with everything outside printable ASCII escaped, but for characters above U+FFFF: JSON writes those as pairs of surrogates, which
/// readers of YAML refuse, so they stay as they are. What is not UTF-8 cannot be here; it was base64 before.
fn string(bytes: &[u8], out: &mut SecretBuffer) {
    out.push(b'"');
    for c in std::str::from_utf8(bytes).unwrap_or_default().chars() {
        match c {
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            ' '..='~' => out.push(c as u8),
            '\u{10000}'.. => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::write_json;
    use crate::manifest::Entry;
    use crate::manifest::Mark;
    use crate::manifest::Node;
    use crate::manifest::Number;
    use crate::manifest::Value;
    use crate::secret::SecretBuffer;

    fn json(node: &Node<Infallible>) -> String {
        let mut out = SecretBuffer::with_capacity(16);
        write_json(node, &mut out);
        String::from_utf8(out.expose().to_vec()).unwrap()
    }

    #[test]
    fn writes_every_kind_of_value() {
        let entry = |key: &str, value| Entry { key: key.into(), mark: Mark::default(), node: Node::made(value) };
        let numbers = [Number::Int(-1), Number::Uint(u64::MAX), Number::Float(0.5)].map(|number| Node::made(Value::Number(number)));
        let node: Node<Infallible> =
            Node::made(Value::Map(vec![entry("a", Value::List(numbers.into())), entry("b", Value::Null), entry("c", Value::Bool(true))]));
        assert_eq!(json(&node), "{\"a\":[-1,18446744073709551615,0.5],\"b\":null,\"c\":true}\n");
    }

    proptest! {
        #[test]
        fn an_independent_reader_reads_every_text_back(text in any::<String>()) {
            let written = json(&Node::text(text.as_str()));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text.as_str());
            prop_assert_eq!(written.chars().any(|char| !char.is_ascii() && char <= '\u{ffff}'), false);
            let in_yaml = format!("- {written}");
            let read = crate::manifest::read(&in_yaml, crate::manifest::Limits::default()).unwrap();
            prop_assert_eq!(read[0].as_list().unwrap()[0].as_text(), Some(text.as_str()));
        }
    }
}
