//! Tokens that hold, and those that held.

use std::time::Duration;

use serde_json::{Value, json};

use crate::hashicorp::policy::Access;
use crate::time::rfc3339;

/// A token of this server.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) policies: Vec<String>,
    pub(crate) access: Access,
    /// Where it came from, such as `auth/approle/login`.
    pub(crate) path: String,
    /// How long it holds, from when it was issued or renewed; always when absent.
    pub(crate) ttl: Option<Duration>,
    pub(crate) since: Duration,
    pub(crate) expires: Option<Duration>,
    pub(crate) revoked: bool,
}

impl Issued {
    pub(crate) fn holds(&self, now: Duration) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }

    fn left(&self, now: Duration) -> u64 {
        self.expires.map_or(0, |expires| expires.saturating_sub(now).as_secs())
    }

    /// What `lookup-self` tells.
    pub(crate) fn lookup(&self, now: Duration) -> Value {
        let ttl = self.ttl.map_or(0, |ttl| ttl.as_secs());
        json!({
            "accessor": self.accessor(), "creation_time": self.since.as_secs(), "creation_ttl": ttl, "display_name": self.display(),
            "entity_id": "", "expire_time": self.expires.map(rfc3339), "explicit_max_ttl": 0, "id": self.id,
            "issue_time": rfc3339(self.since), "meta": null, "namespace_path": self.namespace, "num_uses": 0, "orphan": true,
            "path": self.path, "policies": self.policies, "renewable": self.ttl.is_some(), "ttl": self.left(now), "type": "service",
        })
    }

    /// What a login and a renewal tell.
    pub(crate) fn auth(&self, now: Duration) -> Value {
        json!({
            "accessor": self.accessor(), "client_token": self.id, "entity_id": "", "lease_duration": self.left(now), "metadata": {},
            "mfa_requirement": null, "num_uses": 0, "orphan": true, "policies": self.policies, "renewable": self.ttl.is_some(),
            "token_policies": self.policies, "token_type": "service",
        })
    }

    fn accessor(&self) -> String {
        format!("accessor-{}", self.since.as_nanos())
    }

    fn display(&self) -> &str {
        self.path.strip_prefix("auth/").and_then(|path| path.split('/').next()).unwrap_or("token")
    }
}

/// All tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    list: Vec<Issued>,
    logins: usize,
}

impl Tokens {
    pub(crate) fn add(&mut self, token: Issued) {
        self.list.push(token);
    }

    /// The id of the next token that a login gives.
    pub(crate) fn next_id(&mut self) -> String {
        self.logins += 1;
        format!("hvs.vaultmock{:06}", self.logins)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Issued> {
        self.list.iter().find(|token| token.id == id)
    }

    pub(crate) fn revoke(&mut self, id: &str) {
        self.list.iter_mut().filter(|token| token.id == id).for_each(|token| token.revoked = true);
    }

    /// Lets a token hold for `increment`, or for as long as at first; `None` when it has no end.
    pub(crate) fn renew(&mut self, id: &str, increment: Option<Duration>, now: Duration) -> Option<&Issued> {
        let token = self.list.iter_mut().find(|token| token.id == id)?;
        token.expires = Some(now + increment.unwrap_or(token.ttl?));
        Some(token)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Issued> {
        self.list.iter()
    }
}
