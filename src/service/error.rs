//! Why a service did not do what it was asked for.

use crate::problem::Fault;
use crate::problem::Problem;

/// Why a service did not answer as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// What the caller can do about it.
    pub fault: ServiceFault,
    /// The reason as a lowercase fragment, with the service's own words where they cannot hold a value.
    pub reason: String,
    /// What to do, as an imperative fragment.
    pub next: String,
}

impl ServiceError {
    /// An error in cloze's own words.
    pub(crate) fn new(fault: ServiceFault, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { fault, reason: reason.into(), next: next.into() }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        Self::new(Fault::Vault, error.reason, error.next)
    }
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceFault {
    /// There is no such secret, version or key, or the vault hides it.
    NotFound,
    /// It was removed, destroyed or disabled.
    Gone,
    /// The credential is missing, wrong or expired.
    Unauthenticated,
    /// The credential may not read it.
    Denied,
    /// The name cannot be a name in this vault.
    BadName,
    /// The value has a shape that cannot be used: a map without `key`, not text, too large.
    BadValue,
    /// The service limits the rate, still after all attempts.
    RateLimited,
    /// The service did not answer, or not as its protocol says, still after all attempts.
    Unavailable,
    /// This vault cannot do that.
    Unsupported,
}
