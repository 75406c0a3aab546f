//! `HashiCorp` Vault and `OpenBao`.

mod route;
mod seed;
mod store;

pub use seed::{Removal, Seed, Token};

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::hashicorp::route::{Call, Said};
use crate::hashicorp::store::{Change, Store};
use crate::options::Options;
use crate::protocol::{Credential, Protocol, Subject};
use crate::seed::SeedError;
use crate::server::Server;

/// A `HashiCorp` server.
#[derive(Debug)]
pub struct Hashicorp {
    tokens: Vec<Token>,
    store: Mutex<Store>,
}

impl Hashicorp {
    /// What `seed` says.
    ///
    /// # Errors
    /// A seed that contradicts itself.
    pub fn new(seed: Seed) -> Result<Self, SeedError> {
        let mounts = if seed.mounts.is_empty() { vec!["secret".to_owned()] } else { seed.mounts };
        let tokens = if seed.tokens.is_empty() { vec![Token { id: "demo-token".to_owned(), paths: None }] } else { seed.tokens };
        let hashicorp = Self { tokens, store: Mutex::new(Store::new(&mounts)) };
        for (path, versions) in seed.secrets {
            versions.into_iter().try_for_each(|data| hashicorp.put(&path, data))?;
        }
        for removal in seed.removed {
            if let Some(time) = removal.deletion_time {
                hashicorp.delete(&removal.path, &[removal.version], &time);
            }
            if removal.destroyed {
                hashicorp.destroy(&removal.path, &[removal.version]);
            }
        }
        Ok(hashicorp)
    }

    /// Serves `seed` with no options.
    ///
    /// # Errors
    /// As [`Hashicorp::new`] and [`Server::start`].
    pub fn serve(seed: Seed) -> io::Result<Server<Self>> {
        Self::serve_with(seed, Options::default())
    }

    /// Serves `seed`.
    ///
    /// # Errors
    /// As [`Hashicorp::new`] and [`Server::start`].
    pub fn serve_with(seed: Seed, options: Options<'_>) -> io::Result<Server<Self>> {
        Server::start(Arc::new(Self::new(seed)?), options)
    }

    /// The first of its tokens.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.tokens[0].id
    }

    /// Writes a version of `mount/path`.
    ///
    /// # Errors
    /// When no mount has that path.
    pub fn put(&self, path: &str, data: Map<String, Value>) -> Result<(), SeedError> {
        let mut store = self.store();
        let Some((mount, rest)) = store.route(path) else { return Err(SeedError::new(format!("no mount has the path {path}"))) };
        store.put(&mount, rest, data, None).map(drop).map_err(SeedError::new)
    }

    /// Soft-deletes versions of `mount/path` as of `time`; the current one when none is named.
    pub fn delete(&self, path: &str, versions: &[u64], time: &str) {
        self.change(path, versions, &Change::Delete(time.to_owned()));
    }

    /// Destroys versions of `mount/path`; the current one when none is named.
    pub fn destroy(&self, path: &str, versions: &[u64]) {
        self.change(path, versions, &Change::Destroy);
    }

    fn change(&self, path: &str, versions: &[u64], change: &Change) {
        let mut store = self.store();
        if let Some((mount, rest)) = store.route(path) {
            store.change(&mount, rest, versions, change);
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that came, and what is thought of it.
    fn token_of(&self, asked: &Asked<'_>) -> (Credential, Option<&Token>) {
        let Some(given) = asked.header("x-vault-token").or_else(|| asked.bearer()) else { return (Credential::None, None) };
        match self.tokens.iter().find(|token| token.id == given) {
            Some(token) => (Credential::Known, Some(token)),
            None => (Credential::Unknown, None),
        }
    }

    fn say(&self, asked: &Asked<'_>) -> Said {
        let Some(path) = asked.decoded_path() else { return Said::error(400, &["error parsing request"]) };
        let Some(path) = path.trim_start_matches('/').strip_prefix("v1/") else { return Said::error(404, &[]) };
        match self.token_of(asked).1 {
            None => Said::error(403, &["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]),
            Some(token) if !token.may(path) => Said::error(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            Some(_) => {
                let call = Call { method: asked.method, path, query: asked.query, body: asked.body };
                route::answer(&mut self.store(), &call)
            }
        }
    }
}

impl Protocol for Hashicorp {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        let said = self.say(asked);
        said.body.map_or_else(|| Answer::empty(said.status), |body| Answer::json(said.status, &body))
    }

    fn failure(&self, _: &Asked<'_>, code: u16, _: Option<&str>, words: Option<&[String]>) -> Answer {
        let usual: &[&str] = match code {
            403 => &["permission denied"],
            429 => &["request path \"secret/data\": rate limit quota exceeded"],
            500 => &["internal error"],
            503 => &["Vault is sealed"],
            _ => &[],
        };
        let words = words.map_or_else(|| usual.to_vec(), |words| words.iter().map(String::as_str).collect());
        Answer::json(code, &Said::error(code, &words).body.unwrap_or_default())
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        self.token_of(asked).0
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        let mut subject = Subject::new(asked.method, Vec::new());
        if let Some(namespace) = asked.header("x-vault-namespace") {
            subject = subject.with("namespace", namespace);
        }
        if asked.header("x-vault-request") == Some("true") {
            subject = subject.with("marked", "true");
        }
        subject
    }

    fn exports(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![("VAULT_ADDR", origin.to_owned()), ("VAULT_TOKEN", self.token().to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::{Hashicorp, Seed};

    #[test]
    fn a_seed_for_a_mount_that_is_not_there_is_refused() {
        assert!(Hashicorp::new(Seed::default().secret("kv/a", &[])).is_err());
    }
}
