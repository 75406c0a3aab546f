//! What a HashiCorp server starts with.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a `HashiCorp` server starts with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The tokens that are known; one `demo-token` when there is none.
    pub tokens: Vec<Token>,
    /// The KV v2 mounts; `secret` when there is none.
    pub mounts: Vec<String>,
    /// `mount/path` and its versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Versions that were removed.
    pub removed: Vec<Removal>,
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

impl Seed {
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
    use super::Token;

    #[test]
    fn a_token_may_touch_whole_segments() {
        let token = Token { id: "t".to_owned(), paths: Some(vec!["secret/data/shop".to_owned()]) };
        assert!(token.may("secret/data/shop/db") && token.may("secret/data/shop"));
        assert!(!token.may("secret/data/shopping"));
    }
}
