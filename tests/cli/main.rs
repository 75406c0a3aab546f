//! The program as its users meet it: commands in a sandbox, their words, files and exit codes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and its counts are its result")]
#![allow(clippy::disallowed_methods, reason = "a test may ask for the time, and whether it may take long")]
#![allow(
    clippy::many_single_char_names,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::needless_for_each,
    reason = "short names, exact names and short loops are clearest in cases"
)]

mod alone;
mod canary;
mod commands;
mod errors;
mod full;
mod hostile;
#[cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp"))]
mod injection;
mod io_error;
mod kill;
mod mutation;
mod race;
mod rollback;
mod support;
mod tamper;
#[cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp"))]
mod trust;
mod vaults;
