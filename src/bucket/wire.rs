//! `object_store`'s requests, sent by cloze's own HTTP client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::RetryConfig;
use object_store::client::HttpClient as StoreClient;
use object_store::client::HttpConnector;
use object_store::client::HttpError;
use object_store::client::HttpErrorKind;
use object_store::client::HttpRequest;
use object_store::client::HttpResponse;
use object_store::client::HttpService;
use reqwest::Request;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use tokio::time::Instant;

use crate::bucket::refusal::Refusal;
use crate::bucket::refusal::retry_decision;
use crate::bucket::settings::BucketSettings;
use crate::history::OBJECT_LIMIT;
use crate::history::StoreError;
use crate::history::StoreFault;
use crate::service::ServiceError;
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RequestLimits;
use crate::service::http::RetryDecision;

/// What a listing or an error takes beside the largest object.
const MARGIN: usize = 1 << 20;

/// The way to a store.
#[derive(Clone)]
pub(super) struct Wire(Arc<SharedWire>);

struct SharedWire {
    client: HttpClient,
    deadline: Duration,
    bucket: String,
    /// Whether requests go out without their credential.
    anonymous: bool,
}

impl Wire {
    /// The way to the store at `base`.
    ///
    /// # Errors
    /// Authorities that are not in PEM, and a machine without any.
    pub(super) fn new(base: &Base, settings: &BucketSettings, anonymous: bool) -> Result<Self, ServiceError> {
        let limits = RequestLimits { body: OBJECT_LIMIT + MARGIN, ..settings.limits.clone() };
        let client = HttpClient::named("the store", base.url(), &settings.transport, &limits, Arc::clone(&settings.entropy))?;
        Ok(Self(Arc::new(SharedWire { client, deadline: limits.deadline, bucket: settings.bucket.clone(), anonymous })))
    }

    /// Until when a credential for what begins now has to be there.
    pub(super) fn until(&self) -> Instant {
        Instant::now() + self.0.deadline
    }
}

/// The crate sends each request once: attempts are the client's affair.
pub(super) fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<StoreClient> {
        Ok(StoreClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |refusal| HttpError::new(HttpErrorKind::Unknown, refusal);
        let (mut parts, body) = request.into_parts();
        let Ok(url) = Url::parse(&parts.uri.to_string()) else {
            return Err(failed(StoreError::new(StoreFault::Unsupported, "an address that is not a URL came up").into()));
        };
        if self.0.anonymous {
            parts.headers.remove(AUTHORIZATION);
        }
        let body = body.collect().await?.to_bytes();
        let call = Call::new(parts.method.clone(), url).with_headers(&parts.headers).with_sealed(body);
        let answer = self.0.client.ask(&call, &Signed, self.until()).await;
        let reply = answer.map_err(|error| failed(Refusal::of_service(error)))?;
        match Refusal::of_reply(&reply, &parts.method, &self.0.bucket) {
            Some(refusal) => Err(failed(refusal)),
            None => Ok(response(&reply)),
        }
    }
}

fn response(reply: &Reply) -> HttpResponse {
    let mut response = HttpResponse::new(Bytes::copy_from_slice(reply.body.expose()).into());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    *response.headers_mut() = reply.headers.clone();
    response
}

/// Requests that are signed already.
#[derive(Debug)]
struct Signed;

#[async_trait]
impl Protocol for Signed {
    async fn sign(&self, _: &mut Request, _: Instant) -> Result<(), ServiceError> {
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        retry_decision(reply)
    }

    fn gives_away(&self, _: &str) -> bool {
        // Of an answer nothing is shown but its code.
        false
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("bucket", &self.0.bucket).finish_non_exhaustive()
    }
}
