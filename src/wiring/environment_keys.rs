//! The keys of an environment, opened.

use std::path::PathBuf;
use std::sync::Arc;

use crate::key::Recipient;
use crate::seal::Keys;

/// The keys of an environment.
#[derive(Debug)]
pub(super) struct EnvironmentKeys {
    /// The keys.
    pub(super) keys: Arc<Keys>,
    /// The text of the keyring that gave them.
    pub(super) keyring: String,
    /// Who opened it.
    pub(super) opener: Recipient,
    /// What was made for it just now, when these are the environment's first keys.
    pub(super) created: Option<Created>,
}

/// The files of an environment's first keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Created {
    /// The key files that were made; empty where all that are needed existed.
    pub(super) key_files: Vec<PathBuf>,
    /// The keyring.
    pub(super) keyring: PathBuf,
}
