//! The command line of `secrets`.

use clap::Args;

use crate::args::ValueArgs;

/// What `secrets` looks at.
#[derive(Debug, Args)]
pub(crate) struct SecretsArgs {
    #[command(flatten)]
    pub(crate) values: ValueArgs,
    /// List the secrets of every environment of the project
    #[arg(long, conflicts_with = "environment")]
    pub(crate) all: bool,
    /// Ask the vaults for current versions, age and expiry; no value is read
    #[arg(long)]
    pub(crate) online: bool,
    /// List what is in the vaults and used nowhere; asks them for their lists of names
    #[arg(long)]
    pub(crate) unused: bool,
}
