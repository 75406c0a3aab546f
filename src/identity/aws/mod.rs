//! Credentials of AWS, and signatures by them.

mod chain;
mod code;
mod config;
mod credential;
mod endpoint;
mod machine;
mod parts;
mod profiles;
mod refused;
mod signer;
mod sso;
mod sts;

#[cfg(feature = "aws")]
mod login;
#[cfg(feature = "gcp")]
mod signed_identity;

#[cfg(feature = "aws")]
pub(crate) use code::{CodeKind, bare, code, kind};
#[cfg(feature = "aws")]
pub(crate) use config::Config;
#[cfg(feature = "aws")]
pub(crate) use endpoint::{check as check_region, is_service, of as endpoint_of};
#[cfg(feature = "aws")]
pub(crate) use login::Login;
pub(crate) use parts::LoginParts;
#[cfg(feature = "gcp")]
pub(crate) use signed_identity::signed_identity;
#[cfg(feature = "aws")]
pub(crate) use signer::Signer;
#[cfg(feature = "aws")]
pub(crate) use sts::FORM;
#[cfg(feature = "aws")]
pub(crate) use sts::element;
