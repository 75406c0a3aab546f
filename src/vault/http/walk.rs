//! The first steps to a vault: its name, a connection, TLS.

use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::vault::Finding;
use crate::vault::Step;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::http::Exchange;
use crate::vault::http::client::CONNECT;
use crate::vault::http::failure::Failure;

/// Walks as far as an answer of any kind to a request without a credential. The last finding tells how far that was.
pub(crate) async fn reach(exchange: &Exchange) -> Vec<Finding> {
    let origin = exchange.origin();
    let (Some(host), Some(port)) = (origin.host_str(), origin.port_or_known_default()) else { return Vec::new() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let until = exchange.until();
    let soon = || until.min(Instant::now() + CONNECT);
    let mut findings = Vec::new();
    let addresses: Vec<_> = match timeout_at(soon(), lookup_host((bare, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        let error = VaultError::new(
            VaultFault::Unavailable,
            format!("the name `{host}` does not resolve"),
            "check the vault's name for a slip, and the machine's DNS: a private vault resolves inside its network only",
        );
        findings.push(Finding::bad(Step::Resolution, error));
        return findings;
    }
    findings.push(Finding::good(Step::Resolution, format!("{host} is {}", addresses[0].ip())));
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
        let error = VaultError::new(VaultFault::Unavailable, why, "check that the vault runs, and the firewall between here and there");
        findings.push(Finding::bad(Step::Connection, error));
        return findings;
    };
    findings.push(Finding::good(Step::Connection, format!("{peer}")));
    let Ok(answer) = timeout_at(until, exchange.client().head(origin.clone()).send()).await else {
        let error = VaultError::new(VaultFault::Unavailable, "the vault did not answer in time", "check the vault, or allow more time");
        findings.push(Finding::bad(Step::Tls, error));
        return findings;
    };
    match answer {
        Err(error) => findings.push(Finding::bad(Step::Tls, Failure::of(&error).error)),
        Ok(_) if origin.scheme() == "https" => findings.push(Finding::good(Step::Tls, "the certificate is valid")),
        Ok(_) => findings.push(Finding::good(Step::Tls, "none, on the loopback only")),
    }
    findings
}
