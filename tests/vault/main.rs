//! The vaults from outside: over the network with faults, and from several processes at once.

mod hashicorp;
mod local;
