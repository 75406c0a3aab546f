//! Several runs at once.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::FlockOperation;
use rustix::fs::flock;
use serde_json::Value;

use crate::support::Outcome;
use crate::support::Sandbox;
use crate::support::rounds;

/// How many runs are started at once.
const WORKERS: usize = 8;

/// Runs `work` for each worker at once and gives what each came to.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let runs: Vec<_> = (0..WORKERS)
            .map(|worker| {
                scope.spawn({
                    let work = &work;
                    move || work(worker)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

/// What a run that tried to release came to: its number, or the words of a loser.
#[derive(Debug)]
enum Verdict {
    Won(u64),
    /// Another run came first; nothing was recorded.
    Beaten,
    /// Recorded, and another came before it was written out.
    Superseded,
}

fn verdict(outcome: Outcome) -> Verdict {
    let (code, err) = (outcome.code, outcome.err());
    if code == Some(0) {
        let report: Value = serde_json::from_str(&outcome.ok()).unwrap();
        return Verdict::Won(report["release"].as_u64().unwrap());
    }
    let superseded = err.contains("was not written to");
    let err = outcome.fails(6, &["was recorded meanwhile", "inspect it with `cloze show ", "then deploy again"]);
    assert!(superseded || err.contains(" was recorded meanwhile by "), "{err}");
    if superseded { Verdict::Superseded } else { Verdict::Beaten }
}

/// That nothing is lost, doubled or torn, and gives the notes in order.
#[track_caller]
fn sound(sandbox: &Sandbox) -> Vec<String> {
    let releases = sandbox.releases();
    let notes: Vec<String> = releases.iter().map(|release| release.note.clone()).collect();
    assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), notes.len(), "a release was recorded twice");
    assert_eq!(sandbox.proved(), releases.len() as u64);
    let head = sandbox.shown(releases.len() as u64);
    assert!(sandbox.emitted() == Some(head), "the directory is that of the newest release");
    notes
}

#[test]
fn of_deploys_at_once_each_is_recorded_once_or_told_that_it_lost() {
    let sandbox = Sandbox::shop();
    let (mut won, mut lost, mut superseded) = (0, 0, 0);
    for round in 0..rounds(3, 40) {
        let name = |worker: usize| format!("round {round} worker {worker}");
        let verdicts = at_once(|worker| {
            let value = format!("logLevel=r{round}w{worker}");
            verdict(sandbox.cloze(["deploy", "--set-string", &value, "--note", &name(worker), "--format", "json"]))
        });
        let notes = sound(&sandbox);
        for (worker, verdict) in verdicts.iter().enumerate() {
            let there = notes.contains(&name(worker));
            match verdict {
                Verdict::Won(number) => assert_eq!(notes[usize::try_from(*number).unwrap() - 1], name(worker)),
                Verdict::Beaten => assert!(!there, "a loser was recorded"),
                Verdict::Superseded => assert!(there),
            }
            won += usize::from(matches!(verdict, Verdict::Won(_)));
            lost += usize::from(matches!(verdict, Verdict::Beaten));
            superseded += usize::from(matches!(verdict, Verdict::Superseded));
        }
        assert_eq!(notes.len(), won + superseded);
        assert!(verdicts.iter().any(|verdict| matches!(verdict, Verdict::Won(_))), "somebody wins each round");
    }
    let _ = sandbox.cloze(["deploy", "--note", "the last"]).ok();
    assert_eq!(sandbox.leftovers(), Vec::<std::path::PathBuf>::new());
    println!("deploys at once: {won} recorded, {lost} beaten, {superseded} superseded before they were written");
}

#[test]
fn a_deploy_that_wakes_up_late_does_not_overwrite_a_newer_one() {
    let sandbox = Sandbox::shop();
    let _ = sandbox.cloze(["deploy"]).ok();
    let before = sandbox.emitted();
    // The late one waits for the reader of the directory, after it recorded release 2.
    let reader = File::open(sandbox.shop_path("dist")).unwrap();
    flock(&reader, FlockOperation::LockShared).unwrap();
    let late = sandbox.command(["-C", "shop", "deploy", "--set-string", "logLevel=late"]).spawn().unwrap();
    while sandbox.releases().len() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    let other = sandbox.root().join("other/dev");
    let _ = sandbox.cloze(["deploy", "--set-string", "logLevel=newer", "-o", other.to_str().unwrap()]).ok();
    drop(reader);
    let late = Outcome::of(late.wait_with_output().unwrap());
    let _ = late.fails(6, &["release 3 was recorded meanwhile, so release 2 was not written to ", "inspect it with `cloze show 3`"]);
    assert!(sandbox.emitted() == before);
    let outcomes: Vec<String> = sandbox.releases().into_iter().map(|release| release.outcome).collect();
    assert_eq!(outcomes, ["emitted", "failed", "emitted"]);
}

#[test]
fn a_release_is_remembered_while_its_target_is_written_to() {
    let sandbox = Sandbox::shop();
    let _ = sandbox.cloze(["deploy"]).ok();
    let checkpoint = || fs::read_to_string(sandbox.shop_path(".cloze/pins/dev.json")).unwrap_or_default();
    let reader = File::open(sandbox.shop_path("dist")).unwrap();
    flock(&reader, FlockOperation::LockShared).unwrap();
    let mut waiting = sandbox.command(["-C", "shop", "deploy", "--set-string", "logLevel=late"]).spawn().unwrap();
    let begun = Instant::now();
    while !checkpoint().contains("\"number\":2") {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", checkpoint());
        thread::sleep(Duration::from_millis(5));
    }
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    drop(reader);
    // What it recorded is cut off before anybody runs again.
    fs::remove_file(sandbox.shop_path(".cloze/history/dev/releases/0000/00/00000002")).unwrap();
    sandbox.cloze(["deploy"]).fails(6, &["the checkpoint knows release 2, and the newest is 1"]);
}

#[test]
fn losers_that_try_again_are_all_recorded() {
    let sandbox = Sandbox::shop();
    let each = rounds(2, 12);
    let tries: usize = at_once(|worker| {
        let mut tries = 0;
        for serial in 0..each {
            let (value, note) = (format!("logLevel=w{worker}n{serial}"), format!("{worker}.{serial}"));
            loop {
                tries += 1;
                match verdict(sandbox.cloze(["deploy", "--set-string", &value, "--note", &note, "--format", "json"])) {
                    Verdict::Won(_) | Verdict::Superseded => break,
                    Verdict::Beaten => {}
                }
            }
        }
        tries
    })
    .into_iter()
    .sum();
    let notes: BTreeSet<String> = sound(&sandbox).into_iter().collect();
    let expected = (0..WORKERS).flat_map(|worker| (0..each).map(move |serial| format!("{worker}.{serial}"))).collect();
    assert_eq!(notes, expected);
    println!("deploys that try again: {} releases, contiguous, in {tries} tries", notes.len());
}

#[test]
fn deploys_and_rollbacks_at_once() {
    let sandbox = Sandbox::shop();
    for number in 1..=3 {
        let _ = sandbox.cloze(["deploy", "--set-string", &format!("logLevel=v{number}"), "--note", &number.to_string()]).ok();
    }
    let (before, mut recorded) = (3, 0);
    for round in 0..rounds(2, 30) {
        let verdicts = at_once(|worker| {
            let note = format!("round {round} worker {worker}");
            if worker % 2 == 0 {
                let value = format!("logLevel=r{round}w{worker}");
                verdict(sandbox.cloze(["deploy", "--set-string", &value, "--note", &note, "--format", "json"]))
            } else {
                let target = (1 + worker % 3).to_string();
                verdict(sandbox.cloze(["rollback", &target, "--note", &note, "--format", "json"]))
            }
        });
        recorded += verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Beaten)).count();
        let notes = sound(&sandbox);
        // A rollback to what is current records nothing, and says so.
        assert!(notes.len() > before && notes.len() <= before + recorded, "{} releases, {recorded} reported", notes.len());
    }
    println!("deploys and rollbacks at once: {recorded} went well");
}

#[test]
fn secrets_set_at_once_are_all_there() {
    let sandbox = Sandbox::shop();
    let each = rounds(2, 20);
    let _: Vec<()> = at_once(|worker| {
        for serial in 0..each {
            let value = format!("value {worker}.{serial}");
            let _ = sandbox.feed(["vault", "set", &format!("own/{worker}/{serial}")], value.as_bytes()).ok();
            let _ = sandbox.feed(["vault", "set", "shared"], value.as_bytes()).ok();
        }
    });
    let get = |name: &str, version: usize| sandbox.cloze(["vault", "get", name, "--at", &version.to_string()]).ok();
    let mut shared = BTreeSet::new();
    for worker in 0..WORKERS {
        for serial in 0..each {
            assert_eq!(get(&format!("own/{worker}/{serial}"), 1), format!("value {worker}.{serial}"));
            shared.insert(get("shared", 1 + worker * each + serial));
        }
    }
    assert_eq!(shared.len(), WORKERS * each, "each value of the shared name is one version");
    assert_eq!(sandbox.leftovers(), Vec::<std::path::PathBuf>::new());
    println!("vault set at once: {} versions, none lost", 2 * WORKERS * each);
}

#[test]
fn of_inits_at_once_one_wins() {
    for round in 0..rounds(3, 30) {
        let sandbox = Sandbox::new();
        let outcomes = at_once(|_| sandbox.run(["init", "shop"]));
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|outcome| outcome.code == Some(0));
        assert_eq!(won.len(), 1, "round {round}");
        for outcome in lost {
            let _ = outcome.fails(2, &["already exists"]);
        }
        assert_eq!(sandbox.leftovers(), Vec::<std::path::PathBuf>::new());
        let _ = sandbox.cloze(["deploy"]).ok();
    }
}

#[test]
fn runs_that_make_the_first_keys_at_once_end_with_the_same() {
    for _ in 0..rounds(3, 30) {
        let sandbox = Sandbox::shop();
        for path in [".cloze", "secrets"] {
            fs::remove_dir_all(sandbox.shop_path(path)).unwrap();
        }
        let _: Vec<()> = at_once(|worker| {
            let _ = sandbox.cloze(["key", "init"]).ok();
            let _ = sandbox.feed(["vault", "set", &format!("n{worker}")], worker.to_string().as_bytes()).ok();
        });
        for worker in 0..WORKERS {
            assert_eq!(sandbox.cloze(["vault", "get", &format!("n{worker}")]).ok(), worker.to_string());
        }
        assert_eq!(sandbox.leftovers(), Vec::<std::path::PathBuf>::new());
    }
}
