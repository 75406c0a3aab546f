//! Sealing: what is written at rest is encrypted, committed to its key and bound to its context.

mod context;
mod keys;

pub use context::{Context, Kind};
pub use keys::{Keys, OpenFault, RootKey};
