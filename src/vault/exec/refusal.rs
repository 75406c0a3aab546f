//! The kinds of errors that a program can answer with.

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::words;

/// A kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    kind: &'static str,
    fault: ServiceFault,
    /// What is wrong, of a secret's name.
    named: &'static str,
    /// What is wrong, of no name.
    plain: &'static str,
    next: &'static str,
}

/// Those that the protocol names.
const KINDS: [Refusal; 9] = [
    Refusal {
        kind: "not-found",
        fault: ServiceFault::NotFound,
        named: "or the version or key asked for is not there",
        plain: "what was asked for is not there",
        next: "check the name, the key and the version",
    },
    Refusal {
        kind: "gone",
        fault: ServiceFault::Gone,
        named: "was removed or disabled",
        plain: "what was asked for was removed or disabled",
        next: "write it again, or ask for another version",
    },
    Refusal {
        kind: "denied",
        fault: ServiceFault::Denied,
        named: "may not be read",
        plain: "the program was denied access",
        next: "allow the identity that the program uses to read it",
    },
    Refusal {
        kind: "unauthenticated",
        fault: ServiceFault::Unauthenticated,
        named: "needs a login that the program does not have",
        plain: "the program is not logged in",
        next: "log in where the program does",
    },
    Refusal {
        kind: "bad-name",
        fault: ServiceFault::BadName,
        named: "is no name there",
        plain: "a name is none there",
        next: "correct the name",
    },
    Refusal {
        kind: "bad-value",
        fault: ServiceFault::BadValue,
        named: "has a value that cannot be used",
        plain: "a value cannot be used",
        next: "correct the value where it is kept",
    },
    Refusal {
        kind: "rate-limited",
        fault: ServiceFault::RateLimited,
        named: "was asked for too often",
        plain: "too much was asked for",
        next: "try again later",
    },
    Refusal {
        kind: "unavailable",
        fault: ServiceFault::Unavailable,
        named: "cannot be had now",
        plain: "the program cannot answer now",
        next: "see to what the program needs, and try again",
    },
    Refusal {
        kind: "unsupported",
        fault: ServiceFault::Unsupported,
        named: "cannot be asked for in this way",
        plain: "the program cannot do that",
        next: "do without it, or extend the program",
    },
];

/// Any other.
const OTHER: Refusal = Refusal {
    kind: "",
    fault: ServiceFault::Unavailable,
    named: "could not be had",
    plain: "the program failed",
    next: "run the program by hand with a request on its standard input",
};

impl Refusal {
    /// The one of that kind.
    pub(super) fn of(kind: Json<'_>) -> Self {
        KINDS.into_iter().find(|known| kind.is(known.kind)).unwrap_or(OTHER)
    }

    /// The error in cloze's words and the program's.
    pub(super) fn error(self, ask: Option<&SecretRef>, message: Option<&str>) -> ServiceError {
        let Self { kind: _, fault, named, plain, next } = self;
        let own = ask.map_or_else(|| plain.to_owned(), |ask| format!("`{}` {named}", words::tame(&ask.name, 64)));
        let said = message.map(|message| words::tame(message.trim_end_matches(['.', '\n']), 200)).filter(|message| !message.is_empty());
        ServiceError::new(fault, said.map_or_else(|| own.clone(), |said| format!("{own}: {said}")), next)
    }
}
