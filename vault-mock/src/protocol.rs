//! What one vendor's servers say; the engine around it knows nothing of vendors.

use std::fmt;

use crate::answer::Answer;
use crate::asked::Asked;

/// What one vendor's servers say.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// The answer when nothing goes wrong.
    fn answer(&self, asked: &Asked<'_>) -> Answer;

    /// An error in this protocol's own form. `words` replace the usual ones; `variant` picks among the kinds of one status,
    /// such as the 403s.
    fn failure(&self, asked: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer;

    /// What came as a credential, for the journal.
    fn credential(&self, asked: &Asked<'_>) -> Credential;

    /// What is asked for, in words that are no secret, for the journal and for scripts.
    fn subject(&self, asked: &Asked<'_>) -> Subject;

    /// What [`Fault::WrongCrc`](crate::Fault::WrongCrc) makes of an answer. A protocol without checksums leaves it as it is.
    fn corrupt(&self, answer: Answer) -> Answer {
        answer
    }

    /// The environment variables by which a client finds a server at `origin`, for demos.
    fn exports(&self, origin: &str) -> Vec<(&'static str, String)>;
}

/// What came as a credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    #[default]
    None,
    /// One that holds here.
    Known,
    /// One that held here, and was revoked or has expired.
    Dead,
    /// Something else.
    Unknown,
}

/// What a request asks for. Never a value, never a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The operation, such as `GetSecretValue`.
    pub operation: String,
    /// The names asked for.
    pub names: Vec<String>,
    /// What else a test may want to know, such as the namespace.
    pub notes: Vec<(&'static str, String)>,
}

impl Subject {
    /// An operation on some names.
    pub fn new(operation: impl Into<String>, names: Vec<String>) -> Self {
        Self { operation: operation.into(), names, notes: Vec::new() }
    }

    /// With a note.
    #[must_use]
    pub fn with(mut self, key: &'static str, note: impl Into<String>) -> Self {
        self.notes.push((key, note.into()));
        self
    }

    /// The note under `key`.
    #[must_use]
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.iter().find(|(other, _)| *other == key).map(|(_, note)| note.as_str())
    }
}
