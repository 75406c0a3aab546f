//! What a policy finds in an object.

use crate::place::Place;

/// Something in an object that a rule forbids.
#[derive(Debug)]
pub struct Violation {
    /// Where.
    pub place: Place,
    /// What is wrong, without the object and the rule's name.
    pub reason: String,
    /// What to do about it.
    pub next: String,
}
