//! Invalid input of every kind: a clear error, no secret, no panic, nothing lost.

mod bench;
mod mutate;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use bench::Bench;
use mutate::mutate;

use crate::support::Outcome;
use crate::support::Random;
use crate::support::rounds;

/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Files by how their path below the project begins, and the commands that read them.
const TARGETS: [(&str, &[&str]); 14] = [
    ("templates/", &["check", "render", "deploy", "diff", "deploy -o -"]),
    ("templates/literal", &["check", "render", "deploy", "diff"]),
    ("values/", &["check", "render", "config", "deploy", "diff"]),
    ("values/dev", &["check", "config", "deploy"]),
    ("config/", &["check", "render", "deploy"]),
    ("cloze.yaml", &["check", "config", "deploy", "history", "vault list"]),
    ("secrets/dev.vault", &["vault list", "vault get db-password", "deploy", "diff", "vault set new", "vault remove api-token"]),
    ("secrets/dev.keyring", &["vault get db-password", "deploy", "show", "history --verify", "vault set new"]),
    (".cloze/dev.key", &["vault get db-password", "deploy", "show", "history --verify"]),
    (".cloze/history/dev/releases", &["history", "history --verify", "show", "show 1", "rollback", "diff", "deploy"]),
    (".cloze/history/dev/packs", &["history --verify", "show", "show --reveal", "rollback", "diff"]),
    (".cloze/history/dev/events", &["history", "history --verify", "rollback", "deploy"]),
    (".cloze/history/dev", &["history", "history --verify", "show", "rollback", "deploy"]),
    (".cloze/pins", &["history --verify", "deploy", "diff", "show"]),
];

#[derive(Debug, Default)]
struct Tally {
    codes: BTreeMap<i32, usize>,
    longest: Duration,
    faults: Vec<String>,
}

/// The same for what [`Bench::of_features`] has. A mutation of `work/assignments` is one of the text behind `--set`.
const FEATURE_TARGETS: [(&str, &[&str]); 14] = [
    ("work/shop/cloze.yaml", &["check", "check --strict", "render", "deploy", "diff", "config"]),
    ("work/shop/templates/", &["check", "check --strict", "render", "render --syntax json", "deploy", "deploy -o -", "diff"]),
    ("work/shop/templates/", &["check", "render", "deploy", "diff", "show"]),
    ("work/shop/vendor/", &["check", "render", "deploy"]),
    ("work/shop/config/app.env", &["check", "render", "deploy", "diff"]),
    ("work/shop/config/pull.json", &["check", "render", "deploy", "diff"]),
    ("work/shop/config/", &["check", "render", "deploy", "diff"]),
    ("work/shop/values/", &["check", "render", "config", "deploy", "diff"]),
    ("home/.config/cloze/trust.yaml", &["config", "check", "deploy"]),
    ("work/assignments", &["check", "render", "config", "deploy", "diff"]),
    ("work/shop/templates/objects.json", &["check", "render", "render --syntax json", "deploy", "diff", "deploy -o -"]),
    ("work/shop/import/", &["vault import", "vault import --into all", "vault import --prefix a/"]),
    (
        "work/shop/secrets/dev.vault",
        &[
            "vault set fields --key password",
            "vault set new --generate",
            "vault edit db-password",
            "vault copy --all -e dev --to qa",
            "vault copy db-password -e dev --to qa",
            "vault import import/values.json",
        ],
    ),
    ("work/shop/.cloze/history/dev/", &["diff 1 2", "show 2 --diff", "show --diff", "diff 2 1"]),
];

#[test]
fn mutated_input_ends_in_a_clear_error() {
    let targets = TARGETS.map(|(beginning, commands)| (format!("work/shop/{beginning}"), commands));
    run(&Bench::of_starter(), &targets, rounds(150, 1000));
}

#[test]
fn mutated_features_end_in_a_clear_error() {
    let targets = FEATURE_TARGETS.map(|(beginning, commands)| (beginning.to_owned(), commands));
    run(&Bench::of_features(), &targets, rounds(200, 2000));
}

fn run(bench: &Bench, targets: &[(String, &[&str])], count: usize) {
    let paths: Vec<&PathBuf> = bench.sound.keys().collect();
    let mut tally = Tally::default();
    for number in 0..count {
        let mut random = Random::new(number as u64);
        let (beginning, commands) = &targets[number % targets.len()];
        let among: Vec<&&PathBuf> = paths.iter().filter(|path| path.to_string_lossy().starts_with(beginning.as_str())).collect();
        let (path, command) = (among[random.below(among.len())], random.one(commands));
        let (bytes, what) = mutate(&bench.sound[*path], &bench.marks(&bench.sound[*path]), &mut random);
        fs::write(bench.sandbox.root().join(path), &bytes).unwrap();
        let mut arguments: Vec<&str> = command.split(' ').collect();
        let assignments = String::from_utf8_lossy(&bytes).replace('\0', "");
        if path.ends_with("assignments") {
            arguments.extend(["--set", assignments.trim_end_matches('\n')]);
        }
        let imported = path.to_string_lossy();
        if let Some(imported) = imported.strip_prefix("work/shop/").filter(|path| path.starts_with("import/")) {
            arguments.extend([
                imported,
                "--from",
                if imported.ends_with("secret.yaml") {
                    "secret"
                } else if imported.ends_with(".json") {
                    "json"
                } else {
                    "env"
                },
            ]);
        }
        let begun = Instant::now();
        let outcome = bench.sandbox.feed(arguments, b"a new value");
        tally.longest = tally.longest.max(begun.elapsed());
        let mut faults = judge(bench, command, &outcome, &bytes);
        if begun.elapsed() > LIMIT {
            faults.push(format!("took {:?}", begun.elapsed()));
        }
        let mutated = fs::read(bench.sandbox.root().join(path)).is_ok_and(|now| now == bytes);
        let changed = bench.restore(path);
        if outcome.code != Some(0) {
            faults.extend(changed);
            if !mutated {
                faults.push("the mutated file was changed".to_owned());
            }
        }
        *tally.codes.entry(outcome.code.unwrap_or(-1)).or_default() += 1;
        let said = outcome.err();
        tally.faults.extend(
            faults.into_iter().map(|fault| format!("{number}: {}: {what}: {command}: {fault}\n{}", path.display(), said.trim_end())),
        );
    }
    println!("{count} mutations: exit codes {:?}, {:?} at most", tally.codes, tally.longest);
    assert!(tally.faults.is_empty(), "{} faults:\n{}", tally.faults.len(), tally.faults.join("\n"));
    let failed = count - tally.codes[&0];
    assert!(failed > count / 4, "too few of the mutations were errors: {failed}");
}

/// What is in the tags of a template. Plaintext that a mutation put there has become a name that the template's author gave.
fn tags(mutated: &[u8]) -> String {
    let text = String::from_utf8_lossy(mutated);
    text.split("{{").chain(text.split("{%")).skip(1).filter_map(|rest| rest.split(['}', '%']).next()).collect()
}

fn judge(bench: &Bench, command: &str, outcome: &Outcome, mutated: &[u8]) -> Vec<String> {
    let mut faults = Vec::new();
    let err = outcome.err();
    if !outcome.code.is_some_and(|code| [0, 2, 3, 4, 5, 6, 8].contains(&code)) {
        faults.push(format!("ended with code {:?}, signal {:?}", outcome.code, outcome.signal));
    }
    if err.contains("panicked") || err.contains("internal error") {
        faults.push("an internal error".to_owned());
    }
    if !bench.secrets.find(&outcome.stderr).is_empty() {
        faults.push("a secret on stderr".to_owned());
    }
    let emits = command.ends_with("-o -") || command.contains("--reveal") || command.starts_with("vault get");
    if !emits && !bench.secrets.find(&outcome.stdout).is_empty() {
        faults.push("a secret on stdout".to_owned());
    }
    if outcome.code != Some(0) {
        let lines: Vec<&str> = err.lines().collect();
        let reported = lines
            .windows(2)
            .any(|pair| pair[0].strip_prefix("error: ").is_some_and(|reason| reason.len() > 5) && pair[1].starts_with("  "));
        if !reported {
            faults.push("no reason with a next step".to_owned());
        }
        let in_tags = || bench.neighbours.find(tags(mutated).as_bytes());
        let quoted = bench.neighbours.find(&outcome.stderr);
        if !quoted.is_empty() && in_tags().is_empty() {
            faults.push("the file's plaintext on stderr".to_owned());
        }
        if err.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            faults.push("control characters on stderr".to_owned());
        }
        // A list of releases shows what is there although the checkpoint knows better, and is nothing but that list.
        let is_list = command == "history" && outcome.code == Some(6) && outcome.stdout.starts_with(b" RELEASE  TIME");
        if !outcome.stdout.is_empty() && !is_list {
            faults.push("a result of a run that failed".to_owned());
        }
    }
    faults
}
