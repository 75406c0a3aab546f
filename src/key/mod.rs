//! The seam to key recipients: they wrap an environment's root key and give it back.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Entropy;
use crate::problem::{Fault, Problem};
use crate::seal::RootKey;
use crate::service::Diagnostic;

#[cfg(feature = "age")]
mod age;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg_attr(not(any(feature = "age", feature = "aws", feature = "azure")), allow(dead_code, reason = "not all ways of wrapping need it"))]
mod binding;
mod comparison;
mod file;
#[cfg(test)]
mod fuzz;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "hashicorp")]
mod hashicorp;
mod keyring;
#[cfg(test)]
mod memory;
mod parameter;
mod passphrase;
#[cfg(feature = "http")]
#[cfg_attr(not(feature = "vaults"), allow(dead_code, reason = "what services share is not all used where some are left out"))]
mod service;
#[cfg(test)]
mod suite;

#[cfg(feature = "age")]
pub use age::AgeKey;
#[cfg(feature = "aws")]
pub use aws::{KmsSettings, kms};
#[cfg(feature = "azure")]
pub use azure::{vault_and_name, wrapping_key};
pub use comparison::ExpectedRecipient;
pub use comparison::KeyringDifference;
pub use file::KeyFile;
#[cfg(feature = "gcp")]
pub(crate) use gcp::is_service as is_cloud_kms;
#[cfg(feature = "gcp")]
pub use gcp::{CloudKmsSettings, cloud_kms};
#[cfg(feature = "hashicorp")]
pub use hashicorp::transit;
pub use keyring::{Keyring, KeyringError};
#[cfg(test)]
pub(crate) use memory::MemoryKey;
pub use parameter::Parameter;
pub use passphrase::{Cost, Passphrase};
#[cfg(feature = "http")]
pub use service::ServiceKey;

/// A recipient of root keys.
#[async_trait]
pub trait KeyWrap: fmt::Display + fmt::Debug + Send + Sync {
    /// The kind and id that a slot made by this recipient carries.
    fn recipient(&self) -> Recipient;

    /// The root key wrapped for this recipient, bound to `context`. Never twice the same bytes.
    async fn wrap(&self, root: &RootKey, context: &[u8], entropy: &dyn Entropy) -> Result<Slot, KeyError>;

    /// Whether it has what opens a slot; a public key alone wraps only.
    fn can_open(&self) -> bool {
        true
    }

    /// Whether it is asked over a network.
    fn is_remote(&self) -> bool {
        false
    }

    /// The root key of a slot: `None` when the slot is another's, without trying.
    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>>;

    /// The steps to it, up to the first that fails; none for what is on this machine.
    async fn diagnose(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Ends what a login left open.
    async fn close(&self) {}
}

/// Which key a slot is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// `key-file`, `passphrase`, ….
    pub kind: String,
    /// The key's own id.
    pub id: String,
}

impl Recipient {
    /// Whether only who has the recipient's secret can wrap for it. For others a public key, or the right to encrypt, is enough.
    pub fn is_shared_secret(&self) -> bool {
        matches!(self.kind.as_str(), "key-file" | "passphrase")
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// A root key, wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Whose it is.
    #[serde(rename = "holder")]
    pub recipient: Recipient,
    /// What the recipient needs besides its key, such as a salt.
    #[serde(deserialize_with = "parameter::distinct")]
    pub parameters: BTreeMap<String, Parameter>,
    /// The wrapped key, standard base64 or the recipient's own text.
    pub wrapped: String,
}

/// Why a key recipient did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct KeyError {
    /// What is wrong; a lowercase fragment.
    pub reason: String,
    /// What to do.
    pub next: String,
}

impl KeyError {
    /// An error of these words.
    #[must_use]
    pub fn new(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { reason: reason.into(), next: next.into() }
    }

    /// That the slot of a recipient does not open by its own key.
    pub(crate) fn unopened(recipient: impl fmt::Display) -> Self {
        Self::new(
            format!("the slot of {recipient} does not open: the keyring was changed or is another's"),
            "restore the keyring from version control or from the history",
        )
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        Self::new(Fault::Vault, error.reason, error.next)
    }
}
