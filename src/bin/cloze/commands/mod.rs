//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod diff;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod show;
pub(crate) mod vault;

mod desk;
mod passphrase;
mod target;
