//! What servers start with: a section for each vendor.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Deserialize;

use crate::aws;
use crate::azure;
use crate::gcp;
use crate::hashicorp;
use crate::options::Options;
use crate::script::Script;

/// What servers start with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Milliseconds before each answer, for all servers.
    pub latency_ms: u64,
    /// Faults from the start. Each server has them for itself.
    pub faults: Vec<Script>,
    /// A server of Google Secret Manager.
    pub gcp: Option<gcp::Seed>,
    /// A `HashiCorp` server.
    pub hashicorp: Option<hashicorp::Seed>,
    /// An AWS server.
    pub aws: Option<aws::Seed>,
    /// An Azure server.
    pub azure: Option<azure::Seed>,
}

impl Seed {
    /// Reads a seed file.
    pub fn parse(yaml: &str) -> Result<Self, SeedError> {
        serde_yaml::from_str(yaml).map_err(|error| SeedError::new(error.to_string()))
    }

    /// What the seed says about all servers.
    #[must_use]
    pub fn options(&self) -> Options<'static> {
        Options { latency: Duration::from_millis(self.latency_ms), faults: self.faults.clone(), allow_header: true, ..Options::default() }
    }
}

/// Why a seed cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedError {
    /// In words.
    pub reason: String,
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl SeedError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl std::error::Error for SeedError {}

impl From<SeedError> for io::Error {
    fn from(error: SeedError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;
    use crate::fault::Fault;
    use crate::hashicorp::Hashicorp;

    #[test]
    fn reads_the_documented_file() {
        let documentation = include_str!("lib.rs");
        let block = documentation.split("//! ```yaml\n").nth(1).and_then(|rest| rest.split("//! ```").next()).unwrap();
        let yaml: String =
            block.lines().map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or("").to_owned() + "\n").collect();
        let seed = Seed::parse(&yaml).unwrap();
        let gcp = seed.gcp.unwrap();
        assert_eq!((gcp.secrets["shop-db"].len(), gcp.aliases["shop-db"]["stable"], gcp.states.len()), (2, 2, 1));
        let hashicorp = seed.hashicorp.unwrap();
        assert_eq!(hashicorp.tokens[1].id, "reader");
        assert_eq!(hashicorp.jwt[0].mount.as_deref(), Some("github"));
        assert_eq!(hashicorp.secrets["secret/shop/db"].len(), 2);
        assert_eq!(seed.faults[1].fault, Fault::Slow { each_ms: 100 });
        assert!(hashicorp.removed[1].destroyed);
        assert!(Hashicorp::new(hashicorp).is_ok());
        let aws = seed.aws.unwrap();
        assert_eq!((aws.secrets["shop/db"].len(), aws.parameters["/shop/url"].labels["live"]), (2, 1));
        assert_eq!(aws.keys[0].deny[1].name.as_deref(), Some("shop/tls"));
        let azure = seed.azure.unwrap();
        assert_eq!((azure.clients[0].id.as_str(), azure.secrets["shop-db"].len(), azure.deleted.len()), ("demo-client", 2, 1));
    }

    #[test]
    fn the_example_has_a_section_for_each_vault() {
        let seed = Seed::parse(include_str!("../seed.example.yaml")).unwrap();
        assert!(seed.azure.is_some() && seed.aws.is_some() && seed.gcp.is_some());
        assert!(Hashicorp::new(seed.hashicorp.unwrap()).is_ok());
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(Seed::parse("sekrets: {}").is_err());
        assert!(Seed::parse("hashicorp: { sekrets: {} }").is_err());
    }
}
