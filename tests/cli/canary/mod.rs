//! No secret leaves its place: fifty canaries, searched in everything that any command writes on any way that it can end.

pub(crate) mod encoding;
mod faults;
pub(crate) mod flock;
mod garden;
mod memory;
mod pin;
mod process;
pub(crate) mod search;
mod terminal;
mod trip;
mod ways;
