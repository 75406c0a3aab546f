//! The ways in: who cloze is for a service.

#[cfg(feature = "http")]
pub mod id_token;
