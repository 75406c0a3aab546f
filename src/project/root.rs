//! The right to open files beneath a project's root, and nothing else.
//!
//! A [`Root`] holds the open directory. Every path is resolved against it by `cap-std`, which asks the kernel to stay beneath
//! (`openat2` with `RESOLVE_BENEATH` on Linux) and resolves step by step where the kernel cannot. A check of the path's text
//! followed by an ordinary open would lose to a link that is put in place between the two.

use std::io;
use std::io::Read as _;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cap_std::fs::File;
use cap_std::fs::OpenOptions;
use rustix::io::Errno;

use crate::cause::cause;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::path::normalise;
use crate::project::quote::quote;
use crate::suggest::suggest;

/// A project's root directory. Opens files beneath it for reading.
#[derive(Debug)]
pub struct Root {
    dir: Dir,
}

impl Root {
    /// Opens the directory that the user named; this path alone may lie anywhere.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        Dir::open_ambient_dir(path, ambient_authority()).map(|dir| Self { dir }).map_err(|error| {
            let shown = quote(&path.to_string_lossy());
            match error.kind() {
                io::ErrorKind::NotFound => {
                    Problem::new(Fault::Usage, format!("there is no directory {shown}"), "name the project's directory with `-C`")
                }
                io::ErrorKind::NotADirectory => {
                    Problem::new(Fault::Usage, format!("{shown} is not a directory"), "name the project's directory with `-C`")
                }
                _ => io_problem(&shown, &error),
            }
        })
    }

    /// The open directory, for adapters that keep files of their own beneath the root.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// The bytes of the regular file at `path`, at most `limit` of them. A larger file is refused before it is read; a
    /// directory, device, pipe or socket is refused without waiting for it.
    pub fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Problem> {
        self.read_within(path, limit, SMALLER)
    }

    /// The same, where a file that is too large can be helped by `next`.
    pub fn read_within(&self, path: &str, limit: usize, next: &str) -> Result<Vec<u8>, Problem> {
        let path = normalise(path)?;
        let shown = quote(&path);
        let file = self.open_file(&path).map_err(|error| self.open_problem(&path, &error))?;
        let metadata = file.metadata().map_err(|error| io_problem(&shown, &error))?;
        if !metadata.is_file() {
            return Err(not_regular(&path));
        }
        if metadata.len() > limit as u64 {
            return Err(too_large(&path, metadata.len(), limit, next));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1));
        let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| io_problem(&shown, &error))?;
        if bytes.len() > limit {
            return Err(too_large(&path, bytes.len() as u64, limit, next));
        }
        Ok(bytes)
    }

    /// The text of the regular file at `path`: UTF-8 of at most `limit` bytes, without a byte-order mark.
    pub fn read_text(&self, path: &str, limit: usize) -> Result<String, Problem> {
        self.read_text_within(path, limit, SMALLER)
    }

    /// The same, where a file that is too large can be helped by `next`.
    pub fn read_text_within(&self, path: &str, limit: usize, next: &str) -> Result<String, Problem> {
        let mut text = String::from_utf8(self.read_within(path, limit, next)?).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|byte| *byte == b'\n').count();
            Problem::new(Fault::Project, format!("{} is not UTF-8 text from line {line} on", quote(path)), "save the file as UTF-8")
        })?;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }

    /// Whether there is anything at `path`, a link that leaves the root included: to read that is an error then, and not taken for nothing.
    pub fn exists(&self, path: &str) -> bool {
        let is_there = |path| self.dir.symlink_metadata(path).map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true);
        normalise(path).is_ok_and(is_there)
    }

    /// The path that links lead to.
    pub(super) fn real(&self, path: &str) -> Option<String> {
        self.dir.canonicalize(path).ok().map(|real| real.to_string_lossy().into_owned())
    }

    fn open_file(&self, path: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt as _;
            // A pipe would keep an ordinary open waiting for a writer.
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        self.dir.open_with(path, &options)
    }

    fn open_problem(&self, path: &str, error: &io::Error) -> Problem {
        let shown = quote(path);
        match error.kind() {
            io::ErrorKind::NotFound if self.dir.symlink_metadata(path).is_ok() => {
                Problem::new(Fault::Project, format!("{shown} is a link to nothing"), "mend or remove the link")
            }
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                let next = match self.sibling(path) {
                    Some(sibling) => format!("write {}, or create the file", quote(&sibling)),
                    None => "create the file, or correct the path".to_owned(),
                };
                Problem::new(Fault::Project, format!("there is no file {shown}"), next)
            }
            // cap-std's own refusal carries no error number; the kernel's does.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => leaves(path),
            _ if self.dir.metadata(path).is_ok_and(|metadata| !metadata.is_file()) => not_regular(path),
            _ => io_problem(&shown, error),
        }
    }

    /// The file beside `path` that was probably meant.
    fn sibling(&self, path: &str) -> Option<String> {
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        let entries = self.dir.read_dir(parent).ok()?;
        let mut names: Vec<String> = entries.take(1_000).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        let found = suggest(name, names.iter().map(String::as_str))?;
        Some(if parent == "." { found.to_owned() } else { format!("{parent}/{found}") })
    }
}

/// The problem of a path that a link leads out of the project.
pub(super) fn leaves(path: &str) -> Problem {
    let reason = format!("{} is a link that leaves the project, or goes through one", quote(path));
    Problem::new(Fault::Project, reason, "put a copy into the project in place of the link")
}

/// The problem of a directory, device, pipe or socket where a file is expected.
pub(super) fn not_regular(path: &str) -> Problem {
    Problem::new(Fault::Project, format!("{} is not a regular file", quote(path)), "name a regular file")
}

/// The problem of a machine that refused. Only the kind of the error is reported: it has no words of the file in it.
pub(super) fn io_problem(shown: &str, error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let reason = format!("{shown} may not be read by this user");
        return Problem::new(Fault::Internal, reason, "give the user who runs cloze the right to read it");
    }
    if error.kind() == io::ErrorKind::InvalidFilename {
        return Problem::new(Fault::Project, format!("{shown} is too long: a name has at most 255 bytes"), "shorten the path");
    }
    if Errno::from_io_error(error) == Some(Errno::LOOP) {
        let reason = format!("{shown} is a link that leads back to itself");
        return Problem::new(Fault::Project, reason, "remove the link, or let it lead to a file");
    }
    Problem::new(Fault::Internal, format!("{shown} cannot be read: {}", cause(error)), "check the disk and the path, then try again")
}

/// What to do about a file that is too large.
pub const SMALLER: &str = "make the file smaller or split it";

fn too_large(path: &str, length: u64, limit: usize, next: &str) -> Problem {
    let reason = format!("{} has {length} bytes, more than the {limit} that are allowed here", quote(path));
    Problem::new(Fault::Project, reason, next)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::Root;
    use crate::problem::Fault;

    fn project() -> (TempDir, Root) {
        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("in/values")).unwrap();
        fs::write(dir.path().join("outside"), "outside").unwrap();
        fs::write(dir.path().join("in/values/dev.yaml"), "a: 1").unwrap();
        let root = Root::open(&dir.path().join("in")).unwrap();
        (dir, root)
    }

    fn refusal(root: &Root, path: &str) -> String {
        let problem = root.read(path, 100).unwrap_err();
        format!("{problem}; {}", problem.next)
    }

    #[test]
    fn reads_a_file_beneath() {
        let (_dir, root) = project();
        assert_eq!(root.read("./values/dev.yaml", 100), Ok(b"a: 1".to_vec()));
        assert!(root.exists("values/dev.yaml") && !root.exists("values/prod.yaml") && !root.exists("../outside"));
    }

    #[test]
    fn a_link_within_is_followed_and_a_link_out_is_refused() {
        let (dir, root) = project();
        symlink("values/dev.yaml", dir.path().join("in/within")).unwrap();
        symlink("../outside", dir.path().join("in/out")).unwrap();
        symlink(dir.path(), dir.path().join("in/updir")).unwrap();
        assert!(root.exists("within") && root.exists("out") && root.exists("updir/outside"), "a link out is not nothing");
        symlink("nothing", dir.path().join("in/dangling")).unwrap();
        assert_eq!(root.read("within", 100), Ok(b"a: 1".to_vec()));
        for path in ["out", "updir/outside", "updir/in/values/dev.yaml"] {
            assert_eq!(
                refusal(&root, path),
                format!(
                    "`{path}` is a link that leaves the project, or goes through one; put a copy into the project in place of the link"
                )
            );
        }
        assert_eq!(refusal(&root, "dangling"), "`dangling` is a link to nothing; mend or remove the link");
        assert_eq!(
            refusal(&root, "values/../../outside"),
            "`values/../../outside` leaves the project with `..`; keep the file beneath the project's directory and name it from there"
        );
    }

    #[test]
    fn a_missing_file_names_its_neighbour() {
        let (_dir, root) = project();
        assert_eq!(refusal(&root, "values/dve.yaml"), "there is no file `values/dve.yaml`; write `values/dev.yaml`, or create the file");
        assert_eq!(refusal(&root, "valus/dev.yaml"), "there is no file `valus/dev.yaml`; create the file, or correct the path");
        assert_eq!(refusal(&root, "values/dev.yaml/x"), "there is no file `values/dev.yaml/x`; create the file, or correct the path");
    }

    #[test]
    fn a_huge_file_is_refused_before_it_is_read() {
        let (dir, root) = project();
        fs::File::create(dir.path().join("in/huge")).unwrap().set_len(10 << 30).unwrap();
        assert_eq!(
            refusal(&root, "huge"),
            "`huge` has 10737418240 bytes, more than the 100 that are allowed here; make the file smaller or split it"
        );
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let (dir, root) = project();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.path().join("in/pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let socket = dir.path().join("in/socket");
        let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for path in ["pipe", "values", "socket"] {
                sender.send((path, refusal(&root, path))).unwrap();
            }
        });
        for _ in 0..3 {
            let (path, refused) = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(refused, format!("`{path}` is not a regular file; name a regular file"));
        }
    }

    #[test]
    fn text_is_utf8_without_a_mark() {
        let (dir, root) = project();
        fs::write(dir.path().join("in/marked"), "\u{feff}a").unwrap();
        fs::write(dir.path().join("in/latin"), b"a\nb\n\xe4").unwrap();
        assert_eq!(root.read_text("marked", 100), Ok("a".to_owned()));
        let problem = root.read_text("latin", 100).unwrap_err();
        assert_eq!(format!("{problem}; {}", problem.next), "`latin` is not UTF-8 text from line 3 on; save the file as UTF-8");
    }

    #[test]
    fn the_directory_itself_must_exist() {
        let problem = Root::open(Path::new("/nonexistent/shop")).unwrap_err();
        assert_eq!(
            format!("{problem}; {}", problem.next),
            "there is no directory `/nonexistent/shop`; name the project's directory with `-C`"
        );
        let (dir, _root) = project();
        let file = dir.path().join("outside");
        let problem = Root::open(&file).unwrap_err();
        assert_eq!(problem.reason, format!("{} is not a directory", super::quote(&file.to_string_lossy())));
    }

    #[test]
    fn a_name_that_is_too_long_is_a_fault_of_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        for path in ["x".repeat(256), format!("{}.yaml", "ä".repeat(126)), format!("{}/a.yaml", "x".repeat(300))] {
            let problem = root.read(&path, 10).unwrap_err();
            assert_eq!(problem.fault, Fault::Project, "{}", problem.reason);
            assert!(problem.reason.ends_with("is too long: a name has at most 255 bytes"), "{}", problem.reason);
        }
    }
}
