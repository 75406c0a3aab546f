//! An I/O error at any call of a run: a clean error or a run that went well, nothing torn, and the next run works. strace injects it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::support::Outcome;
use crate::support::Random;
use crate::support::Sandbox;
use crate::support::rounds;

/// The calls by which files are read and written.
const CALLS: &str = "openat,openat2,read,pread64,write,statx,fstat,newfstatat,lseek,getdents64,readlinkat,mkdirat,fchmod,ftruncate,linkat,renameat,\
                     renameat2,unlinkat,flock,fsync,fdatasync";
/// Those whose failure nobody may overlook.
const NEVER_OVERLOOKED: [&str; 4] = ["fsync", "fdatasync", "renameat", "renameat2"];

/// Runs the program in `shop` under strace with these arguments for it.
fn traced(sandbox: &Sandbox, strace: &[&str], arguments: &[&str], input: &str) -> Outcome {
    let program = sandbox.command(["-C", "shop"].iter().chain(arguments));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(strace).arg(program.get_program()).args(program.get_args());
    command.current_dir(sandbox.work()).env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let file = sandbox.root().join("tmp/in");
    fs::write(&file, input).unwrap();
    command.stdin(fs::File::open(file).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Outcome::of(command.output().unwrap())
}

/// How often a run makes each call, by strace's summary.
fn counted(sandbox: &Sandbox, arguments: &[&str]) -> BTreeMap<String, usize> {
    let summary = sandbox.root().join("tmp/summary");
    traced(sandbox, &["-c", "-e", &format!("trace={CALLS}"), "-o", summary.to_str().unwrap()], arguments, "a value").ok();
    let text = fs::read_to_string(summary).unwrap();
    let columns = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    columns
        .filter_map(|words| Some(((*words.last()?).to_owned(), words.get(3)?.parse().ok()?)))
        .filter(|(call, _)| CALLS.contains(call))
        .collect()
}

#[test]
fn an_io_error_at_any_call_is_a_clean_error_and_the_next_run_works() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: there is no strace here");
        return;
    }
    let base = Sandbox::shop();
    for level in ["a", "b"] {
        base.cloze(["deploy", "--set-string", &format!("logLevel={level}")]).ok();
    }
    let commands: [&[&str]; 5] = [
        &["deploy", "--set-string", "logLevel=c"],
        &["rollback", "1"],
        &["vault", "set", "db-password"],
        &["lock"],
        &["history", "--verify"],
    ];
    let mut faults: Vec<(usize, String, usize)> = Vec::new();
    for (number, arguments) in commands.iter().enumerate() {
        for (call, count) in counted(&base.twin(), arguments) {
            faults.extend((1..=count).map(|at| (number, call.clone(), at)));
        }
    }
    let (mut random, mut wrong) = (Random::new(14), Vec::new());
    let (mut fired, mut codes) = (0, BTreeMap::<i32, usize>::new());
    let all = faults.len();
    for _ in 0..rounds(40, all) {
        let (number, call, at) = faults.swap_remove(random.below(faults.len()));
        let arguments = commands[number];
        let sandbox = base.twin();
        let log = sandbox.root().join("tmp/log");
        let inject = format!("inject={call}:error=EIO:when={at}");
        let outcome = traced(&sandbox, &["-e", &format!("trace={call}"), "-e", &inject, "-o", log.to_str().unwrap()], arguments, "a value");
        let struck = fs::read_to_string(&log).unwrap().contains("(INJECTED)");
        fired += usize::from(struck);
        *codes.entry(outcome.code.unwrap_or(-1)).or_default() += 1;
        for fault in judge(&sandbox, &outcome, struck && NEVER_OVERLOOKED.contains(&call.as_str())) {
            wrong.push(format!("{arguments:?}: {call} {at}: {fault}\n{}", outcome.err()));
        }
    }
    println!("{fired} I/O errors at {all} calls: exit codes {codes:?}");
    assert!(fired > 15, "{fired} errors were injected");
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

fn judge(sandbox: &Sandbox, outcome: &Outcome, must_fail: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let err = outcome.err();
    // Before `main`, the loader says so.
    let loader = outcome.code == Some(127) && err.contains("error while loading shared libraries");
    // It renames in /proc to see that the kernel refuses that, and ends the program where the refusal is another one.
    let probe = err.contains("rustix-linux-procfs");
    if outcome.code != Some(0) && !loader && !probe {
        if !outcome.code.is_some_and(|code| [2, 3, 5, 6, 8].contains(&code)) {
            faults.push(format!("ended with {:?}, signal {:?}", outcome.code, outcome.signal));
        }
        if !err.starts_with("error: ") && !err.contains("\nerror: ") || err.contains("panicked") || err.contains("internal error") {
            faults.push("no clean error".to_owned());
        }
    }
    if must_fail && outcome.code == Some(0) && !err.contains("warning: ") {
        faults.push("overlooked".to_owned());
    }
    let next = sandbox.cloze(["deploy", "--set-string", "logLevel=next"]);
    if next.code != Some(0) {
        faults.push(format!("the next run fails: {}", next.err()));
        return faults;
    }
    let releases = sandbox.releases().len() as u64;
    if sandbox.proved() != releases || sandbox.emitted() != Some(sandbox.shown(releases)) {
        faults.push("what is written out is not the newest release".to_owned());
    }
    let left = sandbox.leftovers();
    if left != Vec::<PathBuf>::new() {
        faults.push(format!("left behind: {left:?}"));
    }
    faults
}
