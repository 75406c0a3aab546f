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
pub(super) struct VaultToken {
    value: Secret,
    namespace: Namespace,
    own: bool,
}

impl VaultToken {
    /// The user's token, or that of a login of our `own`.
    ///
    /// # Errors
    /// What cannot be in a header.
    pub(super) fn new(token: Secret, namespace: Namespace, own: bool) -> Result<Self, ServiceError> {
        if token.is_empty() || !token.expose().iter().all(u8::is_ascii_graphic) {
            let reason = "the token is empty or has characters that a token cannot have";
            return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "give the token alone, without a line end"));
        }
        Ok(Self { value: token, namespace, own })
    }

    /// Whether it is of a login of our own.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    pub(super) fn duplicate(&self) -> Self {
        Self { value: self.value.duplicate(), namespace: self.namespace.clone(), own: self.own }
    }
}

#[async_trait]
impl Protocol for VaultToken {
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
