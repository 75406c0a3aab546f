//! A release that was opened with the key.

use crate::digest::Digest;
use crate::history::body::Body;
use crate::history::body::RecordedManifest;
use crate::history::pack::Blob;
use crate::history::summary::Summary;

/// A release, opened and proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its head.
    pub summary: Summary,
    /// The digest of its record.
    pub digest: Digest,
    /// What it was made from and what it is made of.
    pub body: Body,
}

/// A manifest of a release with its bytes.
#[derive(Debug, Clone)]
pub struct StoredManifest<'r> {
    /// What the record says of it.
    pub manifest: &'r RecordedManifest,
    /// Its bytes, exactly as recorded.
    pub content: Blob,
    /// Its recipe, if one was recorded.
    pub recipe: Option<Blob>,
}
