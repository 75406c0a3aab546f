//! How a vault behind a network may be used, and how it is known to be the right one.

use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::service::Meter;

/// How much at once, how fast and how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many requests may be open at once.
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

impl Default for Limits {
    /// 16 at once, 30 seconds, 10 seconds of rest, no rate, 1 MiB.
    fn default() -> Self {
        Self {
            parallel: 16,
            deadline: Duration::from_secs(30),
            rest: Duration::from_secs(10),
            rate: None,
            body: 1 << 20,
            meter: Arc::default(),
        }
    }
}

/// Who is believed to be the vault, and who says that it is us.
#[derive(Debug, Default)]
pub struct Tls {
    /// Authorities in PEM (RFC 7468) in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// The client's certificate.
    pub identity: Option<Identity>,
}

/// A client's certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The chain in PEM, the client's own first.
    pub chain: Vec<u8>,
    /// The private key in PEM: PKCS #8, PKCS #1 or SEC 1.
    pub key: Secret,
}
