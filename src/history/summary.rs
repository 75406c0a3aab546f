//! The head of a release's record: what a listing shows, without any key.

use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::owner::Owner;
use crate::history::write_id::WriteId;

/// What is in the clear about a release. Says nothing about its secrets, not even how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Who this very record is; first, so that a torn record still shows it.
    pub attempt: WriteId,
    /// The record's format.
    pub(crate) format: u64,
    /// The keyring's id.
    pub store: String,
    /// Whose.
    pub owner: Owner,
    /// From 1, without gaps.
    pub number: u64,
    /// The digest of the record before this one; `None` for the first.
    pub predecessor: Option<Digest>,
    /// How many events the record before this one had by then: fewer later on means that some were cut off.
    #[serde(rename = "heard")]
    pub seen_events: u32,
    /// The digest of the keyring whose copy opens this record.
    pub keyring: Digest,
    /// When, by the clock of the machine that released. Orders nothing.
    pub time: Timestamp,
    /// Who, as the caller says.
    pub actor: String,
    /// The revision of the source, such as a commit.
    pub revision: Option<String>,
    /// What the actor wanted to say.
    pub note: Option<String>,
    /// What it was.
    pub action: Action,
    /// How many manifests there are.
    pub manifests: u64,
    /// How many of them the predecessor did not have.
    pub changed: u64,
}

/// What a release was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// A deploy of the templates.
    Deploy,
    /// A return to an earlier release.
    Rollback {
        /// The release whose configuration it is.
        of: u64,
    },
}
