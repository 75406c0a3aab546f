//! Signature Version 4 on each attempt, by AWS's own crate (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::SignableBody;
use aws_sigv4::http_request::SignableRequest;
use aws_sigv4::http_request::SigningSettings;
use aws_sigv4::http_request::sign;
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Body;
use reqwest::Request;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;
use crate::vault::aws::keys::Keys;
use crate::vault::aws::refusal;

/// Signs for one service in one region.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) keys: Arc<Keys>,
    pub(super) region: String,
    pub(super) service: &'static str,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Protocol for Signer {
    async fn sign(&self, request: &mut Request, until: Instant) -> Result<(), ServiceError> {
        let credentials = self.keys.get(until).await?;
        let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.clock.now().0).unwrap_or_default());
        let headers = self.headers(request, credentials, time).ok_or_else(|| {
            let next = "check that the access key and the session token were copied whole";
            ServiceError::new(ServiceFault::Unauthenticated, "the request cannot be signed with this credential", next)
        })?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        refusal::retry_decision(reply)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.keys.gives_away(text)
    }
}

impl Signer {
    /// The headers that a signature at `time` consists of.
    fn headers(&self, request: &Request, credentials: Credentials, time: SystemTime) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let headers: Vec<(&str, &str)> =
            request.headers().iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect::<Option<_>>()?;
        let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let signable = SignableRequest::new(method, url, headers.into_iter(), SignableBody::Bytes(body)).ok()?;
        let (instructions, _) = sign(signable, &parameters).ok()?.into_parts();
        let header = |(name, value): (&str, &str)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        };
        instructions.headers().map(header).collect()
    }
}
