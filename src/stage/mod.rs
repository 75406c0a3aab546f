//! The stages, in the order in which a release goes through them. Each one's output is a type that only it makes.

pub mod bundle;
pub mod check;
pub mod diff;
pub mod landing;
pub mod name;
pub mod order;
pub mod parse;
