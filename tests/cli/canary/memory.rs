//! What is in a run's memory when it ends: nothing of a secret. strace holds the process at its last call; `/proc` shows the memory.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::canary::project::REVEALED;
use crate::canary::project::canaries;
use crate::canary::project::searcher;
use crate::canary::project::shared;
use crate::support::Sandbox;

/// The number of `exit_group(2)`.
const EXIT: &str = if cfg!(target_arch = "x86_64") { "231 " } else { "94 " };

/// The writable memory of the program at its end, by what it is; `None` where a process may not be looked at.
fn at_the_end(sandbox: &Sandbox, arguments: &[&str], input: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let program = sandbox.command(["-C", "shop"].iter().chain(arguments));
    let mut command = Command::new("strace");
    command.args(["-qq", "-o", "/dev/null", "-e", "trace=exit_group", "-e", "inject=exit_group:delay_enter=4000000"]);
    command.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.work()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut strace = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    strace.stdin.take().unwrap().write_all(input).unwrap_or_default();
    let mut memory = None;
    while memory.is_none() && strace.try_wait().unwrap().is_none() {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", strace.id())).unwrap_or_default();
        let traced = children
            .split_whitespace()
            .find(|child| fs::read_to_string(format!("/proc/{child}/syscall")).is_ok_and(|call| call.starts_with(EXIT)));
        match traced {
            Some(process) => memory = written(process),
            None => sleep(Duration::from_millis(5)),
        }
    }
    strace.wait().unwrap();
    memory
}

fn written(process: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let memory = File::open(format!("/proc/{process}/mem")).ok()?;
    let mut regions: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for line in fs::read_to_string(format!("/proc/{process}/maps")).ok()?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (start, end) = words[0].split_once('-').unwrap();
        if !words[1].starts_with("rw") {
            continue;
        }
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            regions.entry((*words.get(5).unwrap_or(&"anonymous")).to_owned()).or_default().extend(bytes);
        }
    }
    Some(regions)
}

#[test]
fn no_secret_is_in_memory_when_a_run_ends() {
    let sandbox = shared().twin();
    sandbox.write("values/dev.yaml", "logLevel: another\n");
    let (mut wrong, mut scanned) = (Vec::new(), 0);
    let commands: [&[&str]; 9] = [
        &["check", "--online"],
        &["vault", "set", "new"],
        &["deploy"],
        &["deploy", "-o", "-", "--set-string", "logLevel=x"],
        &["diff"],
        &["show", "--reveal"],
        &["vault", "get", REVEALED],
        &["rollback", "1"],
        &["rollback", "2", "--syntax", "json", "-o", "-"],
    ];
    for arguments in commands {
        let Some(regions) = at_the_end(&sandbox, arguments, &canaries()[3].value) else {
            println!("SKIPPED: {arguments:?}: there is no strace here, or it may not look");
            return;
        };
        for (region, bytes) in regions {
            scanned += bytes.len();
            let hits = searcher().find(&bytes).into_iter().map(|hit| format!("{arguments:?}: {region}: {hit:?}"));
            // What ciphers and decoders leave on the stack is out of reach (ARCHITECTURE.md, "Limits that are known").
            if region == "[stack]" { hits.for_each(|hit| println!("{hit}")) } else { wrong.extend(hits) }
        }
    }
    println!("{} MiB of memory scanned", scanned >> 20);
    assert!(scanned > 1 << 20, "{scanned} bytes were scanned");
    assert!(wrong.is_empty(), "{} copies:\n{}", wrong.len(), wrong.join("\n"));
}
