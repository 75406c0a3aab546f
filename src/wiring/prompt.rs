//! The question that only the holder of the credentials can answer.

use std::fmt;

/// Asks the person at the terminal.
pub trait TrustPrompt: fmt::Debug {
    /// Whether the vault of that name may have credentials by this entry: `ORIGIN`, or `ORIGIN=AUDIENCE` for id tokens of that audience. An
    /// answer is remembered.
    fn confirms(&self, vault: &str, entry: &str) -> bool;
}
