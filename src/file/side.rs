//! The names of what is being written: beside its place, hidden, with a random end.

use crate::clock::Entropy;

/// The name under which `name` is written before it is put in its place.
pub fn side_name(name: &str, entropy: &dyn Entropy) -> String {
    format!("{}{}", side_prefix(name), entropy.token())
}

/// What every side name of `name` begins with.
pub fn side_prefix(name: &str) -> String {
    format!(".{name}.cloze-")
}
