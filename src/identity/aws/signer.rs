//! Signature Version 4, by AWS's own crate (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
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
use crate::identity::aws::code;
use crate::identity::aws::credential::Credential;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;

/// Signs for one service in one region.
pub(crate) struct Signer {
    pub(crate) credential: Arc<Credential>,
    pub(crate) region: String,
    pub(crate) service: &'static str,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Signer {
    /// The headers that a signature consists of.
    pub(super) fn headers(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let Credential { id, secret, session, .. } = &*self.credential;
        let session = session.as_ref().map(|session| session.expose_text().ok_or(())).transpose().ok()?.map(str::to_owned);
        let identity = Credentials::new(id, secret.expose_text()?, session, None, "cloze").into();
        let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.clock.now().0).unwrap_or_default());
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let signable = SignableRequest::new(method, url, headers.iter().copied(), SignableBody::Bytes(body)).ok()?;
        let (instructions, _) = sign(signable, &parameters).ok()?.into_parts();
        let header = |(name, value): (&str, &str)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        };
        instructions.headers().map(header).collect()
    }
}

#[async_trait]
impl Protocol for Signer {
    async fn sign(&self, request: &mut Request, _: Instant) -> Result<(), ServiceError> {
        let signed = || {
            let headers = request.headers().iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
            let headers = headers.collect::<Option<Vec<_>>>()?;
            let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
            self.headers(request.method().as_str(), request.url().as_str(), &headers, body)
        };
        let headers = signed().ok_or_else(unusable)?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        code::retry_decision(reply)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.credential.gives_away(text)
    }
}

fn unusable() -> ServiceError {
    let next = "check that the access key and the session token were copied whole";
    ServiceError::new(ServiceFault::Unauthenticated, "the request cannot be signed with this credential", next)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).field("service", &self.service).finish_non_exhaustive()
    }
}
