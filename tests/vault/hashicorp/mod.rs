//! The adapter for `HashiCorp` Vault and `OpenBao` against a server that fails on demand.

mod bench;
mod damage;
mod engine;
mod examine;
mod faults;
mod listing;
mod login;
mod probe;
mod renewal;
mod tls;
mod versions;
mod wire;
