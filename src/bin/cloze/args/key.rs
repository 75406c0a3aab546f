//! What `key` takes.

use clap::Subcommand;

/// What to do with the keys of an environment.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make the first keys of an environment: its keyring and its key file
    Init,
    /// List the keys that open the keyring, and those that `keys:` of the project file names
    List,
    /// Let the keys that `keys:` names, and the keyring lacks, open it; needs one key that opens it
    Add,
    /// Take the keys out of the keyring that `keys:` does not name
    Remove,
    /// Put a new root key in the place of the present one, for all keys; what is sealed already still opens
    #[command(after_help = "Examples:
  cloze key rotate -e prod             after a key was removed
  cloze key rotate -e prod --names     also rename every Secret with the next deploy, once")]
    Rotate {
        /// Renew the key behind the names of Secrets, too: each gets a new name with the next deploy, and what uses it restarts
        #[arg(long)]
        names: bool,
    },
}
