//! What `init` takes.

use clap::Args;

/// Which project to create, and where.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Directory to create, such as `shop` or `apps/shop`; its name is the project's [default with --here: the directory's name]
    pub(crate) name: Option<String>,
    /// Create the project in this directory; files that exist are not overwritten
    #[arg(long)]
    pub(crate) here: bool,
    /// Write only what a project needs, without the example
    #[arg(long)]
    pub(crate) bare: bool,
    /// Deploy it, too
    #[arg(long, conflicts_with = "bare")]
    pub(crate) deploy: bool,
}
