//! What talks to services: one HTTP client, its errors, the JSON reader that wipes, and what a diagnosis finds.

#![cfg_attr(
    not(feature = "vaults"),
    allow(dead_code, unused_imports, reason = "what services share is not all used where some are left out")
)]

mod diagnostic;
mod error;
#[cfg(test)]
mod fuzz;
#[cfg(feature = "http")]
pub mod http;
pub(crate) mod json;
mod meter;
mod window;
pub(crate) mod words;

pub use diagnostic::Diagnostic;
pub use diagnostic::DiagnosticStep;
pub use error::ServiceError;
pub use error::ServiceFault;
pub use meter::Meter;
pub use meter::Meters;
pub(crate) use window::Window;
pub(crate) use window::rounds;
