//! What a store's answer means for a history, by its status and its code (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
//! docs.cloud.google.com/storage/docs/xml-api/reference-status, learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).

use std::error::Error;

use reqwest::Method;

use crate::history::OBJECT_LIMIT;
use crate::history::StoreError;
use crate::history::StoreFault;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;

/// What an answer other than a success, or the lack of one, means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// There is no such object.
    #[error("there is no such object")]
    Absent,
    /// There is an object of that name already.
    #[error("the object exists")]
    Exists,
    /// The object has nothing from there on.
    #[error("the object is shorter")]
    Shorter,
    /// The credential has ended, or is not known any more.
    #[error("{0}")]
    Expired(StoreError),
    /// Everything else.
    #[error("{0}")]
    Failed(StoreError),
}

impl Refusal {
    /// What is behind an error of the crate.
    pub(super) fn behind(error: &object_store::Error) -> Option<&Self> {
        let mut cause: &(dyn Error + 'static) = error;
        loop {
            if let Some(refusal) = cause.downcast_ref() {
                return Some(refusal);
            }
            cause = cause.source()?;
        }
    }

    /// What the lack of an answer, or of a credential, means.
    pub(super) fn of_service(error: ServiceError) -> Self {
        let ServiceError { fault, reason, next } = error;
        let fault = match fault {
            ServiceFault::Unauthenticated | ServiceFault::Denied => StoreFault::Denied,
            ServiceFault::BadValue => return too_large(),
            ServiceFault::Unsupported => StoreFault::Unsupported,
            _ => StoreFault::Unsure,
        };
        Self::Failed(StoreError { fault, reason, next: Some(next) })
    }

    /// What an answer to `method` in `bucket` means; `None` for a success.
    pub(super) fn of_reply(reply: &Reply, method: &Method, bucket: &str) -> Option<Self> {
        if (200..300).contains(&reply.status) {
            return None;
        }
        let code = code(reply);
        let failed = |fault, reason: String, next: String| Some(Self::Failed(StoreError { fault, reason, next: Some(next) }));
        let denied = |reason: &str, next: &str| failed(StoreFault::Denied, reason.to_owned(), next.to_owned());
        match (reply.status, code.as_str()) {
            (404, "NoSuchKey" | "BlobNotFound") => return Some(Self::Absent),
            (412 | 304, _) | (409, "BlobAlreadyExists" | "ObjectAlreadyExists") if *method == Method::PUT => return Some(Self::Exists),
            (416, _) => return Some(Self::Shorter),
            (_, "NoSuchBucket" | "ContainerNotFound") => {
                let next = "create it, or correct the history's URL".to_owned();
                return failed(StoreFault::Denied, format!("there is no bucket or container `{bucket}`"), next);
            }
            (_, "InvalidAccessKeyId" | "XAdminUserNotFound") => {
                return denied("the store does not know the access key's id", "check which credential is used, and for which account");
            }
            (_, "SignatureDoesNotMatch" | "AuthenticationFailed" | "AuthorizationFailure" | "InvalidAuthenticationInfo") => {
                return denied("the store does not accept the signature or the token", "check the secret key and the machine's clock");
            }
            (_, "RequestTimeTooSkewed" | "RequestExpired") => {
                return denied("the machine's clock differs too much from the store's", "set the clock, then run the command again");
            }
            (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") | (401, _) => {
                let next = Some("log in again, then run the command again".to_owned());
                let reason = "the store does not accept the credential: it has expired or is not valid".to_owned();
                return Some(Self::Expired(StoreError { fault: StoreFault::Denied, reason, next }));
            }
            (
                301 | 307 | 400,
                "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
            )
            | (301, _) => {
                let region = reply.headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok()).map(bare);
                let region = region.or_else(|| element(reply, "Region")).filter(|region| !region.is_empty());
                let reason = region.as_ref().map_or("it is in another region".to_owned(), |region| format!("it is in region {region}"));
                let next = "set `region` beside the history's URL, or AWS_REGION".to_owned();
                return failed(StoreFault::Denied, format!("the bucket `{bucket}` was not found: {reason}"), next);
            }
            (501, _) | (_, "NotImplemented") => {
                return failed(
                    StoreFault::Unsupported,
                    format!("the store cannot do what a history needs: {}", shown(reply, &code)),
                    NEEDS.to_owned(),
                );
            }
            (403, _) => {
                let next = format!("allow this credential {}", needed(method));
                return failed(StoreFault::Denied, format!("permission denied: {}", shown(reply, &code)), next);
            }
            (507, _) | (_, "QuotaExceeded" | "StorageFull" | "XMinioStorageFull" | "InsufficientAccountQuota") => {
                return failed(
                    StoreFault::Full,
                    "there is no space left".to_owned(),
                    "free some space, then run the command again".to_owned(),
                );
            }
            _ => {}
        }
        if let Some(redirect) = reply.redirect() {
            return Some(Self::of_service(redirect));
        }
        let passing = reply.status >= 500 || matches!(reply.status, 408 | 409 | 429);
        if passing {
            let next = "run the command again; look at the provider's status page if that does not help".to_owned();
            return failed(StoreFault::Unsure, format!("the store answered with {}", shown(reply, &code)), next);
        }
        let next = "check the history's URL and endpoint: this may not be an object store".to_owned();
        failed(StoreFault::Denied, format!("the store refused the request with {}", shown(reply, &code)), next)
    }
}

const NEEDS: &str = "use a store that honours conditional writes (`If-None-Match: *`)";

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// The crate's error for a credential that cannot be had.
pub(super) fn no_credential(error: ServiceError) -> object_store::Error {
    object_store::Error::Generic { store: "the store", source: Box::new(Refusal::of_service(error)) }
}

fn too_large() -> Refusal {
    Refusal::Failed(StoreError::new(StoreFault::Unreadable, format!("it is larger than {} MiB", OBJECT_LIMIT >> 20)))
}

/// What an answer asks for.
pub(super) fn retry_decision(reply: &Reply) -> RetryDecision {
    match (reply.status, code(reply).as_str()) {
        (429, _) | (503, "SlowDown" | "ServerBusy" | "TooManyRequests") => RetryDecision::Throttled,
        // After a 409, others are at work on the same name.
        (409, "ConditionalRequestConflict" | "OperationAborted") | (408 | 500 | 502..=504, _) => RetryDecision::Again,
        _ => RetryDecision::Final,
    }
}

/// The permission that a request needs, by its provider's name for it.
fn needed(method: &Method) -> &'static str {
    match method.as_str() {
        "PUT" => "to create objects (s3:PutObject, storage.objects.create, Storage Blob Data Contributor)",
        "DELETE" | "POST" => "to delete objects (s3:DeleteObject, storage.objects.delete, Storage Blob Data Contributor)",
        _ => "to read and list objects (s3:GetObject and s3:ListBucket, storage.objects.get and list, Storage Blob Data Reader)",
    }
}

/// The code of an error: a header on Azure, an element of the body everywhere.
fn code(reply: &Reply) -> String {
    let header = reply.headers.get("x-ms-error-code").and_then(|code| code.to_str().ok()).map(bare);
    header.or_else(|| element(reply, "Code")).unwrap_or_default()
}

/// The text of the first element of that name in an error's XML.
fn element(reply: &Reply, name: &str) -> Option<String> {
    let text = reply.body.expose_text()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| bare(text))
}

/// What of a text can be a code or a region.
fn bare(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-')).take(64).collect()
}

fn shown(reply: &Reply, code: &str) -> String {
    if code.is_empty() { format!("status {}", reply.status) } else { format!("status {} ({code})", reply.status) }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use reqwest::header::HeaderName;
    use reqwest::header::HeaderValue;

    use super::Refusal;
    use super::retry_decision;
    use crate::history::StoreFault;
    use crate::service::http::Reply;
    use crate::service::http::RetryDecision;

    fn reply(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Reply {
        let header = |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        Reply::sample("the store", status, body.as_bytes(), headers.iter().map(header).collect())
    }

    fn xml(status: u16, code: &str) -> Reply {
        reply(status, &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>CANARY</Message></Error>"), &[])
    }

    fn of(reply: &Reply, method: &Method) -> Refusal {
        Refusal::of_reply(reply, method, "releases").unwrap()
    }

    /// The reason and the next step.
    fn words(reply: &Reply, method: &Method) -> (StoreFault, String) {
        match of(reply, method) {
            Refusal::Failed(error) | Refusal::Expired(error) => {
                (error.fault, format!("{}; {}", error.reason, error.next.unwrap_or_default()))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn absent_is_what_the_store_calls_absent() {
        assert_eq!(of(&xml(404, "NoSuchKey"), &Method::GET), Refusal::Absent);
        assert_eq!(of(&reply(404, "", &[("x-ms-error-code", "BlobNotFound")]), &Method::GET), Refusal::Absent);
        for other in [xml(404, "NoSuchBucket"), xml(404, "ResourceNotFound"), reply(404, "<html>not here</html>", &[]), reply(404, "", &[])]
        {
            assert_eq!(words(&other, &Method::GET).0, StoreFault::Denied);
        }
        let said = "the store refused the request with status 404; check the history's URL and endpoint: this may not be an object store";
        assert_eq!(words(&reply(404, "", &[]), &Method::GET).1, said);
    }

    #[test]
    fn a_creation_exists_by_its_condition_only() {
        for exists in [xml(412, "PreconditionFailed"), reply(412, "", &[]), reply(409, "", &[("x-ms-error-code", "BlobAlreadyExists")])] {
            assert_eq!(of(&exists, &Method::PUT), Refusal::Exists);
        }
        assert_eq!(words(&xml(409, "ConditionalRequestConflict"), &Method::PUT).0, StoreFault::Unsure);
        assert_eq!(retry_decision(&xml(409, "ConditionalRequestConflict")), RetryDecision::Again);
        assert_eq!(retry_decision(&xml(412, "PreconditionFailed")), RetryDecision::Final);
        assert_eq!(retry_decision(&xml(503, "SlowDown")), RetryDecision::Throttled);
        assert_eq!(retry_decision(&xml(503, "ServiceUnavailable")), RetryDecision::Again);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let get = |reply: &Reply| words(reply, &Method::GET).1;
        let denied = "permission denied: status 403 (AccessDenied); allow this credential ";
        assert_eq!(
            get(&xml(403, "AccessDenied")),
            format!(
                "{denied}to read and list objects (s3:GetObject and s3:ListBucket, storage.objects.get and list, Storage Blob Data Reader)"
            )
        );
        assert_eq!(
            words(&xml(403, "AccessDenied"), &Method::PUT).1,
            format!("{denied}to create objects (s3:PutObject, storage.objects.create, Storage Blob Data Contributor)")
        );
        assert_eq!(
            words(&xml(403, "AccessDenied"), &Method::DELETE).1,
            format!("{denied}to delete objects (s3:DeleteObject, storage.objects.delete, Storage Blob Data Contributor)")
        );
        let region = "the bucket `releases` was not found: it is in region eu-west-1; set `region` beside the history's URL, or AWS_REGION";
        assert_eq!(get(&reply(301, "", &[("x-amz-bucket-region", "eu-west-1")])), region);
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
        assert_eq!(get(&reply(400, body, &[])), region);
        assert_eq!(
            get(&xml(403, "RequestTimeTooSkewed")),
            "the machine's clock differs too much from the store's; set the clock, then run the command again"
        );
        assert_eq!(
            words(&xml(501, "NotImplemented"), &Method::PUT),
            (
                StoreFault::Unsupported,
                "the store cannot do what a history needs: status 501 (NotImplemented); use a store that honours conditional writes \
                 (`If-None-Match: *`)"
                    .to_owned()
            )
        );
        assert_eq!(
            get(&xml(500, "InternalError")),
            "the store answered with status 500 (InternalError); run the command again; look at the provider's status page if that does not help"
        );
        assert_eq!(
            words(&xml(507, ""), &Method::PUT),
            (StoreFault::Full, "there is no space left; free some space, then run the command again".to_owned())
        );
        assert!(matches!(of(&xml(403, "ExpiredToken"), &Method::GET), Refusal::Expired(_)));
        assert!(matches!(of(&reply(401, "", &[]), &Method::GET), Refusal::Expired(_)));
    }

    #[test]
    fn nothing_of_an_answer_is_shown_but_its_code() {
        for status in [301, 400, 401, 403, 404, 405, 409, 500, 501, 503] {
            for code in ["Other", "a\u{1b}[31mb", "NoSuchBucket", ""] {
                let shown = words(&xml(status, code), &Method::GET).1;
                assert!(!shown.contains("CANARY") && !shown.contains('\u{1b}'), "{shown}");
            }
        }
    }
}
