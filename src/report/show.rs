//! What `show` reports: a release with its secrets and masked manifests.

use schemars::JsonSchema;
use serde::Serialize;

use crate::history::RecordedBlank;
use crate::history::ReleaseEvent;
use crate::report::ReleaseReport;
use crate::report::Report;

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ShowReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// What shows without a key.
    pub summary: ReleaseReport,
    /// What became of it, in order.
    pub events: Vec<EventReport>,
    /// The values that the command line set.
    pub values: Vec<SetValue>,
    /// The secrets that were filled in.
    pub secrets: Vec<UsedSecret>,
    /// The manifests as YAML, with masks in the place of values.
    pub manifests: Vec<String>,
}

/// What became of a release at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventReport {
    /// When (RFC 3339).
    pub time: String,
    /// Who said so.
    pub actor: String,
    /// What: `emitted`, `applied`, `failed`, `rolled back by N`, `jobs completed`, or `destroyed`.
    pub what: String,
    /// More about it, such as why it failed.
    pub detail: String,
}

impl From<(ReleaseEvent, String)> for EventReport {
    fn from((event, detail): (ReleaseEvent, String)) -> Self {
        Self { time: event.time.to_string(), actor: event.actor, what: event.what.to_string(), detail }
    }
}

/// A value that the command line set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SetValue {
    /// Its path, such as `image.tag`.
    pub path: String,
    /// The value as JSON; `null` where it may be a secret.
    pub value: Option<String>,
    /// A keyed digest of it: equal values of an environment have equal ones.
    pub digest: String,
}

/// A secret that a release was filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsedSecret {
    /// The vault.
    pub vault: String,
    /// The name of the secret in it.
    pub name: String,
    /// The field of it.
    pub key: Option<String>,
    /// The version that the vault gave; empty if it has no versions.
    pub version: String,
    /// Whether the template asked for that version.
    pub pinned: bool,
    /// A keyed fingerprint of the value: equal values of an environment have equal ones.
    pub fingerprint: String,
    /// Where templates ask for it.
    pub places: Vec<String>,
}

impl Report for ShowReport {
    const KIND: &'static str = "ShowReport";
}

impl From<&RecordedBlank> for UsedSecret {
    fn from(blank: &RecordedBlank) -> Self {
        Self {
            vault: blank.vault.clone(),
            name: blank.name.clone(),
            key: blank.key.clone(),
            version: blank.version.clone(),
            pinned: blank.pinned,
            fingerprint: blank.fingerprint.to_string(),
            places: blank.places.iter().map(ToString::to_string).collect(),
        }
    }
}
