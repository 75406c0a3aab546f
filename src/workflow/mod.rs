//! The stories that users tell: stages and seams in a row.

pub mod build;
pub mod calls;
pub mod compare;
pub mod deploy;
pub(crate) mod document;
pub mod emit;
pub mod lock;
mod names;
pub(crate) mod naming;
pub mod online;
pub mod past;
pub mod prepare;
pub mod recipe;
pub mod review;
pub mod rollback;
