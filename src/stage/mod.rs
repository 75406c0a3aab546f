//! The stages, in the order in which a release goes through them. Each one's output is a type that only it makes.

pub mod check;
pub mod name;
pub mod order;
