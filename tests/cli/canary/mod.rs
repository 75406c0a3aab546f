//! No secret leaves its place: fifty canaries, searched in everything that any command writes on any way that it can end.

mod encoding;
mod faults;
mod flock;
mod garden;
mod process;
mod search;
mod trip;
mod ways;
