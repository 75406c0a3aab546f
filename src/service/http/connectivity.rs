//! The first steps to a service: the proxy on the way, a name that resolves, a connection, TLS.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::cause::cause;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::HttpClient;
use crate::service::http::peer::CONNECT;

/// Goes as far as an answer of any kind to a request without a credential. The last finding says how far that was.
pub(crate) async fn connectivity(client: &HttpClient) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> =
        client.client().route.clone().map(|words| Diagnostic::good(DiagnosticStep::Proxy, words)).into_iter().collect();
    let outcome = steps(client, &mut findings).await;
    findings.extend(outcome.err());
    findings
}

/// Adds each step that went well; the one that did not is the error.
async fn steps(client: &HttpClient, findings: &mut Vec<Diagnostic>) -> Result<(), Diagnostic> {
    let (origin, until) = (client.origin(), client.until());
    let server = client.client().proxy.as_ref().unwrap_or(origin);
    let (Some(host), Some(port)) = (server.host_str(), server.port_or_known_default()) else { return Ok(()) };
    let addresses = resolve(host, port, until).await.map_err(|error| Diagnostic::bad(DiagnosticStep::Resolution, error))?;
    findings.push(Diagnostic::good(DiagnosticStep::Resolution, format!("{host} is {}", addresses[0].ip())));
    let peer = connect(host, port, &addresses, until).await.map_err(|error| Diagnostic::bad(DiagnosticStep::Connection, error))?;
    findings.push(Diagnostic::good(DiagnosticStep::Connection, format!("{peer}")));
    let answer = timeout_at(until, client.client().reach(origin.clone())).await.unwrap_or_else(|_| {
        let name = client.client().name();
        let next = format!("check {name}, or allow more time");
        Err(ServiceError::new(ServiceFault::Unavailable, format!("{name} did not answer in time"), next))
    });
    answer.map_err(|error| Diagnostic::bad(DiagnosticStep::Tls, error))?;
    let words = match origin.scheme() {
        "https" => format!("the certificate is valid by {}", client.client().authorities),
        _ => "not used: the address is of this machine".to_owned(),
    };
    findings.push(Diagnostic::good(DiagnosticStep::Tls, words));
    Ok(())
}

async fn resolve(host: &str, port: u16, until: Instant) -> Result<Vec<SocketAddr>, ServiceError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<_> = match timeout_at(soon(until), lookup_host((bare, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        let reason = format!("the name `{host}` does not resolve");
        let next = "check the name for a slip, and the machine's DNS: a private name resolves inside its network only";
        return Err(ServiceError::new(ServiceFault::Unavailable, reason, next));
    }
    Ok(addresses)
}

/// The first address that takes a connection.
async fn connect(host: &str, port: u16, addresses: &[SocketAddr], until: Instant) -> Result<SocketAddr, ServiceError> {
    let mut why = format!("nothing answers at {host} port {port} within {} s", CONNECT.as_secs());
    for address in addresses.iter().take(4) {
        match timeout_at(soon(until), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream.peer_addr().unwrap_or(*address)),
            Ok(Err(error)) => why = format!("no connection to {host} port {port}: {}", cause(&error)),
            Err(_) => {}
        }
    }
    let next = "check that something listens there, and the firewall between here and there";
    Err(ServiceError::new(ServiceFault::Unavailable, why, next))
}

fn soon(until: Instant) -> Instant {
    until.min(Instant::now() + CONNECT)
}
