//! The variables that a program was started with.

use std::fmt;

use crate::secret::Secret;

/// The variables that a program was started with. The library reads none by itself: the program lends it its own.
pub trait Surroundings: fmt::Debug + Send + Sync {
    /// The value of a variable; `None` when it is not set.
    fn get(&self, name: &str) -> Option<Secret>;

    /// The names of all variables that are set.
    fn names(&self) -> Vec<String>;
}
