//! The manifests of a release, read from its packs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;

use crate::history::body::BlobRef;
use crate::history::body::RecordedManifest;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::layout::PackId;
use crate::history::log::History;
use crate::history::pack::Pack;
use crate::history::reader::PARALLEL;
use crate::history::release::Release;
use crate::history::release::StoredManifest;

impl History<'_> {
    /// The manifests of `release`, in apply order, byte for byte as recorded.
    pub async fn manifests<'r>(&self, release: &'r Release) -> Result<Vec<StoredManifest<'r>>, HistoryError> {
        self.some_manifests(release.body.manifests.iter().collect()).await
    }

    /// The bytes of these manifests of one release. Packs that hold none of them are not opened.
    pub async fn some_manifests<'r>(&self, manifests: Vec<&'r RecordedManifest>) -> Result<Vec<StoredManifest<'r>>, HistoryError> {
        let ids: BTreeSet<PackId> = manifests.iter().flat_map(|manifest| manifest.blobs()).map(|stored| stored.pack).collect();
        let packs: BTreeMap<PackId, Pack> =
            stream::iter(ids).map(|id| async move { Ok((id, self.pack(id).await?)) }).buffered(PARALLEL).try_collect().await?;
        let slice = |stored: &BlobRef| match packs.get(&stored.pack) {
            Some(pack) => pack.blob(stored),
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
