//! No secret leaves its place: fifty canaries, searched in everything that any command writes on any way that it can end.

pub(crate) mod canaries;
pub(crate) mod encoding;
mod faults;
mod memory;
mod pin;
mod process;
mod project;
mod review;
mod runs;
pub(crate) mod search;
mod terminal;
mod ways;
