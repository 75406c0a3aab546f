//! The whole program, measured from outside: start-up, review, deploy, with the time and the peak memory of each.
//!
//! `cargo bench --bench deploy [-- COUNT…]`; without counts 400, 4,000 and 40,000 manifests: a third each ConfigMaps, Secrets with
//! blanks, and Deployments that refer to both.
//!
//! `x bytes` is the peak over the bytes of the manifests. Some 10 MiB of every peak are the same for one manifest and for 40,000: the program
//! itself, its runtime and its tables. Below a few thousand manifests they are most of it, and the factor says nothing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench measures, prints and may end early"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use wait4::Wait4;

fn main() {
    let counts: Vec<usize> = std::env::args().filter_map(|argument| argument.replace(['_', ','], "").parse().ok()).collect();
    let counts = if counts.is_empty() { vec![400, 4_000, 40_000] } else { counts };
    let folder = tempfile::tempdir().unwrap();
    println!("{:<28} {:>10} {:>12} {:>12} {:>14} {:>8}", "what", "manifests", "median ms", "us/manifest", "peak KiB", "x bytes");
    row("start-up (--version)", 1, &samples(folder.path(), 20, &["--version"], || ()), 0);
    for count in counts {
        let project = folder.path().join(format!("bench-{count}"));
        project_of(&project, count);
        let runs = if count > 10_000 { 3 } else { 7 };
        let out = project.join("review");
        let review = samples(&project, runs, &["render", "-o", out.to_str().unwrap()], || ());
        row("render + name + emit", count, &review, size_of(&out));
        let fresh = || {
            let _ = fs::remove_dir_all(project.join(".cloze/history"));
            let _ = fs::remove_dir_all(project.join(".cloze/pins"));
            let _ = fs::remove_dir_all(project.join("dist"));
        };
        let first = samples(&project, runs, &["deploy"], fresh);
        let bytes = size_of(&project.join("dist/dev"));
        row("deploy, the first release", count, &first, bytes);
        row("deploy, nothing changes", count, &samples(&project, runs, &["deploy"], || ()), bytes);
        let change = || {
            let text = format!("stamp: \"{}\"\n", Instant::now().elapsed().as_nanos());
            let number = fs::read_dir(project.join("values")).unwrap().count();
            fs::write(project.join("values/dev.yaml"), format!("{text}run: \"{number}-{:?}\"\n", Instant::now())).unwrap();
        };
        row("deploy, one object changes", count, &samples(&project, runs, &["deploy"], change), bytes);
        row("rollback", count, &samples(&project, runs, &["rollback"], || ()), bytes);
    }
}

struct Sample {
    time: Duration,
    peak: u64,
}

/// Runs the program `runs` times after one warm-up, with `before` ahead of each.
fn samples(folder: &Path, runs: usize, arguments: &[&str], before: impl Fn()) -> Vec<Sample> {
    let mut list = Vec::new();
    for run in 0..=runs {
        before();
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
        command.args(arguments).current_dir(folder).env_clear().env("HOME", folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).arg("-q").spawn().unwrap();
        let usage = child.wait4().unwrap();
        assert!(usage.status.success(), "{arguments:?} failed");
        if run > 0 {
            list.push(Sample { time: start.elapsed(), peak: usage.rusage.maxrss });
        }
    }
    list.sort_by_key(|sample| sample.time);
    list
}

fn row(what: &str, count: usize, samples: &[Sample], bytes: u64) {
    let median = samples[samples.len() / 2].time.as_secs_f64();
    let peak = samples.iter().map(|sample| sample.peak).max().unwrap_or(0);
    let factor = if bytes == 0 { String::new() } else { format!("{:.1}", peak as f64 / bytes as f64) };
    println!("{what:<28} {count:>10} {:>12.1} {:>12.1} {:>14} {factor:>8}", median * 1e3, median * 1e6 / count as f64, peak / 1024);
}

fn size_of(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// A project of `count` manifests on the embedded default, with 50 secrets in its vault.
fn project_of(folder: &Path, count: usize) {
    let parent = folder.parent().unwrap();
    run(parent, &["init", folder.file_name().unwrap().to_str().unwrap()], None);
    for name in ["templates", "config"] {
        fs::remove_dir_all(folder.join(name)).unwrap();
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("cloze.yaml"), PROJECT.replace("bench-COUNT", folder.file_name().unwrap().to_str().unwrap())).unwrap();
    fs::write(folder.join("values/dev.yaml"), "run: \"0\"\n").unwrap();
    for secret in 0..50 {
        run(folder, &["vault", "set", &format!("secret-{secret}")], Some(&format!("value-of-secret-{secret}-0123456789")));
    }
    for number in 0..count.div_ceil(3) {
        let secret = |number: usize, filter: &str| format!("{{{{ secret(name=\"secret-{}\"){filter} }}}}", number % 50);
        let text = TEMPLATE.replace("NUMBER", &number.to_string()).replace("LEVEL: LEVEL", "LEVEL: info");
        let text = text.replace("VALUE", &secret(number, "")).replace("QUOTED", &secret(number * 7 + 1, " | urlencode"));
        fs::write(folder.join(format!("templates/app-{number:05}.yaml")), text).unwrap();
    }
    fs::write(folder.join("templates/run.yaml"), RUN).unwrap();
}

fn run(folder: &Path, arguments: &[&str], input: Option<&str>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
    let mut child = command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{arguments:?} failed");
}

const PROJECT: &str = "apiVersion: cloze.dev/v1
project: bench-COUNT
templates: [\"templates/*.yaml\"]
environments:
  dev:
    namespace: bench
    values: [values/dev.yaml]
";

const RUN: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: run
data:
  run: \"{{ run }}\"
";

/// A ConfigMap, a Secret and a Deployment that refers to both. The words in capitals are to be replaced.
const TEMPLATE: &str = include_str!("app.yaml");
