//! What is said of a file that could not be written.

use std::io;
use std::path::Path;

use crate::cause::cause;
use crate::problem::Fault;
use crate::problem::Problem;

/// The problem of a file or directory at `path` that could not be written.
pub fn unwritten(path: &Path, error: &io::Error) -> Problem {
    // The machine is well; the name is not.
    let fault = if error.kind() == io::ErrorKind::InvalidFilename { Fault::Usage } else { Fault::Internal };
    Problem::new(fault, format!("`{}` cannot be written: {}", path.display(), cause(error)), next_step(error))
}

/// What to do about it.
pub fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, then run the command again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "fix the permissions, then run the command again",
        io::ErrorKind::ResourceBusy => "wait until the other run ends, and end one that was stopped",
        _ => "check the path, then run the command again",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::unwritten;
    use crate::problem::Fault;

    #[test]
    fn a_full_disk_is_not_a_matter_of_permissions() {
        let said = |kind| unwritten(Path::new("dist/dev"), &io::Error::from(kind));
        let full = said(io::ErrorKind::StorageFull);
        assert_eq!(
            (&*full.reason, &*full.next),
            ("`dist/dev` cannot be written: no space left", "free some space, then run the command again")
        );
        assert!(said(io::ErrorKind::QuotaExceeded).next.starts_with("free some space"));
        let busy = said(io::ErrorKind::ResourceBusy);
        assert_eq!(
            (&*busy.reason, &*busy.next),
            ("`dist/dev` cannot be written: it is in use", "wait until the other run ends, and end one that was stopped")
        );
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            assert!(said(kind).next.starts_with("fix the permissions"), "{kind}");
        }
        assert_eq!((said(io::ErrorKind::InvalidFilename).fault, full.fault), (Fault::Usage, Fault::Internal));
        assert!(said(io::ErrorKind::NotADirectory).next.starts_with("check the path"));
    }
}
