//! Which program is a vault.

use std::path::PathBuf;
use std::time::Duration;

/// Which program is a vault.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program and its arguments. The program is an absolute path, or a path with a `/` that is relative to `directory`.
    pub command: Vec<String>,
    /// The project's root, where the program runs.
    pub directory: PathBuf,
    /// How long one run may take.
    pub deadline: Duration,
    /// The paths under which secrets may be asked for; everything when there is none.
    pub prefixes: Vec<String>,
    /// The environment variables that the program does not inherit: those that are cloze's own.
    pub withheld: Vec<String>,
}
