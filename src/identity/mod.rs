//! The ways in: who cloze is for a service, and the tokens that show it.

#![cfg_attr(
    not(feature = "vaults"),
    allow(dead_code, unused_imports, reason = "what the ways in share is not all used where some are left out")
)]

#[cfg(any(feature = "aws", feature = "gcp"))]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) mod bearer;
mod environment;
#[cfg(feature = "http")]
mod file;
#[cfg(feature = "gcp")]
pub mod google;
#[cfg(feature = "http")]
pub mod id_token;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod program;
#[cfg(feature = "http")]
pub(crate) mod renewal;
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) mod signed_jwt;
#[cfg(feature = "http")]
pub(crate) mod token_cache;
#[cfg(feature = "http")]
mod token_service;
#[cfg(feature = "http")]
pub(crate) mod trust;

pub use environment::ToolEnvironment;
