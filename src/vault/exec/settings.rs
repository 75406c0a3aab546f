//! Which program is a vault.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::service::Meter;

/// Which program is a vault.
#[derive(Debug)]
pub struct Settings {
    /// The program and its arguments. The program is an absolute path, or a path with a `/` that is relative to `directory`.
    pub command: Vec<String>,
    /// The project's root, where the program runs.
    pub directory: PathBuf,
    /// How long one run may take.
    pub deadline: Duration,
    /// The paths under which secrets may be asked for; everything when there is none.
    pub prefixes: Vec<String>,
    /// All of the program's environment variables.
    pub environment: Vec<(String, Secret)>,
    /// Counts the runs.
    pub meter: Arc<Meter>,
}
