//! The engine in a child process, with hard limits on time, memory and output.

use std::ffi::OsString;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::RecvError;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::blank::Blanks;
use crate::clock::Entropy;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::render::Engine;
use crate::render::LineMap;
use crate::render::MAX_BLANKS;
use crate::render::RenderRequest;
use crate::render::RenderedText;
use crate::render::TakeText;
use crate::render::evaluation::EvaluationRequest;
use crate::render::evaluation::Finding;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::read_frame;
use crate::render::ipc::write_frame;
use crate::render::stopwatch::RUN_DOWN;
use crate::render::token::Tokens;
use crate::render::validation::ValidationRequest;
use crate::schema::Violation;

/// Renders in a child process with 256 MiB of memory, 2 seconds of processor time (and more for large requests and larger budgets), no files, no secret and no environment
/// but a setting of its allocator. A child that exceeds a limit is killed and its end becomes a problem that names the template.
#[derive(Debug, Clone)]
pub struct ProcessEngine {
    program: PathBuf,
    arguments: Vec<OsString>,
    entropy: Arc<dyn Entropy>,
}

/// How long the child may take for each second of its processor time, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(15);

/// Bytes of a request for which there is one more second.
pub(super) const BYTES_PER_SECOND: usize = 4 << 20;

/// Keeps the allocator of the child from reserving a gibibyte at once, however it was built: more than the child's address space may be.
const NO_ARENAS: (&str, &str) = ("MIMALLOC_DISALLOW_ARENA_ALLOC", "1");

/// Bytes of frames after which they are handed on, whatever else has arrived.
const BATCH: usize = 1 << 20;

/// Bytes of a frame beside its text.
const BESIDE: usize = 96 << 20;

impl ProcessEngine {
    /// An engine that starts `program` with `arguments`; that must call [`crate::render::serve`] with its standard input and output.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<OsString>, entropy: Arc<dyn Entropy>) -> Self {
        Self { program: program.into(), arguments, entropy }
    }

    fn order(&self, request: &RenderRequest, traced: &str, answer: &mut WorkerAnswer<'_>) -> Result<(), Problem> {
        let values = serde_json::to_vec(&request.values).unwrap_or_default();
        let size = values.len() + request.templates.iter().map(|template| template.text.len()).sum::<usize>();
        if size > request.budget.bytes() {
            return Err(request.budget.exceeded_by_project());
        }
        let seconds = request.budget.seconds() + size / BYTES_PER_SECOND;
        let mut order = BodyWriter(answer.random.to_vec());
        order.size(seconds).number(request.budget.multiple()).text(traced).0.extend_from_slice(&values);
        let most = request.budget.bytes() + BESIDE;
        let end = self.converse(seconds, most, |input| send(input, &order, request), &mut |kind, body| answer.take(kind, body))?;
        match end {
            End::Whole => Ok(()),
            End::Nonsense if answer.is_enough => Ok(()),
            // An examination may cost too much; what was found until then is true.
            End::Late | End::Dead(_) if answer.examined && !answer.problems.is_empty() => Ok(()),
            End::Late => Err(answer.problem(&too_long(seconds), &request.budget.next(BOUND))),
            End::Nonsense => {
                Err(Problem::new(Fault::Internal, "the answer of the rendering process cannot be read", "report this as a bug of cloze"))
            }
            End::Dead(status) => Err(answer.death(status, seconds)),
        }
    }

    /// Lets a child of `seconds` of processor time have what `send` writes, and hears it: each frame of at most `most` bytes goes to `take`, until that gives `None`.
    pub(super) fn converse(
        &self,
        seconds: usize,
        most: usize,
        send: impl FnOnce(ChildStdin) -> io::Result<()> + Send,
        take: &mut dyn FnMut(FrameKind, &[u8]) -> Option<()>,
    ) -> Result<End, Problem> {
        let mut child = self.start()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err(cannot_start()) };
        let patience = PATIENCE * u32::try_from(seconds).unwrap_or(u32::MAX);
        let end = thread::scope(|scope| {
            let (sender, said) = sync_channel(1);
            let (_over, unless_over) = sync_channel::<()>(0);
            let alarm = sender.clone();
            scope.spawn(move || {
                if unless_over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                    let _ = alarm.send(ChildMessage::Nothing);
                }
            });
            scope.spawn(move || send(input));
            scope.spawn(move || {
                let mut output = BufReader::with_capacity(256 << 10, output);
                // One message for all that has arrived: waking the other thread costs more than reading a frame.
                let mut frames = Vec::new();
                let mut bytes = 0;
                while let Ok((kind, body)) = read_frame(&mut output, most) {
                    bytes += body.len();
                    frames.push((kind, body));
                    if output.buffer().is_empty() || bytes > BATCH {
                        bytes = 0;
                        if sender.send(ChildMessage::Frames(std::mem::take(&mut frames))).is_err() {
                            return;
                        }
                    }
                }
                let _ = sender.send(ChildMessage::Frames(frames));
                let _ = sender.send(ChildMessage::Closed);
            });
            let end = 'listening: loop {
                match said.recv() {
                    Ok(ChildMessage::Frames(frames)) => {
                        for (kind, body) in frames {
                            if kind == FrameKind::End {
                                break 'listening Some(End::Whole);
                            }
                            if take(kind, &body).is_none() {
                                break 'listening Some(End::Nonsense);
                            }
                        }
                    }
                    Ok(ChildMessage::Closed) | Err(RecvError) => break None,
                    Ok(ChildMessage::Nothing) => break Some(End::Late),
                }
            };
            // The other threads end when the child has and nobody listens.
            if end.is_some() {
                let _ = child.kill();
            }
            end
        });
        let status = child.wait().map_err(|_| cannot_start())?;
        Ok(end.unwrap_or(End::Dead(status)))
    }

    fn start(&self) -> Result<Child, Problem> {
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env(NO_ARENAS.0, NO_ARENAS.1)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| cannot_start())
    }

    fn random(&self) -> [u8; 16] {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        random
    }
}

impl Engine for ProcessEngine {
    fn render_each(&self, request: &RenderRequest, take: TakeText<'_>) -> Result<(Blanks, Tokens), Problems> {
        let mut answer = WorkerAnswer::new(request, self.random(), take);
        if let Err(problem) = self.order(request, "", &mut answer) {
            answer.problems.push(problem);
        }
        answer.blanks.shrink_to_fit();
        Problems::or((answer.blanks, answer.tokens), answer.problems)
    }

    fn evaluate(&self, request: &EvaluationRequest) -> Result<Vec<Finding>, Problem> {
        self.evaluated(request)
    }

    fn validate(&self, request: ValidationRequest<'_>) -> Result<Vec<Violation>, Problem> {
        self.validated(request)
    }

    fn lines(&self, request: &RenderRequest, file: &str) -> LineMap {
        let mut nothing = |_| ControlFlow::Continue(());
        let mut answer = WorkerAnswer::new(request, self.random(), &mut nothing);
        match self.order(request, file, &mut answer) {
            Ok(()) => answer.lines,
            Err(_) => LineMap::default(),
        }
    }
}

/// What is heard from the child.
enum ChildMessage {
    Frames(Vec<(FrameKind, Vec<u8>)>),
    /// It closed its output.
    Closed,
    /// It was silent for too long.
    Nothing,
}

/// How a conversation with a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It said that this is all.
    Whole,
    /// It took too long.
    Late,
    /// It said what it may not.
    Nonsense,
    /// It ended before that.
    Dead(ExitStatus),
}

/// What the child has said so far.
struct WorkerAnswer<'r> {
    request: &'r RenderRequest,
    random: [u8; 16],
    loaded: bool,
    /// All templates were rendered.
    examined: bool,
    /// Number of the template after the last that is done.
    next: usize,
    size: usize,
    each: TakeText<'r>,
    /// No more texts are wanted.
    is_enough: bool,
    blanks: Blanks,
    tokens: Tokens,
    problems: Vec<Problem>,
    lines: LineMap,
}

impl<'r> WorkerAnswer<'r> {
    fn new(request: &'r RenderRequest, random: [u8; 16], each: TakeText<'r>) -> Self {
        Self {
            request,
            random,
            loaded: false,
            examined: false,
            next: 0,
            size: 0,
            each,
            is_enough: false,
            blanks: Blanks::default(),
            tokens: Tokens::new(&random),
            problems: Vec::new(),
            lines: LineMap::default(),
        }
    }

    /// Takes a frame over; `None` when it is not what the child may say, or nobody wants more.
    fn take(&mut self, kind: FrameKind, body: &[u8]) -> Option<()> {
        let mut parts = BodyReader(body);
        self.size += body.len();
        if self.size > self.request.budget.bytes() + 4 * BESIDE {
            return None;
        }
        match kind {
            FrameKind::Library => self.loaded = true,
            FrameKind::Nothing => self.next = parts.size()? + 1,
            FrameKind::Problem => self.problems.push(parts.problem()?),
            FrameKind::Examination => self.examined = true,
            FrameKind::Lines => self.lines = parts.lines()?,
            FrameKind::Text => {
                let number = parts.size()?;
                let file = &self.request.templates.get(number)?.file;
                for _ in 0..parts.size()? {
                    if self.blanks.len() >= MAX_BLANKS {
                        return None;
                    }
                    let mut blank = parts.blank(self.blanks.len())?;
                    if blank.place.file == *file {
                        blank.place.file = Arc::clone(file);
                    }
                    let id = self.blanks.add(blank);
                    self.tokens.mint(id);
                }
                let text = std::str::from_utf8(parts.0).ok()?.to_owned();
                self.next = number + 1;
                if (self.each)(RenderedText { file: Arc::clone(file), text }).is_break() {
                    self.is_enough = true;
                    return None;
                }
            }
            FrameKind::Order
            | FrameKind::Template
            | FrameKind::End
            | FrameKind::Evaluation
            | FrameKind::Subject
            | FrameKind::At
            | FrameKind::Finding
            | FrameKind::Validation
            | FrameKind::Violation => return None,
        }
        Some(())
    }

    /// A problem of the template that was being rendered.
    fn problem(&self, reason: &str, next: &str) -> Problem {
        let problem = Problem::new(Fault::Check, reason, next);
        let mut rest = self.request.templates.iter().skip(self.next);
        match rest.find(|template| !template.is_partial()).filter(|_| self.loaded) {
            Some(template) => problem.at(Place::file(Arc::clone(&template.file))),
            None => problem,
        }
    }

    fn death(&self, status: ExitStatus, seconds: usize) -> Problem {
        match status.signal() {
            // SIGKILL and SIGXCPU come from the limit on processor time too.
            Some(9 | 24 | RUN_DOWN) => self.problem(&too_long(seconds), &self.request.budget.next(BOUND)),
            // SIGABRT, SIGBUS and SIGSEGV: an allocation failed, or the stack could not grow.
            Some(6 | 7 | 11) => {
                let reason = format!("rendering needs more than {} MiB of memory, or nests too deeply", self.request.budget.memory() >> 20);
                self.problem(&reason, &self.request.budget.next(BOUND))
            }
            // It ended itself: it could not read its order or write its answer, or was not loaded. That is not the template's doing.
            _ => Problem::new(
                Fault::Internal,
                "the rendering process ended without an answer",
                "run the command again; if it ends so each time, report this as a bug of cloze",
            ),
        }
    }
}

const BOUND: &str = "bound its loops and the texts that it joins";

pub(super) fn too_large(what: &str, most: usize, next: &str) -> Problem {
    Problem::new(Fault::Project, format!("{what} are more than {} MiB", most >> 20), next)
}

fn too_long(seconds: usize) -> String {
    format!("rendering takes longer than {seconds} s")
}

fn cannot_start() -> Problem {
    Problem::new(
        Fault::Internal,
        "the rendering process cannot be started",
        "check that the program may start itself and that there are free processes",
    )
}

fn send(input: ChildStdin, order: &BodyWriter, request: &RenderRequest) -> io::Result<()> {
    let mut input = BufWriter::with_capacity(64 << 10, input);
    write_frame(&mut input, FrameKind::Order, &order.0, &[])?;
    let mut body = BodyWriter::default();
    for template in &request.templates {
        body.0.clear();
        body.text(&template.file);
        write_frame(&mut input, FrameKind::Template, &body.0, template.text.as_bytes())?;
    }
    write_frame(&mut input, FrameKind::End, &[], &[])?;
    input.flush()
}
