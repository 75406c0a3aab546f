//! cloze: fill the blanks of Kubernetes templates from a key vault, name configurations by content, keep an encrypted history.

pub mod blank;
#[cfg(feature = "bucket")]
pub mod bucket;
pub mod cause;
pub mod clock;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod count;
pub mod digest;
pub mod embedded;
pub mod event;
pub mod file;
#[cfg(test)]
mod fuzz;
pub mod history;
pub mod identity;
pub mod key;
pub mod manifest;
mod parallel;
pub mod place;
pub mod policy;
pub mod problem;
pub mod project;
pub mod reference;
pub mod render;
pub mod report;
pub mod schema;
pub mod seal;
pub mod secret;
pub mod service;
pub mod stage;
pub mod suggest;
pub mod target;
pub mod vault;
pub mod wiring;
pub mod workflow;
