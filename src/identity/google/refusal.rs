//! Why there is no token for Google, in our words: Google's own may repeat what was sent.

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;

const LOG_IN: &str = "log in again, as with `gcloud auth application-default login`, or make a new key";

/// Who is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granting {
    /// A token endpoint.
    Token,
    /// The service that lets one act as a service account.
    Impersonation,
    /// The machine's metadata server.
    Metadata,
}

impl Granting {
    /// As messages name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Token => "Google's token service",
            Self::Impersonation => "Google's service for impersonation",
            Self::Metadata => "the metadata server",
        }
    }

    /// The error of no answer.
    pub(super) fn failed(self, error: ServiceError) -> ServiceError {
        if self == Self::Metadata { no_metadata_server() } else { error }
    }

    /// The error of an answer that is a refusal.
    pub(super) fn refused(self, reply: &Reply) -> ServiceError {
        if self == Self::Metadata {
            return no_metadata_server();
        }
        let (name, status) = (self.name(), reply.status);
        let error = |fault, reason: String, next: &str| ServiceError::new(fault, reason, next);
        let says = |code: &str| Json::parse(reply.body.expose()).is_ok_and(|json| json.get("error").is_some_and(|said| said.is(code)));
        match status {
            429 => error(ServiceFault::RateLimited, format!("{name} is throttling requests"), "try again later"),
            500.. => error(ServiceFault::Unavailable, format!("{name} failed with status {status}"), "try again later"),
            _ if says("invalid_grant") => {
                let reason = format!("the login at Google has expired or was revoked (status {status})");
                error(ServiceFault::Unauthenticated, reason, LOG_IN)
            }
            _ => {
                let reason = format!("{name} did not give a token for these credentials (status {status})");
                error(
                    ServiceFault::Unauthenticated,
                    reason,
                    "check the credentials, and what the identity provider and the service account allow",
                )
            }
        }
    }

    /// The error of an answer without a token.
    pub(super) fn senseless(self) -> ServiceError {
        let reason = format!("{} answered without a token", self.name());
        ServiceError::new(ServiceFault::Unauthenticated, reason, "check the address in the credentials")
    }
}

/// The error where there is neither a file nor a metadata server.
pub(super) fn no_metadata_server() -> ServiceError {
    let reason = "there are no Google credentials here, and no metadata server gave a token";
    let next = "run `gcloud auth application-default login`, name a credentials file in GOOGLE_APPLICATION_CREDENTIALS, or run on \
                Google Cloud with a service account";
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}
