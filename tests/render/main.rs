//! Rendering, through both engines: what blanks become, what is refused, what never leaks, and that hostile templates end.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod alike;
mod bench;
mod blanks;
mod bombs;
mod filters;
mod grammar;
mod language;
mod lookalike;
mod observation;
mod problems;
mod strict;
mod trace;
mod undefined;
mod worker;
