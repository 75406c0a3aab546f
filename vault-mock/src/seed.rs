//! What a server starts with.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Script;

/// What a server starts with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The tokens that are known; one `demo-token` when there is none.
    pub tokens: Vec<Token>,
    /// The KV v2 mounts; `secret` when there is none.
    pub mounts: Vec<String>,
    /// Milliseconds before each answer.
    pub latency_ms: u64,
    /// `mount/path` and its versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Versions that were removed.
    pub removed: Vec<Removal>,
    /// Faults from the start.
    pub faults: Vec<Script>,
}

/// A token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token itself.
    pub id: String,
    /// Prefixes (of whole segments, without `/v1/`) that it may touch; everything when absent.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
}

/// A version that was removed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// `mount/path`.
    pub path: String,
    /// The version's number.
    pub version: u64,
    /// RFC 3339 in UTC. A time to come means that the version still reads until then.
    #[serde(default)]
    pub deletion_time: Option<String>,
    /// Whether its data was destroyed.
    #[serde(default)]
    pub destroyed: bool,
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

impl std::error::Error for SeedError {}

impl Seed {
    /// Reads a seed file.
    pub fn parse(yaml: &str) -> Result<Self, SeedError> {
        serde_yaml::from_str(yaml).map_err(|error| SeedError { reason: error.to_string() })
    }

    /// Adds a version of a secret whose fields are all text.
    #[must_use]
    pub fn secret(mut self, path: &str, fields: &[(&str, &str)]) -> Self {
        let data = fields.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        self.secrets.entry(path.to_owned()).or_default().push(data);
        self
    }

    /// Adds a token that may touch `paths` only.
    #[must_use]
    pub fn token(mut self, id: &str, paths: Option<&[&str]>) -> Self {
        let paths = paths.map(|list| list.iter().map(|&path| path.to_owned()).collect());
        self.tokens.push(Token { id: id.to_owned(), paths });
        self
    }

    /// Waits so long before each answer.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

impl Token {
    /// Whether the token may touch `path`.
    pub(crate) fn may(&self, path: &str) -> bool {
        let under = |prefix: &String| {
            let prefix = prefix.trim_end_matches('/');
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.paths.as_ref().is_none_or(|paths| paths.iter().any(under))
    }
}

#[cfg(test)]
mod tests {
    use super::{Seed, Token};
    use crate::fault::Fault;

    #[test]
    fn reads_the_documented_file() {
        let documentation = include_str!("lib.rs");
        let block = documentation.split("//! ```yaml\n").nth(1).and_then(|rest| rest.split("//! ```").next()).unwrap();
        let yaml: String =
            block.lines().map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or("").to_owned() + "\n").collect();
        let seed = Seed::parse(&yaml).unwrap();
        assert_eq!(seed.tokens[0].id, "reader");
        assert_eq!(seed.secrets["secret/shop/db"].len(), 2);
        assert_eq!(seed.faults[1].fault, Fault::Slow { each_ms: 100 });
        assert!(seed.removed[1].destroyed);
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(Seed::parse("sekrets: {}").is_err());
    }

    #[test]
    fn a_token_may_touch_whole_segments() {
        let token = Token { id: "t".to_owned(), paths: Some(vec!["secret/data/shop".to_owned()]) };
        assert!(token.may("secret/data/shop/db") && token.may("secret/data/shop"));
        assert!(!token.may("secret/data/shopping"));
    }
}
