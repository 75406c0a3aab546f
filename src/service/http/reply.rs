//! An answer, read to its end into a wiped buffer.

use std::time::Duration;

use reqwest::Response;
use reqwest::Url;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::LOCATION;
use reqwest::header::RETRY_AFTER;
use reqwest::header::WWW_AUTHENTICATE;
use zeroize::Zeroize as _;

use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::failure::Failure;
use crate::service::http::peer::Peer;
use crate::service::words;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The service that answered, as messages name it.
    pub(crate) from: &'static str,
    /// The status code.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Secret,
    /// The host that a redirect names, fit for a message.
    pub(crate) host: Option<String>,
    /// The header `WWW-Authenticate` (RFC 9110 section 11.6.1).
    pub(crate) challenge: Option<String>,
    /// The header `X-Amzn-Errortype`, in which some of AWS's front ends name the error.
    pub(crate) error_type: Option<String>,
    /// How long the service asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// All headers.
    pub(crate) headers: HeaderMap,
}

impl Reply {
    /// Reads a response of `peer` to a request for `url`.
    pub(super) async fn read(mut response: Response, url: &Url, limit: usize, peer: &Peer) -> Result<Self, Failure> {
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let target = text(LOCATION).and_then(|location| url.join(location).ok());
        let host = target.and_then(|target| target.host_str().map(|host| words::tame(host, 128)));
        let challenge = text(WWW_AUTHENTICATE).map(str::to_owned);
        let error_type = text(HeaderName::from_static("x-amzn-errortype")).map(str::to_owned);
        let retry_after = patience(response.headers());
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = body(&mut response, limit, peer).await?;
        Ok(Self { from: peer.name, status, body, host, challenge, error_type, retry_after, headers })
    }

    /// The error of a redirect, if it is one.
    pub(crate) fn redirect(&self) -> Option<ServiceError> {
        if !matches!(self.status, 300..=399) {
            return None;
        }
        let host = self.host.as_ref().map(|host| format!(" to {host}")).unwrap_or_default();
        let reason = format!("{} redirects{host}, and redirects are not followed", self.from);
        Some(ServiceError::new(ServiceFault::Unavailable, reason, "give the address of the server that answers itself"))
    }
}

/// The longest wait that a service can ask for.
const WEEK: Duration = Duration::from_hours(7 * 24);

/// `Retry-After` in seconds (RFC 9110 section 10.2.3), or the finer headers of Azure's services. A date is ignored: clocks differ.
fn patience(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let milliseconds = number("x-ms-retry-after-ms").or_else(|| number("retry-after-ms")).map(Duration::from_millis);
    let asked = milliseconds.or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs));
    // Longer than any deadline, and nothing that a time cannot be moved by.
    asked.map(|asked| asked.min(WEEK))
}

/// The body, piece by piece into a wiped buffer.
async fn body(response: &mut Response, limit: usize, peer: &Peer) -> Result<Secret, Failure> {
    let announced = response.content_length().unwrap_or_default();
    let too_large = || {
        let reason = format!("{}'s answer is larger than {} MiB", peer.name, limit >> 20);
        let next = "split the secret if it is that large, or check the address";
        Failure { error: ServiceError::new(ServiceFault::BadValue, reason, next), again: false }
    };
    let size = usize::try_from(announced).ok().filter(|size| *size <= limit).ok_or_else(too_large)?;
    let mut buffer = SecretBuffer::with_capacity(size.max(4096));
    while let Some(piece) = response.chunk().await.map_err(|error| Failure::of(&error, peer))? {
        if buffer.len() + piece.len() > limit {
            return Err(too_large());
        }
        buffer.extend(&piece);
        // The connection's own buffer is wiped where nobody else holds it.
        if let Ok(mut own) = piece.try_into_mut() {
            own.as_mut().zeroize();
        }
    }
    Ok(Secret::from(buffer))
}

#[cfg(test)]
impl Reply {
    /// An answer of a service that never gave it.
    pub(crate) fn sample(from: &'static str, status: u16, body: &[u8], headers: HeaderMap) -> Self {
        let body = Secret::copy_of(body);
        Self { from, status, body, host: None, challenge: None, error_type: None, retry_after: None, headers }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;
    use reqwest::header::HeaderName;
    use reqwest::header::HeaderValue;

    use super::patience;

    #[test]
    fn patience_is_in_seconds_or_finer() {
        let of = |list: &[(&'static str, &'static str)]| {
            patience(
                &list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect::<HeaderMap>(),
            )
        };
        assert_eq!(of(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(of(&[("retry-after", "7"), ("x-ms-retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(of(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), None);
        assert_eq!(of(&[("retry-after", "-1")]), None);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("retry-after", "18446744073709551615")]), Some(super::WEEK));
    }
}
