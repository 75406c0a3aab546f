//! What commands take that remove.

use std::time::Duration;

use clap::Args;
use cloze::project::seconds;

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
    /// How long objects may take to go: seconds, or a time such as `2m` [default: `cluster.wait` of the environment]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,
}

/// How many to keep.
fn kept(text: &str) -> Result<usize, Misuse> {
    let one = |keep: &usize| *keep > 0;
    count(text).ok().filter(one).ok_or_else(|| Misuse::new(format!("`{text}` is not a number of releases to keep"), "write 1 or more"))
}

/// A time as in the project file.
fn time(text: &str) -> Result<Duration, Misuse> {
    let next = "write whole seconds up to a day, or a time such as `90s` or `2m`";
    seconds(text).map(Duration::from_secs).ok_or_else(|| Misuse::new(format!("`{text}` is not a time"), next))
}
