//! A request as it is meant, before it is signed.

use bytes::Bytes;
use reqwest::Body;
use reqwest::Method;
use reqwest::Request;
use reqwest::Url;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;

use crate::secret::Secret;

/// A request that can be made several times over.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Secret>,
    /// A body that is not a secret, which is sent without a copy.
    pub(super) sealed: Bytes,
}

impl Call {
    /// `GET url`
    pub(crate) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `METHOD url`
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, sealed: Bytes::new() }
    }

    /// `POST url` with a body of that type.
    pub(crate) fn post(url: Url, kind: &'static str, body: Secret) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, url) }.with(reqwest::header::CONTENT_TYPE, kind)
    }

    /// Where it goes.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The request as it is meant, without a signature.
    pub(crate) fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = match &self.body {
            Some(body) => Some(Body::from(body.expose().to_vec())),
            None => (!self.sealed.is_empty()).then(|| Body::from(self.sealed.clone())),
        };
        request
    }

    /// With a header that is a secret; nothing if the value cannot be in a header.
    pub(crate) fn with_secret(mut self, name: HeaderName, value: &Secret) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value.expose()).ok()?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Some(self)
    }

    /// With these headers in place of its own.
    pub(crate) fn with_headers(self, headers: &HeaderMap) -> Self {
        Self { headers: headers.clone(), ..self }
    }

    /// With a body that is not a secret.
    #[cfg(feature = "bucket")]
    pub(crate) fn with_sealed(self, sealed: Bytes) -> Self {
        Self { sealed, ..self }
    }

    /// With a header that is not a secret.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}
