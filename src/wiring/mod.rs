//! From settings to adapters: the one room that knows both.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "hashicorp")]
mod hashicorp;
#[cfg(feature = "http")]
mod http;
mod keys;
#[cfg(any(feature = "azure", feature = "hashicorp"))]
mod needs;
mod open_vaults;
#[cfg(feature = "http")]
mod origins;
#[cfg(any(feature = "env", feature = "exec"))]
mod programs;
mod prompt;
mod vaults;

pub use keys::{Created, EnvironmentKeys, IfMissing};
pub use open_vaults::OpenVaults;
pub use prompt::TrustPrompt;

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::file;
use crate::history::LocalDirectory;
use crate::identity::Environment;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::Root;
use crate::project::Settings;
use crate::project::Variables;
use crate::secret::Secret;
use crate::service::Meters;
#[cfg(any(feature = "env", feature = "exec"))]
use crate::vault::Surroundings;

/// What adapters are made from.
#[derive(Debug, Clone, Copy)]
pub struct Wiring<'a> {
    /// The project's root.
    pub root: &'a Root,
    /// The same as a path.
    pub base: &'a Path,
    /// What applies to this run.
    pub settings: &'a Settings,
    /// The passphrase, where a recipient of that kind is asked.
    pub passphrase: Option<&'a Secret>,
    /// The variables of the run: what is secret in a vault's settings comes from there.
    pub variables: &'a Variables,
    /// The user's home directory, where some tools keep a token.
    pub home: Option<&'a Path>,
    /// What the clouds' own tools take from the environment.
    pub tools: &'a Arc<Environment>,
    /// The variables of the process, for vaults of kind `env` and for programs.
    #[cfg(any(feature = "env", feature = "exec"))]
    pub surroundings: &'a Arc<dyn Surroundings>,
    /// Whether vaults of kind `exec` may run their programs.
    pub allow_exec: bool,
    /// Asks the person at the terminal which servers may have credentials, where there is one.
    pub prompt: Option<&'a dyn TrustPrompt>,
    /// Count the calls to each vault.
    pub meters: &'a Meters,
    /// The time.
    pub clock: &'a Arc<dyn Clock>,
    /// Randomness.
    pub entropy: &'a Arc<dyn Entropy>,
}

impl Wiring<'_> {
    /// The store of the environment's history.
    pub fn store(&self) -> Result<LocalDirectory, Problem> {
        let entropy = Arc::clone(self.entropy);
        match &self.settings.history {
            Location::Anywhere(path) => Ok(LocalDirectory::at(path, entropy)),
            Location::Beneath(path) => {
                let shown = self.beneath(path)?;
                let base = self.root.dir().try_clone().map_err(|error| file::unwritten(&shown, &error))?;
                Ok(LocalDirectory::beneath(base, Path::new(path), shown.display().to_string(), entropy))
            }
        }
    }

    /// The file that remembers the history's head.
    pub fn checkpoint(&self) -> Result<PathBuf, Problem> {
        self.beneath(&self.settings.pin)
    }

    fn located(&self, location: &Location) -> Result<PathBuf, Problem> {
        match location {
            Location::Beneath(path) => self.beneath(path),
            Location::Anywhere(path) => Ok(path.clone()),
        }
    }

    /// The path of what lies, or will lie, beneath the root, once no link on the way leads out of it.
    pub fn beneath(&self, path: &str) -> Result<PathBuf, Problem> {
        let mut part = Path::new(path);
        while !part.as_os_str().is_empty() {
            match self.root.dir().symlink_metadata(part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => part = part.parent().unwrap_or_else(|| Path::new("")),
                Ok(_) if self.root.dir().canonicalize(part).is_ok() => break,
                _ => {
                    return Err(Problem::new(
                        Fault::Project,
                        format!("`{path}` is reached through a link that leaves the project's directory, or to nothing"),
                        "put a directory in the link's place",
                    ));
                }
            }
        }
        Ok(self.base.join(path))
    }

    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<bool, Problem> {
        file::create(path, bytes, mode, self.entropy.as_ref()).map_err(|error| file::unwritten(path, &error))
    }
}
