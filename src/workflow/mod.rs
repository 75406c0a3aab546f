//! The workflows of users: stages and seams in a row.

pub mod access;
pub(crate) mod applied;
pub(crate) mod assigned;
pub mod build;
pub mod calls;
pub mod compare;
pub mod comparison;
pub mod context;
pub mod deploy;
pub(crate) mod document;
mod earlier;
mod form;
mod frozen;
#[cfg(test)]
mod fuzz;
mod impact;
pub mod import;
mod in_place;
mod jobs;
pub mod live;
pub mod lock;
mod names;
pub(crate) mod naming;
pub mod online;
pub mod plan;
pub mod prepare;
pub(crate) mod prune;
pub mod recipe;
pub(crate) mod recorded;
mod redaction;
mod release;
pub mod released;
pub mod review;
pub mod revision;
pub mod rollback;
mod rollout;
mod source;
