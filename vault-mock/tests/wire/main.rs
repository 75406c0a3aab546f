//! The servers as a client sees them: over sockets, in bytes.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod azure;
mod client;
mod faults;
mod gcp;
mod hashicorp;
mod program;
mod tls;
