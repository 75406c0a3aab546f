//! The adapter for AWS against a server that checks its signatures and fails on demand.

mod answers;
mod batches;
mod bench;
mod chain;
mod damage;
mod examine;
mod listing;
mod probe;
mod refusals;
mod settings;
mod signature;
mod values;
mod versions;
mod wire;
