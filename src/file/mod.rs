//! Files of this machine: read when they are plain and small enough, written whole or not at all.
//!
//! Whatever is written is written beside its place first, under a name of its own, synced and renamed. What a killed run left beside it is
//! removed by the next; a lock on the file says that its run is alive.

mod failure;
mod git;
mod lock;
mod read;
mod side;
mod sweep;
mod write;

pub use crate::cause::cause;
pub use failure::next_step;
pub use failure::unwritten;
pub use git::git;
pub use git::work_tree;
pub use lock::LockMode;
pub use lock::lock;
pub use lock::lock_within;
pub use read::open_in;
pub use read::read;
pub use side::side_name;
pub use side::side_prefix;
pub use sweep::sweep;
pub use sweep::sweep_in;
pub use write::Durability;
pub use write::create;
pub use write::create_in;
pub use write::replace;
pub use write::replace_in;
pub use write::replace_soon;
