//! A history in a bucket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use object_store::GetOptions;
use object_store::GetRange;
use object_store::ObjectStore;
use object_store::ObjectStoreExt as _;
use object_store::PutMode;
use object_store::PutOptions;
use object_store::PutPayload;
use object_store::list::PaginatedListOptions;
use object_store::list::PaginatedListStore;
use object_store::path::Path;

use crate::bucket::refusal::Refusal;
use crate::history::Creation;
use crate::history::HistoryStore;
use crate::history::Listing;
use crate::history::OBJECT_LIMIT;
use crate::history::Patience;
use crate::history::StoreError;
use crate::history::StoreFault;
use crate::history::is_path;
use crate::history::mirrored;

/// A history in a bucket.
#[derive(Debug)]
pub struct Bucket {
    store: Arc<dyn Pages>,
    login: Arc<dyn BucketLogin>,
    prefix: String,
    name: String,
    deadline: Duration,
}

/// A store that can be asked for one page of a listing.
pub(super) trait Pages: ObjectStore + PaginatedListStore {}

impl<S: ObjectStore + PaginatedListStore> Pages for S {}

/// How many empty pages of a listing are gone through.
const EMPTY_PAGES: usize = 100;

/// Who asks.
pub(super) trait BucketLogin: fmt::Debug + Send + Sync {
    /// Forgets the credential, so that the next request asks for another; false where there is no other.
    fn forget(&self) -> bool;
}

impl Bucket {
    pub(super) fn new(store: Arc<dyn Pages>, login: Arc<dyn BucketLogin>, prefix: String, name: String, deadline: Duration) -> Self {
        Self { store, login, prefix, name, deadline }
    }

    async fn read(&self, path: &str, length: Option<usize>) -> Result<Option<Bytes>, StoreError> {
        let path = &self.path(path)?;
        let range = length.map(|length| GetRange::Bounded(0..length as u64));
        let read = || {
            let options = GetOptions { range: range.clone(), ..GetOptions::default() };
            Box::pin(async move {
                let found = self.store.get_opts(path, options).await?;
                let limit = length.unwrap_or(OBJECT_LIMIT);
                if found.range.end - found.range.start > limit as u64 {
                    return Ok(None);
                }
                // What comes may be longer than what was said.
                found.bytes().await.map(|bytes| (bytes.len() <= limit).then_some(bytes))
            }) as BoxFuture<'_, _>
        };
        match self.ask(read).await {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => {
                let reason = match length {
                    None => format!("it is larger than {} MiB", OBJECT_LIMIT >> 20),
                    Some(_) => format!("{}: the answer is longer than what was asked for", self.name),
                };
                Err(StoreError::new(StoreFault::Unreadable, reason))
            }
            Err(Refusal::Absent) => Ok(None),
            Err(Refusal::Shorter) => Ok(Some(Bytes::new())),
            Err(refusal) => Err(self.error(refusal)),
        }
    }

    /// Asks once more by another credential where the first has ended.
    async fn ask<'s, T>(&'s self, call: impl Fn() -> BoxFuture<'s, object_store::Result<T>>) -> Result<T, Refusal> {
        match call().await.map_err(|error| refusal(&error)) {
            Err(Refusal::Expired(_)) if self.login.forget() => call().await.map_err(|error| refusal(&error)),
            answer => answer,
        }
    }

    fn path(&self, path: &str) -> Result<Path, StoreError> {
        let refused = || StoreError::new(StoreFault::Unsupported, format!("{path:?} is not a path in {}", self.name));
        let name = mirrored(path);
        let full = if self.prefix.is_empty() { name } else { format!("{}/{name}", self.prefix) };
        if is_path(path) { Path::parse(full).map_err(|_| refused()) } else { Err(refused()) }
    }

    /// The path within the history's prefix.
    fn own<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.prefix.as_str()).map_or(path, |rest| rest.trim_start_matches('/'))
    }

    fn folder(&self, folder: &str) -> Result<Option<Path>, StoreError> {
        match (folder, self.prefix.as_str()) {
            ("", "") => Ok(None),
            ("", prefix) => Ok(Path::parse(prefix).ok()),
            (folder, _) => self.path(folder).map(Some),
        }
    }

    /// The error with the store's name before its reason.
    fn error(&self, refusal: Refusal) -> StoreError {
        match refusal {
            Refusal::Failed(error) | Refusal::Expired(error) => StoreError { reason: format!("{}: {}", self.name, error.reason), ..error },
            other => StoreError::new(StoreFault::Unsure, format!("{}: {other}", self.name)),
        }
    }
}

/// The refusal behind an error of the crate, or what there is of one in it.
fn refusal(error: &object_store::Error) -> Refusal {
    if let Some(refusal) = Refusal::behind(error) {
        return refusal.clone();
    }
    let (fault, reason) = match error {
        object_store::Error::NotFound { .. } => return Refusal::Absent,
        object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => return Refusal::Exists,
        object_store::Error::PermissionDenied { .. } => (StoreFault::Denied, "permission denied"),
        object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
            (StoreFault::Unsupported, "it cannot do what a history needs")
        }
        _ => (StoreFault::Unsure, "the store's answer makes no sense"),
    };
    Refusal::Failed(StoreError::new(fault, reason))
}

#[async_trait]
impl HistoryStore for Bucket {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let path = &self.path(path)?;
        let create = || {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.store.put_opts(path, PutPayload::from_bytes(bytes.clone()), options)
        };
        match self.ask(create).await {
            Ok(_) => Ok(Creation::Created),
            Err(Refusal::Exists) => Ok(Creation::Exists),
            Err(refusal) => Err(self.error(refusal)),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(path, None).await
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.read(path, Some(length)).await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let prefix = self.folder(folder)?;
        let found = match self.ask(|| self.store.list_with_delimiter(prefix.as_ref())).await {
            Ok(found) => found,
            Err(Refusal::Absent) => return Ok(Listing::default()),
            Err(refusal) => return Err(self.error(refusal)),
        };
        // The last segment is mirrored by its place, so the whole path is.
        let name = |path: &Path| {
            let full = self.own(path.as_ref());
            mirrored(full).rsplit('/').next().unwrap_or_default().to_owned()
        };
        let mut listing = Listing {
            folders: found.common_prefixes.iter().map(name).collect(),
            objects: found.objects.iter().map(|object| name(&object.location)).collect(),
        };
        listing.folders.sort_unstable();
        listing.objects.sort_unstable();
        Ok(listing)
    }

    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let prefix = format!("{}/", self.path(folder)?);
        let mut token = None;
        // A page may be empty and yet not the last.
        for _ in 0..EMPTY_PAGES {
            let page = || {
                let options = PaginatedListOptions { max_keys: Some(1), page_token: token.clone(), ..PaginatedListOptions::default() };
                self.store.list_paginated(Some(&prefix), options)
            };
            let found = match self.ask(page).await {
                Ok(found) => found,
                Err(Refusal::Absent) => return Ok(None),
                Err(refusal) => return Err(self.error(refusal)),
            };
            if let Some(first) = found.result.objects.first() {
                return Ok(Some(mirrored(self.own(first.location.as_ref()))));
            }
            token = found.page_token;
            if token.is_none() {
                return Ok(None);
            }
        }
        Err(StoreError::new(StoreFault::Unsure, format!("{}: the listing has only empty pages", self.name)))
    }

    /// A store that asks again by itself, for as long as its deadline says.
    fn patience(&self) -> Patience {
        Patience { call: self.deadline + Duration::from_secs(5), reads: 1, ..Patience::default() }
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        let path = &self.path(path)?;
        match self.ask(|| Box::pin(self.store.delete(path))).await {
            Ok(()) | Err(Refusal::Absent) => Ok(()),
            Err(refusal) => Err(self.error(refusal)),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
