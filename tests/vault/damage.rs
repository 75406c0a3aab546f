//! Answers that are damaged at every byte.

use crate::read::CANARY;

/// The answer at each of its bytes cut off there, and with a control character, a canary or a quote put in there. It must be ASCII.
pub(crate) fn damaged(good: &str) -> impl Iterator<Item = String> {
    (0..good.len()).flat_map(move |at| {
        let (before, after) = good.split_at(at);
        [before.to_owned(), format!("{before}\u{1}{after}"), format!("{before}{CANARY}{after}"), format!("{before}\"{after}")]
    })
}
