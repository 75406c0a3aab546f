//! What comes out on the disk: a directory of manifests that is replaced as a whole.

mod directory;
mod file;
mod sink;
mod worktree;

pub use directory::Directory;
pub use file::create_once;
pub use file::replace;
pub use sink::{Hold, OutputFile, Sink};
pub use worktree::{Exposure, Kept, exposed_to_git};
