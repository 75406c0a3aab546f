//! Which variables are a vault.

use std::sync::Arc;

use crate::vault::Surroundings;

/// Which variables are a vault.
#[derive(Debug)]
pub struct Settings {
    /// What is before a secret's name in its variable's name, such as `SHOP_`. May be empty.
    pub prefix: String,
    /// The variables.
    pub variables: Arc<dyn Surroundings>,
    /// What the names of secrets that may be asked for begin with; everything when there is none.
    pub prefixes: Vec<String>,
}
