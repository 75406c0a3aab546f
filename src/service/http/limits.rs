//! How a service may be used, and how it is known to be the right one.

use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::service::Meter;
use crate::service::http::Proxies;

/// How much at once, how fast and how long.
#[derive(Debug, Clone)]
pub struct RequestLimits {
    /// How many requests may be open at once: 32 at first, and more as the service shows that it bears them.
    pub parallel: usize,
    /// How long one fetch, probe or listing may take with all its retries.
    pub deadline: Duration,
    /// How long a vault that fails again and again is left alone before one more request is tried.
    pub rest: Duration,
    /// How many requests a vault is published to take.
    pub rate: Option<Rate>,
    /// The largest body in bytes.
    pub body: usize,
    /// Counts the requests.
    pub meter: Arc<Meter>,
}

/// Requests in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub calls: u32,
    /// In this time.
    pub per: Duration,
}

impl Default for RequestLimits {
    /// 128 at once, 30 seconds, 10 seconds of rest, no rate, 1 MiB.
    fn default() -> Self {
        Self {
            parallel: 128,
            deadline: Duration::from_secs(30),
            rest: Duration::from_secs(10),
            rate: None,
            body: 1 << 20,
            meter: Arc::default(),
        }
    }
}

/// How a service is reached, and how it is known to be the right one.
#[derive(Debug, Default)]
pub struct Transport {
    /// Authorities in place of the system's.
    pub authorities: Option<Authorities>,
    /// The client's certificate.
    pub identity: Option<ClientCertificate>,
    /// The proxy on the way.
    pub proxies: Proxies,
}

impl Transport {
    /// The same way without the client's certificate, to a service that it is not for.
    pub(crate) fn anonymous(&self) -> Self {
        Self { authorities: self.authorities.clone(), identity: None, proxies: self.proxies.clone() }
    }
}

/// Authorities that sign servers' certificates.
#[derive(Debug, Clone)]
pub struct Authorities {
    /// Certificates in PEM (RFC 7468).
    pub pem: Vec<u8>,
    /// Where they come from, for messages: a path in backticks.
    pub source: String,
}

/// A client's certificate with its key.
#[derive(Debug)]
pub struct ClientCertificate {
    /// The chain in PEM, the client's own first.
    pub chain: Vec<u8>,
    /// The private key in PEM: PKCS #8, PKCS #1 or SEC 1.
    pub key: Secret,
}
