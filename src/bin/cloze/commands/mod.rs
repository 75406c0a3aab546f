//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod lock;
pub(crate) mod mask;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod show;
pub(crate) mod trust;
pub(crate) mod vault;

mod close;
mod desk;
mod passphrase;
mod placement;
mod target;
