//! Why there is no answer, in our words: the crate's own may hold whatever the server sent.

use std::error::Error;
use std::io;

use rustls::AlertDescription;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::client::CONNECT;
use crate::service::http::client::READ;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The reason.
    pub(crate) error: ServiceError,
    /// Whether another attempt may fare better.
    pub(crate) again: bool,
}

impl Failure {
    /// In our words: the crate's own may hold whatever the server sent.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let causes = io_causes(error);
        let io = causes.first();
        let tls = causes.iter().find_map(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>());
        let (reason, next, again) = match (tls, io) {
            (Some(rustls::Error::InvalidCertificate(_)), _) => {
                let next = "check the address, and that the system trusts the authority that signed the certificate";
                ("the vault's certificate is not valid here".to_owned(), next, false)
            }
            (Some(rustls::Error::AlertReceived(alert)), _) if wants_certificate(*alert) => {
                let next = "give the certificate and the key that the vault's listener asks for";
                ("the vault wants a client certificate that it accepts".to_owned(), next, false)
            }
            (Some(_), _) => ("TLS with the vault failed".to_owned(), "check that the address is the vault's TLS listener", false),
            (None, _) if error.is_timeout() && error.is_connect() => {
                (format!("no connection to the vault within {} s", CONNECT.as_secs()), "check the address and the network", true)
            }
            (None, _) if error.is_timeout() => {
                (format!("the vault was silent for {} s", READ.as_secs()), "check the vault and the network", true)
            }
            (None, Some(io)) if error.is_connect() => {
                (format!("no connection to the vault: {}", io.kind()), "check the address, and that the vault runs", true)
            }
            (None, _) if error.is_connect() => {
                ("no connection to the vault".to_owned(), "check the address, and that the vault runs", true)
            }
            _ => ("the connection to the vault broke before the answer was complete".to_owned(), "check the vault and the network", true),
        };
        Self { error: ServiceError::new(ServiceFault::Unavailable, reason, next), again }
    }
}

/// Whether a server says of the client's certificate that there is none or that it will not do (RFC 8446 section 6.2).
fn wants_certificate(alert: AlertDescription) -> bool {
    use AlertDescription::{BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked, CertificateUnknown, UnknownCA};
    use AlertDescription::{DecryptError, UnsupportedCertificate};
    matches!(alert, BadCertificate | CertificateExpired | CertificateRequired | CertificateRevoked | CertificateUnknown)
        || matches!(alert, DecryptError | UnknownCA | UnsupportedCertificate)
}

/// The I/O errors among the causes of an error, outermost first.
fn io_causes(error: &reqwest::Error) -> Vec<&io::Error> {
    let mut causes = Vec::new();
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<io::Error>();
        causes.extend(io);
        // An I/O error made of another error gives that one's source as its own, and so hides the one it is made of.
        cause = match io.and_then(io::Error::get_ref) {
            Some(made_of) => Some(made_of),
            None => inner.source(),
        };
    }
    causes
}
