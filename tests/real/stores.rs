//! Histories in object stores that others made.

mod calls;
mod command;
mod conformance;
mod faults;
mod kills;
mod liar;
