//! From settings to adapters: the one room that knows both.

mod candidates;
#[cfg(feature = "cluster")]
mod cluster;
mod environment_keys;
mod history;
#[cfg(feature = "http")]
mod http;
mod key_files;
mod keys;
#[cfg(any(feature = "azure", feature = "hashicorp"))]
mod needs;
mod new_project;
#[cfg(not(feature = "cluster"))]
mod no_cluster;
#[cfg(feature = "http")]
mod origins;
mod placement;
mod policy;
mod ports;
mod recipients;
mod revision;
mod rollout_request;
mod session;
mod setup;
mod vaults;

pub use candidates::Candidates;
pub use new_project::NewProject;
pub use new_project::command_in;
pub use ports::IfMissing;
pub use ports::Ports;
pub use ports::Prompt;
pub use ports::PromptedPassphrase;
pub use revision::Revision;
pub use rollout_request::DestroyRequest;
pub use rollout_request::RolloutRequest;
pub use session::DeployResult;
pub use session::PruneRequest;
pub use session::RollbackRequest;
pub use session::SecretsRequest;
pub use session::Session;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::file;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::Root;
use crate::project::Settings;
use crate::secret::Secret;

/// What adapters are made from.
#[derive(Debug, Clone, Copy)]
struct Wiring<'a> {
    /// The project's root.
    root: &'a Root,
    /// The same as a path.
    base: &'a Path,
    /// What applies to this run.
    settings: &'a Settings,
    /// What comes from outside the project.
    ports: &'a Ports<'a>,
    /// Where the head of a history is remembered that no project on disk names.
    pin: Option<&'a Path>,
    /// The passphrase, where a recipient of that kind is asked.
    passphrase: Option<&'a Secret>,
}

impl Wiring<'_> {
    /// The file that remembers the history's head.
    fn checkpoint(&self) -> Result<PathBuf, Problem> {
        self.pin.map_or_else(|| self.beneath(&self.settings.pin), |pin| Ok(pin.to_owned()))
    }

    fn located(&self, location: &Location) -> Result<PathBuf, Problem> {
        match location {
            Location::Beneath(path) => self.beneath(path),
            Location::Anywhere(path) => Ok(path.clone()),
        }
    }

    /// The path of what lies, or will lie, beneath the root, once no link on the way leads out of it.
    fn beneath(&self, path: &str) -> Result<PathBuf, Problem> {
        let mut part = Path::new(path);
        while !part.as_os_str().is_empty() {
            match self.root.dir().symlink_metadata(part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => part = part.parent().unwrap_or_else(|| Path::new("")),
                Ok(_) if self.root.dir().canonicalize(part).is_ok() => break,
                _ => {
                    return Err(Problem::new(
                        Fault::Project,
                        format!("`{path}` goes through a link that leaves the project or is broken"),
                        "replace the link with a directory",
                    ));
                }
            }
        }
        Ok(self.base.join(path))
    }

    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<bool, Problem> {
        file::create(path, bytes, mode, self.ports.entropy.as_ref()).map_err(|error| file::unwritten(path, &error))
    }
}
