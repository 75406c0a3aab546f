//! What comes out on the disk: a directory of manifests that is replaced as a whole.

mod directory;
mod sink;
mod worktree;

pub use directory::Directory;
pub use sink::{OutputFile, Sink};
pub use worktree::exposed_to_git;
