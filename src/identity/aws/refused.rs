//! Why there is no credential for AWS, in our words.

use crate::service::ServiceError;
use crate::service::ServiceFault;

/// The error of no source at all.
pub(super) fn not_found() -> ServiceError {
    let reason = "no AWS credential was found: not in the environment, in a profile, by web identity, from a container or from an instance";
    let next = "log in, such as by `aws sso login`, name the profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached";
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}

/// The error of a profile that cannot be used.
pub(super) fn profile(name: &str, reason: &str) -> ServiceError {
    let next = "correct the profile in AWS's files `config` and `credentials` (`aws configure list-profiles` names them)";
    ServiceError::new(ServiceFault::Unauthenticated, format!("the AWS profile `{name}` {reason}"), next)
}

/// The error of a source that did not give a credential.
pub(super) fn source(reason: impl Into<String>, next: &str) -> ServiceError {
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}
