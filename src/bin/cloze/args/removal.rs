//! What commands take that remove.

use clap::Args;

use crate::args::count;
use crate::usage::Misuse;

/// What `prune` removes.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// How many of the newest releases to keep [default: `cluster.keep` of the environment]
    #[arg(long, value_name = "COUNT", value_parser = kept)]
    pub(crate) keep: Option<usize>,
    /// Leave the cluster alone
    #[arg(long)]
    pub(crate) history_only: bool,
    /// Show what would be removed; remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// What `destroy` takes.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    /// Show what would be removed; remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove without having the environment's name typed
    #[arg(long)]
    pub(crate) yes: bool,
}

/// How many to keep.
fn kept(text: &str) -> Result<usize, Misuse> {
    let one = |keep: &usize| *keep > 0;
    count(text).ok().filter(one).ok_or_else(|| Misuse::new(format!("`{text}` is not a number of releases to keep"), "write 1 or more"))
}
