//! A release that was opened with the key.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;

use crate::digest::Digest;
use crate::history::HistoryError;
use crate::history::body::Body;
use crate::history::body::RecordedManifest;
use crate::history::body::Stored;
use crate::history::layout;
use crate::history::log::History;
use crate::history::pack::Pack;
use crate::history::pack::PackId;
use crate::history::pack::Slice;
use crate::history::reader::PARALLEL;
use crate::history::record::Summary;

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
    pub content: Slice,
    /// Its recipe, if one was recorded.
    pub recipe: Option<Slice>,
}

impl History<'_> {
    /// The manifests of `release`, in apply order, byte for byte as recorded.
    pub async fn manifests<'r>(&self, release: &'r Release) -> Result<Vec<StoredManifest<'r>>, HistoryError> {
        self.some_manifests(release.body.manifests.iter().collect()).await
    }

    /// The bytes of these manifests of one release. Packs that hold none of them are not opened.
    pub async fn some_manifests<'r>(&self, manifests: Vec<&'r RecordedManifest>) -> Result<Vec<StoredManifest<'r>>, HistoryError> {
        let ids: BTreeSet<PackId> = manifests.iter().flat_map(|manifest| manifest.stored()).map(|stored| stored.pack).collect();
        let packs: BTreeMap<PackId, Pack> =
            stream::iter(ids).map(|id| async move { Ok((id, self.pack(id).await?)) }).buffered(PARALLEL).try_collect().await?;
        let slice = |stored: &Stored| match packs.get(&stored.pack) {
            Some(pack) => pack.slice(stored),
            None => Err(HistoryError::damaged(layout::pack(stored.pack), "it is gone")),
        };
        let one = |manifest: &'r RecordedManifest| {
            Ok(StoredManifest { manifest, content: slice(&manifest.content)?, recipe: manifest.recipe.as_ref().map(slice).transpose()? })
        };
        manifests.into_iter().map(one).collect()
    }

    /// A part of a pack, opened.
    pub(crate) async fn pack(&self, id: PackId) -> Result<Pack, HistoryError> {
        let path = layout::pack(id);
        let sealed = self.reader.access.get(&path).await?.ok_or_else(|| HistoryError::damaged(path, "it is gone"))?;
        Pack::open(id, sealed, &self.reader.owner, self.session.keys)
    }
}
