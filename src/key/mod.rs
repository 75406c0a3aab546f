//! The seam to key holders: they wrap an environment's root key and give it back.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::seal::RootKey;

/// A recipient of root keys.
#[async_trait]
pub trait KeyWrap: fmt::Display + fmt::Debug + Send + Sync {
    /// The kind and id that a slot made by this recipient carries.
    fn holder(&self) -> Holder;

    /// The root key wrapped for this recipient, bound to `context`.
    async fn wrap(&self, root: &RootKey, context: &[u8]) -> Result<Slot, KeyError>;

    /// The root key of a slot: `None` when the slot is another's, without trying.
    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>>;
}

/// Which key a slot is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// `key-file`, `passphrase`, ….
    pub kind: String,
    /// The key's own id.
    pub id: String,
}

/// A root key, wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Whose it is.
    pub holder: Holder,
    /// What the recipient needs besides its key, such as a salt.
    pub parameters: serde_json::Value,
    /// The wrapped key, standard base64.
    pub wrapped: String,
}

/// Why a key holder did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// What is wrong; a lowercase fragment.
    pub reason: String,
    /// What to do.
    pub next: String,
}
