//! Which release wants to be in a target.

/// A release that wants to be in a target: a target that others write to refuses an older one, and one of another history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// The id of its history's store; empty where there is none yet.
    pub store: String,
    /// Its number.
    pub release: u64,
    /// Whether it brings an earlier one back.
    pub goes_back: bool,
    /// The id of what the target keeps its releases in, as [`Reservation::inventory`](crate::target::Reservation::inventory) gave it for an earlier
    /// release; `None` where none is known.
    pub inventory: Option<String>,
    /// What has run to its end and is not to run again, as [`Reservation::finished`](crate::target::Reservation::finished) gave it.
    pub done: Vec<String>,
}
