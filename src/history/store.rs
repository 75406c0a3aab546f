//! The seam: a store of objects that are created once.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::history::patience::Patience;

/// A store of objects that are created once.
///
/// Paths are segments of `a-z`, `0-9` and `-`, joined by `/`. `Display` names the instance for messages.
#[async_trait]
pub trait HistoryStore: fmt::Display + fmt::Debug + Send + Sync {
    /// Creates the object at `path` unless one is there. All of `bytes` is there afterwards, or nothing; what was written
    /// outlives a power cut once this returns [`Creation::Created`].
    ///
    /// [`Creation::Exists`] is what the store says, which may be wrong about one's own write: a client that tries again behind
    /// one's back finds what its first try left. Read back before it is believed.
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError>;

    /// The whole object, `None` when there is none. An object above [`OBJECT_LIMIT`] is [`StoreFault::Unreadable`].
    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// The first `length` bytes of the object, all of it when it is shorter, `None` when there is none.
    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError>;

    /// What lies directly in `folder`; the root is the empty path. A folder that does not exist is empty.
    async fn list(&self, folder: &str) -> Result<Listing, StoreError>;

    /// The path of the last object below `folder`, at any depth, by the names in it; `None` where there is none. Numbers have the same width,
    /// so it is the newest.
    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Listing { folders, objects } = self.list(&folder).await?;
            // A folder may be empty where a writer was killed.
            open.extend(folders.iter().map(|name| format!("{folder}/{name}")));
            if let (true, Some(last)) = (folders.is_empty(), objects.last()) {
                return Ok(Some(format!("{folder}/{last}")));
            }
        }
        Ok(None)
    }

    /// Removes half-written objects that killed writers left directly in `folder` and whose name is `done`; gives their names. A store that
    /// leaves none has nothing to do.
    async fn sweep(&self, folder: &str, done: &(dyn for<'n> Fn(&'n str) -> bool + Sync)) -> Result<Vec<String>, StoreError> {
        let _ = (folder, done);
        Ok(Vec::new())
    }

    /// How patiently it is to be asked.
    fn patience(&self) -> Patience {
        Patience::default()
    }

    /// Removes the object at `path`. It is no error when there is none.
    async fn remove(&self, path: &str) -> Result<(), StoreError>;
}

/// What a store says of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The object was made.
    Created,
    /// The store says that one was there.
    Exists,
}

/// What lies directly in a folder, names only, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Folders; a store may show one that is empty.
    pub folders: Vec<String>,
    /// Objects.
    pub objects: Vec<String>,
}

/// Why a store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    /// What the caller can do about it.
    pub fault: StoreFault,
    /// What is wrong; a lowercase fragment that names the store.
    pub reason: String,
    /// What to do, as an imperative fragment, where the store knows more than its fault says.
    pub next: Option<String>,
}

impl StoreError {
    /// An error about which there is nothing to be done but what its fault says.
    pub(crate) fn new(fault: StoreFault, reason: impl Into<String>) -> Self {
        Self { fault, reason: reason.into(), next: None }
    }
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreFault {
    /// No answer, or one that says nothing. A write may have happened, or may still happen.
    Unsure,
    /// There is no space; nothing was written.
    Full,
    /// The credential or the file's mode forbids it; nothing was written.
    Denied,
    /// The disk failed under the write: it may be there now and not later.
    Broken,
    /// What is there is larger than [`OBJECT_LIMIT`], or not a file.
    Unreadable,
    /// The path is not one, or the store cannot do that.
    Unsupported,
}

/// The largest object that is read, in bytes.
pub const OBJECT_LIMIT: usize = 64 << 20;

/// Whether `path` is one that a store takes.
pub(crate) fn is_path(path: &str) -> bool {
    path.split('/').all(|segment| {
        !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn paths_are_plain() {
        for path in ["store", "releases/0001/00/00010000", "packs/0000/00/00000001-ab-0"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "/store", "store/", "a//b", "../x", "a/../b", "A", "a b", "a#1", "a%2f", "ä", "a\\b"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
