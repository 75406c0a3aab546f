//! What commands that compare take.

use std::path::PathBuf;

use clap::Args;

use crate::args::Masking;
use crate::args::Templates;
use crate::args::release;
use crate::usage::Misuse;

/// What `diff` compares, and how.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Diff {
    #[command(flatten)]
    pub(crate) templates: Templates,
    /// Release to compare with [default: the current one]
    #[arg(value_name = "RELEASE", value_parser = release)]
    pub(crate) before: Option<u64>,
    /// Release to compare, in place of what a deploy would make
    #[arg(value_name = "LATER", value_parser = release)]
    #[arg(conflicts_with_all = ["files", "set", "set_string", "strict", "online", "locked"])]
    pub(crate) after: Option<u64>,
    /// The same as RELEASE
    #[arg(long, value_name = "RELEASE", value_parser = release, conflicts_with_all = ["before", "after"])]
    pub(crate) against: Option<u64>,
    /// Compare with another revision of the project, checked out in DIR: needs no key, no vault and no history
    #[arg(long, value_name = "DIR", conflicts_with_all = ["before", "after", "against", "online", "live", "locked"])]
    pub(crate) base: Option<PathBuf>,
    /// Compare with the project as it is in revision REV of its git repository, without a checkout: needs no key, no vault and no history
    #[arg(long, value_name = "REV", conflicts_with_all = ["before", "after", "against", "base", "online", "live", "locked"])]
    pub(crate) git: Option<String>,
    /// Ask remote vaults, too
    #[arg(long)]
    pub(crate) online: bool,
    /// Compare with what is live in the environment's cluster, by the server's own dry run; asks all vaults
    #[arg(long, conflicts_with_all = ["before", "after", "against"])]
    pub(crate) live: bool,
    /// Compare with the versions in the lock file
    #[arg(long)]
    pub(crate) locked: bool,
    /// Show which secrets and objects change, and not what changes in them
    #[arg(long)]
    pub(crate) stat: bool,
    /// Show also names that only follow others, and the manifests of objects that are removed
    #[arg(long, conflicts_with = "stat")]
    pub(crate) all: bool,
    /// Exit with 1 if there are differences
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) templates: Templates,
    /// File to write the plan to
    #[arg(short, long, value_name = "FILE", value_parser = plan_file)]
    pub(crate) output: PathBuf,
    /// Fill with exactly the versions in the lock file
    #[arg(long)]
    pub(crate) locked: bool,
    /// Note to keep with the release
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Exit with 1 if there are differences
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) masking: Masking,
}

/// Where a plan goes: a file, since what is sealed is nothing for a terminal, and stdout has what changes.
fn plan_file(text: &str) -> Result<PathBuf, Misuse> {
    match text {
        "" | "-" => Err(Misuse::new("`-o` needs a file for the plan: stdout has what changes", "name a file, such as `-o prod.plan`")),
        _ => Ok(text.into()),
    }
}
