//! Google Secret Manager, version 1 of its REST interface, with the endpoints at which its clients log in.

mod kms;
mod login;
mod route;
mod seed;
mod status;
mod store;

pub use seed::{Change, Payload, Permission, Seed, State};

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::gcp::login::Logins;
use crate::gcp::route::{NUMBER, Route};
use crate::gcp::status::Status;
use crate::gcp::store::{Missing, Store, Version};
use crate::keys::Keys;
use crate::options::Options;
use crate::protocol::{Credential, Protocol, Subject};
use crate::seed::SeedError;
use crate::server::Server;

/// The most secrets on a page, and how many there are when nobody asks for a number.
const PAGE: usize = 25_000;

/// A server of Google Secret Manager with one project.
#[derive(Debug)]
pub struct Gcp {
    project: String,
    may: Vec<Permission>,
    denied: Vec<String>,
    store: Mutex<Store>,
    logins: Mutex<Logins>,
    keys: Keys,
}

impl Gcp {
    /// What `seed` says.
    ///
    /// # Errors
    /// A seed that contradicts itself.
    pub fn new(seed: Seed) -> Result<Self, SeedError> {
        let mut store = Store::default();
        for (name, versions) in &seed.secrets {
            for payload in versions {
                let value = match payload {
                    Payload::Text(text) => text.clone().into_bytes(),
                    Payload::Bytes { base64 } => {
                        STANDARD.decode(base64).map_err(|_| SeedError::new(format!("a value of {name} is no base64")))?
                    }
                };
                store.put(name, &value);
            }
        }
        for (name, aliases) in &seed.aliases {
            for (alias, number) in aliases {
                store.alias(name, alias, *number);
            }
        }
        for Change { secret, version, state } in &seed.states {
            if !store.set(secret, Some(*version), *state) {
                return Err(SeedError::new(format!("there is no version {version} of {secret}")));
            }
        }
        Ok(Self {
            project: seed.project.unwrap_or_else(|| "demo-project".to_owned()),
            may: seed.may.unwrap_or_else(|| vec![Permission::Access, Permission::Get, Permission::List, Permission::Versions]),
            denied: seed.denied,
            store: Mutex::new(store),
            logins: Mutex::default(),
            keys: Keys::default(),
        })
    }

    /// Serves `seed` with no options.
    ///
    /// # Errors
    /// As [`Gcp::new`] and [`Server::start`].
    pub fn serve(seed: Seed) -> io::Result<Server<Self>> {
        Self::serve_with(seed, Options::default())
    }

    /// Serves `seed`.
    ///
    /// # Errors
    /// As [`Gcp::new`] and [`Server::start`].
    pub fn serve_with(seed: Seed, options: Options<'_>) -> io::Result<Server<Self>> {
        Server::start(Arc::new(Self::new(seed)?), options)
    }

    /// The project's id.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Adds a version of a secret and gives its number.
    pub fn put(&self, name: &str, value: &[u8]) -> u64 {
        self.store().put(name, value)
    }

    /// Changes the state of a version, the newest one when none is named.
    pub fn set(&self, name: &str, version: Option<u64>, state: State) {
        self.store().set(name, version, state);
    }

    /// Gives a version a name.
    pub fn alias(&self, name: &str, alias: &str, version: u64) {
        self.store().alias(name, alias, version);
    }

    /// Switches a key of Cloud KMS off, or on.
    pub fn disable_key(&self, name: &str, disabled: bool) {
        self.keys.disable(name, disabled);
    }

    /// Makes no credential hold any more.
    pub fn revoke(&self) {
        self.logins().revoke();
    }

    /// The JSON of a service account; `origin` is the server's URL.
    #[must_use]
    pub fn service_account(&self, origin: &str) -> String {
        login::service_account(&self.email(), &self.project, origin).to_string()
    }

    /// The JSON of a user; `origin` is the server's URL.
    #[must_use]
    pub fn authorized_user(&self, origin: &str) -> String {
        login::authorized_user(origin).to_string()
    }

    /// The JSON of a workload with a token in the file `path`, which has to be `demo-subject-token`; `origin` is the server's URL.
    #[must_use]
    pub fn external_account(&self, path: &str, origin: &str) -> String {
        login::external_account(path, origin).to_string()
    }

    fn email(&self) -> String {
        format!("reader@{}.iam.gserviceaccount.com", self.project)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(asked: &Asked<'_>) -> Option<Route> {
        Route::of(&asked.decoded_path()?)
    }

    fn say(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        match self.credential(asked) {
            Credential::Known => {}
            Credential::None => return Err(Status::unauthenticated("CREDENTIALS_MISSING")),
            Credential::Dead => return Err(Status::unauthenticated("ACCESS_TOKEN_EXPIRED")),
            Credential::Unknown => return Err(Status::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")),
        }
        if let Some(operation) = kms::Operation::of(asked) {
            return operation.answer(&self.keys, asked, [&self.project, NUMBER], &self.denied);
        }
        let route = Self::route(asked).ok_or_else(|| Status::usual(404, None))?;
        if route.project != self.project && route.project != NUMBER {
            return Err(Status::usual(403, Some("consumer-invalid")));
        }
        match route.operation(asked.method) {
            "ListSecrets" => self.list(asked, &route),
            "ListSecretVersions" => self.versions(asked, &route),
            "GetSecretVersion" => {
                let (version, resource) = self.version(&route, Permission::Get)?;
                Ok(Answer::json(200, &metadata(&version, &resource, asked)))
            }
            "AccessSecretVersion" => {
                let (version, resource) = self.version(&route, Permission::Access)?;
                if version.state != State::Enabled {
                    return Err(Status::not_enabled(&resource, version.state));
                }
                let data = STANDARD.encode(&version.value);
                let checksum = crc32c::crc32c(&version.value).to_string();
                Ok(Answer::json(200, &json!({ "name": resource, "payload": { "data": data, "dataCrc32c": checksum } })))
            }
            "TestIamPermissions" => Ok(self.permissions(asked, &route)),
            _ => Err(Status::usual(404, None)),
        }
    }

    /// A version with its full name.
    fn version(&self, route: &Route, permission: Permission) -> Result<(Version, String), Status> {
        let (name, wanted) = (route.name(), route.version.clone().unwrap_or_default());
        let secret = route.resource();
        if !self.may.contains(&permission) || self.denied.contains(&name) {
            return Err(Status::denied(permission, &format!("{secret}/versions/{wanted}")));
        }
        match self.store().version(&name, &wanted) {
            Ok(version) => Ok((version.clone(), format!("{secret}/versions/{}", version.number))),
            Err(Missing::Secret) => Err(Status::not_found("Secret", &secret)),
            Err(Missing::Version) => Err(Status::not_found("Secret Version", &format!("{secret}/versions/{wanted}"))),
        }
    }

    /// A page of secrets.
    fn list(&self, asked: &Asked<'_>, route: &Route) -> Result<Answer, Status> {
        if !self.may.contains(&Permission::List) {
            return Err(Status::denied(Permission::List, &format!("projects/{NUMBER}")));
        }
        let store = self.store();
        let location = route.location.as_ref().map(|location| format!("/locations/{location}")).unwrap_or_default();
        let names = store.names(route.location.as_deref());
        let secrets = names.iter().map(|name| json!({ "name": format!("projects/{NUMBER}{location}/secrets/{name}") }));
        page("secrets", &secrets.collect::<Vec<_>>(), asked)
    }

    /// A page of a secret's versions, the newest first.
    fn versions(&self, asked: &Asked<'_>, route: &Route) -> Result<Answer, Status> {
        let (name, secret) = (route.name(), route.resource());
        if !self.may.contains(&Permission::Versions) || self.denied.contains(&name) {
            return Err(Status::denied(Permission::Versions, &secret));
        }
        let store = self.store();
        let versions = store.versions(&name).ok_or_else(|| Status::not_found("Secret", &secret))?;
        let versions = versions.iter().rev().map(|version| metadata(version, &format!("{secret}/versions/{}", version.number), asked));
        page("versions", &versions.collect::<Vec<_>>(), asked)
    }

    /// Those of the permissions asked for that the identity has.
    fn permissions(&self, asked: &Asked<'_>, route: &Route) -> Answer {
        let known = !self.denied.contains(&route.name()) && self.store().version(&route.name(), "latest").is_ok();
        let wanted = asked.json().and_then(|body| body.get("permissions").and_then(Value::as_array).cloned()).unwrap_or_default();
        let held: Vec<Value> =
            wanted.into_iter().filter(|name| known && self.may.iter().any(|permission| name == permission.name())).collect();
        Answer::json(200, &if held.is_empty() { json!({}) } else { json!({ "permissions": held }) })
    }
}

/// A page of a list. The token is where the next one begins.
fn page(field: &str, all: &[Value], asked: &Asked<'_>) -> Result<Answer, Status> {
    let number = |name: &str| asked.parameter(name).filter(|text| !text.is_empty()).map(|text| text.trim_start_matches("at ").parse());
    let size: usize = number("pageSize").unwrap_or(Ok(PAGE)).map_err(|_| Status::invalid("Invalid page size."))?;
    let start: usize = number("pageToken").unwrap_or(Ok(0)).map_err(|_| Status::invalid("Invalid page token."))?;
    let end = (start + size.clamp(1, PAGE)).min(all.len());
    let mut page = json!({ field: all.get(start..end).unwrap_or_default(), "totalSize": all.len() });
    if end < all.len() {
        // With characters that have to be encoded in a query.
        page["nextPageToken"] = json!(format!("at {end}"));
    }
    Ok(Answer::json(200, &page))
}

/// A version without its value. Clients may ask for enumerations as numbers.
fn metadata(version: &Version, resource: &str, asked: &Asked<'_>) -> Value {
    let (name, number) = match version.state {
        State::Enabled => ("ENABLED", 1),
        State::Disabled => ("DISABLED", 2),
        State::Destroyed => ("DESTROYED", 3),
    };
    let state = if asked.query.contains("enum-encoding=int") { json!(number) } else { json!(name) };
    json!({ "name": resource, "createTime": version.created, "state": state, "etag": format!("\"{}\"", version.number) })
}

impl Protocol for Gcp {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        let token = self.logins().answer(asked, &self.email());
        token.unwrap_or_else(|| self.say(asked).unwrap_or_else(|status| status.answer()))
    }

    fn failure(&self, asked: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer {
        let words = words.map(|words| words.join(" "));
        if matches!(asked.path, "/token" | "/v1/token") {
            let error = variant.unwrap_or("invalid_grant");
            return Answer::json(code, &json!({ "error": error, "error_description": words.unwrap_or_default() }));
        }
        Status::usual(code, variant).saying(words).answer()
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        self.logins().credential(asked.bearer(), &self.email())
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        if let Some(operation) = kms::Operation::of(asked) {
            return Subject::new(operation.verb, vec![operation.key.to_owned()]);
        }
        match Self::route(asked) {
            Some(route) => Subject::new(route.operation(asked.method), route.secret.iter().map(|_| route.name()).collect()),
            None if asked.path.ends_with("/token") => Subject::new("token", Vec::new()),
            None => Subject::default(),
        }
    }

    /// The checksum of something else.
    fn corrupt(&self, mut answer: Answer) -> Answer {
        let mut body = answer.value();
        for place in ["/payload/dataCrc32c", "/ciphertextCrc32c", "/plaintextCrc32c"] {
            if let Some(checksum) = body.pointer_mut(place) {
                *checksum = json!(crc32c::crc32c(checksum.to_string().as_bytes()).to_string());
                answer.body = body.to_string().into_bytes();
            }
        }
        answer
    }

    fn exports(&self, origin: &str) -> Vec<(&'static str, String)> {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        vec![
            ("GOOGLE_CLOUD_PROJECT", self.project.clone()),
            ("SECRET_MANAGER_ENDPOINT", origin.to_owned()),
            // The metadata server that application default credentials fall back to.
            ("GCE_METADATA_HOST", host.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Gcp, Payload, Seed, State};

    #[test]
    fn seeds_that_contradict_themselves_are_refused() {
        let change = Change { secret: "a".to_owned(), version: 2, state: State::Disabled };
        let seed = Seed { states: vec![change], ..Seed::default().secret("a", "v") };
        assert_eq!(Gcp::new(seed).unwrap_err().reason, "there is no version 2 of a");
        let mut seed = Seed::default();
        seed.secrets.insert("a".to_owned(), vec![Payload::Bytes { base64: "*".to_owned() }]);
        assert_eq!(Gcp::new(seed).unwrap_err().reason, "a value of a is no base64");
    }
}
