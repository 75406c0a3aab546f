//! A request as it is meant, before it is signed.

use reqwest::Method;
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
}

impl Call {
    /// `GET url`
    pub(crate) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `METHOD url`
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None }
    }

    /// `POST url` with a body of that type.
    pub(crate) fn post(url: Url, kind: &'static str, body: Secret) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, url) }.with(reqwest::header::CONTENT_TYPE, kind)
    }

    /// With a header that is no secret.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}
