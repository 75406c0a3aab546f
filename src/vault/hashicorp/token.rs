//! The token that a request carries.

use async_trait::async_trait;
use reqwest::Request;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;
use crate::vault::hashicorp::headers::Namespace;

/// A token in a namespace.
#[derive(Debug)]
pub(super) struct Token {
    value: Secret,
    namespace: Namespace,
    /// What a login of our own said of it; nothing for the user's.
    pub(super) lease: Option<Lease>,
}

/// A token of a login of our own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// Which login it was, from 1.
    pub(super) number: u64,
    /// The deadline of what it was got for.
    pub(super) meant_for: Instant,
    /// Whether it came in the place of one that the vault did not know any more.
    pub(super) again: bool,
    /// When it ends, if it does.
    pub(super) ends: Option<Instant>,
    /// Whether it can be revoked; a batch token cannot.
    pub(super) revocable: bool,
}

impl Lease {
    /// Whether it was got anew for what has to be done by `until`: once is enough.
    pub(super) fn renewed_for(&self, until: Instant) -> bool {
        self.again && self.meant_for == until
    }
}

impl Token {
    /// # Errors
    /// What cannot stand in a header.
    pub(super) fn new(token: Secret, namespace: Namespace, lease: Option<Lease>) -> Result<Self, ServiceError> {
        if token.is_empty() || !token.expose().iter().all(u8::is_ascii_graphic) {
            let reason = "the token is empty or has characters that no token has";
            return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "give the token alone, without a line end"));
        }
        Ok(Self { value: token, namespace, lease })
    }

    /// Whether it will do for what has to be done by `until`. One that does not last that long is as good as it gets for what it was got for.
    pub(super) fn lasts(&self, until: Instant) -> bool {
        self.lease.is_none_or(|lease| lease.meant_for == until || lease.ends.is_none_or(|ends| ends > until))
    }

    /// Which login it came from; 0 for the user's own.
    pub(super) fn number(&self) -> u64 {
        self.lease.map_or(0, |lease| lease.number)
    }
}

#[async_trait]
impl Protocol for Token {
    async fn sign(&self, request: &mut Request, _until: Instant) -> Result<(), ServiceError> {
        let mut token = HeaderValue::from_bytes(self.value.expose()).unwrap_or_else(|_| unreachable!("the token was checked"));
        token.set_sensitive(true);
        request.headers_mut().insert("X-Vault-Token", token);
        self.namespace.put(request.headers_mut());
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.value.expose_text().is_some_and(|token| text.contains(token))
    }
}
