//! What the vaults behind a network share: one client that follows no redirect, one origin for the credential, few attempts, a
//! deadline, patience where a vault asks for it, and a body that is wiped.
//!
//! An adapter brings a [`Dialect`]: how a request is signed, and what an answer means.

mod address;
mod call;
mod client;
mod dialect;
mod errand;
mod exchange;
mod failure;
mod gate;
#[cfg(test)]
mod hostile;
mod limits;
mod pace;
mod reply;
mod walk;

pub(crate) use address::Base;
pub(crate) use address::is_loopback;
pub(crate) use address::safe;
pub(crate) use call::Call;
pub(crate) use client::client;
pub(crate) use dialect::Dialect;
pub(crate) use dialect::Verdict;
pub(crate) use errand::errand;
pub(crate) use exchange::Exchange;
#[cfg(test)]
pub(crate) use hostile::hostile;
pub use limits::{Identity, Limits, Rate, Tls};
pub(crate) use pace::Pace;
pub(crate) use reply::Reply;
pub(crate) use walk::reach;
