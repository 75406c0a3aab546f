//! Reading a file that may be anything: a link, a device, a pipe or a giant is refused without waiting for it.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

/// The bytes of the regular file at `path`, `None` when nothing is there. The file itself may not be a link.
///
/// Fails with `InvalidData` when it is not a regular file, and with `FileTooLarge` above `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_in(&CWD, path)? else { return Ok(None) };
    let metadata = file.metadata()?;
    if metadata.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1));
    // It may grow meanwhile.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}

/// The regular file at `path` in an open folder, `None` when nothing is there. The file itself may not be a link.
pub fn open_in(folder: &impl AsFd, path: impl rustix::path::Arg) -> io::Result<Option<File>> {
    // A pipe would keep an ordinary open waiting for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(folder, path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::NOENT) => return Ok(None),
        // What open(2) says of links and sockets.
        Err(Errno::LOOP | Errno::NXIO) => return Err(io::ErrorKind::InvalidData.into()),
        Err(errno) => return Err(errno.into()),
    };
    if file.metadata()?.is_file() { Ok(Some(file)) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;
    use std::io::ErrorKind;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use rustix::fs::CWD;
    use rustix::fs::FileType;
    use rustix::fs::Mode;
    use rustix::fs::mknodat;

    use super::read;

    #[test]
    fn plain_files_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read(&path, 4).unwrap(), None);
        fs::write(&path, "text").unwrap();
        assert_eq!(read(&path, 4).unwrap().unwrap(), b"text");
        assert_eq!(read(&path, 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        fs::write(&path, "").unwrap();
        assert_eq!(read(&path, 0).unwrap().unwrap(), b"");
    }

    #[test]
    fn links_devices_pipes_sockets_folders_and_giants_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("plain"), "x").unwrap();
        symlink("plain", place("link")).unwrap();
        symlink("/dev/zero", place("zeros")).unwrap();
        mknodat(CWD, place("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        fs::create_dir(place("folder")).unwrap();
        let _socket = UnixListener::bind(place("socket")).unwrap();
        File::create(place("sparse")).unwrap().set_len(10 << 30).unwrap();
        for name in ["link", "zeros", "pipe", "folder", "socket", "sparse"] {
            assert!(read(&place(name), 1 << 20).is_err(), "{name}");
        }
        assert!(read(Path::new("/dev/zero"), 1 << 20).is_err());
    }
}
