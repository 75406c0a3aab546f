//! Manifests: Kubernetes objects as trees of YAML nodes, read as Kubernetes reads them and written as it will read them.

mod after;
mod annotation;
mod config;
#[cfg(test)]
mod fuzz;
mod json;
mod node;
mod object;
mod phase;
mod read;
mod write;

pub use after::AFTER;
pub use after::after_names;
pub use after::circle;
pub use after::named_in;
pub use after::steps;
pub use annotation::annotation_in;
pub use config::ConfigKind;
pub use config::Names;
pub use json::write_json;
pub use node::{Entry, Leaf, Mark, Node, Number, Value};
pub use object::{Identity, Object};
pub use phase::Phase;
pub use read::{Limits, Outline, ReadFault, read, read_as_meant};
pub use write::write;
