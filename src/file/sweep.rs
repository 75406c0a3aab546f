//! Removing what killed runs left beside what they were writing.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::file::side::side_prefix;

/// Removes, from an open folder, side files of what `belongs` names that no run holds; gives the names of what they were to become.
pub fn sweep_in(folder: &impl AsFd, belongs: &dyn Fn(&str) -> bool) -> io::Result<Vec<String>> {
    let mut swept = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Some((target, name)) = entry.file_name().to_str().ok().and_then(|name| Some((target_of(name)?, name))) else { continue };
        if !belongs(target) {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = rustix::fs::openat(folder, name, flags, Mode::empty()) else { continue };
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
                Ok(()) => swept.push(target.to_owned()),
                Err(Errno::NOENT | Errno::ISDIR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
    Ok(swept)
}

/// Removes what killed runs left of the directory `name` in `parent`, whose lock the caller holds; gives what cannot be removed, and why.
pub fn sweep(parent: &Path, name: &str) -> io::Result<Vec<(PathBuf, io::Error)>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|side| side.starts_with(&side_prefix(name))) {
            let removed = fs::remove_dir_all(entry.path());
            left.extend(removed.err().filter(|error| error.kind() != io::ErrorKind::NotFound).map(|error| (entry.path(), error)));
        }
    }
    Ok(left)
}

/// What the side file `name` was to become.
fn target_of(name: &str) -> Option<&str> {
    let (target, end) = name.strip_prefix('.')?.rsplit_once(".cloze-")?;
    (!end.is_empty() && !target.is_empty()).then_some(target)
}
