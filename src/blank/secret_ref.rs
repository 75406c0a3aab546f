//! What is asked of a vault.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// What one `secret(…)` in a template asks for. Two equal asks are fetched once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretRef {
    /// One of the environment's vaults; `default` when the template names none.
    pub vault: String,
    /// The secret's name or path in that vault.
    pub name: String,
    /// A field of a structured secret.
    pub key: Option<String>,
    /// A pinned version.
    pub version: Option<String>,
}

impl fmt::Display for SecretRef {
    /// `vault/name#key@version`, for messages and masks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vault, self.name)?;
        if let Some(key) = &self.key {
            write!(f, "#{key}")?;
        }
        if let Some(version) = &self.version {
            write!(f, "@{version}")?;
        }
        Ok(())
    }
}
