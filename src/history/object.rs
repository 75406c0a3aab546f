//! A history store over `object_store`: whatever that crate reaches over a network.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use bytes::BytesMut;
use futures::TryStreamExt;
use object_store::GetOptions;
use object_store::GetRange;
use object_store::ObjectStore;
use object_store::ObjectStoreExt;
use object_store::PutMode;
use object_store::PutOptions;
use object_store::PutPayload;

use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::OBJECT_LIMIT;
use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::store::is_path;

/// A history store over `object_store`.
#[derive(Debug)]
pub struct ObjectStoreHistory {
    store: Arc<dyn ObjectStore>,
    name: String,
}

impl ObjectStoreHistory {
    /// The history in `store`, under the name that messages give it; never a URL with a credential in it.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, name: impl Into<String>) -> Self {
        Self { store, name: name.into() }
    }

    async fn read(&self, path: &str, length: Option<usize>) -> Result<Option<Bytes>, StoreError> {
        let range = length.map(|length| GetRange::Bounded(0..length as u64));
        let found = match self.store.get_opts(&self.path(path)?, GetOptions { range, ..GetOptions::default() }).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.error(&error)),
        };
        let limit = length.unwrap_or(OBJECT_LIMIT);
        let too_large = || StoreError { fault: StoreFault::Unreadable, reason: format!("it is larger than {} MiB", OBJECT_LIMIT >> 20) };
        let size = usize::try_from(found.range.end - found.range.start).ok().filter(|size| *size <= limit).ok_or_else(too_large)?;
        let mut bytes = BytesMut::with_capacity(size);
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| self.error(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes.freeze()))
    }

    fn path(&self, path: &str) -> Result<object_store::path::Path, StoreError> {
        let refused = || StoreError { fault: StoreFault::Unsupported, reason: format!("{path:?} is not a path in {}", self.name) };
        if is_path(path) { object_store::path::Path::parse(path).map_err(|_| refused()) } else { Err(refused()) }
    }

    /// The error in our own words: those of stores may hold what a URL holds.
    fn error(&self, error: &object_store::Error) -> StoreError {
        let (fault, words) = match error {
            object_store::Error::PermissionDenied { .. } => (StoreFault::Denied, "permission denied"),
            object_store::Error::Unauthenticated { .. } => (StoreFault::Denied, "the credential is not accepted"),
            object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
                (StoreFault::Unsupported, "it cannot do what a history needs")
            }
            _ => (StoreFault::Unsure, "no usable answer"),
        };
        StoreError { fault, reason: format!("{}: {words}", self.name) }
    }
}

#[async_trait]
impl HistoryStore for ObjectStoreHistory {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let path = self.path(path)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&path, PutPayload::from_bytes(bytes), options).await {
            Ok(_) => Ok(Creation::Created),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(Creation::Exists),
            Err(error) => Err(self.error(&error)),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(path, None).await
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.read(path, Some(length)).await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let prefix = if folder.is_empty() { None } else { Some(self.path(folder)?) };
        let found = match self.store.list_with_delimiter(prefix.as_ref()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(Listing::default()),
            Err(error) => return Err(self.error(&error)),
        };
        let name = |path: &object_store::path::Path| path.filename().unwrap_or_default().to_owned();
        let mut listing = Listing {
            folders: found.common_prefixes.iter().map(name).collect(),
            objects: found.objects.iter().map(|object| name(&object.location)).collect(),
        };
        listing.folders.sort_unstable();
        listing.objects.sort_unstable();
        Ok(listing)
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self.store.delete(&self.path(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(&error)),
        }
    }
}

impl fmt::Display for ObjectStoreHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
