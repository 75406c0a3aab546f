//! A sandbox for the program: its own folder and HOME, no environment, and an outcome that must be looked at.

pub(crate) mod mount;
pub(crate) mod past;
mod random;
pub(crate) mod running;
mod terminal;

pub(crate) use random::Random;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::terminal::Terminal;

/// How many rounds a test does: `short` by default, `long` when `CLOZE_LONG` is 1.
pub(crate) fn rounds(short: usize, long: usize) -> usize {
    if std::env::var("CLOZE_LONG").is_ok_and(|value| value == "1") { long } else { short }
}

/// A folder of its own, with a HOME beside it.
#[derive(Debug)]
pub(crate) struct Sandbox {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Sandbox {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, variables: BTreeMap::new() }
    }

    /// One with the starter project `shop` in it.
    pub(crate) fn shop() -> Self {
        let sandbox = Self::new();
        sandbox.run(["init", "shop"]).ok();
        sandbox
    }

    /// A sandbox of its own with the same files.
    pub(crate) fn twin(&self) -> Self {
        let twin = Self { folder: tempfile::tempdir().unwrap(), variables: self.variables.clone() };
        copy(self.root(), twin.root());
        twin
    }

    /// Copies the project `shop` to a directory beside it.
    pub(crate) fn keep(&self, name: &str) {
        let to = self.work().join(name);
        fs::create_dir(&to).unwrap();
        copy(&self.shop_path(""), &to);
    }

    /// Sets an environment variable for every run.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Everything that the program could have written to.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Where the program runs.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A path in the project `shop`.
    pub(crate) fn shop_path(&self, path: &str) -> PathBuf {
        self.work().join("shop").join(path)
    }

    /// Writes a file of the project `shop`.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.shop_path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the project `shop`.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.shop_path(path)).unwrap()
    }

    /// A command that is ready to be spawned.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
        command.args(arguments).current_dir(self.work()).env_clear();
        command.env("HOME", self.root().join("home")).env("TMPDIR", self.root().join("tmp")).env("COLUMNS", "100");
        command.envs(&self.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program on a terminal.
    pub(crate) fn terminal<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Terminal {
        Terminal::start(&self.command(arguments))
    }

    /// Runs the program in the project `shop` on a terminal.
    pub(crate) fn on_terminal<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Terminal {
        self.terminal(["-C", "shop"].into_iter().chain(arguments))
    }

    /// Runs the program in the project `shop` on a terminal of so many columns.
    pub(crate) fn on_narrow_terminal<'a>(&self, columns: usize, arguments: impl IntoIterator<Item = &'a str>) -> Terminal {
        self.on_small_terminal((0, columns), arguments)
    }

    /// The same on one of so many rows and columns.
    pub(crate) fn on_small_terminal<'a>(&self, (rows, columns): (usize, usize), arguments: impl IntoIterator<Item = &'a str>) -> Terminal {
        let program = self.command(["-C", "shop"].into_iter().chain(arguments));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("stty rows {rows} cols {columns}; exec \"$0\" \"$@\"")])
            .arg(program.get_program())
            .args(program.get_args());
        shell.current_dir(self.work()).envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Terminal::start(&shell)
    }

    /// Runs the program without input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        Outcome::of(self.command(arguments).output().unwrap())
    }

    /// Runs the program in the project `shop`.
    pub(crate) fn cloze<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let head = ["-C", "shop"].iter().map(|part| OsStr::new(part).to_owned());
        self.run(head.chain(arguments))
    }

    /// Runs the program in the project `shop` with `input` on its stdin.
    pub(crate) fn feed<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, input: &[u8]) -> Outcome {
        let mut command = self.command(["-C", "shop"].into_iter().chain(arguments));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A program that fails early closes its stdin; its outcome tells.
        let _ = child.stdin.take().unwrap().write_all(input);
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// Every file below the sandbox with its bytes, by path. Links are not followed.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_symlink() {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.strip_prefix(self.root()).unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (entry, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if entry.is_symlink() {
            symlink(fs::read_link(&entry).unwrap(), &to).unwrap();
        } else if entry.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry, &to);
        } else {
            fs::copy(&entry, &to).unwrap();
        }
    }
}

/// What a run came to.
#[derive(Debug)]
#[must_use = "look at the outcome"]
pub(crate) struct Outcome {
    /// The exit code; `None` when a signal ended the program.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// What it wrote to stdout.
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub(crate) stderr: Vec<u8>,
}

impl Outcome {
    /// The outcome of a finished process.
    pub(crate) fn of(output: Output) -> Self {
        Self { code: output.status.code(), signal: output.status.signal(), stdout: output.stdout, stderr: output.stderr }
    }

    /// Asserts that it went well, and gives stdout.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        self.code(0)
    }

    /// Asserts the exit code, and gives stdout.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> String {
        assert_eq!((self.code, self.signal), (Some(code), None), "stdout: {}\nstderr: {}", self.out(), self.err());
        self.out()
    }

    /// Asserts the exit code and that stderr holds each of `parts`; gives stderr.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, parts: &[&str]) -> String {
        let err = self.err();
        assert_eq!((self.code, self.signal), (Some(code), None), "stdout: {}\nstderr: {err}", self.out());
        for part in parts {
            assert!(err.contains(part), "`{part}` is not in:\n{err}");
        }
        err
    }

    /// Asserts that stderr is empty.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert_eq!(self.err(), "");
        self
    }

    /// Stdout as text.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Stderr as text.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}
