//! What a history is opened with.

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::seal::Keys;

/// What a history is opened with.
#[derive(Debug, Clone, Copy)]
pub struct HistorySession<'a> {
    /// The environment's keys.
    pub keys: &'a Keys,
    /// The text of the keyring that gave them; a copy of it lies in the store.
    pub keyring: &'a [u8],
    /// For the times in records.
    pub clock: &'a dyn Clock,
    /// For attempts and salts.
    pub entropy: &'a dyn Entropy,
}
