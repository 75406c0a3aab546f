//! A place in memory for a value that an editor of the user's has to have as a file.

use std::fs;
use std::fs::DirBuilder;
use std::fs::OpenOptions;
use std::io;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::clock::Entropy;
use crate::file;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::local::VALUE_LIMIT;

/// A directory of one's own in memory-backed storage. When it ends, every file in it is overwritten and removed, those that the editor left
/// there too.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// One in the first of `places` that is in memory, such as `$XDG_RUNTIME_DIR` and `/dev/shm`.
    ///
    /// # Errors
    /// None of them is, or none can be written to: then nothing may be written at all, since a disk keeps what is deleted from it.
    pub fn new(places: impl IntoIterator<Item = PathBuf>, entropy: &dyn Entropy) -> Result<Self, ServiceError> {
        let name = format!("cloze-{}", entropy.token());
        let made = places.into_iter().filter(|place| in_memory(place)).map(|place| place.join(&name));
        let directory = made.into_iter().find(|directory| DirBuilder::new().mode(0o700).create(directory).is_ok());
        directory.map(|directory| Self { directory }).ok_or_else(|| {
            let reason = "there is no directory in memory, and a file on a disk could be recovered after it was deleted";
            let next = "set XDG_RUNTIME_DIR to a directory on a tmpfs, or pipe the value into `cloze vault set`";
            ServiceError::new(ServiceFault::Unavailable, reason, next)
        })
    }

    /// Writes a file that only its owner may read; gives its path.
    pub fn write(&self, name: &str, value: &[u8]) -> io::Result<PathBuf> {
        let path = self.directory.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(value)?;
        Ok(path)
    }

    /// What is in a file now.
    ///
    /// # Errors
    /// It is gone, not a regular file, or larger than a value of the vault can be.
    pub fn read(&self, path: &Path) -> Result<Secret, ServiceError> {
        let failed =
            |reason: String| ServiceError::new(ServiceFault::BadValue, reason, "save one text in the file that the editor was given");
        match file::read(path, VALUE_LIMIT as u64) {
            Ok(Some(bytes)) => Ok(Secret::new(bytes)),
            Ok(None) => Err(failed("the editor removed the file".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(failed(format!("the edited value is larger than {} KiB", VALUE_LIMIT >> 10)))
            }
            Err(error) => Err(failed(format!("the edited file cannot be read: {}", file::cause(&error)))),
        }
    }

    fn wipe(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let about = fs::symlink_metadata(&path)?;
            if about.is_file() {
                let mut file = OpenOptions::new().write(true).custom_flags(NO_FOLLOW).open(&path)?;
                file.rewind()?;
                io::copy(&mut io::Read::take(io::repeat(0), about.len()), &mut file)?;
            }
            fs::remove_file(&path)?;
        }
        fs::remove_dir(&self.directory)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in memory, in a directory that only its owner may read.
        let _ = self.wipe();
    }
}

const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// Whether a directory is on a `tmpfs` or `ramfs` (`linux/magic.h`).
#[cfg(target_os = "linux")]
fn in_memory(place: &Path) -> bool {
    const MAGIC: [u32; 2] = [0x0102_1994, 0x8584_58f6];
    place.is_absolute()
        && rustix::fs::statfs(place).is_ok_and(|about| MAGIC.iter().any(|magic| i128::from(about.f_type) == i128::from(*magic)))
}

/// Other systems do not say.
#[cfg(not(target_os = "linux"))]
fn in_memory(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::Scratch;
    use crate::clock::Machine;

    fn shm() -> Scratch {
        Scratch::new(["/proc".into(), "relative".into(), PathBuf::from("/dev/shm")], &Machine).unwrap()
    }

    #[test]
    fn files_are_the_owner_s_alone_and_gone_with_the_directory() {
        let scratch = shm();
        let path = scratch.write("value.json", b"hunter2").unwrap();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&scratch.directory)), (0o600, 0o700));
        fs::write(scratch.directory.join("value.json~"), "hunter1").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", scratch.directory.join("link")).unwrap();
        // A second name keeps what the first one loses, so that the wiping shows.
        let kept = PathBuf::from(format!("{}.kept", scratch.directory.display()));
        fs::hard_link(&path, &kept).unwrap();
        assert_eq!(scratch.read(&path).unwrap().expose(), b"hunter2");
        let directory = scratch.directory.clone();
        drop(scratch);
        assert!(!directory.exists() && fs::metadata("/etc/hostname").is_ok());
        let left = fs::read(&kept).unwrap();
        fs::remove_file(&kept).unwrap();
        assert_eq!(left, [0; 7]);
    }

    #[test]
    fn a_disk_is_refused() {
        let disk = std::env::current_dir().unwrap();
        let error = Scratch::new([disk, "/proc".into(), "/nowhere".into()], &Machine).unwrap_err();
        assert!(error.reason.starts_with("there is no directory in memory"), "{}", error.reason);
    }

    #[test]
    fn an_edited_file_that_is_not_a_value_is_told() {
        let scratch = shm();
        let path = scratch.write("value", &vec![b'x'; (64 << 10) + 1]).unwrap();
        assert_eq!(scratch.read(&path).unwrap_err().reason, "the edited value is larger than 64 KiB");
        fs::remove_file(&path).unwrap();
        assert_eq!(scratch.read(&path).unwrap_err().reason, "the editor removed the file");
    }
}
