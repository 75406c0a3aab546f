//! How a server is run, whatever protocol it speaks.

use std::time::Duration;

use crate::authority::Authority;
use crate::script::Script;

/// How a server is run.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// The port on the loopback; 0 takes a free one.
    pub port: u16,
    /// A wait before each answer.
    pub latency: Duration,
    /// Who vouches for the server, which then speaks TLS.
    pub tls: Option<&'a Authority>,
    /// Further names in the server's certificate, beside `localhost` and the loopback's addresses. `*.` may stand for one label.
    pub names: Vec<String>,
    /// Whether clients must show a certificate of the same authority.
    pub client_authority: bool,
    /// Whether a request may ask for its own fault: `X-Mock-Fault: {"kind": "status", "code": 503}`.
    pub allow_header: bool,
    /// Faults from the start.
    pub faults: Vec<Script>,
}

impl Options<'_> {
    /// With a wait before each answer.
    #[must_use]
    pub fn latency(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }
}
