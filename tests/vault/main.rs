//! The vaults from outside: over the network with faults, and from several processes at once.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod faults;
mod hashicorp;
mod local;
mod rig;
mod storm;
