//! Kubernetes' own parser beside ours: what cloze writes is what Kubernetes reads, and what cloze reads is what Kubernetes
//! reads.
//!
//! The parser is a Go program, `tests/kubernetes-yaml`. Without Go these tests say that they are skipped; with
//! `CLOZE_REQUIRE_ORACLE=1` they fail.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, unreachable_pub)]

#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/kubernetes.rs"]
mod kubernetes;

use std::collections::BTreeMap;
use std::convert::Infallible;

use cloze::manifest::Limits;
use cloze::manifest::Node;
use cloze::manifest::read;
use generate::Numbers;

/// What became of a text that both read.
#[derive(Default, Debug)]
struct Tally {
    same: usize,
    both_refuse: usize,
    /// Refused by cloze alone, by reason.
    refused: BTreeMap<String, (usize, String)>,
    /// Read otherwise, or read by cloze alone.
    wrong: Vec<String>,
}

fn compare(texts: &[String], answers: &[String]) -> Tally {
    let mut tally = Tally::default();
    for (text, theirs) in texts.iter().zip(answers) {
        match (read(text, Limits::default()), theirs.as_str()) {
            (Err(_), "!") => tally.both_refuse += 1,
            (Err(faults), _) => {
                let entry = tally.refused.entry(faults[0].reason.clone()).or_insert_with(|| (0, text.clone()));
                entry.0 += 1;
                if text.len() < entry.1.len() {
                    entry.1.clone_from(text);
                }
            }
            (Ok(nodes), theirs) => {
                let ours: String = nodes.iter().map(|node: &Node<Infallible>| kubernetes::notation(node) + " ").collect();
                if ours == *theirs {
                    tally.same += 1;
                } else {
                    tally.wrong.push(format!("{text:?}\n    Kubernetes {theirs}\n    cloze      {ours}"));
                }
            }
        }
    }
    tally
}

/// Refusals of texts that Kubernetes reads, by the start of their reason, and how many of 100,000 generated documents each
/// may cost. All of them are texts that Kubernetes reads otherwise than they look, or loses parts of.
const REFUSALS: &[(&str, usize)] = &[
    // Kubernetes' parser stops there and leaves the rest out, malformed or not.
    ("the document is over before this", 9000),
    // It takes the last one, or one of them by chance.
    ("the key is in this mapping already", 3000),
    // It lets the merged value win, against the specification.
    ("the merge brings a key", 500),
    // It loses a character after some of them.
    ("a control character or byte order mark", 2000),
    // It puts replacement characters.
    ("the decoded value is not text", 200),
];

#[test]
fn documents_are_read_as_kubernetes_reads_them() {
    let mut numbers = Numbers(4);
    let texts: Vec<String> = (0..100_000).map(|_| generate::document(&mut numbers)).collect();
    let Some(answers) = kubernetes::ask(&texts) else { return };
    let tally = compare(&texts, &answers);
    println!(
        "documents: {} the same, {} refused by both, {} refused by cloze alone, {} wrong",
        tally.same,
        tally.both_refuse,
        tally.refused.values().map(|(count, _)| count).sum::<usize>(),
        tally.wrong.len()
    );
    for (reason, (count, example)) in &tally.refused {
        println!("  {count:6}  {reason}: {example:?}");
    }
    let mut wrong = tally.wrong.clone();
    wrong.sort_by_key(String::len);
    for one in wrong.iter().take(40) {
        println!("  WRONG {one}");
    }
}
