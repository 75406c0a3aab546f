//! A run of the program whose every word and file is searched.

use std::collections::BTreeMap;

use crate::canary::project::REVEALED;
use crate::canary::project::searcher;
use crate::canary::project::strays;
use crate::support::Outcome;
use crate::support::Sandbox;

/// What a run's stdout may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum May<'a> {
    /// No canary.
    Nothing,
    /// Every canary: the command's purpose is to emit them.
    Everything,
    /// One.
    Only(&'a str),
}

/// What was seen on the way.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// How often each exit code was seen.
    pub(crate) codes: BTreeMap<Option<i32>, usize>,
    /// Bytes of stdout and stderr that were searched.
    pub(crate) searched: usize,
    /// What should not have been.
    pub(crate) faults: Vec<String>,
}

impl Runs {
    /// Runs `arguments` in the project and searches what comes of it; `before` holds what needs no second look.
    pub(crate) fn go(&mut self, what: &str, (sandbox, before): (&Sandbox, &Sandbox), arguments: &[&str], may: May<'_>) -> Option<i32> {
        let outcome = sandbox.feed(arguments.iter().copied(), b"a value that is no canary");
        self.judge(what, (sandbox, before), arguments, &outcome, may);
        outcome.code
    }

    /// Searches what came of a run.
    pub(crate) fn judge(
        &mut self,
        what: &str,
        (sandbox, before): (&Sandbox, &Sandbox),
        arguments: &[&str],
        outcome: &Outcome,
        may: May<'_>,
    ) {
        *self.codes.entry(outcome.code).or_default() += 1;
        self.searched += outcome.stdout.len() + outcome.stderr.len();
        let mut faults = Vec::new();
        for hit in searcher().find(&outcome.stderr) {
            faults.push(format!("stderr: {hit:?}"));
        }
        for hit in searcher().find(&outcome.stdout) {
            match may {
                May::Everything => {}
                May::Only(name) if hit.canary == name => {}
                _ => faults.push(format!("stdout: {hit:?}")),
            }
        }
        faults.extend(strays(sandbox, Some(before)));
        let err = outcome.err();
        if err.contains("panicked") || err.contains("internal error") {
            faults.push("an internal error".to_owned());
        }
        if outcome.code.is_none_or(|code| !(0..=8).contains(&code)) {
            faults.push(format!("ended with code {:?}, signal {:?}", outcome.code, outcome.signal));
        }
        self.faults.extend(faults.into_iter().map(|fault| format!("{what}: {arguments:?}: {fault}")));
    }

    /// Every command, with what its stdout may hold.
    pub(crate) fn commands() -> Vec<(Vec<&'static str>, May<'static>)> {
        let mut list: Vec<(Vec<&str>, May<'_>)> = [
            "check",
            "check --online",
            "doctor",
            "lock --check",
            "lock",
            "deploy --locked --dry-run",
            "render",
            "render -o out/review",
            "diff",
            "diff --exit-code --against 1",
            "diff --against 2",
            "diff --against 1 --all",
            "diff --against 1 --format markdown",
            "diff --against 1 --format html",
            "diff --base shop --format html",
            "show 2 --diff --format markdown",
            "deploy --dry-run",
            "plan -o shop.plan",
            "plan -o shop.plan --format html",
            "deploy --plan shop.plan --dry-run",
            "deploy --plan shop.plan",
            "deploy",
            "deploy -o out/yaml",
            "deploy -o out/json --syntax json",
            "history",
            "history --verify",
            "show",
            "show 1",
            "show 99",
            "rollback --dry-run",
            "rollback 1 --secrets current --dry-run",
            "rollback 1 --secrets pinned --dry-run",
            "rollback",
            "vault list",
            "vault remove symbols-10",
            "vault set symbols-10",
            "vault get absent",
            "vault get structured-31 --key absent",
            "vault get token-0 --key username",
            "config",
            "schema",
            "completions bash",
            "vault",
            "no-such-command",
            "--help",
        ]
        .iter()
        .map(|line| (line.split(' ').collect(), May::Nothing))
        .collect();
        list.push((vec!["deploy", "-o", "-"], May::Everything));
        list.push((vec!["deploy", "-o", "-", "--syntax", "json"], May::Everything));
        list.push((vec!["show", "--reveal"], May::Everything));
        list.push((vec!["vault", "get", REVEALED], May::Only(REVEALED)));
        list.push((vec!["vault", "get", "binary-40"], May::Only("binary-40")));
        list.extend(["secrets", "secrets --online", "secrets --unused"].map(|line| (line.split(' ').collect(), May::Nothing)));
        list
    }

    /// Fails with all that should not have been.
    pub(crate) fn end(self, what: &str) -> Self {
        println!("{what}: {} runs, {} bytes of talk, exit codes {:?}", self.codes.values().sum::<usize>(), self.searched, self.codes);
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
        self
    }
}
