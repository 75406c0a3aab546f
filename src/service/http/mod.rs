//! What services behind a network have in common: one client that follows no redirect, one origin for the credential, few attempts, a
//! deadline, waiting where a service limits the rate, and a body that is wiped.
//!
//! An adapter brings a [`Protocol`]: how a request is signed, and what an answer means.

mod address;
mod call;
mod causes;
mod circuit_breaker;
mod client;
mod connectivity;
mod failure;
#[cfg(test)]
mod fuzz_names;
mod http_client;
mod limits;
mod peer;
mod protocol;
mod proxy;
mod rate_limiter;
mod reply;

pub(crate) use address::Base;
pub(crate) use address::is_loopback;
pub(crate) use address::safe;
pub(crate) use call::Call;
#[cfg(feature = "cluster")]
pub(crate) use causes::is_untrusted;
pub(crate) use client::Client;
pub(crate) use connectivity::connectivity;
#[cfg(test)]
pub(crate) use fuzz_names::fuzz_names;
pub(crate) use http_client::HttpClient;
pub use limits::{Authorities, ClientCertificate, Rate, RequestLimits, Transport};
pub(crate) use protocol::Protocol;
pub(crate) use protocol::RetryDecision;
pub use proxy::Proxies;
pub(crate) use rate_limiter::RateLimiter;
pub(crate) use reply::Reply;
