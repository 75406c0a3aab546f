//! Writing a file whole or not at all: beside its place, synced, renamed, and its folder synced.

use std::fs::DirBuilder;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use crate::clock::Entropy;
use crate::file::side::side_name;
use crate::file::sweep::sweep_in;

/// What of a file outlives a power cut once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: for what serves this run alone.
    Nothing,
    /// Its bytes: wherever its name is, it is whole; but its name may be gone, or be that of the file before it.
    Bytes,
    /// Its bytes and its name.
    Name,
}

/// Creates the file at `path` with `bytes` and `mode`, unless something is there already; says whether it did. Missing folders are made
/// with mode 0700. After a crash the file is there whole, or not at all.
pub fn create(path: &Path, bytes: &[u8], mode: u32, entropy: &dyn Entropy) -> io::Result<bool> {
    let (folder, name) = parent(path, 0o700)?;
    create_in(&folder, &name, bytes, Mode::from_raw_mode(mode), Durability::Name, entropy)
}

/// Puts a file with `bytes` and `mode` at `path`, in the place of the file or link that is there. Missing folders are made with mode 0755. After a crash
/// the file is there whole, the old one or the new one.
///
/// Fails with `InvalidData` where a device, a pipe or a socket is there.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, entropy: &dyn Entropy) -> io::Result<()> {
    replace_at(path, bytes, mode, Durability::Name, entropy)
}

/// The same, without waiting for the folder: a power cut may bring the old file back, whole.
pub fn replace_soon(path: &Path, bytes: &[u8], mode: u32, entropy: &dyn Entropy) -> io::Result<()> {
    replace_at(path, bytes, mode, Durability::Bytes, entropy)
}

fn replace_at(path: &Path, bytes: &[u8], mode: u32, durability: Durability, entropy: &dyn Entropy) -> io::Result<()> {
    let (folder, name) = parent(path, 0o755)?;
    let there = rustix::fs::statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|there| FileType::from_raw_mode(there.st_mode));
    if there.is_some_and(|there| !matches!(there, FileType::RegularFile | FileType::Symlink | FileType::Directory)) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    put(folder.as_fd(), &name, bytes, Mode::from_raw_mode(mode), durability, entropy)
}

/// As [`create`], in a folder that is open. Nothing is swept.
pub fn create_in(
    folder: &impl AsFd,
    name: &str,
    bytes: &[u8],
    mode: Mode,
    durability: Durability,
    entropy: &dyn Entropy,
) -> io::Result<bool> {
    let folder = folder.as_fd();
    loop {
        let side = side_name(name, entropy);
        let written = write(folder, &side, bytes, mode, durability).and_then(|file| put_in_place(folder, &side, name).map(|()| file));
        match written {
            Ok(_) => break synced(folder, durability).map(|()| true),
            // Another run swept it between its creation and its lock.
            Err(Errno::NOENT) if rustix::fs::statat(folder, ".", AtFlags::empty()).is_ok_and(|folder| folder.st_nlink > 0) => {}
            Err(errno) => {
                discard(folder, &side);
                break if errno == Errno::EXIST { Ok(false) } else { Err(errno.into()) };
            }
        }
    }
}

/// As [`replace`], in a folder that is open. Nothing is swept.
pub fn replace_in(folder: &impl AsFd, name: &str, bytes: &[u8], mode: Mode, entropy: &dyn Entropy) -> io::Result<()> {
    put(folder.as_fd(), name, bytes, mode, Durability::Name, entropy)
}

fn put(folder: BorrowedFd<'_>, name: &str, bytes: &[u8], mode: Mode, durability: Durability, entropy: &dyn Entropy) -> io::Result<()> {
    loop {
        let side = side_name(name, entropy);
        let written =
            write(folder, &side, bytes, mode, durability).and_then(|file| rustix::fs::renameat(folder, &side, folder, name).map(|()| file));
        match written {
            Ok(_) => break synced(folder, durability),
            Err(Errno::NOENT) if rustix::fs::statat(folder, ".", AtFlags::empty()).is_ok_and(|folder| folder.st_nlink > 0) => {}
            Err(errno) => {
                discard(folder, &side);
                break Err(errno.into());
            }
        }
    }
}

/// The folder of `path`, made if need be, swept of what killed runs left of the file, and the file's name.
fn parent(path: &Path, mode: u32) -> io::Result<(File, String)> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(mode).create(folder)?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidFilename)?;
    let folder = File::open(folder)?;
    sweep_in(&folder, &|target| target == name)?;
    Ok((folder, name.to_owned()))
}

/// Writes the file to the side, under a lock that says that its run is alive.
fn write(folder: BorrowedFd<'_>, side: &str, bytes: &[u8], mode: Mode, durability: Durability) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(folder, side, flags, mode)?);
    rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
    let written = file.write_all(bytes).and_then(|()| if durability == Durability::Nothing { Ok(()) } else { file.sync_data() });
    written.map(|()| file).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Renames `side` to `name` unless something is there.
fn put_in_place(folder: BorrowedFd<'_>, side: &str, name: &str) -> Result<(), Errno> {
    match rustix::fs::renameat_with(folder, side, folder, name, RenameFlags::NOREPLACE) {
        // The file system has no such rename.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            rustix::fs::linkat(folder, side, folder, name, AtFlags::empty())?;
            rustix::fs::unlinkat(folder, side, AtFlags::empty())
        }
        done => done,
    }
}

fn synced(folder: BorrowedFd<'_>, durability: Durability) -> io::Result<()> {
    if durability == Durability::Name { Ok(rustix::fs::fsync(folder)?) } else { Ok(()) }
}

/// The first error is the one to tell; what cannot be removed now is swept later.
fn discard(folder: BorrowedFd<'_>, side: &str) {
    let _ = rustix::fs::unlinkat(folder, side, AtFlags::empty());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::thread;

    use rustix::fs::CWD;
    use rustix::fs::FileType;
    use rustix::fs::Mode;
    use rustix::fs::mknodat;

    use super::create;
    use super::replace;
    use crate::clock::Machine;

    #[test]
    fn the_first_writer_wins_and_nothing_is_left_beside() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/key");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(root.path().join("a/b/.key.cloze-killed"), "half").unwrap();
        fs::write(root.path().join("a/b/.other.cloze-killed"), "another's").unwrap();
        assert!(create(&path, b"one", 0o600, &Machine).unwrap());
        assert!(!create(&path, b"two", 0o600, &Machine).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 2);
    }

    #[test]
    fn of_many_writers_one_wins_and_the_file_is_whole() {
        for round in 0..20 {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("key");
            let won: Vec<usize> = thread::scope(|scope| {
                let write = |writer: usize| {
                    let path = &path;
                    move || create(path, &[u8::try_from(writer).unwrap(); 9000], 0o600, &Machine).unwrap()
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
    fn no_device_pipe_or_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        for name in ["pipe", "socket"] {
            assert_eq!(replace(&path(name), b"x", 0o600, &Machine).unwrap_err().kind(), ErrorKind::InvalidData);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
        symlink("elsewhere", path("link")).unwrap();
        replace(&path("link"), b"x", 0o600, &Machine).unwrap();
        assert!(!path("link").is_symlink() && !path("elsewhere").exists(), "a link is replaced itself");
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/dev.lock");
        replace(&path, b"one", 0o644, &Machine).unwrap();
        fs::write(folder.path().join("locks/.dev.lock.cloze-dead"), "left").unwrap();
        replace(&path, b"two", 0o644, &Machine).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"three", 0o644, &Machine).is_err());
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 1);
    }
}
