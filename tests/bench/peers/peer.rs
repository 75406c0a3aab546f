//! A program that is measured as a whole.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use wait4::Wait4 as _;

/// A program with its arguments, ready to be run in a folder.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
    samples: Vec<Sample>,
}

/// One run.
#[derive(Clone, Copy)]
struct Sample {
    wall: f64,
    cpu: f64,
    /// Bytes.
    peak: u64,
}

impl Peer {
    /// The program of this project, or the one that `CLOZE` names.
    pub(crate) fn cloze(folder: &Path, arguments: &[&str]) -> Self {
        let program = env::var_os("CLOZE").unwrap_or_else(|| env!("CARGO_BIN_EXE_cloze").into());
        Self::new("cloze", program.into(), folder, arguments)
    }

    /// One of those that were installed, or nothing and a line that says so.
    pub(crate) fn installed(program: &str, name: &'static str, folder: &Path, arguments: &[&str]) -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(program);
        if !path.exists() {
            println!("SKIPPED: {name}: run tests/bench/peers/install");
            return None;
        }
        Some(Self::new(name, path, folder, arguments))
    }

    fn new(name: &'static str, program: PathBuf, folder: &Path, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { name, program, arguments, folder: folder.to_owned(), variables: Vec::new(), samples: Vec::new() }
    }

    /// The same with an environment variable.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs it once; gives the bytes that it wrote to its standard output.
    pub(crate) fn run(&mut self) -> usize {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear().env("HOME", &self.folder);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let reader = thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()).unwrap());
        let used = child.wait4().unwrap();
        let wall = began.elapsed().as_secs_f64();
        assert!(used.status.success(), "{} {:?} failed", self.name, self.arguments);
        let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
        self.samples.push(Sample { wall, cpu, peak: used.rusage.maxrss });
        usize::try_from(reader.join().unwrap()).unwrap()
    }

    /// The median time of a run, in seconds.
    pub(crate) fn wall(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.wall).collect())
    }

    /// A line of the medians, with the time over that of the first one.
    pub(crate) fn row(&self, what: &str, first: &Self) -> String {
        let cpu = median(self.samples.iter().map(|sample| sample.cpu).collect());
        let peak = self.samples.iter().map(|sample| sample.peak).max().unwrap_or(0);
        let ratio = self.wall() / first.wall();
        format!(
            "{what:<24} {:<18} {:>10.1} {:>10.1} {:>9.1} {ratio:>8.2}",
            self.name,
            self.wall() * 1e3,
            cpu * 1e3,
            peak as f64 / 1_048_576.0
        )
    }
}

/// The head of the lines.
pub(crate) fn head() -> String {
    format!("{:<24} {:<18} {:>10} {:>10} {:>9} {:>8}", "what", "tool", "wall ms", "cpu ms", "peak MiB", "x cloze")
}

/// Runs all of them `rounds` times, interleaved, after a warm-up of each, and prints a line for each.
pub(crate) fn compare(what: &str, peers: &mut [Peer], rounds: usize) {
    for round in 0..=rounds {
        for peer in &mut *peers {
            if round == 1 {
                peer.samples.clear();
            }
            peer.run();
        }
    }
    let (first, rest) = peers.split_first().unwrap();
    println!("{}", first.row(what, first));
    for peer in rest {
        println!("{}", peer.row(what, first));
    }
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}
