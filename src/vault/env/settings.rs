//! Which variables are a vault.

use std::fmt;
use std::sync::Arc;

use crate::secret::Secret;

/// Which variables are a vault.
#[derive(Debug)]
pub struct Settings {
    /// What stands before a secret's name in its variable's name, such as `SHOP_`. May be empty.
    pub prefix: String,
    /// The variables.
    pub variables: Arc<dyn Surroundings>,
    /// What the names of secrets that may be asked for begin with; everything when there is none.
    pub prefixes: Vec<String>,
}

/// The variables that a program was started with. The library reads none by itself: the program lends it its own.
pub trait Surroundings: fmt::Debug + Send + Sync {
    /// The value of a variable; `None` when it is not set.
    fn get(&self, name: &str) -> Option<Secret>;

    /// The names of all variables that are set.
    fn names(&self) -> Vec<String>;
}
