//! What a HashiCorp server starts with.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::hashicorp::login::Role;
use crate::hashicorp::policy::{Capability, Rule};
use crate::hashicorp::said::Flavor;

/// What a `HashiCorp` server starts with. The crate's documentation shows it as YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Whose words are used where the two differ.
    pub flavor: Flavor,
    /// Whether it is sealed.
    pub sealed: bool,
    /// The namespaces; without any, the header is not read.
    pub namespaces: Vec<String>,
    /// The KV mounts, with their namespaces; `secret` of version 2 when there is none.
    pub mounts: Vec<Place>,
    /// The policies by name.
    pub policies: BTreeMap<String, Vec<Rule>>,
    /// The tokens that are known; one `demo-token` when there is none.
    pub tokens: Vec<Token>,
    /// The roles of `AppRole`.
    pub approle: Vec<Role>,
    /// The roles of Kubernetes.
    pub kubernetes: Vec<Role>,
    /// The roles of JWT.
    pub jwt: Vec<Role>,
    /// `mount/path` and its versions, oldest first.
    pub secrets: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Versions that were removed.
    pub removed: Vec<Removal>,
}

/// Where a KV engine is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// Version 2.
    Path(String),
    /// Either version.
    Versioned {
        /// With its namespace.
        path: String,
        /// 1 or 2.
        version: u8,
    },
}

/// A token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token itself.
    pub id: String,
    /// Prefixes (of whole segments, without `/v1/`) below which it may do everything.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// Its policies. With neither policies nor paths it may do everything.
    #[serde(default)]
    pub policies: Vec<String>,
    /// How many seconds it holds; always when absent.
    #[serde(default)]
    pub ttl: Option<u64>,
    /// The namespace in which it, and below which, it may do anything; the root when empty.
    #[serde(default)]
    pub namespace: String,
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

    /// Adds a token that may do everything below `paths` and nothing else; everything everywhere when there are none.
    #[must_use]
    pub fn token(mut self, id: &str, paths: Option<&[&str]>) -> Self {
        let paths = paths.map(|list| list.iter().map(|&path| path.to_owned()).collect());
        self.tokens.push(Token { id: id.to_owned(), paths, ..Token::default() });
        self
    }

    /// Adds a token with policies.
    #[must_use]
    pub fn policed(mut self, id: &str, policies: &[&str]) -> Self {
        let policies = policies.iter().map(|&policy| policy.to_owned()).collect();
        self.tokens.push(Token { id: id.to_owned(), policies, ..Token::default() });
        self
    }

    /// Adds a rule to a policy.
    #[must_use]
    pub fn rule(mut self, policy: &str, path: &str, can: &[Capability]) -> Self {
        self.policies.entry(policy.to_owned()).or_default().push(Rule::new(path, can));
        self
    }

    /// Adds a mount of a version of the KV engine.
    #[must_use]
    pub fn mount(mut self, path: &str, version: u8) -> Self {
        self.mounts.push(Place::Versioned { path: path.to_owned(), version });
        self
    }

    /// Adds a namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespaces.push(namespace.to_owned());
        self
    }

    /// Adds a role of `AppRole`: its id is `role.role`, its secret ids are what it accepts.
    #[must_use]
    pub fn approle(mut self, role: Role) -> Self {
        self.approle.push(role);
        self
    }

    /// Adds a role of Kubernetes.
    #[must_use]
    pub fn kubernetes(mut self, role: Role) -> Self {
        self.kubernetes.push(role);
        self
    }

    /// Adds a role of JWT.
    #[must_use]
    pub fn jwt(mut self, role: Role) -> Self {
        self.jwt.push(role);
        self
    }
}
