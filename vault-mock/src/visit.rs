//! One request: read, noted, answered or spoiled.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::sleep;

use crate::asked::Asked;
use crate::connection::Cutter;
use crate::fault::Fault;
use crate::journal::{Call, Journal};
use crate::protocol::{Credential, Protocol, Subject};
use crate::script::Scripts;
use crate::spoil::{Body, plain, spoiled};
use crate::time::instant;

/// The largest body of a request.
const BODY_LIMIT: usize = 32 << 20;

/// What all requests of a server share.
#[derive(Debug)]
pub(crate) struct Host<P> {
    pub(crate) protocol: Arc<P>,
    pub(crate) scheme: &'static str,
    pub(crate) latency: Duration,
    pub(crate) allow_header: bool,
    pub(crate) scripts: Mutex<Scripts>,
    pub(crate) journal: Journal,
}

/// Notes the end of a request even when its client goes away first.
struct Visit<'a> {
    journal: &'a Journal,
    number: usize,
    status: Option<u16>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.journal.leave(self.number, self.status);
    }
}

/// Answers one request.
pub(crate) async fn visit<P: Protocol>(
    host: Arc<Host<P>>,
    cutter: Cutter,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let arrived = instant();
    let number = host.journal.arrive(Call {
        arrived,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        subject: Subject::default(),
        credential: Credential::None,
        status: None,
    });
    let mut visit = Visit { journal: &host.journal, number, status: None };
    let origin = origin(&head, host.scheme);
    let read = Limited::new(body, BODY_LIMIT).collect().await.map(http_body_util::Collected::to_bytes);
    let asked = Asked {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body: read.as_deref().unwrap_or_default(),
        origin: &origin,
    };
    let (subject, credential) = (host.protocol.subject(&asked), host.protocol.credential(&asked));
    let scripted = host.scripts.lock().unwrap_or_else(PoisonError::into_inner).next(asked.path, &subject, arrived);
    let fault = scripted.or_else(|| if host.allow_header { wished(&asked) } else { None });
    host.journal.learn(number, subject, credential);
    sleep(host.latency).await;
    if let Some(Fault::Delay { ms }) = fault {
        sleep(Duration::from_millis(ms)).await;
    }
    let response = match &read {
        Ok(_) => spoiled(host.protocol.as_ref(), &asked, fault, &cutter),
        Err(_) => Some(plain(host.protocol.failure(&asked, 413, None, None))),
    };
    visit.status = response.as_ref().map(|response| response.status().as_u16());
    Ok(response.unwrap_or_default())
}

/// The fault that a request asks for itself.
fn wished(asked: &Asked<'_>) -> Option<Fault> {
    serde_json::from_str(asked.header("x-mock-fault")?).ok()
}

/// Where the client thinks that it is: the header `Host`, which HTTP/1.1 demands (RFC 9112 section 3.2).
fn origin(head: &Parts, scheme: &str) -> String {
    let host = head.headers.get("host").and_then(|value| value.to_str().ok());
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    format!("{scheme}://{}", host.or(authority).unwrap_or("localhost"))
}
