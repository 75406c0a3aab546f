//! The program with its history in an object store: every command, from two machines.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::thread;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::Kind;
use crate::fixture::StoreServer;

/// A machine with a checkout of the project `shop`.
#[derive(Debug)]
pub(super) struct Checkout<'s> {
    folder: TempDir,
    server: &'s StoreServer,
    /// Where the store is reached.
    endpoint: String,
}

impl<'s> Checkout<'s> {
    fn new(server: &'s StoreServer) -> Self {
        Self::through(server, server.endpoint())
    }

    /// The same where the store is reached by `endpoint`.
    pub(super) fn through(server: &'s StoreServer, endpoint: &str) -> Self {
        let checkout = Self { folder: tempfile::tempdir().unwrap(), server, endpoint: endpoint.to_owned() };
        done(server.cloze(checkout.folder.path(), endpoint).args(["init", "shop"]).output().unwrap());
        checkout
    }

    /// A machine with the same project, the same key and nothing of the history, as a CI runner has it.
    pub(super) fn runner(&self) -> Self {
        let runner = Self { folder: tempfile::tempdir().unwrap(), server: self.server, endpoint: self.endpoint.clone() };
        copy(&self.shop(), &runner.shop());
        for left in ["history", "pins"] {
            let _ = fs::remove_dir_all(runner.shop().join(".cloze").join(left));
        }
        let _ = fs::remove_dir_all(runner.shop().join("dist"));
        runner
    }

    fn shop(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// The program, about to run in the project.
    pub(super) fn command(&self) -> Command {
        self.server.cloze(&self.shop(), &self.endpoint)
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command().args(words).output().unwrap()
    }

    pub(super) fn ok(&self, words: &[&str]) -> String {
        done(self.run(words))
    }

    /// The document that a command prints.
    pub(super) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[words, &["--format", "json"]].concat())).unwrap()
    }

    /// The numbers of all releases, the newest first.
    fn numbers(&self) -> Vec<u64> {
        let report = self.json(&["history", "--limit", "1000"]);
        report["releases"].as_array().unwrap().iter().map(|release| release["release"].as_u64().unwrap()).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

fn every_command_works(kind: Kind) {
    let Some(server) = StoreServer::start(kind) else { return };
    let first = Checkout::new(&server);
    first.ok(&["deploy", "-o", "out/1"]);
    let second = first.runner();
    let review = second.ok(&["diff", "--set-string", "logLevel=trace"]);
    assert!(review.contains("trace"), "{review}");
    assert_eq!(second.json(&["deploy", "-o", "out/2", "--set-string", "logLevel=trace"])["release"], 2);
    let third = first.runner();
    assert_eq!(third.json(&["show"])["summary"]["release"], 2);
    assert_eq!(third.json(&["rollback", "1", "-o", "out/3"])["release"], 3);
    assert_eq!(files(&third.shop().join("out/3")), files(&first.shop().join("out/1")), "the manifests of then, byte for byte");
    assert_eq!(first.numbers(), [3, 2, 1]);
    let walked = first.ok(&["doctor"]);
    assert!(walked.contains("release 3 is the newest\nhistory  service     that of shop/dev, store id "), "{walked}");
    assert!(walked.ends_with("it may list, get, create and remove; what exists is not created again\n"), "{walked}");
    let proved = first.json(&["history", "--verify"]);
    assert_eq!(proved["releases"], 3);
    assert!(!first.shop().join(".cloze/history").exists(), "nothing is kept on this machine but the checkpoint");
}

#[test]
fn every_command_works_on_versitygw() {
    every_command_works(Kind::Versitygw);
}

#[test]
fn every_command_works_on_moto() {
    every_command_works(Kind::Moto);
}

#[test]
fn every_command_works_on_fake_gcs_server() {
    every_command_works(Kind::Gcs);
}

#[test]
fn every_command_works_on_azurite() {
    every_command_works(Kind::Azurite);
}

#[test]
fn of_two_that_deploy_at_once_each_is_recorded_once_or_beaten() {
    for kind in Kind::ALL {
        let Some(server) = StoreServer::start(kind) else { continue };
        let first = Checkout::new(&server);
        first.ok(&["deploy"]);
        let runners = [first.runner(), first.runner(), first.runner()];
        let (mut recorded, mut beaten) = (1, 0);
        for round in 0..4 {
            let outputs: Vec<Output> = thread::scope(|scope| {
                let runs: Vec<_> = (0..)
                    .zip(&runners)
                    .map(|(which, runner)| {
                        let value = format!("logLevel=r{round}w{which}");
                        scope.spawn(move || runner.run(&["deploy", "--set-string", &value]))
                    })
                    .collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            for output in outputs {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                match output.status.code() {
                    Some(0) => recorded += 1,
                    Some(6) if said.contains("was not written to") => recorded += 1,
                    Some(6) if said.contains("was recorded meanwhile by ada") => beaten += 1,
                    _ => panic!("{kind:?}: {}: {said}", output.status),
                }
            }
        }
        let numbers = first.numbers();
        assert_eq!(numbers, (1..=recorded).rev().collect::<Vec<u64>>(), "{kind:?}");
        assert_eq!(first.json(&["history", "--verify"])["releases"], recorded, "{kind:?}");
        println!("{kind:?}: {recorded} recorded, {beaten} beaten");
    }
}

#[test]
fn a_killed_deploy_is_carried_on() {
    for kind in [Kind::Versitygw, Kind::Azurite] {
        let Some(server) = StoreServer::start(kind) else { continue };
        let first = Checkout::new(&server);
        let began = Instant::now();
        first.ok(&["deploy"]);
        let usual = began.elapsed();
        let mut killed = 0;
        for round in 0..12u32 {
            let value = format!("logLevel=k{round}");
            let mut child = first.command().args(["-q", "deploy", "--set-string", &value]).spawn().unwrap();
            thread::sleep(usual * (round + 1) / 12);
            let over = child.try_wait().unwrap().is_some();
            let _ = child.kill();
            let _ = child.wait();
            killed += usize::from(!over);
            first.ok(&["deploy", "--set-string", &format!("logLevel=after{round}")]);
        }
        let numbers = first.runner().numbers();
        assert_eq!(numbers, (1..=numbers.len() as u64).rev().collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(first.json(&["history", "--verify"])["releases"], numbers.len());
        println!("{kind:?}: {killed} of 12 were killed under way, {} releases", numbers.len());
    }
}
