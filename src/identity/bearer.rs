//! A bearer token (RFC 6750).

use async_trait::async_trait;
use reqwest::Request;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;

/// A bearer token.
#[derive(Debug)]
pub(crate) struct Bearer {
    text: Secret,
    /// When it ends, if that is known.
    pub(crate) expires: Option<Timestamp>,
    /// A header that goes with it.
    with: Option<(HeaderName, HeaderValue)>,
}

impl Bearer {
    /// The token in `text`; nothing if it has characters that a token cannot have.
    pub(crate) fn new(text: Secret, expires: Option<Timestamp>) -> Option<Self> {
        let plain = !text.is_empty() && text.expose().iter().all(u8::is_ascii_graphic);
        plain.then_some(Self { text, expires, with: None })
    }

    /// With a header that goes with it.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.with = Some((name, value));
        self
    }

    /// The token itself.
    pub(crate) fn text(&self) -> &Secret {
        &self.text
    }
}

/// The value of the header `Authorization`; nothing if it cannot be in a header.
pub(crate) fn authorization(token: &Secret) -> Option<HeaderValue> {
    let mut value = SecretBuffer::with_capacity(token.len() + 7);
    value.extend(b"Bearer ");
    value.extend(token.expose());
    let mut value = HeaderValue::from_bytes(value.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[async_trait]
impl Protocol for Bearer {
    async fn sign(&self, request: &mut Request, _: Instant) -> Result<(), ServiceError> {
        let value = authorization(&self.text).unwrap_or_else(|| unreachable!("the token was checked"));
        request.headers_mut().insert(AUTHORIZATION, value);
        if let Some((name, value)) = &self.with {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.text.expose_text().is_some_and(|token| text.contains(token))
    }
}
