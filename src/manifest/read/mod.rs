//! Text into nodes, as the parser that Kubernetes uses reads it (sigs.k8s.io/yaml on go-yaml v2).

mod append;
mod block;
mod cursor;
mod entries;
mod event;
mod expand;
mod fault;
mod fold;
mod limits;
mod number;
mod outline;
mod parse;
mod plain;
mod quoted;
mod resolve;
mod scan;
mod stream;
mod tag;
mod token;
mod tree;

pub use fault::ReadFault;
pub use limits::Limits;
pub use outline::Outline;

use std::convert::Infallible;

use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read::expand::Expansion;
use crate::manifest::read::limits::too_many_bytes;
use crate::manifest::read::parse::Parser;
use crate::manifest::read::tree::Tree;

/// The documents of a text, empty ones left out. All faults that can be told apart are reported, at least one.
///
/// Documents are those that kubectl sees: it cuts the text at lines that start with `---` before it parses any YAML.
///
/// # Errors
/// What Kubernetes' parser refuses, what it would read otherwise than the text says (duplicate keys, text after the end of a
/// document), and what exceeds the limits.
pub fn read(text: &str, limits: Limits) -> Result<Vec<Node<Infallible>>, Vec<ReadFault>> {
    documents(text, limits, false)
}

/// The same of what people wrote: a key that comes out as another than it was written, `y` as `true` or `0400` as `256`, is a fault too.
///
/// # Errors
/// As [`read`], and such keys.
pub fn read_as_meant(text: &str, limits: Limits) -> Result<Vec<Node<Infallible>>, Vec<ReadFault>> {
    documents(text, limits, true)
}

fn documents(text: &str, limits: Limits, as_meant: bool) -> Result<Vec<Node<Infallible>>, Vec<ReadFault>> {
    // Nodes are walked and dropped by recursion.
    let limits = Limits { depth: limits.depth.min(1000), ..limits };
    if text.len() > limits.bytes {
        return Err(vec![too_many_bytes(Mark { line: 1, column: 1 }, limits)]);
    }
    let lines = stream::json(stream::lines(text));
    let mut faults = Vec::new();
    let documents = stream::documents(&lines, &mut faults);
    let mut expansion = Expansion::new(limits, faults);
    let mut nodes = Vec::new();
    for document in documents {
        match tree(document, limits) {
            Ok(Some(tree)) => match expansion.root(&tree) {
                Ok(node) if matches!(node.value, Value::Null) => {}
                Ok(node) => nodes.push(node),
                Err(expand::Stop) => break,
            },
            Ok(None) => {}
            Err(fault) => expansion.faults.push(fault),
        }
    }
    let mut faults = expansion.faults;
    if as_meant {
        faults.append(&mut expansion.renamed);
    }
    if faults.is_empty() {
        return Ok(nodes);
    }
    faults.sort_by_key(|fault| fault.mark);
    faults.dedup();
    Err(faults)
}

fn tree(document: stream::Document<'_>, limits: Limits) -> Result<Option<Tree<'_>>, ReadFault> {
    let mut parser = Parser::new(document)?;
    let tree = Tree::build(|| parser.next(), limits)?;
    parser.finish()?;
    Ok(tree)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests measure how long a bomb takes")]
mod tests {
    use std::convert::Infallible;
    use std::fmt::Write as _;
    use std::time::Duration;
    use std::time::Instant;

    use super::Limits;
    use super::read;
    use super::read_as_meant;
    use crate::manifest::Node;
    use crate::manifest::Number;
    use crate::manifest::Value;

    fn one(text: &str) -> Node<Infallible> {
        let mut nodes = read(text, Limits::default()).expect("readable");
        assert_eq!(nodes.len(), 1, "{text}");
        nodes.remove(0)
    }

    fn faults(text: &str) -> Vec<String> {
        read(text, Limits::default()).expect_err("unreadable").iter().map(ToString::to_string).collect()
    }

    fn assert_refused_fast(text: &str, reason: &str) {
        let start = Instant::now();
        let faults = faults(text);
        // Tests are not optimized, and share the machine.
        let bound = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 2 });
        assert!(start.elapsed() < bound, "{:?}", start.elapsed());
        assert!(faults[0].contains(reason), "{faults:?}");
    }

    #[test]
    fn keys_that_become_others_are_told_on_demand() {
        let text = "base: &b {No: 1}\nmore: {<<: *b, y: 1, \"on\": 2, x: 3}\n0400: a\n1_000: b\n1.0: c\n80: d\ntrue: e\n0.5: f\n";
        one(text);
        let reported: Vec<String> = read_as_meant(text, Limits::default()).expect_err("a fault").iter().map(ToString::to_string).collect();
        let word = |line, column, kind, name| {
            format!("line {line}, column {column}: the key is read as a {kind} and comes out as `{name}`; quote it")
        };
        let wanted = [
            word(1, 11, "boolean", "false"),
            word(2, 16, "boolean", "true"),
            word(3, 1, "number", "256"),
            word(4, 1, "number", "1000"),
            word(5, 1, "number", "1"),
        ];
        assert_eq!(reported, wanted);
        assert!(read_as_meant("80: a\n\"y\": b\n", Limits::default()).is_ok());
    }

    #[test]
    fn a_manifest_is_read_with_places() {
        let node = one("# a volume\nspec:\n  volumes:\n  - {name: é, \"mode\": 0400}\n");
        let volume = &node.at(&["spec", "volumes"]).and_then(Node::as_list).expect("a list")[0];
        let mode = &volume.as_map().expect("a mapping")[1];
        assert!(matches!(mode.node.value, Value::Number(Number::Int(256))));
        assert_eq!((mode.mark.line, mode.mark.column), (4, 15));
        assert_eq!((mode.node.mark.line, mode.node.mark.column), (4, 23));
    }

    #[test]
    fn empty_documents_are_left_out() {
        let nodes = read("---\n# nothing\n---\na: 1\n---\n~\n---\nb: 2\n", Limits::default()).expect("readable");
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[1].as_map().expect("a mapping")[0].mark.line, 8);
        assert_eq!(read("", Limits::default()).expect("readable").len(), 0);
    }

    #[test]
    fn scalars_keep_their_text() {
        let node = one("a: >-\n  b\n  c\n\n  d\ne: |+\n  f\n\ng: 'it''s'\nh: \"\\x41\\\n  \\u00e9 \"\ni: j\n k\n");
        let text = |key: &str| node.get(key).and_then(Node::as_text).expect("a string").to_owned();
        assert_eq!([text("a"), text("e"), text("g"), text("h"), text("i")], ["b c\nd", "f\n\n", "it's", "Aé ", "j k"]);
    }

    #[test]
    fn keys_become_strings() {
        let node = one("1: a\n0x10: b\ntrue: c\n1.50: d\n\"~\": e\n");
        let keys: Vec<&str> = node.as_map().expect("a mapping").iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["1", "16", "true", "1.5", "~"]);
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        let node = one("base: &base {a: 1, b: 2}\nthis:\n  <<: *base\n  b: 3\nthat:\n  <<: [{a: 4}, *base]\nlist: [*base]\n");
        let number = |path: &[&str]| match node.at(path).map(|node| &node.value) {
            Some(Value::Number(Number::Int(number))) => *number,
            other => panic!("{other:?}"),
        };
        assert_eq!([number(&["this", "a"]), number(&["this", "b"]), number(&["that", "a"]), number(&["that", "b"])], [1, 3, 4, 2]);
        assert_eq!(node.get("list").and_then(Node::as_list).expect("a list")[0].as_map().expect("a mapping").len(), 2);
    }

    #[test]
    fn faults_say_place_reason_and_next_step() {
        for (text, fault) in [
            ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key is in this mapping already, at line 1; remove one of the two"),
            ("1: a\n\"1\": b\n", "line 2, column 1: the key is in this mapping already, at line 1; remove one of the two"),
            (
                "a: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n",
                "line 4, column 7: the merge brings a key that is in this mapping already, at line 3; put the merge key first, and only one of them",
            ),
            ("<<: 1\n", "line 1, column 5: a merge key takes a mapping or a list of mappings; correct the value or quote the key"),
            ("~: 1\n", "line 1, column 1: a mapping key must be a string; quote it"),
            ("[a]: 1\n", "line 1, column 1: a mapping key must be a string; write a string"),
            ("a: *b\n", "line 1, column 4: the alias has no anchor before it; define the anchor or quote the text"),
            ("a: &a [*a]\n", "line 1, column 8: the alias is within its own anchor; write the value out"),
            ("a: .inf\n", "line 1, column 4: Kubernetes has no such number; quote it if it is text"),
            ("a: !!int b\n", "line 1, column 4: the value is not of its tag's type; remove the tag or correct the value"),
            ("a: !!binary b\n", "line 1, column 4: the value is not standard base64; correct the value"),
            (
                "a: !!binary //8=\n",
                "line 1, column 4: the decoded value is not text; remove the tag and put the value under `binaryData` or `data`",
            ),
            ("a: !!timestamp 2001-01-01\n", "line 1, column 4: the tag means nothing to Kubernetes; remove the tag and quote the value"),
            ("a: !b!c d\n", "line 1, column 4: nothing declares the tag's handle; remove the tag or quote the text"),
            ("a: !!s%74r b\n", "line 1, column 4: the tag has escapes; remove the tag or quote the text"),
            ("a: !b{c\n", "line 1, column 4: the tag does not end in white space; remove the tag or quote the text"),
            ("a: !<b\n", "line 1, column 4: not a tag; remove the tag or quote the text"),
            ("a: &{ b\n", "line 1, column 4: not the name of an anchor; quote the text"),
            ("a: b: c\n", "line 1, column 5: a mapping cannot start here; quote the text or put the mapping on the next line"),
            ("a: - b\n", "line 1, column 4: a list item cannot start here; put it on a line of its own or quote the text"),
            ("a: ? b\n", "line 1, column 4: a mapping key cannot start here; put it on a line of its own or quote the text"),
            (
                "a: 1\nb\n",
                "line 2, column 1: neither a key with a colon nor a part of the value before it; add the colon or correct the indentation",
            ),
            ("a: @b\n", "line 1, column 4: this character cannot start a value; quote the value"),
            ("a:\n\tb: c\n", "line 2, column 1: a tab cannot indent; indent with spaces"),
            ("a: 'b\n", "line 1, column 4: the quotes are not closed; close them"),
            ("a: 'b\n...\n'\n", "line 2, column 1: a document separator is within quotes; indent it or close the quotes"),
            ("a: \"\\/\"\n", "line 1, column 6: Kubernetes knows no such escape; write `\\\\` for a backslash"),
            ("a: \"\\ud800\"\n", "line 1, column 11: not the number of a character; correct the escape"),
            ("a: |x\n", "line 1, column 5: text follows the start of a block; start the text on the next line"),
            ("a: [b\nc: d\n", "line 2, column 2: a comma or the closing bracket is expected before this; add it, or quote the text"),
            ("a: ]\n", "line 1, column 4: a value is missing before this; add it, or quote the text"),
            ("- a\n? b\n", "line 2, column 1: a list item is expected here; start the line with `- ` or correct the indentation"),
            ("a: [b]\n  c\n", "line 2, column 3: a mapping key is expected here; write `key: value` or correct the indentation"),
            (
                "[a]\nb\n",
                "line 2, column 1: the document is over before this; Kubernetes would leave the rest out; correct the indentation, or put `---` on a line between documents",
            ),
            ("%YAML 1.2\n---\na: 1\n", "line 1, column 1: kubectl cannot read directives; remove the line"),
            (
                "a: \u{7}\n",
                "line 1, column 4: there is a control character or byte order mark here; write it as an escape in double quotes",
            ),
        ] {
            assert_eq!(faults(text)[0], fault, "{text:?}");
        }
    }

    #[test]
    fn faults_of_all_documents_are_reported() {
        assert_eq!(faults("a: 1\na: 2\n~: 3\n---\nb: 'c\n---\nd: .nan\n").len(), 4);
    }

    #[test]
    fn bombs_end_in_a_fault() {
        let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, inner) in ('b'..='z').zip('a'..) {
            let _ = writeln!(laughs, "{name}: &{name} [{}]", vec![format!("*{inner}"); 9].join(", "));
        }
        assert_refused_fast(&laughs, "almost all of the document comes from aliases");
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(90));
        assert_refused_fast(&long, "more than 16777216 bytes of text");
        assert_refused_fast(&"[".repeat(100_000), "nested more than 100 levels deep");
        assert_refused_fast(&"{a: ".repeat(100_000), "nested more than 100 levels deep");
        assert_refused_fast(&"- ".repeat(100_000), "nested more than 100 levels deep");
        assert_refused_fast(&"? ".repeat(100_000), "nested more than 100 levels deep");
        assert_refused_fast(&(0..3_000).map(|n| " ".repeat(n) + "a:\n").collect::<String>(), "nested more than 100 levels deep");
        let many = Limits { nodes: 1000, ..Limits::default() };
        let fault = &read(&format!("[{}", "[],".repeat(1_000_000)), many).expect_err("too many")[0];
        assert_eq!(fault.to_string(), "line 1, column 2997: more than 1000 values; use fewer aliases or split the file");
        assert_refused_fast(&"\"".repeat((16 << 20) + 1), "more than 16777216 bytes of text");
        assert_refused_fast(&format!("a: {}", "& ".repeat(1 << 20)), "not the name of an anchor");
        let merges = "a: &a {b: 1}\nc:\n".to_owned() + &"  <<: *a\n".repeat(100_000);
        assert_refused_fast(&merges, "the merge brings a key");
    }

    #[test]
    fn deep_aliases_reach_the_depth_limit() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..200 {
            let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
        }
        assert_refused_fast(&text, "nested more than 100 levels deep");
    }

    #[test]
    fn large_mappings_are_read_fast() {
        let mut text = String::new();
        for number in 0..30_000 {
            let _ = writeln!(text, "key{number}: {number}");
        }
        let start = Instant::now();
        assert_eq!(one(&text).as_map().expect("a mapping").len(), 30_000);
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }
}
