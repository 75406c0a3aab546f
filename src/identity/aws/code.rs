//! The codes of AWS's errors. Its documentation lists them for each operation, and those that every operation has
//! (docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html).

use crate::service::http::Reply;
use crate::service::http::RetryDecision;
use crate::service::json::Json;

/// The kinds of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind {
    Missing,
    Decryption,
    Denied,
    Expired,
    Clock,
    Credential,
    Account,
    Throttled,
    Unknown,
    Passing,
    Other,
}

/// What an answer asks for: AWS throttles by status 400 and a code.
pub(super) fn retry_decision(reply: &Reply) -> RetryDecision {
    if !(400..500).contains(&reply.status) {
        return RetryDecision::of_status(reply.status);
    }
    match kind(&code(reply)) {
        CodeKind::Throttled => RetryDecision::Throttled,
        CodeKind::Passing => RetryDecision::Again,
        _ => RetryDecision::of_status(reply.status),
    }
}

/// The code of an error: in the body under `__type`, or else in the header.
pub(crate) fn code(reply: &Reply) -> String {
    let json = Json::parse(reply.body.expose()).ok();
    let own = json.and_then(|json| json.get("__type").or_else(|| json.get("code"))?.text());
    own.or_else(|| reply.error_type.clone()).map(|code| bare(&code)).unwrap_or_default()
}

/// A code without the namespace before it and the address after it.
pub(crate) fn bare(code: &str) -> String {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

/// The kind of a bare code.
pub(crate) fn kind(code: &str) -> CodeKind {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "ResourceNotFound" | "ParameterNotFound" | "ParameterVersionNotFound" => CodeKind::Missing,
        "DecryptionFailure" | "InvalidKeyId" => CodeKind::Decryption,
        "AccessDenied" | "UnauthorizedOperation" => CodeKind::Denied,
        "ExpiredToken" => CodeKind::Expired,
        "RequestExpired" | "RequestTimeTooSkewed" => CodeKind::Clock,
        "UnrecognizedClient" | "InvalidClientTokenId" | "InvalidSignature" | "SignatureDoesNotMatch" | "IncompleteSignature" => {
            CodeKind::Credential
        }
        "MissingAuthenticationToken" | "InvalidAccessKeyId" | "AuthFailure" | "InvalidToken" | "NotAuthorized" => CodeKind::Credential,
        "OptInRequired" | "SubscriptionRequired" | "AccountProblem" => CodeKind::Account,
        "Throttling" | "Throttled" | "ThrottledException" | "RequestLimitExceeded" | "TooManyRequests" | "RequestThrottled" => {
            CodeKind::Throttled
        }
        "SlowDown" | "ProvisionedThroughputExceeded" | "PriorRequestNotComplete" | "BandwidthLimitExceeded" => CodeKind::Throttled,
        "UnknownOperation" | "InvalidAction" => CodeKind::Unknown,
        "RequestTimeout" | "InternalServiceError" | "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => CodeKind::Passing,
        _ => CodeKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::CodeKind;
    use super::bare;
    use super::kind;

    #[test]
    fn codes_are_bare() {
        assert_eq!(bare("com.amazonaws.secretsmanager#ResourceNotFoundException"), "ResourceNotFoundException");
        assert_eq!(bare("ThrottlingException:http://internal.amazon.com/coral/x/"), "ThrottlingException");
        assert_eq!(bare("a\u{1b}[31mb"), "a31mb");
    }

    #[test]
    fn codes_with_and_without_their_ending_are_the_same() {
        for code in ["ExpiredToken", "ExpiredTokenException"] {
            assert_eq!(kind(code), CodeKind::Expired);
        }
        assert_eq!(kind("ThrottlingException"), CodeKind::Throttled);
        assert_eq!(kind("InternalServiceError"), CodeKind::Passing);
        assert_eq!(kind(""), CodeKind::Other);
    }
}
