//! Histories in object stores that others made.

mod command;
mod conformance;
