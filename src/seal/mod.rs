//! Sealing: what is written at rest is encrypted, committed to its key and bound to its context.

mod cobblestone;
mod context;
pub(crate) mod derive;
mod fault;
mod gcm;
mod generation;
mod keys;
mod padding;
mod root;

pub use context::{SealContext, SealedKind};
pub use fault::OpenFault;
pub use generation::Generation;
pub use keys::Keys;
pub use root::RootKey;
