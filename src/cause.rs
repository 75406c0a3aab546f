//! Why the system refused, in words of ours: those of the standard library are for programmers ("uncategorized error").

use std::io;
use std::io::ErrorKind;

use rustix::io::Errno;

/// Why the system refused, as a lowercase fragment. It has no words of the error in it, which may repeat what was read.
pub fn cause(error: &io::Error) -> String {
    let words = match Errno::from_io_error(error) {
        Some(Errno::LOOP) => "it is a link that leads back to itself",
        Some(Errno::MFILE | Errno::NFILE) => "too many files are open",
        Some(Errno::IO) => "the disk is failing",
        Some(Errno::NOMEM) => "no memory is left",
        Some(Errno::NODEV | Errno::NXIO) => "there is no such device",
        Some(Errno::TXTBSY) => "it is being written",
        Some(Errno::NOEXEC) => "it is not a program of this machine",
        number => return of_kind(error.kind()).map_or_else(|| numbered(number), str::to_owned),
    };
    words.to_owned()
}

fn of_kind(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::AlreadyExists => "it exists already",
        ErrorKind::StorageFull => "no space left",
        ErrorKind::QuotaExceeded => "the disk quota is used up",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::InvalidFilename => "its name is too long",
        ErrorKind::NotADirectory => "not a directory",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::DirectoryNotEmpty => "the directory is not empty",
        ErrorKind::ResourceBusy => "it is in use",
        // What reading of ours gives for these.
        ErrorKind::InvalidData => "it is a link or not a regular file",
        ErrorKind::FileTooLarge => "it is too large",
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "the connection was cut off",
        ErrorKind::HostUnreachable => "no route to the host",
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => "the network is unreachable",
        ErrorKind::AddrNotAvailable => "the address cannot be used from here",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer in time",
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::WriteZero => "it ended too early",
        ErrorKind::Interrupted => "it was interrupted",
        ErrorKind::OutOfMemory => "no memory is left",
        ErrorKind::ArgumentListTooLong => "its arguments are too long",
        ErrorKind::Unsupported => "this system does not support it",
        _ => return None,
    })
}

fn numbered(number: Option<Errno>) -> String {
    number
        .map_or_else(|| "the system refused it".to_owned(), |number| format!("the system refused it with error {}", number.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustix::io::Errno;

    use super::cause;

    #[test]
    fn no_number_is_shown_in_the_words_of_the_standard_library() {
        for number in 1..134 {
            let error = io::Error::from_raw_os_error(number);
            let words = cause(&error);
            let named = words.contains(' ') && !words.contains("uncategorized") && !words.contains("os error") && !words.contains("entity");
            assert!(named && words.starts_with(|first: char| first.is_ascii_lowercase()), "{number}: {words}");
        }
    }

    #[test]
    fn the_causes_that_people_meet_have_words() {
        let table = [
            (Errno::LOOP, "it is a link that leads back to itself"),
            (Errno::NOENT, "it does not exist"),
            (Errno::ACCESS, "permission denied"),
            (Errno::MFILE, "too many files are open"),
            (Errno::NOSPC, "no space left"),
            (Errno::CONNREFUSED, "connection refused"),
            (Errno::HOSTUNREACH, "no route to the host"),
            (Errno::XDEV, "the system refused it with error 18"),
        ];
        for (number, words) in table {
            assert_eq!(cause(&number.into()), words);
        }
        assert_eq!(cause(&io::Error::other("canary")), "the system refused it");
    }
}
