//! The adapter for Google Secret Manager against a server that fails on demand.

mod answers;
mod bench;
mod examine;
mod faults;
mod listing;
mod login;
mod probe;
mod settings;
mod versions;
mod wire;
