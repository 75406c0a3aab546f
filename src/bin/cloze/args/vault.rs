//! What `vault` takes.

use clap::Args;
use clap::Subcommand;

use crate::args::Masking;

/// What to do with a vault.
#[derive(Debug, Subcommand)]
pub(crate) enum Vault {
    /// Set a secret of the local vault; the value comes from a prompt or stdin
    #[command(after_help = "Examples:
  cloze vault set db-password              type the value at a prompt
  openssl rand -hex 24 | tr -d '\\n' | cloze vault set db-password")]
    Set {
        /// Name of the secret
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Print the value of a secret, as it is
    Get {
        /// Name of the secret
        name: String,
        /// Print this field of a structured secret
        #[arg(long)]
        key: Option<String>,
        /// Print an earlier version
        #[arg(long = "at", value_name = "VERSION")]
        version: Option<String>,
        #[command(flatten)]
        which: Which,
        /// Print to a terminal, too
        #[arg(long)]
        reveal: bool,
        #[command(flatten)]
        masking: Masking,
    },
    /// List the names and versions of secrets
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Remove a secret of the local vault; its old versions stay for pinned blanks
    Remove {
        /// Name of the secret
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

/// Which vault of the environment.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// Name of the vault in the project file
    #[arg(long = "vault", value_name = "VAULT", default_value = "default")]
    pub(crate) vault: String,
}
