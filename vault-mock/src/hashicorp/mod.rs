//! `HashiCorp` Vault and `OpenBao`: KV versions 1 and 2, tokens, policies, namespaces, and the ways in by `AppRole`, Kubernetes and JWT
//! (developer.hashicorp.com/vault/api-docs; `OpenBao`'s source for what the pages leave open).
//!
//! Operations in the journal: `read`, `subkeys`, `metadata`, `list`, `write`, `delete`, `undelete`, `destroy`, `forget`, `other` of mounts;
//! `encrypt`, `decrypt` of keys; `login`, `lookup-self`, `renew-self`, `revoke-self`, `capabilities-self`, `mount`, `health`, `seal-status`. Names are `mount/path` with
//! the namespace. Notes: `namespace` (the header), `marked` (`X-Vault-Request: true`).
//!
//! Variants of failures: 400 `approle`, `role`, `jwt`, `audience`; 403 `denied`, `invalid-token`, `service-account`, `mount`; 404 `route`;
//! 429 `leases`; 503 `locked`, `namespace`.

mod kv1;
mod kv2;
mod login;
mod namespace;
mod policy;
mod route;
mod said;
mod secret;
mod seed;
mod state;
mod store;
mod system;
mod token;
mod transit;

pub use login::{Accepted, Role};
pub use policy::{Capability, Rule};
pub use said::Flavor;
pub use seed::{Place, Removal, Seed, Token};

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::hashicorp::route::{Route, needed, operation};
use crate::hashicorp::said::Said;
use crate::hashicorp::secret::Change;
use crate::hashicorp::state::State;
use crate::hashicorp::store::Mount;
use crate::hashicorp::token::Issued;
use crate::keys::Keys;
use crate::options::Options;
use crate::protocol::{Credential, Protocol, Subject};
use crate::seed::SeedError;
use crate::server::Server;
use crate::time::rfc3339;

/// A `HashiCorp` server.
#[derive(Debug)]
pub struct Hashicorp {
    flavor: Flavor,
    namespaces: Vec<String>,
    /// The first of its tokens.
    token: String,
    state: Mutex<State>,
    keys: Keys,
}

impl Hashicorp {
    /// What `seed` says.
    ///
    /// # Errors
    /// A seed that contradicts itself.
    pub fn new(seed: Seed) -> Result<Self, SeedError> {
        let namespaces: Vec<String> = seed.namespaces.iter().map(|namespace| namespace::canonical(namespace)).collect();
        let flavor = seed.flavor;
        let state = State::new(seed, &namespaces)?;
        let token = state.tokens.all().next().map(|token| token.id.clone()).unwrap_or_default();
        Ok(Self { flavor, namespaces, token, state: Mutex::new(state), keys: Keys::default() })
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
        &self.token
    }

    /// The tokens that logins gave.
    #[must_use]
    pub fn issued(&self) -> Vec<String> {
        self.state().tokens.all().filter(|token| token.path != "auth/token/create").map(|token| token.id.clone()).collect()
    }

    /// Whether a token holds.
    #[must_use]
    pub fn holds(&self, token: &str) -> bool {
        let state = self.state();
        let now = state.now();
        state.tokens.find(token).is_some_and(|token| token.holds(now))
    }

    /// Revokes a token.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.revoke(token);
    }

    /// Lets so much time go by at once.
    pub fn pass(&self, time: Duration) {
        self.state().ahead += time;
    }

    /// Seals it, or unseals it.
    pub fn seal(&self, sealed: bool) {
        self.state().sealed = sealed;
    }

    /// Writes a version of `mount/path`.
    ///
    /// # Errors
    /// When no mount has that path.
    pub fn put(&self, path: &str, data: Map<String, Value>) -> Result<(), SeedError> {
        let mut state = self.state();
        let now = rfc3339(state.now());
        state.store.put(path, data, &now).ok_or_else(|| SeedError::new(format!("no mount has the path {path}")))
    }

    /// Soft-deletes versions of `mount/path` as of `time`; the current one when none is named.
    pub fn delete(&self, path: &str, versions: &[u64], time: &str) {
        self.state().store.change(path, versions, &Change::Delete(time.to_owned()));
    }

    /// Destroys versions of `mount/path`; the current one when none is named.
    pub fn destroy(&self, path: &str, versions: &[u64]) {
        self.state().store.change(path, versions, &Change::Destroy);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path without `/v1/`, in its namespace; what is said instead when there is none.
    fn place(&self, asked: &Asked<'_>) -> Result<namespace::Place, Said> {
        let path = asked.decoded_path().ok_or_else(|| Said::error(400, &["error parsing request"]))?;
        let path = path.strip_prefix("/v1/").ok_or_else(Said::absent)?.trim_start_matches('/');
        namespace::Place::find(&self.namespaces, asked.header("x-vault-namespace"), path).ok_or_else(|| Said::unrouted(path))
    }

    fn say(&self, asked: &Asked<'_>) -> Result<Said, Said> {
        let place = self.place(asked)?;
        let state = &mut *self.state();
        let (route, now) = (Route::of(&place.path), state.now());
        if state.sealed && !matches!(route, Route::Health | Route::SealStatus) {
            return Err(Said::error(503, &["Vault is sealed"]));
        }
        if !route.takes(asked.method) {
            return Err(Said::unsupported());
        }
        match route {
            Route::Health => return Ok(system::health(state)),
            Route::SealStatus => return Ok(system::seal_status(state)),
            Route::Login(mount) => return system::login(state, (&place.namespace, mount), asked),
            _ => {}
        }
        let token = state.tokens.find(given(asked).unwrap_or_default()).filter(|token| token.holds(now)).cloned();
        let Some(token) = token else { return Err(self.flavor.stranger(given(asked).is_some())) };
        match route {
            Route::LookupSelf => return Ok(Said::data(200, &token.lookup(now))),
            Route::RenewSelf => return Ok(system::renew(state, &token, asked)),
            Route::RevokeSelf => {
                state.tokens.revoke(&token.id);
                return Ok(Said::done());
            }
            Route::CapabilitiesSelf => return Ok(system::capabilities(&place.namespace, &token, asked)),
            Route::MountOf(path) => return Ok(system::mount(state, &token, &place.namespace, path)),
            _ => {}
        }
        if let Some(operation) = transit::Operation::of(&place.path, asked.method) {
            let within = place.full();
            let within = within.strip_prefix(&token.namespace).ok_or_else(Said::denied)?;
            return if token.access.allows(within, needed(asked)) { operation.answer(&self.keys, asked) } else { Err(Said::denied()) };
        }
        mounted(state, &token, &place, asked)
    }
}

/// A request to a mount.
fn mounted(state: &mut State, token: &Issued, place: &namespace::Place, asked: &Asked<'_>) -> Result<Said, Said> {
    let full = place.full();
    // What a token may do is said within its own namespace.
    let within = full.strip_prefix(&token.namespace).ok_or_else(Said::denied)?;
    if !token.access.allows(within, needed(asked)) {
        return Err(Said::denied());
    }
    let now = rfc3339(state.now());
    let Some((mount, rest)) = state.store.at(&full) else { return Err(Said::unrouted(&place.path)) };
    Ok(match mount {
        Mount::One(_) => kv1::answer(mount, rest, asked),
        Mount::Two(_) => kv2::answer(mount, rest, asked, &now),
    })
}

/// The token that came.
fn given<'a>(asked: &'a Asked<'_>) -> Option<&'a str> {
    asked.header("x-vault-token").or_else(|| asked.bearer()).filter(|token| !token.is_empty())
}

impl Protocol for Hashicorp {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        self.say(asked).unwrap_or_else(|refusal| refusal).into_answer()
    }

    fn failure(&self, asked: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer {
        let path = asked.decoded_path().unwrap_or_default();
        let usual = said::failure(code, variant, path.trim_start_matches("/v1/"));
        let words: Vec<&str> = words.unwrap_or(&usual).iter().map(String::as_str).collect();
        Said::error(code, &words).into_answer()
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        let state = &mut *self.state();
        let now = state.now();
        if let Ok(place) = self.place(asked)
            && let Route::Login(mount) = Route::of(&place.path)
        {
            return match asked.json() {
                None => Credential::None,
                Some(body) if state.roles.open((&place.namespace, mount), &body, false).is_ok() => Credential::Known,
                Some(_) => Credential::Unknown,
            };
        }
        match given(asked).map(|id| state.tokens.find(id)) {
            None => Credential::None,
            Some(None) => Credential::Unknown,
            Some(Some(token)) if token.holds(now) => Credential::Known,
            Some(Some(_)) => Credential::Dead,
        }
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        let mut subject = Subject::new("other", Vec::new());
        if let Ok(place) = self.place(asked) {
            let (route, full) = (Route::of(&place.path), place.full());
            let state = self.state();
            if let Some(operation) = transit::Operation::of(&place.path, asked.method) {
                operation.verb.clone_into(&mut subject.operation);
                subject.names.push(full);
            } else if let Some(name) = route.name() {
                name.clone_into(&mut subject.operation);
                if let Route::Login(name) | Route::MountOf(name) = route {
                    subject.names.push(format!("{}{name}", place.namespace));
                }
            } else if let Some((mount, rest)) = state.store.route(&full) {
                let version = state.store.mount(mount).map_or(2, Mount::version);
                let (name, path) = operation(asked, version, rest);
                name.clone_into(&mut subject.operation);
                subject.names.push(format!("{mount}/{path}"));
            }
        }
        for (key, header) in [("namespace", "x-vault-namespace"), ("marked", "x-vault-request")] {
            if let Some(value) = asked.header(header) {
                subject = subject.with(key, value);
            }
        }
        subject
    }

    fn exports(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![("VAULT_ADDR", origin.to_owned()), ("VAULT_TOKEN", self.token().to_owned())]
    }
}
