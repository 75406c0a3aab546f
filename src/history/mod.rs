//! The history of an environment: immutable releases in an object store, each claimed by creating its number.
//!
//! The seam is [`HistoryStore`]. What lies in a store:
//!
//! | path | what it is |
//! |---|---|
//! | `store` | whose history this is, made first |
//! | `keyring/<digest>` | copies of the keyring, so that the history and a key are all that a rollback needs |
//! | `packs/0001/00/00010000-<attempt>-<part>` | sealed: the manifests that release 10,000 brought |
//! | `releases/0001/00/00010000` | its record: a head that needs no key, a MAC, a sealed body |
//! | `events/0001/00/00010000/0001` | what became of it |
//!
//! Every object is created once and never changed. A release is at most two writes, the pack and then the record: exactly two
//! when it brings a manifest that its predecessor did not have and what it brings fits one pack of 8 MiB, one for each
//! further 8 MiB, and the record alone when it brings nothing new.

mod access;
mod attempt;
mod body;
mod draft;
mod envelope;
mod error;
mod event;
mod identity;
mod layout;
mod log;
mod memory;
mod object;
mod pack;
mod pin;
mod plan;
mod reader;
mod record;
mod release;
mod sweep;
mod verify;
mod wire;

#[cfg(test)]
mod cost;
#[cfg(test)]
mod mishaps;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tamper;

pub use access::Patience;
pub use attempt::Attempt;
pub use body::{Body, RecordedBlank, RecordedFile, RecordedManifest, Stored};
pub use draft::{Draft, DraftManifest};
pub use error::HistoryError;
pub use event::{Event, Note, Outcome, What};
pub use identity::StoreIdentity;
pub use log::{History, Session};
pub use memory::{Calls, Memory, Mishap};
pub use object::Objects;
pub use pack::{PackId, Slice};
pub use pin::Pin;
pub use reader::{Owner, Reader, Tip};
pub use record::{Action, Summary};
pub use release::{Release, StoredManifest};
pub use sweep::Swept;
pub use verify::{Defect, Report};

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

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

    /// The whole object, `None` when there is none. An object above [`OBJECT_LIMIT`] is [`StoreFault::TooLarge`].
    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// The first `length` bytes of the object, all of it when it is shorter, `None` when there is none.
    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError>;

    /// What lies directly in `folder`; the root is the empty path. A folder that does not exist is empty.
    async fn list(&self, folder: &str) -> Result<Listing, StoreError>;

    /// Half-written files that killed writers left in `folder`, by name; they are never listed and never read. Always empty
    /// where a store leaves none.
    async fn leftovers(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Removes the object or the leftover at `path`. It is no error when there is none.
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
    /// The object is larger than [`OBJECT_LIMIT`].
    TooLarge,
    /// The path is not one, or the store cannot do that.
    Unsupported,
}

/// The largest object that is read, in bytes.
pub const OBJECT_LIMIT: usize = 64 << 20;

/// Whether `path` is one that a store takes.
fn is_path(path: &str) -> bool {
    path.split('/').all(|segment| {
        !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}

/// The path of a leftover, split into the path that it was on its way to and its number.
fn is_leftover(path: &str) -> bool {
    path.rsplit_once('#')
        .is_some_and(|(target, number)| is_path(target) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_leftover;
    use super::is_path;

    #[test]
    fn paths_are_plain() {
        for path in ["store", "releases/0001/00/00010000", "packs/0000/00/00000001-ab-0"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "/store", "store/", "a//b", "../x", "a/../b", "A", "a b", "a#1", "a%2f", "ä", "a\\b"] {
            assert!(!is_path(path), "{path}");
        }
        assert!(is_leftover("store#1") && is_leftover("a/b#23"));
        assert!(!is_leftover("store") && !is_leftover("store#") && !is_leftover("../x#1") && !is_leftover("store#a"));
    }
}
