//! The vaults from outside: over the network with faults, and from several processes at once.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod aws;
#[cfg(feature = "env")]
mod env;
#[cfg(feature = "exec")]
mod exec;
mod faults;
#[cfg(feature = "gcp")]
mod gcp;
mod hashicorp;
mod local;
mod rig;
mod storm;
