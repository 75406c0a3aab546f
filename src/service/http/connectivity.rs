//! The first steps to a vault: its name, a connection, TLS.

use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::Step;
use crate::service::http::HttpClient;
use crate::service::http::client::CONNECT;
use crate::service::http::failure::Failure;

/// Walks as far as an answer of any kind to a request without a credential. The last finding tells how far that was.
pub(crate) async fn connectivity(client: &HttpClient) -> Vec<Diagnostic> {
    let origin = client.origin();
    let (Some(host), Some(port)) = (origin.host_str(), origin.port_or_known_default()) else { return Vec::new() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let until = client.until();
    let soon = || until.min(Instant::now() + CONNECT);
    let mut findings = Vec::new();
    let addresses: Vec<_> = match timeout_at(soon(), lookup_host((bare, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        let error = ServiceError::new(
            ServiceFault::Unavailable,
            format!("the name `{host}` does not resolve"),
            "check the vault's name for a slip, and the machine's DNS: a private vault resolves inside its network only",
        );
        findings.push(Diagnostic::bad(Step::Resolution, error));
        return findings;
    }
    findings.push(Diagnostic::good(Step::Resolution, format!("{host} is {}", addresses[0].ip())));
    let mut connected = None;
    let mut why = format!("nothing answers at {host} port {port} within {} s", CONNECT.as_secs());
    for address in addresses.iter().take(4) {
        match timeout_at(soon(), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                connected = stream.peer_addr().ok();
                break;
            }
            Ok(Err(error)) => why = format!("no connection to {host} port {port}: {}", error.kind()),
            Err(_) => {}
        }
    }
    let Some(peer) = connected else {
        let error = ServiceError::new(ServiceFault::Unavailable, why, "check that the vault runs, and the firewall between here and there");
        findings.push(Diagnostic::bad(Step::Connection, error));
        return findings;
    };
    findings.push(Diagnostic::good(Step::Connection, format!("{peer}")));
    let Ok(answer) = timeout_at(until, client.client().head(origin.clone()).send()).await else {
        let error = ServiceError::new(ServiceFault::Unavailable, "the vault did not answer in time", "check the vault, or allow more time");
        findings.push(Diagnostic::bad(Step::Tls, error));
        return findings;
    };
    match answer {
        Err(error) => findings.push(Diagnostic::bad(Step::Tls, Failure::of(&error).error)),
        Ok(_) if origin.scheme() == "https" => findings.push(Diagnostic::good(Step::Tls, "the certificate is valid")),
        Ok(_) => findings.push(Diagnostic::good(Step::Tls, "none, on the loopback only")),
    }
    findings
}
