//! Sample project files through the parser and through the published schema, which must agree.
//!
//! An invalid sample ends in the lines that it must be answered with, each as `#! LINE:COLUMN REASON; NEXT STEP`. Where the
//! schema cannot say what the parser says, the sample has the line `#! the schema accepts this`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::PathBuf;

use cloze::problem::Problem;
use cloze::project::Project;
use cloze::project::SCHEMA;
use serde_json::Value;

const FILE: &str = "cloze.yaml";
const ACCEPTED: &str = "the schema accepts this";

fn samples(kind: &str) -> Vec<(String, String)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn expected(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("#! ")).map(ToOwned::to_owned).collect()
}

/// What the parser answers, in the form of the samples.
fn answer(text: &str) -> Vec<String> {
    let Err(problems) = Project::parse(FILE, text) else { return Vec::new() };
    let line = |problem: &Problem| {
        let shown = problem.to_string();
        format!("{}; {}", shown.trim_start_matches("cloze.yaml:").trim_start(), problem.next)
    };
    problems.list().iter().map(line).collect()
}

fn schema_accepts(text: &str) -> bool {
    let schema: Value = serde_json::from_str(&SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    serde_yaml::from_str::<Value>(text).is_ok_and(|document| validator.is_valid(&document))
}

#[test]
fn valid_samples_please_both() {
    for (name, text) in samples("valid") {
        assert_eq!(answer(&text), Vec::<String>::new(), "{name}");
        assert!(schema_accepts(&text), "{name}");
    }
}

#[test]
fn invalid_samples_get_exactly_their_lines() {
    let mut failures = Vec::new();
    for (name, text) in samples("invalid") {
        let mut lines = expected(&text);
        lines.retain(|line| line != ACCEPTED);
        let answer = answer(&text);
        if answer != lines || answer.is_empty() {
            let answer: Vec<String> = answer.iter().map(|line| format!("#! {line}")).collect();
            failures.push(format!("{name}\n{}", answer.join("\n")));
        }
    }
    assert!(failures.is_empty(), "these samples are answered otherwise:\n\n{}\n", failures.join("\n\n"));
}

#[test]
fn invalid_samples_are_refused_by_the_schema_where_it_can() {
    let said = |text: &str| expected(text).iter().any(|line| line == ACCEPTED);
    let others: Vec<String> =
        samples("invalid").into_iter().filter(|(_, text)| schema_accepts(text) != said(text)).map(|(name, _)| name).collect();
    assert!(others.is_empty(), "the schema sees these otherwise: {}", others.join(", "));
}

#[test]
fn no_answer_repeats_a_credential() {
    for (name, text) in samples("invalid") {
        assert!(!answer(&text).join("\n").contains("CANARY"), "{name}");
    }
}

/// Every sample with a piece cut out, doubled or moved: an answer with a next step each, or none, and never a panic.
#[test]
fn mutated_samples_are_answered() {
    let (mut seed, mut answered) = (7_usize, 0);
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below.max(1)
    };
    for (_, text) in samples("valid").into_iter().chain(samples("invalid")) {
        for _ in 0..20 {
            let characters: Vec<char> = text.chars().collect();
            let (start, to) = (random(characters.len()), random(characters.len()));
            let piece: String = characters.iter().skip(start).take(random(12)).collect();
            let mutated = match random(3) {
                0 => text.replacen(&piece, "", 1),
                1 => text.replacen(&piece, &piece.repeat(2), 1),
                _ => characters[..to].iter().collect::<String>() + &piece + &characters[to..].iter().collect::<String>(),
            };
            if let Err(problems) = Project::parse(FILE, &mutated) {
                answered += 1;
                for problem in problems.list() {
                    assert!(problem.place.is_some() && !problem.reason.is_empty() && !problem.next.is_empty(), "{problem:?}");
                }
            }
        }
    }
    assert!(answered > 500, "{answered}");
}
