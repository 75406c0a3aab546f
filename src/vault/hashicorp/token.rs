//! The token that every request carries, and the namespace that it is for.

use async_trait::async_trait;
use reqwest::Request;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::secret::Secret;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::http::Dialect;
use crate::vault::http::Reply;
use crate::vault::http::Verdict;

/// A token in a namespace.
#[derive(Debug)]
pub(super) struct Token {
    token: Secret,
    namespace: Option<HeaderValue>,
}

impl Token {
    /// # Errors
    /// What cannot stand in a header.
    pub(super) fn new(token: Secret, namespace: Option<&str>) -> Result<Self, VaultError> {
        let unusable = |reason: &str, next: &str| VaultError::new(VaultFault::Unauthenticated, reason, next);
        if token.is_empty() || !token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(unusable("the token is empty or has characters that no token has", "give the token alone, without a line end"));
        }
        let namespace = namespace.map(HeaderValue::from_str).transpose();
        let namespace = namespace.map_err(|_| unusable("the namespace has characters that no namespace has", "correct the namespace"))?;
        Ok(Self { token, namespace })
    }
}

#[async_trait]
impl Dialect for Token {
    async fn sign(&self, request: &mut Request, _until: Instant) -> Result<(), VaultError> {
        let mut token = HeaderValue::from_bytes(self.token.expose()).unwrap_or_else(|_| unreachable!("the token was checked"));
        token.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert("X-Vault-Token", token);
        headers.insert("X-Vault-Request", HeaderValue::from_static("true"));
        if let Some(namespace) = &self.namespace {
            headers.insert("X-Vault-Namespace", namespace.clone());
        }
        Ok(())
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        Verdict::of_status(reply.status)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.token.expose_text().is_some_and(|token| text.contains(token))
    }
}
