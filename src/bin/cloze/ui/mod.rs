//! The two ways out: stdout for results, stderr for talk.

mod clean;
mod human;
mod json;

pub(crate) use clean::clean;
pub(crate) use human::count;

use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::process::ExitCode;

use cloze::event::Event;
use cloze::event::Observer;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;

use crate::args::Color;
use crate::args::Format;
use crate::args::Global;

/// How to talk in this run.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    format: Format,
    quiet: bool,
    verbose: u8,
    color: bool,
}

impl Ui {
    /// As the command line asks; `no_color` says that the variable `NO_COLOR` is set.
    pub(crate) fn new(global: &Global, no_color: bool) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !no_color && io::stderr().is_terminal(),
        };
        Self { format: global.format, quiet: global.quiet, verbose: global.verbose, color }
    }

    /// One that says nothing but results and problems.
    pub(crate) fn silent() -> Self {
        Self { format: Format::Human, quiet: true, verbose: 0, color: false }
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a result as it is: bytes for a pipe, a file or a reader.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Problems> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // The reader has gone; that is its right.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Problem::new(
                Fault::Internal,
                format!("the result cannot be written: {}", error.kind()),
                "make room where stdout goes, then run the command again",
            )
            .into()),
        }
    }

    /// Writes a result for people, free of control characters.
    pub(crate) fn text(&self, text: &str) -> Result<(), Problems> {
        self.bytes(clean(text).as_bytes())
    }

    /// Writes a result for programs.
    pub(crate) fn json(&self, value: &serde_json::Value) -> Result<(), Problems> {
        self.bytes(format!("{value:#}\n").as_bytes())
    }

    /// Says what was done, unless quiet.
    pub(crate) fn status(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            say(&clean(text));
        }
    }

    /// Says what only the curious want to know.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose > 0 && !self.is_json() {
            say(&clean(text));
        }
    }

    /// Says what to look at, though it stops nothing.
    pub(crate) fn warn(&self, problem: &Problem) {
        if !self.quiet {
            self.tell("warning", problem);
        }
    }

    /// Says everything that is wrong, and the exit code that it means.
    pub(crate) fn fail(&self, problems: &Problems) -> ExitCode {
        for problem in problems.list().iter().take(MOST_TOLD) {
            self.tell("error", problem);
        }
        if problems.list().len() > MOST_TOLD && !self.is_json() {
            say(&format!("… and {} more", problems.list().len() - MOST_TOLD));
        }
        if problems.list().len() > 1 && !self.is_json() {
            say(&format!("{} problems", problems.list().len()));
        }
        crate::exit::code_of(problems.fault())
    }

    fn tell(&self, level: &str, problem: &Problem) {
        say(&if self.is_json() { json::problem(level, problem) } else { human::problem(level, problem, self.color) });
    }
}

impl Observer for Ui {
    fn observe(&self, event: Event) {
        match event {
            Event::Warned(problem) => self.warn(&problem),
            other => {
                if let Some(text) = human::status(&other) {
                    self.status(&text);
                } else {
                    self.detail(&human::detail(&other));
                }
            }
        }
    }
}

/// Problems that are told in one run; nobody reads more.
const MOST_TOLD: usize = 1_000;

fn say(line: &str) {
    // When stderr is gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
