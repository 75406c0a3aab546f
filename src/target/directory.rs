//! A directory of manifests, written to the side and put in place by one rename.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::FlockOperation;
use rustix::fs::RenameFlags;
use rustix::fs::flock;
use rustix::fs::renameat_with;
use rustix::io::Errno;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Hold;
use crate::target::OutputFile;
use crate::target::Sink;

/// A directory that cloze owns: every file in it is cloze's, and a list in it says so.
#[derive(Debug)]
pub struct Directory {
    target: PathBuf,
    parent: PathBuf,
    name: String,
}

impl Directory {
    /// The directory at `target`. Its parents are made when they are missing; nothing else is touched yet.
    ///
    /// # Errors
    /// When `target` is a link or a file, or holds files that cloze did not write.
    pub fn at(target: &Path) -> Result<Self, Problem> {
        let refuse = |reason: String, next: &str| Err(Problem::new(Fault::Usage, reason, next));
        let shown = target.display();
        let Some(name) = target.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return refuse(format!("`{shown}` cannot be an output directory"), "name a directory of its own with -o");
        };
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        // Another run may be putting its manifests in place just now.
        let _lock = if parent.is_dir() { Some(locked(&parent, FlockOperation::LockShared)?) } else { None };
        match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(machine(&error, target)),
            Ok(meta) if meta.is_symlink() => {
                return refuse(
                    format!("`{shown}` is a link, and secrets are not written through one"),
                    "name the directory itself with -o",
                );
            }
            Ok(meta) if !meta.is_dir() => return refuse(format!("`{shown}` is not a directory"), "name a directory with -o"),
            Ok(_) => {
                if let Some(foreign) = foreign_file(target)? {
                    return refuse(
                        format!("`{shown}` holds `{}`, which cloze did not write", foreign.escape_debug()),
                        "move it away, or name an empty directory with -o",
                    );
                }
            }
        }
        Ok(Self { target: target.to_owned(), parent, name })
    }

    /// Gives the leftover, where what was replaced cannot be removed.
    fn put_in_place(&self, side: &Path) -> io::Result<Option<Problem>> {
        if !self.target.try_exists()? {
            return fs::rename(side, &self.target).map(|()| None);
        }
        match renameat_with(CWD, side, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(removed(side)),
            // The file system cannot exchange.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.put_after_stepping_aside(side),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The old one steps aside first: between the two renames there is none.
    fn put_after_stepping_aside(&self, side: &Path) -> io::Result<Option<Problem>> {
        let mut old = side.as_os_str().to_owned();
        old.push("-old");
        fs::rename(&self.target, &old)?;
        if let Err(error) = fs::rename(side, &self.target) {
            // The first error is the one to tell; what steps aside is removed by the next run.
            let _ = fs::rename(&old, &self.target);
            return Err(error);
        }
        Ok(removed(Path::new(&old)))
    }

    /// Removes what earlier runs left; gives what cannot be removed.
    fn sweep(&self) -> io::Result<Vec<Problem>> {
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.parent)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&self.side_prefix())) {
                left.extend(removed(&entry.path()));
            }
        }
        Ok(left)
    }

    fn side_prefix(&self) -> String {
        format!(".{}.cloze-", self.name)
    }
}

impl Sink for Directory {
    fn hold(&self) -> Result<Hold, Problem> {
        let make = || DirBuilder::new().recursive(true).create(&self.parent);
        make().map_err(|error| machine(&error, &self.parent))?;
        locked(&self.parent, FlockOperation::LockExclusive).map(Hold::of)
    }

    /// Replaces what the directory holds by `files`: a reader finds all of the old or all of the new. Files are 0600, the
    /// directory is 0700. What was replaced, and what killed runs left beside it, is removed; where that fails, the new one stands
    /// all the same. `attempt` is a random text that no other run uses.
    fn emit(&self, _hold: &Hold, files: &[OutputFile<'_>], attempt: &str) -> Result<Vec<Problem>, Problem> {
        let mut left = self.sweep().map_err(|error| machine(&error, &self.parent))?;
        let side = self.parent.join(format!("{}{attempt}", self.side_prefix()));
        let written = write_side(&side, files).and_then(|()| self.put_in_place(&side));
        if written.is_err() {
            // The first error is the one to tell; the next run removes what this cannot.
            let _ = fs::remove_dir_all(&side);
        }
        left.extend(written.map_err(|error| machine(&error, &self.target))?);
        Ok(left)
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.display().fmt(f)
    }
}

/// The folder with a lock, which ends with the value or its process.
fn locked(folder: &Path, operation: FlockOperation) -> Result<File, Problem> {
    let file = File::open(folder).map_err(|error| machine(&error, folder))?;
    flock(&file, operation).map_err(|error| machine(&error.into(), folder))?;
    Ok(file)
}

/// Removes what was put aside; what to say where it stays.
fn removed(path: &Path) -> Option<Problem> {
    let error = fs::remove_dir_all(path).err().filter(|error| error.kind() != io::ErrorKind::NotFound)?;
    let reason = format!("`{}`, which holds older manifests, cannot be removed: {}", path.display(), error.kind());
    Some(Problem::new(
        Fault::Internal,
        reason,
        "remove it, it may hold secrets; where its permissions forbid that, `chmod -R u+rwX` it first",
    ))
}

fn write_side(side: &Path, files: &[OutputFile<'_>]) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(side)?;
    let mut list = String::with_capacity(files.len() * 48);
    for file in files {
        list.push_str(file.name);
        list.push('\n');
        create(&side.join(file.name), file.bytes)?;
    }
    create(&side.join(LIST), list.as_bytes())
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

/// A file in `directory` that its list does not name, if there is one.
fn foreign_file(directory: &Path) -> Result<Option<String>, Problem> {
    let failed = |error: io::Error| machine(&error, directory);
    let list = fs::read_to_string(directory.join(LIST)).unwrap_or_default();
    let known: BTreeSet<&str> = list.lines().chain([LIST]).collect();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        match name.to_str() {
            Some(text) if known.contains(text) => {}
            _ => return Ok(Some(name.to_string_lossy().into_owned())),
        }
    }
    Ok(None)
}

fn machine(error: &io::Error, path: &Path) -> Problem {
    Problem::new(
        Fault::Internal,
        format!("`{}` cannot be written: {}", path.display(), error.kind()),
        "make room and check the permissions, then run the command again",
    )
}

/// The file that lists what cloze wrote.
const LIST: &str = ".cloze-output";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::Directory;
    use crate::target::OutputFile;
    use crate::target::Sink;

    fn emit(target: &Path, files: &[OutputFile<'_>], attempt: &str) {
        let directory = Directory::at(target).unwrap();
        assert_eq!(directory.emit(&directory.hold().unwrap(), files, attempt).unwrap(), []);
    }

    #[test]
    fn replaces_everything_and_leaves_nothing_beside() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("dist/dev");
        let one = [OutputFile { name: "a.yaml", bytes: b"a" }, OutputFile { name: "b.yaml", bytes: b"b" }];
        emit(&target, &one, "1");
        fs::create_dir(root.path().join("dist/.dev.cloze-killed")).unwrap();
        let two = [OutputFile { name: "b.yaml", bytes: b"B" }];
        emit(&target, &two, "2");
        assert!(!target.join("a.yaml").exists());
        assert_eq!(fs::read(target.join("b.yaml")).unwrap(), b"B");
        assert_eq!(fs::metadata(target.join("b.yaml")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(root.path().join("dist")).unwrap().count(), 1);
    }

    #[test]
    fn where_nothing_can_be_exchanged_the_old_one_steps_aside() {
        let root = tempfile::tempdir().unwrap();
        let (target, side) = (root.path().join("dev"), root.path().join(".dev.cloze-1"));
        emit(&target, &[OutputFile { name: "a.yaml", bytes: b"a" }], "0");
        let directory = Directory::at(&target).unwrap();
        assert!(directory.put_after_stepping_aside(&side).is_err(), "there is nothing to put in place");
        assert_eq!(fs::read(target.join("a.yaml")).unwrap(), b"a");
        fs::create_dir(&side).unwrap();
        directory.put_after_stepping_aside(&side).unwrap();
        assert!(!target.join("a.yaml").exists());
        // Killed between the renames: the next run puts its own there and removes the rest.
        fs::rename(&target, root.path().join(".dev.cloze-2-old")).unwrap();
        emit(&target, &[OutputFile { name: "b.yaml", bytes: b"b" }], "3");
        assert!(target.join("b.yaml").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("mine.txt"), "x").unwrap();
        let refused = Directory::at(root.path()).unwrap_err();
        assert!(refused.reason.ends_with("holds `mine.txt`, which cloze did not write"), "{refused}");
        assert_eq!(refused.next, "move it away, or name an empty directory with -o");
        let file = Directory::at(&root.path().join("mine.txt")).unwrap_err();
        assert!(file.reason.ends_with("is not a directory"), "{file}");
        let link = root.path().join("link");
        symlink("/tmp", &link).unwrap();
        let through = Directory::at(&link).unwrap_err();
        assert!(through.reason.ends_with("is a link, and secrets are not written through one"), "{through}");
        assert!(Directory::at("/".as_ref()).unwrap_err().reason.ends_with("cannot be an output directory"));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told_without_loss() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "x").unwrap();
        let target = root.path().join("file/dist");
        let refused = match Directory::at(&target) {
            Ok(directory) => directory.hold().unwrap_err(),
            Err(problem) => problem,
        };
        assert!(refused.reason.contains("cannot be written: not a directory"), "{refused}");
    }
}
