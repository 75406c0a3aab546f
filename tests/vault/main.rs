//! The vaults from outside: over the network with faults, and from several processes at once. For a build with every kind of vault.

#![cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp", feature = "env", feature = "exec"))]
#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod aws;
mod azure;
mod env;
mod exec;
mod faults;
mod gcp;
mod hashicorp;
mod local;
mod rig;
mod storm;
