//! Why there is no answer, in our words: the crate's own may hold whatever the server sent.

use std::io;

use rustls::AlertDescription;

use crate::cause::cause;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::causes::causes;
use crate::service::http::peer::CONNECT;
use crate::service::http::peer::Peer;
use crate::service::http::peer::READ;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The reason.
    pub(crate) error: ServiceError,
    /// Whether another attempt may fare better.
    pub(crate) again: bool,
}

impl Failure {
    /// The failure of a request to `peer`.
    pub(super) fn of(error: &reqwest::Error, peer: &Peer) -> Self {
        let causes = io_causes(error);
        let tls = causes.iter().find_map(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>());
        let (reason, next, again) = match (tls, &peer.proxy) {
            (Some(tls), proxy) => of_tls(tls, peer.name, proxy.is_some()),
            (None, Some(proxy)) if error.is_connect() => of_proxy(error, peer.name, proxy),
            (None, _) => of_connection(error, causes.first().copied(), peer.name),
        };
        Self { error: ServiceError::new(ServiceFault::Unavailable, reason, next), again }
    }
}

/// Reason, next step, and whether another attempt may fare better.
type Wording = (String, String, bool);

fn of_tls(error: &rustls::Error, name: &str, proxied: bool) -> Wording {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            let opened = if proxied { "; a proxy that opens TLS has an authority of its own: name its file in SSL_CERT_FILE" } else { "" };
            let next = format!("check the address, and that the system trusts the authority that signed the certificate{opened}");
            (format!("{name}'s certificate is not valid here"), next, false)
        }
        rustls::Error::AlertReceived(alert) if wants_certificate(*alert) => {
            let next = format!("give the certificate and the key that {name}'s listener asks for");
            (format!("{name} wants a client certificate that it accepts"), next, false)
        }
        _ => (format!("TLS with {name} failed"), format!("check that the address is {name}'s TLS listener"), false),
    }
}

fn of_proxy(error: &reqwest::Error, name: &str, proxy: &str) -> Wording {
    // The crate's error has no type of its own for this.
    let said = |words: &str| causes(error).any(|cause| cause.to_string().ends_with(words));
    if said("proxy authorization required") {
        let next = "put `USER:PASSWORD@` before the proxy's host in HTTPS_PROXY".to_owned();
        return (format!("the proxy {proxy} wants a user and a password"), next, false);
    }
    if said("tunnel error: unsuccessful") {
        let next = "allow the host in the proxy, or list it in NO_PROXY".to_owned();
        return (format!("the proxy {proxy} gives no connection to {name}"), next, true);
    }
    let next = "check HTTPS_PROXY and that the proxy runs, or list the host in NO_PROXY".to_owned();
    (format!("no connection to the proxy {proxy}"), next, true)
}

fn of_connection(error: &reqwest::Error, io: Option<&io::Error>, name: &str) -> Wording {
    let peer = || format!("check {name} and the network");
    match io {
        _ if error.is_timeout() && error.is_connect() => {
            (format!("no connection to {name} within {} s", CONNECT.as_secs()), "check the address and the network".to_owned(), true)
        }
        _ if error.is_timeout() => (format!("{name} was silent for {} s", READ.as_secs()), peer(), true),
        _ if error.is_connect() && is_unresolved(error) => {
            let next = "check the address for a slip, and the machine's DNS: a private name resolves inside its network only";
            (format!("the host of {name} does not resolve"), next.to_owned(), true)
        }
        io if error.is_connect() => {
            let why = io.map(|io| format!(": {}", cause(io))).unwrap_or_default();
            (format!("no connection to {name}{why}"), format!("check the address, and that {name} runs"), true)
        }
        _ => (format!("the connection to {name} broke before the answer was complete"), peer(), true),
    }
}

/// Whether no address was found for the host. The crate's error has no type of its own for this.
fn is_unresolved(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.to_string() == "dns error")
}

/// Whether a server says of the client's certificate that there is none or that it will not do (RFC 8446 section 6.2).
fn wants_certificate(alert: AlertDescription) -> bool {
    use AlertDescription::{BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked, CertificateUnknown, UnknownCA};
    use AlertDescription::{DecryptError, UnsupportedCertificate};
    matches!(alert, BadCertificate | CertificateExpired | CertificateRequired | CertificateRevoked | CertificateUnknown)
        || matches!(alert, DecryptError | UnknownCA | UnsupportedCertificate)
}

/// The I/O errors among them.
fn io_causes(error: &reqwest::Error) -> Vec<&io::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref()).collect()
}
