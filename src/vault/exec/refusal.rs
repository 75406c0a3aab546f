//! The kinds of errors that a program can answer with.

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::words;

/// A kind of error: its word, its fault, what is wrong with what was asked for, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProgramError(&'static str, ServiceFault, &'static str, &'static str);

/// Those that the protocol names.
const KINDS: [ProgramError; 9] = [
    ProgramError("not-found", ServiceFault::NotFound, "or its version or key is not there", "check the name, the key and the version"),
    ProgramError("gone", ServiceFault::Gone, "was removed or disabled", "write it again, or ask for another version"),
    ProgramError("denied", ServiceFault::Denied, "may not be read", "allow the identity that the program uses to read it"),
    ProgramError(
        "unauthenticated",
        ServiceFault::Unauthenticated,
        "needs a login that the program does not have",
        "log in where the program does",
    ),
    ProgramError("bad-name", ServiceFault::BadName, "does not have a valid name there", "correct the name"),
    ProgramError("bad-value", ServiceFault::BadValue, "has a value that cannot be used", "correct the value where it is kept"),
    ProgramError("rate-limited", ServiceFault::RateLimited, "was asked for too often", "try again later"),
    ProgramError("unavailable", ServiceFault::Unavailable, "is not available now", "see to what the program needs, and try again"),
    ProgramError("unsupported", ServiceFault::Unsupported, "cannot be asked for in this way", "do without it, or extend the program"),
];

/// Any other.
const OTHER: ProgramError =
    ProgramError("", ServiceFault::Unavailable, "was not given", "run the program by hand with a request on its standard input");

impl ProgramError {
    /// The one of that kind.
    pub(super) fn of(kind: Json<'_>) -> Self {
        KINDS.into_iter().find(|known| kind.is(known.0)).unwrap_or(OTHER)
    }

    /// The error in cloze's words and the program's.
    pub(super) fn error(self, ask: Option<&SecretRef>, message: Option<&str>) -> ServiceError {
        let Self(_, fault, wrong, next) = self;
        let what = ask.map_or_else(|| "what was asked for".to_owned(), |ask| format!("`{}`", words::tame(&ask.name, 64)));
        let said = message.map(|message| words::tame(message.trim_end_matches(['.', '\n']), 200)).filter(|message| !message.is_empty());
        ServiceError::new(fault, said.map_or_else(|| format!("{what} {wrong}"), |said| format!("{what} {wrong}: {said}")), next)
    }
}
