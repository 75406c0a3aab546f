//! What every request carries beside a credential, and requests that carry none.

use async_trait::async_trait;
use reqwest::Request;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;

/// The shortest piece of a credential that must not be shown.
const PIECE: usize = 8;

/// The namespace that a request is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespace {
    header: Option<HeaderValue>,
}

impl Namespace {
    /// # Errors
    /// What cannot be in a header.
    pub(super) fn new(name: Option<&str>) -> Result<Self, ServiceError> {
        let header = name.map(HeaderValue::from_str).transpose().map_err(|_| {
            let reason = "the namespace has characters that no namespace has";
            ServiceError::new(ServiceFault::Unauthenticated, reason, "correct the namespace")
        })?;
        Ok(Self { header })
    }

    /// Marks a request as one of a client's own, and says what it is for.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        headers.insert("X-Vault-Request", HeaderValue::from_static("true"));
        if let Some(header) = &self.header {
            headers.insert("X-Vault-Namespace", header.clone());
        }
    }
}

/// A request without a token: a login, or a question of anybody's.
#[derive(Debug, Default)]
pub(super) struct Tokenless {
    pub(super) namespace: Namespace,
    /// What is in the body and must not be shown.
    pub(super) credentials: Vec<Secret>,
    /// Whether the first answer is taken, whatever it is.
    pub(super) once: bool,
}

#[async_trait]
impl Protocol for Tokenless {
    async fn sign(&self, request: &mut Request, _until: Instant) -> Result<(), ServiceError> {
        self.namespace.put(request.headers_mut());
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        if self.once { RetryDecision::Final } else { RetryDecision::of_status(reply.status) }
    }

    /// A JWT's claims are as telling as the whole: a piece between two dots counts.
    fn gives_away(&self, text: &str) -> bool {
        let held = |credential: &Secret| {
            let Some(whole) = credential.expose_text() else { return false };
            text.contains(whole) || whole.split('.').any(|piece| piece.len() >= PIECE && text.contains(piece))
        };
        self.credentials.iter().any(held)
    }
}
