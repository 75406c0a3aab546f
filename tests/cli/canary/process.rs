//! What others see of the running program: its arguments, its environment, and what a kill leaves.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::canary::project::REVEALED;
use crate::canary::project::canaries;
use crate::canary::project::searcher;
use crate::canary::project::shared;
use crate::canary::project::strays;
use crate::canary::runs::May;
use crate::canary::runs::Runs;
use crate::support::Outcome;
use crate::support::Sandbox;
use crate::support::rounds;

/// The process and its children with what `/proc` shows of each.
fn seen(process: u32) -> BTreeMap<u32, Vec<u8>> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let mut seen: BTreeMap<u32, Vec<u8>> = children.split_whitespace().flat_map(|child| seen(child.parse().unwrap())).collect();
    let shown = ["cmdline", "environ", "comm", "status"].map(|file| fs::read(format!("/proc/{process}/{file}")).unwrap_or_default());
    seen.insert(process, shown.concat());
    seen
}

#[test]
fn no_argument_and_no_environment_holds_a_canary() {
    let sandbox = shared().twin();
    let commands: [&[&str]; 5] = [&["check"], &["deploy"], &["diff"], &["vault", "get", REVEALED], &["vault", "set", "new"]];
    let (mut samples, mut workers) = (0, BTreeSet::new());
    for command in commands {
        let mut started = sandbox.command(["-C", "shop"].iter().chain(command));
        let mut child = started.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &canaries()[3].value).unwrap_or_default();
        while child.try_wait().unwrap().is_none() {
            for (process, shown) in seen(child.id()) {
                assert_eq!(searcher().find(&shown), [], "{command:?}");
                samples += usize::from(!shown.is_empty());
                if shown.windows(13).any(|part| part == b"render-worker") {
                    workers.insert(process);
                }
            }
            sleep(Duration::from_micros(300));
        }
        assert!(child.wait().unwrap().success(), "{command:?}");
    }
    println!("{samples} samples, {} render workers", workers.len());
    assert!(samples > 20 && workers.len() >= 2, "{samples} samples, {} workers", workers.len());
}

#[test]
fn the_worker_sees_no_environment() {
    let mut sandbox = shared().twin();
    sandbox.variable("VAULT_TOKEN", std::str::from_utf8(&canaries()[5].value).unwrap());
    sandbox.variable("CLOZE_PASSPHRASE", std::str::from_utf8(&canaries()[6].value).unwrap());
    let mut workers = 0;
    for _ in 0..5 {
        let mut child = sandbox.command(["-C", "shop", "check"]).stderr(Stdio::null()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            for shown in seen(child.id()).into_iter().filter(|(process, _)| *process != child.id()).map(|(_, shown)| shown) {
                // Between fork and exec a child still shows what its parent does.
                if shown.windows(13).any(|part| part == b"render-worker") {
                    assert_eq!(searcher().find(&shown), []);
                    workers += 1;
                }
            }
        }
    }
    assert!(workers > 0);
}

#[test]
fn a_killed_run_leaves_canaries_nowhere_but_in_its_manifests() {
    let sandbox = shared().twin();
    let before = sandbox.twin();
    let mut runs = Runs::default();
    let commands: [&[&str]; 3] = [&["deploy"], &["rollback", "1"], &["vault", "set", "token-8"]];
    for round in 0..rounds(18, 300) {
        let command = commands[round % 3];
        // Another log level each time, so that each deploy has something to record.
        sandbox.write("values/dev.yaml", format!("logLevel: level-{round}\n"));
        let mut started = sandbox.command(["-C", "shop", "-vvv"].iter().chain(command));
        let mut child = started.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &canaries()[round % 10].value).unwrap_or_default();
        sleep(Duration::from_millis(5 + round as u64 * 7 % 120));
        child.kill().unwrap_or_default();
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        if outcome.signal == Some(9) {
            *runs.codes.entry(None).or_default() += 1;
            let found = [searcher().find(&outcome.stdout), searcher().find(&outcome.stderr)].concat();
            runs.faults.extend(found.iter().map(|hit| format!("{command:?}: {hit:?}")));
            runs.faults.extend(strays(&sandbox, Some(&before)));
        } else {
            runs.judge("kill", (&sandbox, &before), command, &outcome, May::Nothing);
        }
    }
    let runs = runs.end("killed");
    assert!(runs.codes.contains_key(&None), "no run was killed in time");
}

#[test]
fn a_full_disk_and_a_closed_stdout_tell_nothing() {
    let project = shared();
    let sandbox = project.twin();
    let mut runs = Runs::default();
    let limited = |sandbox: &Sandbox, blocks: usize, command: &[&str]| {
        let program = sandbox.command(["-C", "shop", "-vvv"].iter().chain(command));
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "bash"])
            .arg(program.get_program())
            .args(program.get_args());
        shell.current_dir(sandbox.work()).env_clear().env("HOME", sandbox.root().join("home")).env("TMPDIR", sandbox.root().join("tmp"));
        Outcome::of(shell.stdin(Stdio::null()).output().unwrap())
    };
    // Blocks are of 1,024 bytes; a file larger than that is refused while it is written, as on a full disk.
    for (number, blocks) in [0, 1, 4, 16].into_iter().enumerate() {
        sandbox.write("values/dev.yaml", format!("logLevel: level-{number}\n"));
        for command in [&["deploy"][..], &["deploy", "-o", "out/full"], &["rollback", "1"], &["vault", "set", "other"]] {
            let outcome = limited(&sandbox, blocks, command);
            runs.judge(&format!("{blocks} blocks"), (&sandbox, &project), command, &outcome, May::Nothing);
        }
    }
    assert!(runs.codes.contains_key(&Some(8)), "{:?}", runs.codes);
    for command in [
        &["deploy", "-o", "-"][..],
        &["show", "--reveal"],
        &["vault", "get", "token-7"],
        &["render"],
        &["diff", "--against", "1"],
        &["config"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = sandbox.command(["-C", "shop", "-vvv"].iter().chain(command)).stdout(full).output().unwrap();
        let outcome = Outcome::of(run);
        assert_eq!(outcome.code, Some(8), "{command:?}: {}", outcome.err());
        runs.judge("full stdout", (&sandbox, &project), command, &outcome, May::Nothing);
        let mut child = sandbox.command(["-C", "shop", "-vvv"].iter().chain(command)).spawn().unwrap();
        drop(child.stdout.take());
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        runs.judge("closed stdout", (&sandbox, &project), command, &outcome, May::Nothing);
        assert_eq!(outcome.code, Some(0), "{command:?}: {}", outcome.err());
    }
    runs.end("full disk and closed stdout");
}
