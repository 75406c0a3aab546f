//! What `history` takes besides its options.

use clap::Subcommand;

/// What is done with a history as a whole.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Copy the history to another store; run it again to carry on or to catch up. Needs no key
    Copy {
        /// Where the history is
        #[arg(value_name = "FROM")]
        from: String,
        /// Where the copy is to be
        #[arg(value_name = "TO")]
        to: String,
    },
}
