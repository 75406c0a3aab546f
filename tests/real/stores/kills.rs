//! A kill at any moment loses nothing of a history in an object store, and needs no repair.
//!
//! Each round runs a command, kills it with its child, looks at what is there, and runs the same command again, unkilled: it finishes what
//! was begun. The history is proven whole after both.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use serde_json::Value;

use crate::fixture::Kind;
use crate::fixture::StoreServer;
use crate::fixture::rounds;
use crate::random::Random;
use crate::stores::command::Checkout;

/// What is killed.
const COMMANDS: [&str; 5] = ["deploy", "rollback", "rotate", "prune", "copy"];
/// Kills of one project, before another begins.
const PROJECT: usize = 50;

/// A release as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    number: u64,
    note: String,
}

/// A project whose runs are killed, and what is known of its releases.
struct Killer<'s> {
    checkout: Checkout<'s>,
    server: &'s StoreServer,
    random: Random,
    /// How long an undisturbed run takes.
    usual: BTreeMap<&'static str, Duration>,
    known: Vec<Listed>,
    serial: u64,
    kills: BTreeMap<&'static str, usize>,
    /// Kills after which what was asked for was done all the same.
    done: usize,
}

impl<'s> Killer<'s> {
    fn new(server: &'s StoreServer, seed: u64) -> Self {
        let checkout = Checkout::through(server, server.endpoint());
        let mut killer = Self {
            checkout,
            server,
            random: Random::new(seed),
            usual: BTreeMap::new(),
            known: Vec::new(),
            serial: 0,
            kills: BTreeMap::new(),
            done: 0,
        };
        for _ in 0..4 {
            killer.release("deploy", None);
        }
        killer
    }

    /// Where copies go.
    fn copy(&self) -> String {
        format!("{}-copy", self.server.url())
    }

    fn round(&mut self, command: &'static str) {
        match command {
            "deploy" => self.release(command, None),
            "rollback" => {
                let old = self.known[self.random.below(self.known.len() - 1)].number;
                self.release(command, Some(old));
            }
            "prune" => {
                self.again(command, &["prune", "--keep", "4", "--yes"]);
                let there = self.listed();
                assert!(there.len() >= 2 && self.known.ends_with(&there), "what stays is the newest: {there:?} of {:?}", self.known);
                self.known = there;
            }
            "copy" => {
                let (from, to) = (self.server.url(), self.copy());
                self.again(command, &["history", "copy", &from, &to]);
                self.checkout.ok(&["history", "--verify", "--history", &to]);
            }
            _ => self.again(command, &["key", "rotate"]),
        }
        assert_eq!(self.listed(), self.known, "{command}");
        let proven = self.checkout.json(&["history", "--verify"])["releases"].as_u64().unwrap();
        assert_eq!(proven, self.known.len() as u64, "{command}");
    }

    /// Kills a run that records a release, and runs it again: one release with its note comes of it.
    fn release(&mut self, command: &'static str, old: Option<u64>) {
        self.serial += 1;
        let (level, note) = (format!("logLevel=v{}", self.serial), format!("{command} {}", self.serial));
        let number = old.map(|old| old.to_string()).unwrap_or_default();
        let words: Vec<&str> = match old {
            Some(_) => vec!["rollback", &number, "--note", &note],
            None => vec!["deploy", "--set-string", &level, "--note", &note],
        };
        let before = self.known.len();
        self.again(command, &words);
        let there = self.listed();
        assert_eq!(there[..before], self.known[..], "releases that were there are as they were");
        // The content of the current release again is no release.
        assert!(there.len() == before + 1 || (old.is_some() && there.len() == before), "recorded once: {there:?}");
        assert!(there[before..].iter().all(|release| release.note == note), "{there:?}");
        self.known = there;
    }

    /// Runs a command and kills it at some moment, then runs it undisturbed.
    fn again(&mut self, command: &'static str, words: &[&str]) {
        if let Some(usual) = self.usual.get(command).copied() {
            let before = self.known.len();
            let micros = usize::try_from(usual.as_micros()).unwrap();
            let wait = Duration::from_micros(self.random.below(micros.max(1)) as u64);
            let mut program = self.checkout.command();
            program.args(words).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            let mut child = program.spawn().unwrap();
            thread::sleep(wait);
            if child.try_wait().unwrap().is_none() {
                let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            }
            if child.wait().unwrap().signal() == Some(9) {
                *self.kills.entry(command).or_default() += 1;
                if matches!(command, "deploy" | "rollback") {
                    let there = self.listed();
                    assert_eq!(there[..before], self.known[..], "releases that were there are as they were");
                    assert!(there.len() <= before + 1, "doubled: {there:?}");
                    self.done += there.len() - before;
                }
            }
        }
        let began = Instant::now();
        self.checkout.ok(words);
        self.usual.insert(command, began.elapsed());
    }

    /// The releases, oldest first, each number once and none missing.
    fn listed(&self) -> Vec<Listed> {
        let report = self.checkout.json(&["history", "--limit", "100000"]);
        let one = |release: &Value| Listed {
            number: release["release"].as_u64().unwrap(),
            note: release["note"].as_str().unwrap_or_default().to_owned(),
        };
        let mut releases: Vec<Listed> = report["releases"].as_array().unwrap().iter().map(one).collect();
        releases.reverse();
        assert!(releases.windows(2).all(|pair| pair[1].number == pair[0].number + 1), "{releases:?}");
        releases
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_of_a_history_in_a_bucket() {
    if StoreServer::start(Kind::Versitygw).is_none() {
        return;
    }
    let (aim, mut kills, mut done, began) = (rounds(30, 2_000), BTreeMap::<&str, usize>::new(), 0, Instant::now());
    // Which kills come after a release was recorded is chance: there are more than asked for until there is one such, of each command one.
    let most = 10 * aim;
    for seed in 0.. {
        let before: usize = kills.values().sum();
        if before >= aim && (before >= most || done > 0 && kills.len() == COMMANDS.len()) {
            break;
        }
        let server = StoreServer::start(Kind::Versitygw).unwrap();
        let mut killer = Killer::new(&server, seed);
        // Each kind once undisturbed, which shows how long it takes.
        let mut first = COMMANDS.into_iter();
        while killer.kills.values().sum::<usize>() < PROJECT.min(aim.saturating_sub(before).max(10)) {
            let command = first.next().unwrap_or_else(|| COMMANDS[killer.random.below(COMMANDS.len())]);
            killer.round(command);
        }
        for (command, count) in killer.kills {
            *kills.entry(command).or_default() += count;
        }
        done += killer.done;
        println!("{} kills in {:?}: {kills:?}; {done} releases were there all the same", kills.values().sum::<usize>(), began.elapsed());
    }
    assert!(done > 0 && kills.len() == COMMANDS.len(), "kills that matter: {kills:?}, {done}");
}
