//! The program: found without a search, run in a process group of its own, and ended with all that it started when it does too much.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::try_join;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;
use tokio::process::Command;
use tokio::time::Instant;
use tokio::time::timeout_at;
use zeroize::Zeroizing;

use crate::cause::cause;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::vault::exec::settings::Settings;

/// The most bytes that a program may write to its standard output, and to its standard error.
const LIMIT: usize = 16 << 20;

/// A program with its arguments.
#[derive(Debug)]
pub(super) struct Program {
    /// As the project writes it.
    name: String,
    path: PathBuf,
    arguments: Vec<String>,
    directory: PathBuf,
    environment: Vec<(String, Secret)>,
    deadline: Duration,
    meter: Arc<Meter>,
}

impl Program {
    /// The program that the settings name. It need not be there yet.
    pub(super) fn new(settings: Settings) -> Result<Self, ServiceError> {
        let Settings { command, directory, deadline, prefixes: _, environment, meter } = settings;
        let unusable = |reason: String| {
            let next = "give an absolute path, or one from the project's root such as `./bin/secrets`";
            ServiceError::new(ServiceFault::Unavailable, reason, next)
        };
        let Some((name, arguments)) = command.split_first() else {
            return Err(unusable("no program is named".to_owned()));
        };
        let (path, shown) = (Path::new(name), words::tame(name, 128));
        if name.contains('\0') || arguments.iter().any(|argument| argument.contains('\0')) {
            return Err(unusable("the command has a zero byte in it".to_owned()));
        }
        if !name.contains('/') {
            return Err(unusable(format!("the program `{shown}` is a name without a path, and programs are not searched for")));
        }
        if !path.is_absolute() && path.components().any(|part| part == Component::ParentDir) {
            return Err(unusable(format!("the program `{shown}` is not in the project")));
        }
        Ok(Self { name: shown, path: directory.join(path), arguments: arguments.to_vec(), directory, environment, deadline, meter })
    }

    /// When what begins now has to be done.
    pub(super) fn until(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// As the project writes it, fit for a message.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is a file of that name, and what it is.
    pub(super) async fn there(&self) -> Result<String, ServiceError> {
        let metadata = tokio::fs::metadata(&self.path).await.map_err(|error| self.absent(&error))?;
        if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
            Ok(format!("the program `{}` is there", self.name))
        } else {
            Err(self.absent(&io::ErrorKind::PermissionDenied.into()))
        }
    }

    /// What the program writes by `until` when `input` is what it reads.
    pub(super) async fn run(&self, input: &Secret, until: Instant) -> Result<Secret, ServiceError> {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).current_dir(&self.directory).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, OsStr::from_bytes(value.expose()))));
        let child = command.spawn().map_err(|error| self.absent(&error))?;
        self.meter.send();
        let ended = timeout_at(until, ProcessGroup::of(child).finish(input)).await;
        self.meter.answer();
        let (status, output, complaints) = match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(Excess)) => {
                let reason = format!("the program `{}` wrote more than {} MiB and was ended", self.name, LIMIT >> 20);
                return Err(ServiceError::new(ServiceFault::Unavailable, reason, "let it write its answer and nothing else"));
            }
            Err(_) => {
                let reason = format!("the program `{}` did not end within {} s", self.name, self.deadline.as_secs_f32());
                return Err(ServiceError::new(ServiceFault::Unavailable, reason, "see what it waits for, or allow more time"));
            }
        };
        if status.is_some_and(|status| status.success()) { Ok(output) } else { Err(self.failed(status, complaints)) }
    }

    /// Why the program cannot be run.
    pub(super) fn absent(&self, error: &io::Error) -> ServiceError {
        let name = &self.name;
        let (reason, next) = match error.kind() {
            io::ErrorKind::NotFound => {
                let next = "check the path in the project file, and that what its first line names is installed";
                (format!("the program `{name}` is not there, or what it needs to start is not"), next)
            }
            io::ErrorKind::PermissionDenied => {
                (format!("the program `{name}` may not be run"), "make it executable, as with `chmod +x`, for the user that runs cloze")
            }
            _ => (format!("the program `{name}` cannot be started: {}", cause(error)), "run it by hand to see why"),
        };
        ServiceError::new(ServiceFault::Unavailable, reason, next)
    }

    fn failed(&self, status: Option<ExitStatus>, complaints: usize) -> ServiceError {
        let end = match (status.and_then(|status| status.code()), status.and_then(|status| status.signal())) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended without an exit code".to_owned(),
        };
        let said = match complaints {
            0 => String::new(),
            1 => "; it wrote 1 byte to its standard error, which may hold values and is not shown".to_owned(),
            bytes => format!("; it wrote {bytes} bytes to its standard error, which may hold values and are not shown"),
        };
        let reason = format!("the program `{}` {end}{said}", self.name);
        ServiceError::new(ServiceFault::Unavailable, reason, "run it by hand with a request on its standard input")
    }
}

/// Too much was written.
#[derive(Debug)]
struct Excess;

/// A child that leads a process group. Dropped before its end, the whole group is killed.
#[derive(Debug)]
struct ProcessGroup {
    child: Child,
    group: Option<Pid>,
}

impl ProcessGroup {
    fn of(child: Child) -> Self {
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { child, group }
    }

    /// Lets the child read `input`; gives its status, what it wrote, and how much it complained.
    async fn finish(mut self, input: &Secret) -> Result<(Option<ExitStatus>, Secret, usize), Excess> {
        let (stdin, stdout, stderr) = (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read its request may still answer; what it answers tells.
                stdin.write_all(input.expose()).await.ok();
            }
            Ok(())
        };
        let ((), output, complaints) = try_join!(write, collected(stdout), collected(stderr))?;
        let status = self.child.wait().await.ok();
        // The child is gone, and with it the right to its number.
        self.group = None;
        Ok((status, output, complaints.len()))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

/// Everything that comes, in a wiped buffer.
async fn collected(from: Option<impl AsyncRead + Unpin>) -> Result<Secret, Excess> {
    let mut buffer = SecretBuffer::with_capacity(16 << 10);
    let mut piece = Zeroizing::new(vec![0; 16 << 10]);
    if let Some(mut from) = from {
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            if buffer.len() + count > LIMIT {
                return Err(Excess);
            }
            buffer.extend(&piece[..count]);
        }
    }
    Ok(Secret::from(buffer))
}
