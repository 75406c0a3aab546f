//! The program: it reads the command line and the process environment, runs a story of the library, and tells what happened.

mod args;
mod commands;
mod complete;
mod context;
mod environment;
mod exit;
mod help;
mod hygiene;
mod review;
mod revision;
mod run;
mod ui;
mod usage;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hygiene::guard(run::run)
}
