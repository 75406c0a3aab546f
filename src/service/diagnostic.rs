//! What `cloze doctor` finds at a vault, step by step.

use std::fmt;

use crate::service::ServiceError;

/// What a step found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The step.
    pub step: DiagnosticStep,
    /// What was found, as a fragment such as `3 addresses`; or the error.
    pub outcome: Result<String, ServiceError>,
}

impl Diagnostic {
    /// A step that went well.
    pub fn good(step: DiagnosticStep, words: impl Into<String>) -> Self {
        Self { step, outcome: Ok(words.into()) }
    }

    /// The step at which the diagnosis ends.
    pub fn bad(step: DiagnosticStep, error: ServiceError) -> Self {
        Self { step, outcome: Err(error) }
    }
}

/// The steps from an address to a permission, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiagnosticStep {
    /// The file or program that the vault is, or what it is set up with.
    Setup,
    /// Who says that the vault may have credentials.
    Trust,
    /// The proxy on the way, where one is set.
    Proxy,
    /// The host's name resolves.
    Resolution,
    /// Something listens there.
    Connection,
    /// The encryption and the certificate.
    Tls,
    /// It is a vault of this kind, and the one that is named.
    Service,
    /// Who asks, and how that was found out.
    Identity,
    /// Which tenant, account or namespace that is in.
    Tenant,
    /// How long the credential lasts.
    Expiry,
    /// What it may do.
    Permission,
    /// What would be lost with it.
    Backup,
}

impl fmt::Display for DiagnosticStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Setup => "setup",
            Self::Trust => "trust",
            Self::Proxy => "proxy",
            Self::Resolution => "name resolution",
            Self::Connection => "connection",
            Self::Tls => "TLS",
            Self::Service => "service",
            Self::Identity => "identity",
            Self::Tenant => "tenant",
            Self::Expiry => "expiry",
            Self::Permission => "permission",
            Self::Backup => "backup",
        })
    }
}
