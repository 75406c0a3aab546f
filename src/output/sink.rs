//! Where manifests go.

use std::fmt;

use crate::problem::Problem;

/// Takes the manifests of a release, all of them or none.
///
/// `Display` names the target for messages.
pub trait Sink: fmt::Display + fmt::Debug + Send + Sync {
    /// Takes the files, in apply order. `attempt` is a random text that no other run uses.
    fn emit(&self, files: &[OutputFile<'_>], attempt: &str) -> Result<(), Problem>;
}

/// A file to be written.
#[derive(Debug)]
pub struct OutputFile<'a> {
    /// Its name, without a folder.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}
