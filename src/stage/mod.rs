//! The stages of a run, a file each. What a stage returns is a type that only it can make, so that none can be skipped.

pub mod encode;
mod fetch;
pub mod fill;
mod leaf;
mod lineage;
pub mod mask;
#[cfg(test)]
mod sample;
mod sink;
pub mod taint;
mod value;
