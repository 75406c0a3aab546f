//! The way to whoever gives out tokens, for the crate that asks for them: our client, one origin, no redirect, no proxy.

use std::net::Ipv4Addr;
use std::sync::Arc;

use azure_core::http::AsyncRawResponse;
use azure_core::http::Body;
use azure_core::http::HttpClient;
use azure_core::http::Method;
use azure_core::http::Request;
use azure_core::http::headers::Headers;
use reqwest::Url;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;

use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Client;
use crate::service::http::Transport;
use crate::service::http::is_loopback;
use crate::vault::azure::entra;
use crate::vault::azure::note::Note;

/// Where Azure's machines have their metadata service.
const METADATA: &str = "http://169.254.169.254";

/// The way to the authority, or to the metadata service of the machine.
#[derive(Debug)]
pub(super) struct Channel {
    client: Client,
    /// Without one it is for managed identities.
    authority: Option<Url>,
    note: Arc<Note>,
    meter: Arc<Meter>,
}

impl Channel {
    /// To the authority at `authority`, or to the machine's own services.
    pub(super) fn new(authority: Option<Url>, transport: &Transport, note: Arc<Note>, meter: Arc<Meter>) -> Result<Self, ServiceError> {
        let machine = || Url::parse(METADATA).unwrap_or_else(|_| unreachable!("a constant"));
        let origin = authority.clone().unwrap_or_else(machine);
        // A client's certificate is the vault's alone.
        let client = Client::new(whom(authority.as_ref()), &origin, &transport.anonymous(), 1)?;
        Ok(Self { client, authority, note, meter })
    }

    /// Where a request goes. The crate knows authorities with https only, so one on the loopback without is written with it until here.
    fn place(&self, url: &Url) -> Option<Url> {
        let host = url.host_str()?;
        match &self.authority {
            Some(authority) => {
                let same = authority.host_str() == Some(host) && authority.port_or_known_default() == known_port(url, authority);
                let mut place = authority.clone();
                place.set_path(url.path());
                place.set_query(url.query());
                same.then_some(place)
            }
            None => (url.scheme() == "http" && (is_of_this_link(host) || is_loopback(host))).then(|| url.clone()),
        }
    }

    fn request(&self, request: &Request) -> Option<reqwest::Request> {
        let method = match request.method() {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            _ => return None,
        };
        let mut own = reqwest::Request::new(method, self.place(request.url())?);
        for (name, value) in request.headers().iter() {
            let mut value = HeaderValue::from_str(value.as_str()).ok()?;
            value.set_sensitive(true);
            own.headers_mut().insert(HeaderName::from_bytes(name.as_str().as_bytes()).ok()?, value);
        }
        match request.body() {
            Body::Bytes(bytes) => *own.body_mut() = Some(bytes.clone().into()),
            Body::SeekableStream(_) => return None,
        }
        Some(own)
    }

    fn failed(&self, error: ServiceError, again: bool) -> azure_core::Error {
        self.note.write(error);
        let kind = if again { azure_core::error::ErrorKind::Io } else { azure_core::error::ErrorKind::Credential };
        kind.into_error()
    }
}

/// As messages name who is asked.
fn whom(authority: Option<&Url>) -> &'static str {
    if authority.is_some() { "the login service" } else { "the machine's identity service" }
}

/// Whether an address is one that no router passes on (RFC 3927): that of the metadata service of Azure's machines, 169.254.169.254, and
/// those of App Service.
fn is_of_this_link(host: &str) -> bool {
    host.parse().is_ok_and(|address: Ipv4Addr| address.is_link_local())
}

/// The port of a URL that the crate made of the authority's.
fn known_port(url: &Url, authority: &Url) -> Option<u16> {
    url.port().or_else(|| if authority.port().is_none() { authority.port_or_known_default() } else { url.port_or_known_default() })
}

#[async_trait::async_trait]
impl HttpClient for Channel {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Some(own) = self.request(request) else {
            let reason =
                format!("an address that is not that of {} came up, and no credential is sent there", whom(self.authority.as_ref()));
            return Err(self.failed(ServiceError::new(ServiceFault::Unavailable, reason, "check the authority's address"), false));
        };
        self.meter.send();
        let reply = match self.client.send_once(own).await {
            Ok(reply) => reply,
            Err(failure) => {
                let mut error = failure.error;
                if self.authority.is_none() {
                    "managed identities are for Azure's own machines; elsewhere, choose another credential".clone_into(&mut error.next);
                }
                // Where there is no such service, there will be none in a second either.
                return Err(self.failed(error, failure.again && self.authority.is_some()));
            }
        };
        self.meter.answer();
        drop(self.note.take());
        if reply.status != 200 {
            let body = if let Body::Bytes(bytes) = request.body() { bytes.as_ref() } else { &[] };
            self.note.write(entra::refusal(&reply, whom(self.authority.as_ref()), body));
        }
        let mut headers = Headers::new();
        if let Some(wait) = reply.retry_after {
            headers.insert("retry-after-ms", wait.as_millis().to_string());
        }
        Ok(AsyncRawResponse::from_bytes(reply.status.into(), headers, reply.body.expose().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::Url;

    use super::Channel;
    use crate::service::http::Transport;

    fn channel(authority: Option<&str>) -> Channel {
        Channel::new(authority.map(|url| Url::parse(url).unwrap()), &Transport::default(), Arc::default(), Arc::default()).unwrap()
    }

    #[test]
    fn requests_go_to_the_authority_only() {
        let place = |authority, url: &str| channel(Some(authority)).place(&Url::parse(url).unwrap()).map(String::from);
        let own = "https://login.example/t/token";
        assert_eq!(place("https://login.example", own).as_deref(), Some(own));
        assert_eq!(place("http://127.0.0.1:81", "https://127.0.0.1:81/t/token").as_deref(), Some("http://127.0.0.1:81/t/token"));
        assert_eq!(place("http://127.0.0.1", "https://127.0.0.1/t/token").as_deref(), Some("http://127.0.0.1/t/token"));
        for other in ["https://evil.example/t/token", "https://login.example:444/t/token", "https://sub.login.example/t/token"] {
            assert_eq!(place("https://login.example", other), None, "{other}");
        }
    }

    #[test]
    fn managed_identities_are_asked_for_on_the_machine_only() {
        let place = |url: &str| channel(None).place(&Url::parse(url).unwrap()).is_some();
        assert!(place("http://169.254.169.254/metadata/identity/oauth2/token") && place("http://localhost:42356/msi/token"));
        assert!(!place("http://evil.example/msi/token") && !place("https://evil.example/msi/token") && !place("http://169.255.1.1/x"));
        assert!(place("http://169.254.129.4:8081/msi/token") && !place("https://169.254.129.4/msi/token"));
    }
}
