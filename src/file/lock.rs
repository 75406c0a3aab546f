//! The right to change what is in a folder, which other runs wait for.

use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::fs::flock;
use rustix::io::Errno;

/// Whether others may have it at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// To read: beside others that read.
    Shared,
    /// To write: alone.
    Exclusive,
}

/// How long a run that holds a lock may take. One that was stopped holds it for ever.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(10);

/// The folder with a lock on it (flock(2)), which ends with the value or its process.
///
/// # Errors
/// `ResourceBusy` when another run still holds it after a minute.
pub fn lock(folder: &Path, access: LockMode) -> io::Result<File> {
    lock_within(folder, access, PATIENCE)
}

/// The same, after that time at most.
///
/// # Errors
/// `ResourceBusy` when another run still holds it then.
pub fn lock_within(folder: &Path, access: LockMode, patience: Duration) -> io::Result<File> {
    let file = File::open(folder)?;
    let operation = match access {
        LockMode::Shared => FlockOperation::NonBlockingLockShared,
        LockMode::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    for _ in 0..=patience.as_millis() / PAUSE.as_millis() {
        match flock(&file, operation) {
            Ok(()) => return Ok(file),
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) => sleep(PAUSE),
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::thread::spawn;
    use std::time::Duration;

    use super::LockMode;
    use super::lock;
    use super::lock_within;

    #[test]
    fn a_lock_that_is_held_too_long_is_an_error_and_one_that_ends_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path(), LockMode::Exclusive).unwrap();
        for access in [LockMode::Shared, LockMode::Exclusive] {
            let refused = lock_within(folder.path(), access, Duration::from_millis(30)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
        }
        let path = folder.path().to_owned();
        let waiting = spawn(move || lock(&path, LockMode::Exclusive).map(drop));
        drop(held);
        waiting.join().unwrap().unwrap();
        let (_one, _other) = (lock(folder.path(), LockMode::Shared).unwrap(), lock(folder.path(), LockMode::Shared).unwrap());
    }
}
