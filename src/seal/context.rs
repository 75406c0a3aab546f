//! What a sealed object is bound to: it opens only as what it was sealed as.

use crate::digest::Digest;

/// Where and as what an object was sealed. Enters the key derivation, length-prefixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context<'a> {
    /// The random id of the keyring that the store and the local vault belong to.
    pub store: &'a str,
    /// The project's name.
    pub project: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// What kind of object.
    pub kind: Kind,
    /// Which one of its kind.
    pub identity: &'a str,
    /// A release's number; zero for what has none.
    pub number: u64,
    /// The digest of the record before this one; `None` for the first and for what has none.
    pub predecessor: Option<Digest>,
}

/// The kinds of sealed objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A version of a secret in the local vault.
    VaultEntry,
    /// The manifests that a release brought.
    Pack,
    /// The sealed part of a release's record.
    Record,
    /// The sealed part of an event's record.
    Event,
    /// The naming key and earlier root keys inside a keyring.
    Keyring,
    /// A root key, wrapped for one recipient.
    Slot,
}
