//! The two ways out: stdout for results, stderr for talk.

mod age;
mod annotation;
mod calls;
mod clean;
mod human;
mod json;
mod pager;
mod paint;
mod progress;
mod rollout;
mod table;

pub(crate) use age::expiry;
pub(crate) use age::span;
pub(crate) use clean::clean;
pub(crate) use clean::clean_lines;
pub(crate) use pager::Pager;
pub(crate) use progress::leave_interrupts;
pub(crate) use table::Cell;
pub(crate) use table::rows;
pub(crate) use table::table;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use cloze::cause::cause;
use cloze::event::Event;
use cloze::event::Observer;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::Report;
use cloze::report::document;
use cloze::service::Meters;
use cloze::target::RolloutObserver;
use cloze::target::RolloutProgress;
use rustix::termios::tcgetwinsize;

use crate::args::Color;
use crate::args::Global;
use crate::args::OutputFormat;
use crate::ui::annotation::Annotation;
use crate::ui::calls::CallProgress;
use crate::ui::clean::clean_json;
use crate::ui::paint::paint;
use crate::ui::progress::say_when_killed;
use crate::ui::rollout::RolloutView;

/// How to talk in this run.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    format: OutputFormat,
    quiet: bool,
    verbose: u8,
    /// Whether talk on stderr has colours.
    color: bool,
    /// Whether results on stdout have colours.
    paint: bool,
    /// What shows long results.
    pager: Pager,
    calls: Arc<CallProgress>,
    rollout: Arc<RolloutView>,
    environment: Option<Arc<str>>,
    /// What is said again at the end, for a CI system.
    annotations: Arc<Mutex<Vec<Annotation>>>,
}

/// What the environment's variables say of the terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terminal {
    /// `NO_COLOR` is set.
    pub(crate) no_color: bool,
    /// It cannot move its cursor, as far as is known.
    pub(crate) dumb: bool,
    /// What shows long results on it.
    pub(crate) pager: Pager,
}

impl Ui {
    /// As the command line asks and the terminal allows; `meters` count the calls to vaults.
    pub(crate) fn new(global: &Global, terminal: Terminal, meters: Arc<Meters>) -> Self {
        let format = global.format.unwrap_or_default();
        let color = |is_terminal: bool| match global.color.unwrap_or_default() {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !terminal.no_color && !terminal.dumb && is_terminal,
        };
        let (color, paint) = (color(io::stderr().is_terminal()), color(io::stdout().is_terminal()));
        let lively = !global.quiet && global.verbose == 0 && format == OutputFormat::Human && !terminal.dumb && io::stderr().is_terminal();
        let calls = Arc::new(CallProgress::new(meters, lively));
        let rollout = Arc::new(RolloutView::new(lively, say));
        let annotations = Arc::default();
        let pager = if global.no_pager || terminal.dumb { Pager::default() } else { terminal.pager };
        Self { format, quiet: global.quiet, verbose: global.verbose, color, paint, pager, calls, rollout, environment: None, annotations }
    }

    /// The same for what concerns one of several environments, whose name is said first.
    pub(crate) fn about(&self, environment: &str) -> Self {
        if !self.quiet && !self.is_json() {
            say(&clean(&format!("environment {environment}:")));
        }
        Self { environment: Some(environment.into()), ..self.clone() }
    }

    /// The format of results.
    pub(crate) fn format(&self) -> OutputFormat {
        self.format
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    /// Writes a result as it is: bytes for a pipe, a file or a reader.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Problems> {
        // Past the buffer of `io::stdout`, where the end of a value would stay.
        let out = io::stdout().lock().as_fd().try_clone_to_owned();
        match out.and_then(|out| File::from(out).write_all(bytes)) {
            Ok(()) => Ok(()),
            // The reader has gone; that is its right.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Problem::new(
                Fault::Internal,
                format!("the result cannot be written: {}", cause(&error)),
                "free some space where stdout goes, then run the command again",
            )
            .into()),
        }
    }

    /// Writes a result for people, free of control characters. What comes from elsewhere was cleaned before it got its line.
    pub(crate) fn text(&self, text: &str) -> Result<(), Problems> {
        self.bytes(clean_lines(text).as_bytes())
    }

    /// Writes a diff for people, page by page where it is longer than the terminal.
    pub(crate) fn changes(&self, diff: &str) -> Result<(), Problems> {
        let diff = clean_lines(diff);
        let painted = if self.paint { Cow::Owned(paint(&diff)) } else { Cow::Borrowed(&*diff) };
        if self.pager.show(&diff, &painted) { Ok(()) } else { self.bytes(painted.as_bytes()) }
    }

    /// Writes a result for programs.
    pub(crate) fn json(&self, value: &serde_json::Value) -> Result<(), Problems> {
        self.bytes(clean_json(&format!("{value:#}\n")).as_bytes())
    }

    /// Writes a report, to programs as its document.
    pub(crate) fn report<R: Report>(&self, report: &R, in_words: impl FnOnce(&R) -> String) -> Result<(), Problems> {
        match self.format {
            OutputFormat::Json => self.json(&document(report)),
            // The document of the annotations is the result.
            OutputFormat::Gitlab | OutputFormat::Sarif => Ok(()),
            _ => self.text(&in_words(report)),
        }
    }

    /// How many characters a line of a result has room for; `None` where it goes to no terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        let size = tcgetwinsize(io::stdout()).ok().filter(|_| io::stdout().is_terminal())?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// Makes room for a result that replaces the one before: on a terminal in its place, else after an empty line.
    pub(crate) fn again(&self) -> Result<(), Problems> {
        let is_terminal = !self.is_json() && io::stdout().is_terminal();
        self.bytes(if is_terminal { b"\x1b[H\x1b[2J" } else { b"\n" })
    }

    /// Says in a line what was done, unless quiet.
    pub(crate) fn status(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            say(&clean(text));
        }
    }

    /// Says what changes, unless quiet. What comes from elsewhere was cleaned before it got its line.
    pub(crate) fn say_changes(&self, diff: &str) {
        if !self.quiet && !self.is_json() {
            let diff = clean_lines(diff);
            say(&if self.color { Cow::Owned(paint(&diff)) } else { diff });
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
        self.calls.end();
        let all = problems.list().len();
        let shown = if self.is_json() { all } else { all.min(MOST_SHOWN) };
        if let Some(environment) = self.environment.as_ref().filter(|_| self.quiet && !self.is_json()) {
            say(&clean(&format!("environment {environment}:")));
        }
        for problem in &problems.list()[..shown] {
            self.tell("error", problem);
        }
        if shown < all {
            say(&format!("… and {} more", all - shown));
        }
        if all > 1 && !self.is_json() {
            say(&format!("{all} problems"));
        }
        crate::exit::code_of(problems.fault())
    }

    /// Writes what was wrong in this run as the annotations that were asked for. `folder` is that of the project in its repository.
    pub(crate) fn annotate(&self, folder: &str) -> Result<(), Problems> {
        let all = self.annotations.lock().unwrap_or_else(PoisonError::into_inner);
        match self.format {
            OutputFormat::Github => self.bytes(annotation::github(&all, folder).as_bytes()),
            OutputFormat::Gitlab => self.json(&annotation::gitlab(&all, folder)),
            OutputFormat::Sarif => self.json(&annotation::sarif(&all, folder)),
            OutputFormat::Human | OutputFormat::Json | OutputFormat::Markdown | OutputFormat::Html => Ok(()),
        }
    }

    fn tell(&self, level: &'static str, problem: &Problem) {
        if matches!(self.format, OutputFormat::Github | OutputFormat::Gitlab | OutputFormat::Sarif) {
            let environment = self.environment.as_deref().map(str::to_owned);
            let annotation = Annotation { level, problem: problem.clone(), environment };
            self.annotations.lock().unwrap_or_else(PoisonError::into_inner).push(annotation);
        }
        say(&if self.is_json() {
            json::problem(level, problem, self.environment.as_deref())
        } else {
            human::problem(level, problem, self.color)
        });
    }
}

impl Observer for Ui {
    fn observe(&self, event: Event) {
        match event {
            Event::Warned(problem) => self.warn(&problem),
            Event::Answered => {
                if let Some((calls, time)) = self.calls.end() {
                    self.detail(&human::tally(calls, time));
                }
            }
            other => {
                if let Event::Planned { vault, calls, .. } = &other {
                    self.calls.plan(vault, *calls);
                }
                if let Some(words) = human::when_interrupted(&other).filter(|_| !self.is_json()) {
                    say_when_killed(words.map(|words| clean(&words).into_owned()));
                }
                if let Some(text) = human::status(&other) {
                    self.status(&text);
                } else {
                    self.detail(&human::detail(&other));
                }
            }
        }
    }
}

impl RolloutObserver for Ui {
    fn progress(&self, progress: RolloutProgress) {
        match (self.is_json(), self.quiet) {
            (_, true) => {}
            (true, false) => json::progress(&progress).iter().for_each(|line| say(line)),
            (false, false) => self.rollout.take(progress),
        }
    }
}

/// Problems that are shown to people in one run; programs get all.
const MOST_SHOWN: usize = 1_000;

fn say(line: &str) {
    // When stderr is gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
