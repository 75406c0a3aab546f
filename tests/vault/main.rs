//! The vaults from outside: over the network with faults, and from several processes at once. For a build with every kind of vault.

#![cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp", feature = "env", feature = "exec"))]
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::disallowed_methods, reason = "a test may ask whether it may take long")]

mod aws;
mod azure;
mod damage;
mod env;
mod exec;
mod faults;
mod fixture;
mod gcp;
mod hashicorp;
mod local;
mod one_fault;
mod plan;
mod proxy;
mod read;
mod throttling;
