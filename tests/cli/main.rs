//! The program as its users meet it: commands in a sandbox, their words, files and exit codes.

mod canary;
mod commands;
mod errors;
mod hostile;
mod kill;
mod mutation;
mod race;
mod rollback;
mod support;
mod vaults;
