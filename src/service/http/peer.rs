//! Who is spoken to, as messages name it, and how long it may take.

use std::time::Duration;

/// How long a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long a service may be silent.
pub(super) const READ: Duration = Duration::from_secs(10);

/// Who is spoken to, as messages name it.
#[derive(Debug)]
pub(super) struct Peer {
    /// The service with its article, such as `the vault`.
    pub(super) name: &'static str,
    /// `HOST:PORT` of the proxy on the way.
    pub(super) proxy: Option<String>,
}
