//! The stages, in the order in which a release goes through them. Each one's output is a type that only it makes.
//!
//! parse → taint → (mask | fill → encode) → check → name → order; beside them what stands for a release when it is looked at:
//! site, diff and live.

pub mod ask;
pub mod bundle;
pub mod check;
pub mod connection;
mod derivation;
pub mod describe;
mod destination;
pub mod diff;
pub mod encode;
mod env_file;
mod fetch;
pub mod fill;
pub mod first_line;
#[cfg(test)]
mod fuzz;
mod leaf;
pub mod literal;
pub mod live;
pub mod mask;
pub mod name;
pub mod order;
pub mod parse;
pub mod path;
pub mod policy;
pub mod probe;
#[cfg(test)]
mod sample;
pub mod site;
pub mod taint;
pub mod usage;
mod value;
