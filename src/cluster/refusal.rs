//! What an API server that did not do it means for a history.

use kube::Error;
use kube::core::Status;

use crate::cluster::admission::Denial;
use crate::cluster::connection::NoAnswer;
use crate::history::StoreError;
use crate::history::StoreFault;

/// Why the API server did not do it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such Secret.
    Absent,
    /// A Secret of that name exists.
    Exists,
    /// Everything else.
    Failed(StoreError),
}

impl Refusal {
    /// The refusal behind an error of the crate. The server's own words stay behind: they echo names and values.
    pub(super) fn of(error: &Error) -> Self {
        let (fault, reason, next) = match error {
            Error::Api(status) => return Self::said(status),
            Error::Auth(_) => (
                StoreFault::Denied,
                "the kubeconfig's way to get a credential failed",
                Some("log in as for kubectl, and check it with `kubectl auth whoami`"),
            ),
            Error::SerdeError(_) | Error::FromUtf8(_) => (StoreFault::Unsure, "the answer is not that of an API server", None),
            error => {
                let answer = NoAnswer::of(error);
                let (reason, next) = answer.words();
                (if answer == NoAnswer::Away { StoreFault::Unsure } else { StoreFault::Denied }, reason, Some(next))
            }
        };
        Self::failed(fault, reason, next)
    }

    fn said(status: &Status) -> Self {
        let kind = status.details.as_ref().map_or("", |details| details.kind.as_str());
        let (fault, reason, next) = match (status.code, status.reason.as_str()) {
            (409, "AlreadyExists") => return Self::Exists,
            (404, "NotFound") if kind == "secrets" => return Self::Absent,
            (404, "NotFound") if kind == "namespaces" => (
                StoreFault::Unsupported,
                "the namespace does not exist".to_owned(),
                Some("create it with `kubectl create namespace`, for histories alone"),
            ),
            (401, _) => (
                StoreFault::Denied,
                "the cluster does not know who asks".to_owned(),
                Some("log in as for kubectl, and check it with `kubectl auth whoami`"),
            ),
            (403, _) if matches!(Denial::of(&status.message), Some(Denial::QuotaUsedUp { .. })) => (
                StoreFault::Full,
                "a quota of the namespace is used up".to_owned(),
                Some("raise the quota, or `cloze history copy` the history elsewhere"),
            ),
            (403, _) if status.message.contains("being terminated") => {
                (StoreFault::Unsupported, "the namespace is being removed".to_owned(), Some("name another namespace"))
            }
            (403, _) => (
                StoreFault::Denied,
                "permission denied for Secrets of the namespace".to_owned(),
                Some("grant create, get and list on its Secrets, as docs/history-cluster.md says"),
            ),
            (413 | 422, _) => (StoreFault::Unsupported, "the API server refuses the Secret".to_owned(), None),
            (code, _) => (StoreFault::Unsure, format!("the API server answered {code}"), None),
        };
        Self::failed(fault, reason, next)
    }

    fn failed(fault: StoreFault, reason: impl Into<String>, next: Option<&str>) -> Self {
        Self::Failed(StoreError { next: next.map(str::to_owned), ..StoreError::new(fault, reason) })
    }
}

#[cfg(test)]
mod tests {
    use kube::Error;
    use kube::core::Status;

    use super::Refusal;
    use crate::history::StoreFault;

    fn refusal(code: u16, reason: &str, kind: &str, message: &str) -> Refusal {
        let details = serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap();
        let status = Status { code, reason: reason.to_owned(), message: message.to_owned(), details: Some(details), ..Status::default() };
        Refusal::of(&Error::Api(Box::new(status)))
    }

    #[test]
    fn only_a_missing_secret_is_absent() {
        assert!(matches!(refusal(404, "NotFound", "secrets", ""), Refusal::Absent));
        assert!(matches!(refusal(409, "AlreadyExists", "secrets", ""), Refusal::Exists));
        for (code, reason, kind) in [(404, "NotFound", "namespaces"), (404, "", ""), (404, "NotFound", ""), (409, "Conflict", "secrets")] {
            assert!(matches!(refusal(code, reason, kind, ""), Refusal::Failed(_)), "{code} {reason} {kind}");
        }
    }

    #[test]
    fn each_refusal_is_in_words() {
        let said = |code, reason, kind, message| match refusal(code, reason, kind, message) {
            Refusal::Failed(error) => (error.fault, error.reason),
            other => panic!("{other:?}"),
        };
        for (code, reason, kind, message, fault, words) in [
            (404, "NotFound", "namespaces", "", StoreFault::Unsupported, "the namespace does not exist"),
            (404, "", "", "page not found", StoreFault::Unsure, "the API server answered 404"),
            (401, "Unauthorized", "", "", StoreFault::Denied, "the cluster does not know who asks"),
            (403, "Forbidden", "secrets", "is forbidden: exceeded quota: q", StoreFault::Full, "a quota of the namespace is used up"),
            (403, "Forbidden", "secrets", "because it is being terminated", StoreFault::Unsupported, "the namespace is being removed"),
            (403, "Forbidden", "secrets", "cannot list", StoreFault::Denied, "permission denied for Secrets of the namespace"),
            (422, "Invalid", "secrets", "CANARY", StoreFault::Unsupported, "the API server refuses the Secret"),
            (500, "InternalError", "", "CANARY", StoreFault::Unsure, "the API server answered 500"),
            (429, "TooManyRequests", "", "", StoreFault::Unsure, "the API server answered 429"),
        ] {
            assert_eq!(said(code, reason, kind, message), (fault, words.to_owned()));
        }
    }
}
