//! Kubernetes' own parser beside ours: what cloze writes is what Kubernetes reads, and what cloze reads is what Kubernetes
//! reads.
//!
//! The parser is a Go program, `tests/kubernetes-yaml`. Without Go these tests say that they are skipped; with
//! `CLOZE_REQUIRE_ORACLE=1` they fail.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are the result")]
#![allow(clippy::disallowed_methods, reason = "a test may ask whether Go is required")]

#[path = "oracle/document.rs"]
mod document;
#[path = "oracle/kubernetes.rs"]
mod kubernetes;
#[path = "oracle/numbers.rs"]
mod numbers;
#[path = "oracle/scalar.rs"]
mod scalar;

use std::collections::BTreeMap;
use std::convert::Infallible;

use cloze::manifest::Entry;
use cloze::manifest::Limits;
use cloze::manifest::Mark;
use cloze::manifest::Node;
use cloze::manifest::Number;
use cloze::manifest::Value;
use cloze::manifest::read;
use cloze::manifest::write;
use cloze::secret::SecretBuffer;
use numbers::Numbers;

/// Texts that Kubernetes reads and cloze refuses, and how many of 100,000 generated documents each kind may take. All of them
/// are texts that Kubernetes reads otherwise than they look, or loses a part of.
const REFUSALS: &[(&str, usize)] = &[
    // Kubernetes' parser stops there and leaves the rest out, malformed or not.
    ("the document is over before this", 2500),
    // It does the same after an empty list or mapping that is a key of the root.
    ("an empty collection is the first key", 100),
    // It takes the last value, or any of them.
    ("the key is in this mapping already", 600),
    // It lets the merged value win, against the specification.
    ("the merge brings a key", 300),
    // It can lose a character after a byte order mark.
    ("there is a control character or byte order mark", 400),
    // It takes what is before for an empty document.
    ("kubectl cannot read directives", 60),
    // It puts replacement characters.
    ("the decoded value is not text", 50),
];

/// What became of texts that both were given.
#[derive(Default)]
struct Tally {
    same: usize,
    both_refuse: usize,
    /// Refused by cloze alone, by kind, with the shortest text.
    refused: BTreeMap<String, (usize, String)>,
    /// Read otherwise, or by cloze alone.
    wrong: Vec<String>,
}

impl Tally {
    fn of(texts: &[String], answers: &[String]) -> Self {
        let mut tally = Self::default();
        for (text, theirs) in texts.iter().zip(answers) {
            match read(text, Limits::default()) {
                Err(_) if theirs == "!" => tally.both_refuse += 1,
                Err(faults) => {
                    let (count, example) = tally.refused.entry(kind(text, &faults[0].reason)).or_insert_with(|| (0, text.clone()));
                    *count += 1;
                    if text.len() < example.len() {
                        example.clone_from(text);
                    }
                }
                Ok(nodes) => {
                    let ours: String = nodes.iter().map(|node| kubernetes::notation(node) + " ").collect();
                    if ours == *theirs {
                        tally.same += 1;
                    } else {
                        tally.wrong.push(format!("{text:?}\n  Kubernetes {theirs}\n  cloze      {ours}"));
                    }
                }
            }
        }
        tally
    }

    fn print(&self, what: &str) {
        let refused: usize = self.refused.values().map(|(count, _)| count).sum();
        println!(
            "{what}: {} the same, {} refused by both, {refused} refused by cloze alone, {} wrong",
            self.same,
            self.both_refuse,
            self.wrong.len()
        );
        for (kind, (count, example)) in &self.refused {
            println!("  {count:5} {kind}, such as {example:?}");
        }
    }

    fn assert_none_wrong(&self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.iter().min_by_key(|wrong| wrong.len()).expect("one"));
    }

    fn assert_only_known_refusals(&self, of: usize) {
        for (kind, (count, example)) in &self.refused {
            let bound = REFUSALS.iter().find(|(known, _)| known == kind).unwrap_or_else(|| panic!("a new kind: {kind}: {example:?}")).1;
            assert!(count * 100_000 <= bound * of, "{count} of {of}: {kind}: {example:?}");
        }
    }
}

fn kind(text: &str, reason: &str) -> String {
    let start = text.lines().map(|line| line.trim_start_matches("---").trim()).find(|line| !line.is_empty() && !line.starts_with('#'));
    if start.is_some_and(|start| start.starts_with("[]") || start.starts_with("{}")) {
        return "an empty collection is the first key".to_owned();
    }
    REFUSALS.iter().map(|(kind, _)| *kind).find(|kind| reason.starts_with(kind)).unwrap_or(reason).to_owned()
}

fn map(entries: impl IntoIterator<Item = (String, Node<Infallible>)>) -> Node<Infallible> {
    Node::made(Value::Map(entries.into_iter().map(|(key, node)| Entry { key: key.into(), mark: Mark::default(), node }).collect()))
}

fn list(items: impl IntoIterator<Item = Node<Infallible>>) -> Node<Infallible> {
    Node::made(Value::List(items.into_iter().collect()))
}

fn written(node: &Node<Infallible>) -> String {
    let mut out = SecretBuffer::with_capacity(256);
    write(node, &mut out);
    String::from_utf8(out.expose().to_vec()).expect("YAML is text")
}

/// Kubernetes and cloze itself read each node as it was before it was written.
fn assert_survive(what: &str, nodes: &[Node<Infallible>]) {
    let texts: Vec<String> = nodes.iter().map(written).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    for ((node, text), theirs) in nodes.iter().zip(&texts).zip(&answers) {
        let meant = kubernetes::notation(node) + " ";
        assert_eq!(*theirs, meant, "{text}");
        let reread = read(text, Limits::default()).unwrap_or_else(|faults| panic!("{faults:?} in {text:?}"));
        assert_eq!(reread.iter().map(|node| kubernetes::notation(node) + " ").collect::<String>(), meant, "{text}");
    }
    println!("{what}: {} written, 0 read otherwise by Kubernetes or cloze", nodes.len());
}

#[test]
fn strings_survive_as_values_and_keys() {
    let mut numbers = Numbers::new(1);
    let generated = (0..100_000).map(|_| scalar::string(&mut numbers));
    let naughty = naughty_strings::BLNS.iter().map(|text| (*text).to_owned());
    let long = (1000..1100).flat_map(|length| ["k", "é", "\"", "k "].map(|piece| piece.repeat(length)));
    let nodes: Vec<Node<Infallible>> = generated
        .chain(naughty)
        .chain(long)
        .enumerate()
        .map(|(index, text)| {
            let value = || Node::text(text.clone());
            match index % 4 {
                0 => map([(text.clone(), value())]),
                1 => list([value(), map([(text.clone(), list([value(), value()]))]), value()]),
                2 => map([
                    ("\u{2}".to_owned(), value()),
                    (text.clone() + "\u{0}", map([(text.clone(), value())])),
                    (text.clone() + "\u{1}", list([list([value()])])),
                ]),
                _ => list([map([(text.clone(), map([(text.clone(), map([(text.clone(), value())]))]))]), value()]),
            }
        })
        .collect();
    assert_survive("strings", &nodes);
}

#[test]
fn documents_survive_being_written() {
    let mut numbers = Numbers::new(2);
    let texts = (0..50_000).map(|_| document::document(&mut numbers));
    let nodes: Vec<Node<Infallible>> = texts.filter_map(|text| read(&text, Limits::default()).ok()).flatten().collect();
    assert!(nodes.len() > 20_000);
    assert_survive("documents", &nodes);
}

#[test]
fn floats_survive() {
    let mut numbers = Numbers::new(3);
    let values: Vec<f64> = (0..100_000).map(|_| scalar::float(&mut numbers)).collect();
    let texts: Vec<String> = values.iter().map(|value| written(&list([Node::made(Value::Number(Number::Float(*value)))]))).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    for ((value, text), answer) in values.iter().zip(&texts).zip(&answers) {
        // What JSON writes without a point becomes an integer, of the same value.
        let read: f64 = match answer.trim_start_matches('[').trim_end_matches("] ").split_at(1) {
            ("i", digits) => digits.parse().expect("a number"),
            ("d", bits) => f64::from_bits(u64::from_str_radix(bits, 16).expect("bits")),
            _ => panic!("{text} {answer}"),
        };
        #[expect(clippy::float_cmp, reason = "the same number, not one near it")]
        let same = read == *value;
        assert!(same, "{value} {text} {answer}");
    }
    assert!(Tally::of(&texts, &answers).wrong.is_empty());
    println!("floats: {} written, 0 read otherwise", values.len());
}

#[test]
fn plain_scalars_are_read_as_kubernetes_reads_them() {
    let mut numbers = Numbers::new(4);
    let texts: Vec<String> = (0..100_000)
        .map(|index| {
            let scalar = scalar::plain_scalar(&mut numbers);
            match index % 3 {
                0 => format!("k: {scalar}\n"),
                1 => format!("- {scalar}\n"),
                _ => format!("{scalar}: v\n"),
            }
        })
        .collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    let tally = Tally::of(&texts, &answers);
    tally.print("plain scalars");
    tally.assert_none_wrong();
    assert!(tally.refused.is_empty());
    assert!(tally.same > 90_000);
}

#[test]
fn documents_are_read_as_kubernetes_reads_them() {
    let mut numbers = Numbers::new(5);
    let texts: Vec<String> = (0..100_000).map(|_| document::document(&mut numbers)).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    let tally = Tally::of(&texts, &answers);
    tally.print("documents");
    tally.assert_none_wrong();
    tally.assert_only_known_refusals(texts.len());
    assert!(tally.same > 40_000);
}

#[test]
fn streams_are_cut_as_kubectl_cuts_them() {
    let mut numbers = Numbers::new(6);
    let texts: Vec<String> = (0..20_000).map(|_| document::stream(&mut numbers)).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    let tally = Tally::of(&texts, &answers);
    tally.print("streams");
    tally.assert_none_wrong();
}

#[test]
fn limits_are_those_of_kubernetes() {
    let mut numbers = Numbers::new(7);
    let texts: Vec<String> = (0..5_000).map(|_| document::extreme(&mut numbers)).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    let tally = Tally::of(&texts, &answers);
    tally.print("limits");
    tally.assert_none_wrong();
    assert!(tally.refused.is_empty() && tally.both_refuse > 100);
}
