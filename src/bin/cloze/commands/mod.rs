//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod diff;
pub(crate) mod doctor;
mod editor;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod lock;
mod mask;
pub(crate) mod plan;
mod prompt;
pub(crate) mod prune;
mod question;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod secrets;
mod session;
pub(crate) mod show;
pub(crate) mod status;
mod trust;
pub(crate) mod vault;
