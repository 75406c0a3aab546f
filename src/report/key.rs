//! What the commands of `key` report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::key::Recipient;
use crate::report::Report;

/// The keys of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The path of the keyring in the project.
    pub keyring: String,
    /// Whether the keys were made by this run; else the environment had some, and they open its keyring.
    pub created: bool,
    /// Whether the keyring was only in the history, and was written into the project.
    pub restored: bool,
    /// The key files that were made.
    pub key_files: Vec<String>,
}

/// The recipients of an environment's root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyListReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The path of the keyring in the project.
    pub keyring: String,
    /// Those that the project names, in its order, then those that only the keyring has.
    pub keys: Vec<KeyEntry>,
}

/// A recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyEntry {
    /// `key-file`, `passphrase`, ….
    pub kind: String,
    /// Its id; none where only the key says it, the key is not at hand and the keyring has no key of its kind left.
    pub id: Option<String>,
    /// Whether it opens the keyring.
    pub in_keyring: bool,
    /// Whether `keys:` of the project file names it.
    pub expected: bool,
    /// Whether this run could use it. A service is not asked.
    pub at_hand: bool,
}

/// What `key add`, `key remove` and `key rotate` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyChangeReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The path of the keyring in the project.
    pub keyring: String,
    /// Who opens the keyring from now on.
    pub added: Vec<KeyRecipient>,
    /// Who does not open it any more.
    pub removed: Vec<KeyRecipient>,
    /// The key files that were made.
    pub key_files: Vec<String>,
    /// Whether there is a new root key.
    pub rotated: bool,
    /// Whether there is a new naming key.
    pub names_renewed: bool,
    /// The local vaults whose secrets were sealed under the new root key.
    pub vaults: Vec<String>,
}

/// A key that opens a keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyRecipient {
    /// `key-file`, `passphrase`, ….
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl From<Recipient> for KeyRecipient {
    fn from(Recipient { kind, id }: Recipient) -> Self {
        Self { kind, id }
    }
}

impl Report for KeyReport {
    const KIND: &'static str = "KeyReport";
}

impl Report for KeyListReport {
    const KIND: &'static str = "KeyListReport";
}

impl Report for KeyChangeReport {
    const KIND: &'static str = "KeyChangeReport";
}
