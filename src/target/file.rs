//! A small file that is written once, whole or not at all.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::CWD;
use rustix::fs::FlockOperation;
use rustix::fs::RenameFlags;
use rustix::fs::flock;
use rustix::fs::renameat_with;
use rustix::io::Errno;

/// Creates the file at `path` with `bytes` and `mode`, unless something is there already; says whether it did. Missing folders are made
/// with mode 0700. After a crash the file is there whole, or not at all; what a killed run left beside it is removed by the next.
/// `attempt` is a random text that no other run uses.
pub fn create_once(path: &Path, bytes: &[u8], mode: u32, attempt: &str) -> io::Result<bool> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let prefix = format!(".{name}.cloze-");
    sweep(parent, &prefix)?;
    let side = parent.join(format!("{prefix}{attempt}"));
    loop {
        let written = write(&side, bytes, mode).and_then(|held| put_in_place(&side, path).map(|()| held));
        match written {
            Ok(_) => break File::open(parent)?.sync_all().map(|()| true),
            // Another run swept it between its creation and its lock.
            Err(error) if error.kind() == io::ErrorKind::NotFound && parent.is_dir() => {}
            Err(error) => {
                // The first error is the one to tell; the next run removes what this cannot.
                let _ = fs::remove_file(&side);
                break if error.kind() == io::ErrorKind::AlreadyExists { Ok(false) } else { Err(error) };
            }
        }
    }
}

/// Puts a file with `bytes` and `mode` at `path`, in the place of what is there. Missing folders are made with mode 0755. After a crash the
/// file is there whole, the old one or the new one; what a killed run left beside it is removed by the next.
/// `attempt` is a random text that no other run uses.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, attempt: &str) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let prefix = format!(".{name}.cloze-");
    sweep(parent, &prefix)?;
    let side = parent.join(format!("{prefix}{attempt}"));
    let written = write(&side, bytes, mode).and_then(|held| fs::rename(&side, path).map(|()| held));
    match written {
        Ok(_) => File::open(parent)?.sync_all(),
        Err(error) => {
            // The first error is the one to tell; the next run removes what this cannot.
            let _ = fs::remove_file(&side);
            Err(error)
        }
    }
}

/// Writes the file to the side, under a lock that says that its run is alive.
fn write(side: &Path, bytes: &[u8], mode: u32) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(side)?;
    flock(&file, FlockOperation::LockExclusive)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Renames `side` to `path` unless something is there.
fn put_in_place(side: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, side, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // The file system has no such rename.
        Err(Errno::INVAL | Errno::NOSYS) => fs::hard_link(side, path).and_then(|()| fs::remove_file(side)),
        Err(errno) => Err(errno.into()),
    }
}

/// Removes what killed runs left: side files that no run holds.
fn sweep(parent: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix))
            && let Ok(file) = File::open(entry.path())
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::create_once;

    #[test]
    fn the_first_writer_wins_and_nothing_is_left_beside() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/key");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(root.path().join("a/b/.key.cloze-killed"), "half").unwrap();
        assert!(create_once(&path, b"one", 0o600, "1").unwrap());
        assert!(!create_once(&path, b"two", 0o600, "2").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn of_many_writers_one_wins_and_the_file_is_whole() {
        for round in 0..20 {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("key");
            let won: Vec<usize> = thread::scope(|scope| {
                let write = |writer: usize| {
                    let path = &path;
                    move || create_once(path, &[u8::try_from(writer).unwrap(); 9000], 0o600, &writer.to_string()).unwrap()
                };
                let runs: Vec<_> = (0..8).map(|writer| scope.spawn(write(writer))).collect();
                let won = runs.into_iter().map(|run| run.join().unwrap());
                won.enumerate().filter(|(_, won)| *won).map(|(writer, _)| writer).collect()
            });
            assert_eq!(won.len(), 1, "round {round}");
            assert_eq!(fs::read(&path).unwrap(), [u8::try_from(won[0]).unwrap(); 9000]);
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/dev.lock");
        super::replace(&path, b"one", 0o644, "a").unwrap();
        fs::write(folder.path().join("locks/.dev.lock.cloze-dead"), "left").unwrap();
        super::replace(&path, b"two", 0o644, "b").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(super::replace(&path, b"three", 0o644, "c").is_err());
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 1);
    }
}
