//! The file of a local vault: replaced whole or not at all, one writer at a time, never through a link.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::io::Errno;

use crate::clock::Entropy;
use crate::file;
use crate::file::LockMode;
use crate::service::ServiceError;
use crate::service::ServiceFault;

/// The largest file that is read.
const LIMIT: u64 = 256 << 20;

/// Where a local vault lies.
#[derive(Debug, Clone)]
pub(super) struct VaultFile {
    path: PathBuf,
}

/// The right to change the file: an exclusive `flock` on its directory, which ends with this value or its process.
#[derive(Debug)]
pub(super) struct Locked<'f> {
    file: &'f VaultFile,
    directory: std::fs::File,
}

impl VaultFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file's bytes, or `None` when there is no file.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, ServiceError> {
        file::read(&self.path, LIMIT).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => self.not_a_file(),
            io::ErrorKind::FileTooLarge => {
                let reason = format!("{self} is larger than {} MiB", LIMIT >> 20);
                ServiceError::new(ServiceFault::Unavailable, reason, "check that it is the vault's file")
            }
            _ => self.failed("read", &error),
        })
    }

    /// Waits for other writers to end, and removes what killed ones left.
    pub(super) fn lock(&self) -> Result<Locked<'_>, ServiceError> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(|error| self.failed("write", &error))?;
        let directory = file::lock(parent, LockMode::Exclusive).map_err(|error| self.failed("write", &error))?;
        let locked = Locked { file: self, directory };
        locked.sweep().map_err(|error| self.failed("write", &error))?;
        Ok(locked)
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn not_a_file(&self) -> ServiceError {
        ServiceError::new(ServiceFault::Unavailable, format!("{self} is a link or not a regular file"), "put the vault's file itself there")
    }

    fn failed(&self, action: &str, error: &io::Error) -> ServiceError {
        let reason = format!("cannot {action} {self}: {}", file::cause(error));
        ServiceError::new(ServiceFault::Unavailable, reason, file::next_step(error))
    }
}

impl Locked<'_> {
    /// Puts `text` in the file's place: written to the side with mode 0600, synced, renamed, and the directory synced.
    pub(super) fn replace(&self, text: &str, entropy: &dyn Entropy) -> Result<(), ServiceError> {
        let vault = self.file;
        match rustix::fs::statat(&self.directory, vault.name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(about) if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile => return Err(vault.not_a_file()),
            Ok(_) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(vault.failed("write", &errno.into())),
        }
        file::replace_in(&self.directory, &vault.name(), text.as_bytes(), Mode::RUSR | Mode::WUSR, entropy)
            .map_err(|error| vault.failed("write", &error))
    }

    /// Removes what killed writers left, those of earlier versions too.
    fn sweep(&self) -> io::Result<()> {
        let name = self.file.name();
        file::sweep_in(&self.directory, &|target| target == name)?;
        match rustix::fs::unlinkat(&self.directory, format!(".{name}.new"), AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}

impl fmt::Display for VaultFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::VaultFile;
    use crate::clock::Machine;

    #[test]
    fn replaces_with_mode_0600_and_removes_leftovers() {
        let directory = tempfile::tempdir().unwrap();
        let file = VaultFile::new(directory.path().join("secrets/dev.vault"));
        assert_eq!(file.read().unwrap(), None);
        drop(file.lock().unwrap());
        for name in [".dev.vault.new", ".dev.vault.cloze-ab"] {
            std::fs::write(directory.path().join("secrets").join(name), "torn").unwrap();
        }
        file.lock().unwrap().replace("text", &Machine).unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"text");
        let mode = std::fs::metadata(directory.path().join("secrets/dev.vault")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path().join("secrets")).unwrap().count(), 1);
    }

    #[test]
    fn links_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        let link = directory.path().join("dev.vault");
        symlink(&target, &link).unwrap();
        let file = VaultFile::new(link.clone());
        let expected = format!("{} is a link or not a regular file", link.display());
        assert_eq!(file.read().unwrap_err().reason, expected);
        assert_eq!(file.lock().unwrap().replace("text", &Machine).unwrap_err().reason, expected);
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
        assert_eq!(VaultFile::new(directory.path().to_owned()).read().unwrap_err().next, "put the vault's file itself there");
    }

    #[test]
    fn failures_name_the_file_and_the_kind() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("file"), "").unwrap();
        let file = VaultFile::new(directory.path().join("file/dev.vault"));
        assert_eq!(file.read().unwrap_err().reason, format!("cannot read {file}: not a directory"));
        assert!(file.lock().unwrap_err().reason.starts_with(&format!("cannot write {file}: ")));
    }
}
