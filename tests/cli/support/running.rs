//! A run that can be ended at any moment, together with the processes that it started.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::inotify;
use rustix::fs::inotify::CreateFlags;
use rustix::fs::inotify::ReadFlags;
use rustix::fs::inotify::WatchFlags;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;

use super::Outcome;
use super::Sandbox;

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Strike {
    /// Never.
    Never,
    /// That long after it was started.
    After(Duration),
    /// That long after the project's files changed for the n-th time, counted from one.
    AtChange(u32, Duration),
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct End {
    /// Whether it was killed before its end.
    pub(crate) killed: bool,
    /// How it ended and what it wrote.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
    /// How often the project's files changed, as far as that was watched.
    pub(crate) changes: u32,
}

/// No command may take longer: it would be stuck.
const STUCK: Duration = Duration::from_mins(2);

impl Sandbox {
    /// Runs the program in a process group of its own, with `input`, and kills the group as `strike` says.
    pub(crate) fn struck(&self, arguments: &[&str], input: &[u8], strike: Strike, slot: &str) -> End {
        let file = |name: &str| self.root().join("tmp").join(format!("{slot}.{name}"));
        fs::write(file("in"), input).unwrap();
        let mut command = self.command(arguments);
        command.stdin(File::open(file("in")).unwrap());
        command.stdout(File::create(file("out")).unwrap()).stderr(File::create(file("err")).unwrap());
        let mut changes = matches!(strike, Strike::AtChange(..) | Strike::Never).then(|| Changes::below(&self.work()));
        let begin = Instant::now();
        let mut child = command.process_group(0).spawn().unwrap();
        let killed = strike_at(strike, &mut child, begin, changes.as_mut());
        let status = child.wait().unwrap();
        let outcome = Outcome {
            code: status.code(),
            signal: status.signal(),
            stdout: fs::read(file("out")).unwrap(),
            stderr: fs::read(file("err")).unwrap(),
        };
        let changes = changes.map_or(0, |mut changes| changes.count());
        End { killed: killed && status.signal() == Some(9), outcome, took: begin.elapsed(), changes }
    }
}

fn strike_at(strike: Strike, child: &mut Child, begin: Instant, mut changes: Option<&mut Changes>) -> bool {
    let mut due = match strike {
        Strike::After(delay) => Some(delay),
        Strike::Never | Strike::AtChange(..) => None,
    };
    loop {
        let elapsed = begin.elapsed();
        if due.is_some_and(|due| elapsed >= due) {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            return true;
        }
        if ended(child).is_some() {
            return false;
        }
        if let (Strike::AtChange(number, delay), None, Some(changes)) = (strike, due, changes.as_deref_mut())
            && changes.count() >= number
        {
            due = Some(begin.elapsed() + delay);
            continue;
        }
        if elapsed > STUCK {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            panic!("a command is stuck");
        }
        let rest = due.map_or(Duration::from_micros(200), |due| due.saturating_sub(elapsed));
        thread::sleep(rest.min(Duration::from_micros(if changes.is_some() { 30 } else { 500 })));
    }
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    child.try_wait().unwrap()
}

/// Counts what happens to the files below a folder (inotify(7)).
#[derive(Debug)]
struct Changes {
    watch: OwnedFd,
    folders: BTreeMap<i32, PathBuf>,
    seen: u32,
}

/// What is watched.
const WHAT: WatchFlags =
    WatchFlags::CREATE.union(WatchFlags::MODIFY).union(WatchFlags::MOVE).union(WatchFlags::DELETE).union(WatchFlags::ATTRIB);

impl Changes {
    fn below(folder: &Path) -> Self {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let mut changes = Self { watch, folders: BTreeMap::new(), seen: 0 };
        changes.add(folder.to_owned());
        changes
    }

    /// A folder that vanishes meanwhile is none.
    fn add(&mut self, folder: PathBuf) {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let (Ok(number), Ok(entries)) = (inotify::add_watch(&self.watch, &folder, WHAT), fs::read_dir(&folder)) else { continue };
            folders.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
            self.folders.insert(number, folder);
        }
    }

    fn count(&mut self) -> u32 {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.watch, &mut buffer);
        let mut made = Vec::new();
        while let Ok(event) = reader.next() {
            self.seen += 1;
            if event.events().contains(ReadFlags::ISDIR | ReadFlags::CREATE)
                && let (Some(folder), Some(name)) = (self.folders.get(&event.wd()), event.file_name())
            {
                made.push(folder.join(name.to_str().unwrap()));
            }
        }
        made.into_iter().for_each(|folder| self.add(folder));
        self.seen
    }
}
