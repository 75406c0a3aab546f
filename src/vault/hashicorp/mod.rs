//! `HashiCorp` Vault and `OpenBao`: KV version 2 over HTTP, with a token (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).
//!
//! Each distinct name and version is read once, whatever number of its keys is asked for. The token goes to the configured
//! origin only: redirects are not followed and no proxy is used. Its copies in the HTTP and TLS layers are not wiped.

mod address;
mod answer;
mod settings;
mod token;

pub use settings::Settings;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use reqwest::Method;
use tokio::time::Instant;

use crate::blank::Ask;
use crate::clock::Entropy;
use crate::vault::Fetched;
use crate::vault::Finding;
use crate::vault::Found;
use crate::vault::Listed;
use crate::vault::Plan;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::answer::Subject;
use crate::vault::hashicorp::token::Token;
use crate::vault::http::Call;
use crate::vault::http::Exchange;
use crate::vault::http::reach;
use crate::vault::name;
use crate::vault::words;

/// The most folders that a listing opens, and how deep.
const FOLDERS: usize = 10_000;
const DEPTH: usize = 32;

/// A KV version 2 mount.
#[derive(Debug)]
pub struct HashicorpVault {
    address: Address,
    prefixes: Vec<String>,
    token: Token,
    parallel: usize,
    exchange: Exchange,
}

impl HashicorpVault {
    /// The vault that `settings` describe. Nothing is sent here.
    ///
    /// # Errors
    /// An address, mount, prefix, namespace or token that cannot be one, and a machine without CA certificates.
    pub fn new(settings: Settings, entropy: Arc<dyn Entropy>) -> Result<Self, VaultError> {
        let Settings { address, mount, namespace, token, prefixes, tls, limits } = settings;
        let unusable = |reason: String| {
            VaultError::new(
                VaultFault::Unavailable,
                reason,
                "give an address such as `https://vault.example.com:8200`, and the path of a mount",
            )
        };
        // The address itself is not shown: somebody may have put a password into it.
        let address = Address::new(&address, &mount).map_err(|reason| unusable(format!("the vault's address cannot be used: {reason}")))?;
        let prefixes: Vec<String> = prefixes.iter().map(|prefix| prefix.trim_matches('/').to_owned()).collect();
        for prefix in &prefixes {
            address::check(prefix).map_err(|reason| unusable(format!("a prefix cannot be used: {reason}")))?;
        }
        let token = Token::new(token, namespace.as_deref())?;
        let exchange = Exchange::new(address.base().url(), &tls, &limits, entropy)?;
        Ok(Self { address, prefixes, token, parallel: limits.parallel, exchange })
    }

    fn subject<'s>(&'s self, verb: &'s str, name: &'s str) -> Subject<'s> {
        Subject { mount: self.address.mount(), verb, name }
    }

    /// The version that an ask pins, if its name and version can be asked for at all.
    fn pinned(&self, ask: &Ask) -> Result<Option<u64>, VaultError> {
        self.check_name(&ask.name).map_err(bad_name)?;
        ask.version.as_deref().map(name::version).transpose()
    }

    /// One read for all the keys that are wanted of one version.
    async fn read(&self, (name, version): (&str, Option<u64>), keys: &[Option<&str>], until: Instant) -> Vec<Result<Fetched, VaultError>> {
        let all = |error: VaultError| keys.iter().map(|_| Err(error.clone())).collect();
        let url = match self.address.secret(name, version) {
            Ok(url) => url,
            Err(reason) => return all(bad_name(reason)),
        };
        match self.exchange.ask(&Call::get(url), &self.token, until).await {
            Ok(reply) => {
                let mut answers = answer::values(&reply, self.subject("data", name), keys, &self.token);
                for fetched in answers.iter_mut().flatten() {
                    fetched.current = if version.is_none() { Some(true) } else { None };
                }
                answers
            }
            Err(error) => all(error),
        }
    }

    /// The names right in a folder.
    async fn folder(&self, folder: &str, until: Instant) -> Result<Vec<String>, VaultError> {
        let url = self.address.folder(folder).map_err(bad_name)?;
        let list = Method::from_bytes(b"LIST").unwrap_or(Method::GET);
        let reply = self.exchange.ask(&Call::new(list, url), &self.token, until).await?;
        answer::names(&reply, self.subject("metadata", folder), &self.token)
    }
}

fn bad_name(reason: String) -> VaultError {
    VaultError::new(VaultFault::BadName, reason, "correct the name")
}

/// Whether `name` is `prefix` or stands below it.
fn is_below(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl fmt::Display for HashicorpVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashiCorp Vault at {}, mount {}", self.address.origin(), self.address.mount())
    }
}

#[async_trait]
impl Vault for HashicorpVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        address::check(name)?;
        if self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| is_below(name, prefix)) {
            return Ok(());
        }
        let prefixes = words::names(self.prefixes.iter().cloned());
        Err(format!("`{}` is not below a prefix that the project allows: {prefixes}", words::tame(name, 64)))
    }

    async fn fetch(&self, asks: &[Ask]) -> Vec<Result<Fetched, VaultError>> {
        let until = self.exchange.until();
        let mut answers: Vec<Option<Result<Fetched, VaultError>>> = asks.iter().map(|_| None).collect();
        let mut wanted: BTreeMap<(&str, Option<u64>), Vec<usize>> = BTreeMap::new();
        for (index, ask) in asks.iter().enumerate() {
            match self.pinned(ask) {
                Ok(version) => wanted.entry((&ask.name, version)).or_default().push(index),
                Err(error) => answers[index] = Some(Err(error)),
            }
        }
        let keys: Vec<Vec<Option<&str>>> =
            wanted.values().map(|indexes| indexes.iter().map(|index| asks[*index].key.as_deref()).collect()).collect();
        let reads: Vec<_> = wanted.keys().zip(&keys).map(|(version, keys)| self.read(*version, keys, until)).collect();
        for (indexes, read) in wanted.values().zip(join_all(reads).await) {
            for (index, answer) in indexes.iter().zip(read) {
                answers[*index] = Some(answer);
            }
        }
        // Where the current version was read as well, a pinned one is known to be current or not.
        let current: BTreeMap<&str, String> = wanted
            .iter()
            .filter(|((_, version), _)| version.is_none())
            .filter_map(|((name, _), indexes)| {
                let version = indexes.iter().find_map(|index| answers[*index].as_ref()?.as_ref().ok())?.version.clone();
                Some((*name, version))
            })
            .collect();
        for (ask, answer) in asks.iter().zip(&mut answers) {
            if let (Some(Ok(fetched)), Some(version)) = (answer, current.get(ask.name.as_str())) {
                fetched.current = Some(fetched.version == *version);
            }
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| unreachable!("each ask was planned or refused"))).collect()
    }

    fn plan(&self, asks: &[Ask]) -> Plan {
        let distinct: BTreeSet<(&str, Option<&str>)> = asks.iter().map(|ask| (ask.name.as_str(), ask.version.as_deref())).collect();
        Plan { secrets: distinct.len(), calls: distinct.len(), ahead: 0, parallel: self.parallel }
    }

    async fn probe(&self, asks: &[Ask]) -> Vec<Result<Found, VaultError>> {
        self.fetch(asks).await.into_iter().map(|answer| answer.map(|fetched| Found::from(&fetched))).collect()
    }

    async fn examine(&self) -> Vec<Finding> {
        reach(&self.exchange).await
    }

    async fn close(&self) -> Result<(), VaultError> {
        Ok(())
    }

    /// Names that cannot be asked for are left out. Below prefixes, if there are any, and not the prefixes themselves.
    async fn list(&self) -> Result<Vec<Listed>, VaultError> {
        let until = self.exchange.until();
        let too_many = || {
            let reason = format!("the mount has more than {FOLDERS} folders, or they are nested deeper than {DEPTH}");
            VaultError::new(VaultFault::Unsupported, reason, "limit the vault to prefixes in the project file")
        };
        let mut names = BTreeSet::new();
        let mut folders = if self.prefixes.is_empty() { vec![String::new()] } else { self.prefixes.clone() };
        let mut opened = 0;
        for _ in 0..DEPTH {
            opened += folders.len();
            if opened > FOLDERS {
                return Err(too_many());
            }
            let lists: Vec<_> = folders.iter().map(|folder| self.folder(folder, until)).collect();
            let mut deeper = Vec::new();
            for (folder, list) in folders.iter().zip(join_all(lists).await) {
                for name in list? {
                    let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                    match path.strip_suffix('/') {
                        Some(inner) if address::check(inner).is_ok() => deeper.push(inner.to_owned()),
                        None if address::check(&path).is_ok() => drop(names.insert(path)),
                        _ => {}
                    }
                }
            }
            if deeper.is_empty() {
                return Ok(names.into_iter().map(|name| Listed { name, version: None, created: None, removed: false }).collect());
            }
            folders = deeper;
        }
        Err(too_many())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use serde_json::Map;
    use serde_json::Value;
    use vault_mock::Server;
    use vault_mock::hashicorp::Hashicorp;
    use vault_mock::hashicorp::Seed;

    use super::HashicorpVault;
    use super::Settings;
    use super::is_below;
    use crate::clock::Machine;
    use crate::secret::Secret;
    use crate::vault::Vault;
    use crate::vault::VaultError;
    use crate::vault::VaultFault;
    use crate::vault::suite;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::ask;

    #[derive(Debug)]
    struct Bench {
        server: Server<Hashicorp>,
        vault: HashicorpVault,
    }

    impl Bench {
        fn new() -> Self {
            let server = Hashicorp::serve(Seed::default()).unwrap();
            let settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
            Self { vault: HashicorpVault::new(settings, Arc::new(Machine)).unwrap(), server }
        }

        fn write(&self, name: &str, data: Map<String, Value>) {
            self.server.protocol().put(&format!("secret/{name}"), data).unwrap();
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Vault {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            let value = Value::from(str::from_utf8(value).unwrap());
            self.write(name, Map::from_iter([("value".to_owned(), value)]));
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.write(name, serde_json::from_str(json).unwrap());
        }

        async fn remove(&self, name: &str) {
            self.server.protocol().delete(&format!("secret/{name}"), &[], "2026-01-01T00:00:00Z");
        }

        fn calls(&self) -> Option<usize> {
            Some(self.server.journal().count())
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&Bench::new()).await;
    }

    fn refused(change: impl FnOnce(&mut Settings)) -> VaultError {
        let mut settings = Settings::new("https://vault.example", "secret", Secret::copy_of(b"token"));
        change(&mut settings);
        HashicorpVault::new(settings, Arc::new(Machine)).unwrap_err()
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let error = refused(|settings| settings.token = Secret::copy_of(b"hunter2\n"));
        assert_eq!(error.fault, VaultFault::Unauthenticated);
        assert_eq!(error.reason, "the token is empty or has characters that no token has");
        assert_eq!(refused(|settings| settings.token = Secret::copy_of(b"")).fault, VaultFault::Unauthenticated);
        let error = refused(|settings| settings.namespace = Some("a\nb".to_owned()));
        assert_eq!(error.reason, "the namespace has characters that no namespace has");
        let error = refused(|settings| settings.address = "https://user:hunter2@vault.example".to_owned());
        assert_eq!(error.reason, "the vault's address cannot be used: it has a user or a password in it");
        let error = refused(|settings| settings.prefixes = vec!["shop/..".to_owned()]);
        assert_eq!(error.reason, "a prefix cannot be used: `shop/..` contains `..`, or `.` as a segment");
    }

    #[tokio::test]
    async fn prefixes_hold_for_reading_and_listing() {
        let bench = Bench::new();
        for name in ["shop/db", "shop/deep/er/key", "shopping", "other"] {
            bench.put(name, b"v").await;
        }
        let mut settings = Settings::new(bench.server.url(), "secret", Secret::copy_of(bench.server.protocol().token().as_bytes()));
        settings.prefixes = vec!["shop/".to_owned()];
        let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
        let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
        assert_eq!(names, ["shop/db", "shop/deep/er/key"]);
        bench.server.journal().clear();
        let answers = vault.fetch(&[ask("shop/db"), ask("shopping"), ask("other")]).await;
        assert!(answers[0].is_ok());
        let error = answers[1].as_ref().unwrap_err();
        assert_eq!(error.fault, VaultFault::BadName);
        assert_eq!(error.reason, "`shopping` is not below a prefix that the project allows: `shop`");
        assert_eq!(bench.server.journal().count(), 1);
        assert!(is_below("a/b", "a") && is_below("a", "a") && !is_below("ab", "a"));
    }

    #[tokio::test]
    async fn display_names_the_instance() {
        let bench = Bench::new();
        assert_eq!(bench.vault.to_string(), format!("HashiCorp Vault at {}, mount secret", bench.server.url()));
        assert!(!format!("{:?}", bench.vault).contains(bench.server.protocol().token()));
    }
}
