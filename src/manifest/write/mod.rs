//! Nodes into canonical YAML that every reader of YAML 1.1 and 1.2, Kubernetes' above all, reads as meant.

mod number;
mod quote;
mod style;

use crate::manifest::Entry;
use crate::manifest::Leaf;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::write::style::Style;
use crate::secret::SecretBuffer;

/// The longest key, as written, that is before its colon. YAML gives up on longer ones unless a `?` announces them.
const LONGEST_KEY: usize = 1024;

/// Writes one document, without a `---` line, ending in a newline. The same tree gives the same bytes everywhere.
///
/// Blocks are indented by two spaces, list items are indented as deep as their key, as kubectl writes them. Nothing of a leaf is copied to
/// anywhere but `out`.
///
/// # Panics
/// When a leaf is not UTF-8, which [`Leaf`] rules out.
pub fn write<B: Leaf>(node: &Node<B>, out: &mut SecretBuffer) {
    match &node.value {
        Value::List(items) if !items.is_empty() => list(items, 0, out),
        Value::Map(entries) if !entries.is_empty() => map(entries, 0, out),
        value => scalar(value, 0, out),
    }
}

fn map<B: Leaf>(entries: &[Entry<B>], indent: usize, out: &mut SecretBuffer) {
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            spaces(indent, out);
        }
        if key_length(&entry.key) > LONGEST_KEY {
            out.extend(b"? ");
            key(&entry.key, out);
            out.push(b'\n');
            spaces(indent, out);
        } else {
            key(&entry.key, out);
        }
        out.push(b':');
        match &entry.node.value {
            Value::Map(entries) if !entries.is_empty() => {
                out.push(b'\n');
                spaces(indent + 2, out);
                map(entries, indent + 2, out);
            }
            Value::List(items) if !items.is_empty() => {
                out.push(b'\n');
                spaces(indent, out);
                list(items, indent, out);
            }
            value => {
                out.push(b' ');
                scalar(value, indent, out);
            }
        }
    }
}

fn list<B: Leaf>(items: &[Node<B>], indent: usize, out: &mut SecretBuffer) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            spaces(indent, out);
        }
        out.extend(b"- ");
        match &item.value {
            Value::Map(entries) if !entries.is_empty() => map(entries, indent + 2, out),
            Value::List(items) if !items.is_empty() => list(items, indent + 2, out),
            value => scalar(value, indent, out),
        }
    }
}

fn key_length(key: &str) -> usize {
    match Style::of_key(key) {
        Style::Plain => key.len(),
        Style::Literal { .. } | Style::QuotedLines | Style::Quoted => quote::length(key),
    }
}

fn key(key: &str, out: &mut SecretBuffer) {
    match Style::of_key(key) {
        Style::Plain => out.extend(key.as_bytes()),
        Style::Literal { .. } | Style::QuotedLines | Style::Quoted => quote::write(key, out),
    }
}

/// A value on the line that was begun, its line ended; a block's lines are indented deeper than `indent`.
fn scalar<B: Leaf>(value: &Value<B>, indent: usize, out: &mut SecretBuffer) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) => number::write(*number, out),
        Value::Text(value) => return text(value, indent, out),
        Value::Leaf(leaf) => {
            #[expect(clippy::expect_used, reason = "the trait's contract; the message says nothing of the bytes")]
            let value = str::from_utf8(leaf.bytes()).expect("a leaf is UTF-8");
            return text(value, indent, out);
        }
        // With items in them they are written by `map` and `list`.
        Value::List(_) => out.extend(b"[]"),
        Value::Map(_) => out.extend(b"{}"),
    }
    out.push(b'\n');
}

fn text(text: &str, indent: usize, out: &mut SecretBuffer) {
    match Style::of(text) {
        Style::Plain => out.extend(text.as_bytes()),
        Style::Quoted => quote::write(text, out),
        Style::QuotedLines => quote::write_lines(text, " ".repeat(indent + 2).as_bytes(), out),
        Style::Literal { ended } => {
            out.extend(if ended { b"|" } else { b"|-" });
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                out.push(b'\n');
                if !line.is_empty() {
                    spaces(indent + 2, out);
                    out.extend(line.as_bytes());
                }
            }
        }
    }
    out.push(b'\n');
}

fn spaces(count: usize, out: &mut SecretBuffer) {
    const SPACES: [u8; 64] = [b' '; 64];
    let mut left = count;
    while left > 0 {
        let some = left.min(SPACES.len());
        out.extend(&SPACES[..some]);
        left -= some;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prop_oneof;
    use proptest::proptest;

    use super::write;
    use crate::manifest::Entry;
    use crate::manifest::Limits;
    use crate::manifest::Mark;
    use crate::manifest::Node;
    use crate::manifest::Number;
    use crate::manifest::Value;
    use crate::manifest::read;
    use crate::secret::Secret;
    use crate::secret::SecretBuffer;

    fn written(node: &Node<Infallible>) -> String {
        let mut out = SecretBuffer::with_capacity(64);
        write(node, &mut out);
        String::from_utf8(out.expose().to_vec()).expect("text")
    }

    fn reread(node: &Node<Infallible>) -> Node<Infallible> {
        let text = written(node);
        let mut nodes = read(&text, Limits::default()).unwrap_or_else(|faults| panic!("{faults:?} in {text}"));
        assert_eq!(nodes.len(), 1, "{text}");
        nodes.remove(0)
    }

    fn same(one: &Node<Infallible>, other: &Node<Infallible>) -> bool {
        match (&one.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Number(one), Value::Number(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
            }
            (Value::Map(one), Value::Map(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.key == other.key && same(&one.node, &other.node))
            }
            _ => false,
        }
    }

    fn entry(key: &str, value: Value<Infallible>) -> Entry<Infallible> {
        Entry { key: key.into(), mark: Mark::default(), node: Node::made(value) }
    }

    #[test]
    fn a_manifest_is_canonical() {
        let source = "apiVersion: v1\nspec: {empty: {}, nothing: [], list: [a, [b, {c: 1, d: [2]}], {e: {f: ~}}], \"on\": \"on\", \"n\": 0.5}\nscript: \"#!/bin/sh\\n  run\\n\\nend\\n\"\ncut: \"a\\nb\"\n";
        let mut nodes = read(source, Limits::default()).expect("readable");
        let text = written(&nodes.remove(0));
        assert_eq!(
            text,
            "apiVersion: v1\nspec:\n  empty: {}\n  nothing: []\n  list:\n  - a\n  - - b\n    - c: 1\n      d:\n      - 2\n  - e:\n      f: null\n  \"on\": \"on\"\n  \"n\": 0.5\n\
             script: |\n  #!/bin/sh\n    run\n\n  end\ncut: |-\n  a\n  b\n"
        );
    }

    /// Almost a block: white space at the end of lines, or before the first, tabs before text, characters that no block holds.
    #[test]
    fn lines_that_are_no_block_are_lines_all_the_same() {
        for (text, lines) in [
            ("server {\n  \n  listen 80;  \n}\n", r#"  server {\n\|  \  \n\|  \  listen 80;  \n\|  }\n""#),
            ("all:\n\tcc \"a\"\n", r#"  all:\n\|  \tcc \"a\"\n""#),
            (" a\r\nb\\", r#"  \ a\r\n\|  b\\""#),
            ("\na\u{1f600}\nb\n\n", r#"  \n\|  a\U0001f600\n\|  b\n\|  \n""#),
        ] {
            let node = Node::made(Value::Map(vec![entry("a", Value::Text(text.into())), entry("b", Value::Null)]));
            assert_eq!(written(&node), format!("a: \"\\\n{}\nb: null\n", lines.replace('|', "\n")));
            let deep = Node::made(Value::List(vec![Node::made(Value::List(vec![Node::text(text), node]))]));
            assert!(same(&reread(&deep), &deep), "{}", written(&deep));
        }
    }

    #[test]
    fn leaves_are_written_as_strings() {
        let node = Node::made(Value::Map(vec![Entry {
            key: "password".into(),
            mark: Mark::default(),
            node: Node::made(Value::Leaf(Secret::copy_of(b"0400"))),
        }]));
        let mut out = SecretBuffer::with_capacity(64);
        write(&node, &mut out);
        assert_eq!(out.expose(), b"password: \"0400\"\n");
    }

    #[test]
    fn long_keys_are_announced() {
        for length in [2, 1022, 1023, 1024, 1025, 100_000] {
            for letter in ["a", "\u{7}"] {
                let nested = Value::Map(vec![
                    entry("a", Value::List(vec![Node::text("b")])),
                    entry(&letter.repeat(length), Value::Map(vec![entry("c", Value::Null)])),
                ]);
                let node = Node::made(Value::Map(vec![entry(&letter.repeat(length), nested), entry("d", Value::Bool(true))]));
                assert!(same(&reread(&node), &node), "{length}");
            }
        }
    }

    fn nodes() -> impl Strategy<Value = Node<Infallible>> {
        let text = prop_oneof!["[ -~\n]{0,12}", "\\PC{0,8}", any::<String>(), "[a-zA-Z0-9:/. _-]{0,10}"];
        let leaf = prop_oneof![
            proptest::strategy::Just(0).prop_map(|_| Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| Value::Number(Number::Int(number))),
            (i64::MAX as u64 + 1..).prop_map(|number| Value::Number(Number::Uint(number))),
            proptest::num::f64::NORMAL
                .prop_filter("whole numbers become integers", |number| number.fract() != 0.0 || number.abs() >= 1e21)
                .prop_map(|number| Value::Number(Number::Float(number))),
            text.clone().prop_map(|text| Value::Text(text.into())),
        ]
        .prop_map(Node::made);
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| Node::made(Value::List(items))),
                proptest::collection::btree_map(text.clone(), inner, 0..5).prop_map(|entries| {
                    let entries = entries.into_iter().map(|(key, node)| Entry { key: key.into(), mark: Mark::default(), node });
                    Node::made(Value::Map(entries.collect()))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(node in nodes()) {
            let whole = Node::made(Value::List(vec![node]));
            assert!(same(&reread(&whole), &whole), "{}", written(&whole));
        }
    }
}
