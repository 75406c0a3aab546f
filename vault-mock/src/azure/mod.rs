//! Azure Key Vault, its secrets, and Entra ID's token endpoint, on one port.

mod assertion;
mod entra;
mod key;
mod seed;
mod store;
mod wire;

pub use seed::{Client, Federated, Seed, Version};

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::azure::entra::Entra;
use crate::azure::store::Store;
use crate::azure::wire::{Place, error};
use crate::keys::Keys;
use crate::options::Options;
use crate::protocol::{Credential, Protocol, Subject};
use crate::seed::SeedError;
use crate::server::Server;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const HOUR: u64 = 3600;

/// A key vault and the tenant that it belongs to.
#[derive(Debug)]
pub struct Azure {
    resource: Option<String>,
    entra: Mutex<Entra>,
    store: Mutex<Store>,
    keys: Keys,
}

impl Azure {
    /// What `seed` says.
    ///
    /// # Errors
    /// A seed that contradicts itself.
    pub fn new(seed: Seed) -> Result<Self, SeedError> {
        let demo = || Client { id: "demo-client".to_owned(), secret: Some("demo-secret".to_owned()), ..Client::default() };
        let clients = if seed.clients.is_empty() { vec![demo()] } else { seed.clients };
        let entra = Entra::new(seed.tenant.unwrap_or_else(|| TENANT.to_owned()), clients, seed.token_seconds.unwrap_or(HOUR));
        let azure = Self { resource: seed.resource, entra: Mutex::new(entra), store: Mutex::default(), keys: Keys::default() };
        for (name, versions) in seed.secrets {
            for version in versions {
                azure.put(&name, version)?;
            }
        }
        for name in seed.deleted {
            azure.delete(&name).then_some(()).ok_or_else(|| SeedError::new(format!("{name} is deleted and was never there")))?;
        }
        Ok(azure)
    }

    /// Serves `seed` with no options.
    ///
    /// # Errors
    /// As [`Azure::new`] and [`Server::start`].
    pub fn serve(seed: Seed) -> io::Result<Server<Self>> {
        Self::serve_with(seed, Options::default())
    }

    /// Serves `seed`.
    ///
    /// # Errors
    /// As [`Azure::new`] and [`Server::start`].
    pub fn serve_with(seed: Seed, options: Options<'_>) -> io::Result<Server<Self>> {
        Server::start(Arc::new(Self::new(seed)?), options)
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> String {
        self.entra().tenant.clone()
    }

    /// The first application: its id and its secret, empty if it has none.
    #[must_use]
    pub fn client(&self) -> (String, String) {
        let entra = self.entra();
        (entra.clients[0].id.clone(), entra.clients[0].secret.clone().unwrap_or_default())
    }

    /// Writes a version and gives its id.
    ///
    /// # Errors
    /// A name that is none, and one that a deleted secret has.
    pub fn put(&self, name: &str, version: Version) -> Result<String, SeedError> {
        if !wire::is_name(name) {
            return Err(SeedError::new(format!("{name} is no secret's name")));
        }
        self.store().put(name, version).ok_or_else(|| SeedError::new(format!("{name} is deleted and can be recovered")))
    }

    /// Switches a version off, or the current one.
    pub fn disable(&self, name: &str, version: Option<&str>) {
        self.store().disable(name, version);
    }

    /// Switches a key off, or on.
    pub fn disable_key(&self, name: &str, disabled: bool) {
        self.keys.disable(name, disabled);
    }

    /// Deletes a secret, and says whether it was there.
    pub fn delete(&self, name: &str) -> bool {
        self.store().delete(name).is_some()
    }

    /// Ends all tokens that were given out so far.
    pub fn revoke(&self) {
        self.entra().revoke();
    }

    fn entra(&self) -> MutexGuard<'_, Entra> {
        self.entra.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tokens have to be for.
    fn resource(&self, asked: &Asked<'_>) -> String {
        self.resource.clone().unwrap_or_else(|| wire::domain(asked.origin))
    }

    /// Who holds the credential, if it is a good one.
    fn holder(&self, asked: &Asked<'_>) -> Option<Client> {
        self.entra().holder(asked.bearer()?, &self.resource(asked)).1.cloned()
    }
}

impl Protocol for Azure {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        match Place::of(asked) {
            Place::Token(tenant) => return self.entra().login(asked, tenant, &self.resource(asked)),
            Place::Discovery(tenant) => return entra::discovery(asked.origin, tenant),
            Place::Managed => return self.entra().managed(asked),
            Place::Elsewhere => return error(404, "NotFound", None, "The requested resource was not found."),
            _ => {}
        }
        let Some(holder) = self.holder(asked) else {
            return wire::challenge(asked, &self.entra().tenant, &self.resource(asked));
        };
        let operation = Place::of(asked).operation(asked.method);
        if let Some(right) =
            wire::right(operation).filter(|right| holder.may.as_ref().is_some_and(|may| !may.iter().any(|other| other == right)))
        {
            return wire::denied(right);
        }
        if let Place::Key(name, version, verb) = Place::of(asked) {
            return key::answer(&self.keys, asked, (name, version, verb));
        }
        wire::answer(&mut self.store(), asked)
    }

    fn failure(&self, asked: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer {
        let words = words.map(|words| words.join(" "));
        match Place::of(asked) {
            Place::Token(_) => {
                let number = variant.and_then(|number| number.parse().ok()).unwrap_or(90033);
                entra::refusal(
                    code,
                    "invalid_client",
                    number,
                    words.as_deref().unwrap_or("A transient error has occurred. Please try again."),
                )
            }
            _ if code == 401 && words.is_none() => wire::challenge(asked, &self.entra().tenant, &self.resource(asked)),
            _ => wire::failure(code, variant, words.as_deref()),
        }
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        asked.bearer().map_or(Credential::None, |token| self.entra().holder(token, &self.resource(asked)).0)
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        let place = Place::of(asked);
        let mut subject = Subject::new(place.operation(asked.method), place.name().into_iter().map(str::to_owned).collect());
        if let Place::Secret(_, Some(version)) = place {
            subject = subject.with("version", version);
        }
        if asked.form("client_secret").is_some() || asked.form("client_assertion").is_some() {
            subject = subject.with("credential", "sent");
        }
        subject
    }

    fn exports(&self, origin: &str) -> Vec<(&'static str, String)> {
        let (client, secret) = self.client();
        vec![
            ("AZURE_KEYVAULT_URL", origin.to_owned()),
            ("AZURE_AUTHORITY_HOST", origin.to_owned()),
            ("AZURE_TENANT_ID", self.tenant()),
            ("AZURE_CLIENT_ID", client),
            ("AZURE_CLIENT_SECRET", secret),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Azure, Seed};

    #[test]
    fn seeds_that_contradict_themselves_are_refused() {
        assert!(Azure::new(Seed::default().secret("a_b", "x")).is_err());
        assert!(Azure::new(Seed { deleted: vec!["a".to_owned()], ..Seed::default() }).is_err());
    }
}
