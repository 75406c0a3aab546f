//! The vaults from outside: over the network with faults, and from several processes at once.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod azure;
mod hashicorp;
mod local;
