//! The history of an environment: immutable releases in an object store, each claimed by creating its number.
//!
//! The seam is [`HistoryStore`]. What lies in a store:
//!
//! | path | what it is |
//! |---|---|
//! | `store` | whose history this is, made first |
//! | `keyring/<digest>` | copies of the keyring, so that the history and a key are all that a rollback needs |
//! | `keyrings/0002` | which copy is the newest, where another took the first one's place |
//! | `packs/0001/00/00010000-<attempt>-<part>` | sealed: the manifests that release 10,000 brought |
//! | `releases/0001/00/00010000` | its record: a head that needs no key, a MAC, a sealed body |
//! | `pruned/00000042` | that the releases before 42 were pruned, with a MAC |
//! | `events/0001/00/00010000/0001` | what became of it |
//!
//! Every object is created once and never changed. A release is at most two writes, the pack and then the record: exactly two
//! when it brings a manifest that its predecessor did not have and what it brings fits one pack of 8 MiB, one for each
//! further 8 MiB, and the record alone when it brings nothing new.

mod access;
mod body;
mod checkpoint;
mod codec;
mod copy;
mod draft;
mod envelope;
mod error;
mod event;
#[cfg(any(feature = "bucket", feature = "cluster"))]
mod held;
mod identity;
mod keyring;
mod layout;
mod local;
mod log;
mod manifests;
mod memory;
#[cfg(any(feature = "bucket", feature = "cluster"))]
mod mirror;
mod owner;
mod pack;
mod patience;
mod plan;
mod planned;
mod prune;
mod pruning;
mod reader;
mod record;
mod release;
mod session;
mod store;
mod summary;
mod sweep;
mod verify;
mod write_id;

#[cfg(test)]
mod call_count;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tampering;

pub use body::{BlobRef, Body, RecordedBlank, RecordedFile, RecordedManifest};
pub use checkpoint::Checkpoint;
pub use checkpoint::Continuity;
pub use copy::Copied;
pub use copy::copy;
pub use draft::{Draft, DraftManifest, DraftRecipe};
pub use error::HistoryError;
pub use event::{NewEvent, Outcome, ReleaseEvent, What};
#[cfg(any(feature = "bucket", feature = "cluster"))]
pub use held::Cached;
pub use identity::StoreIdentity;
pub use layout::PackId;
pub use local::LocalDirectory;
pub use log::History;
pub use memory::{Calls, InMemoryStore, InjectedFault};
#[cfg(any(feature = "bucket", feature = "cluster"))]
pub(crate) use mirror::mirrored;
pub use owner::Owner;
pub use pack::Blob;
pub use patience::Patience;
pub use planned::PlanError;
pub use planned::PlannedRelease;
pub use prune::PrunePlan;
pub use reader::{Head, Reader};
pub use release::{Release, StoredManifest};
pub use session::HistorySession;
#[cfg(any(feature = "bucket", feature = "cluster"))]
pub(crate) use store::is_path;
pub use store::{Creation, HistoryStore, Listing, OBJECT_LIMIT, StoreError, StoreFault};
pub use summary::{Action, Summary};
pub use sweep::Swept;
pub use verify::{Defect, Verification};
pub use write_id::WriteId;
