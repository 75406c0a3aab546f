//! Where manifests go.

use std::fmt;
use std::fs::File;

use crate::problem::Problem;

/// Takes the manifests of a release, all of them or none.
///
/// `Display` names the target for messages.
pub trait Sink: fmt::Display + fmt::Debug + Send + Sync {
    /// Waits until no other run writes there.
    fn hold(&self) -> Result<Hold, Problem>;

    /// Takes the files, in apply order; gives what to warn of although they arrived. `attempt` is a random text that no other run uses.
    fn emit(&self, hold: &Hold, files: &[OutputFile<'_>], attempt: &str) -> Result<Vec<Problem>, Problem>;
}

/// The right to write, which ends with this value or its process.
#[derive(Debug)]
pub struct Hold {
    _lock: Option<File>,
}

impl Hold {
    /// Of what nobody else can write to.
    pub fn of_nothing() -> Self {
        Self { _lock: None }
    }

    /// With the lock on `file`.
    pub(crate) fn of(file: File) -> Self {
        Self { _lock: Some(file) }
    }
}

/// A file to be written.
#[derive(Debug)]
pub struct OutputFile<'a> {
    /// Its name, without a folder.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}
