//! What comes out on the disk: a directory of manifests that is replaced as a whole.

mod directory;
mod worktree;

pub use directory::{Directory, OutputFile};
pub use worktree::exposed_to_git;
