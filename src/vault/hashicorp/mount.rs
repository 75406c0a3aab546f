//! A KV mount: values, what is known without them, and names.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use futures::future::join_all;
use reqwest::Method;
use reqwest::Url;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::identity::renewal::Authenticated;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::json::Json;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::hashicorp::KvEngine;
use crate::vault::hashicorp::address;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::answer;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::refusal::Subject;
use crate::vault::hashicorp::rights::Rights;
use crate::vault::hashicorp::session::VaultSession;
use crate::vault::hashicorp::token::VaultToken;
use crate::vault::name;

/// The most folders that a listing opens, and how deep.
const FOLDERS: usize = 10_000;
const DEPTH: usize = 32;

/// A secret, and a version of it; the current one without a number.
pub(super) type VersionedName<'a> = (&'a str, Option<u64>);

/// A KV mount.
#[derive(Debug)]
pub(super) struct Mount {
    pub(super) address: Address,
    pub(super) session: VaultSession,
    /// Whether the engine has answered as one of its version does.
    proven: AtomicBool,
    /// What the vault says of the engine, asked when something is not there.
    said: OnceCell<Option<KvEngine>>,
}

/// What is known of a mount.
#[derive(Debug)]
pub(super) enum About {
    /// It is a KV engine of this version.
    Kv(KvEngine),
    /// It is another engine.
    Other(String),
}

impl Mount {
    pub(super) fn new(address: Address, session: VaultSession) -> Self {
        Self { address, session, proven: AtomicBool::new(false), said: OnceCell::new() }
    }

    /// One read for all the keys that are wanted of one version.
    pub(super) async fn read(
        &self,
        version: VersionedName<'_>,
        keys: &[Option<&str>],
        until: Instant,
    ) -> Vec<Result<SecretValue, ServiceError>> {
        let (name, number) = version;
        let url = self.address.secret(name, number);
        self.answer(url, "data", name, keys, until, |answered, subject| match self.address.engine() {
            KvEngine::V1 => answer::of_v1(answered, subject).map(|map| keys.iter().map(|key| map.fetched(*key, subject)).collect()),
            KvEngine::V2 => {
                let map = answer::of_v2(answered, "data", subject).and_then(|map| map.of_version(number));
                map.map(|map| keys.iter().map(|key| map.fetched(*key, subject)).collect())
            }
        })
        .await
    }

    /// Whether one version is there with its keys, by the way with the least in its answer that is not forbidden.
    pub(super) async fn probe(
        &self,
        version: VersionedName<'_>,
        keys: &[Option<&str>],
        rights: &Rights,
        until: Instant,
    ) -> Vec<Result<SecretMetadata, ServiceError>> {
        let (name, number) = version;
        if !rights.allow(&self.address.path("data", name)) {
            let path = self.address.path("data", name);
            let reason = format!("the token may not read `{path}`");
            let error =
                ServiceError::new(ServiceFault::Denied, reason, "allow `read` on that path in the token's policy, or check the token");
            return keys.iter().map(|_| Err(error.clone())).collect();
        }
        if self.address.engine() == KvEngine::V2 {
            if rights.allow(&self.address.path("subkeys", name)) {
                let url = self.address.subkeys(name, number);
                let answers = self
                    .answer(url, "subkeys", name, keys, until, |answered, subject| {
                        if answered.is_unsupported() {
                            return Err(answer::unsupported("the keys"));
                        }
                        let map = answer::of_v2(answered, "subkeys", subject)?.of_version(number)?;
                        Ok(keys.iter().map(|key| map.found(*key, subject)).collect())
                    })
                    .await;
                if !is_forbidden(&answers) {
                    return answers;
                }
            }
            // The metadata know no keys.
            if keys.iter().all(Option::is_none) && rights.allow(&self.address.path("metadata", name)) {
                let answers = self.metadata(version, keys, until).await;
                // Whether a version has ended is for a read to say.
                if !is_forbidden(&answers) && answers.iter().flatten().all(|found| found.expires.is_none()) {
                    return answers;
                }
            }
        }
        self.read(version, keys, until).await.into_iter().map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched))).collect()
    }

    /// What the metadata say of one version.
    pub(super) async fn metadata(
        &self,
        (name, number): VersionedName<'_>,
        keys: &[Option<&str>],
        until: Instant,
    ) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.answer(self.address.metadata(name), "metadata", name, keys, until, |answered, subject| {
            let found = answer::of_metadata(answered, number, subject)?;
            Ok(keys.iter().map(|_| Ok(found.clone())).collect())
        })
        .await
    }

    /// Everything below `prefixes`, or everything. Names that cannot be asked for are left out.
    pub(super) async fn names(&self, prefixes: &[String], until: Instant) -> Result<BTreeSet<String>, ServiceError> {
        let too_many = || {
            let reason = format!("the mount has more than {FOLDERS} folders, or they are nested deeper than {DEPTH}");
            ServiceError::new(ServiceFault::Unsupported, reason, "limit the vault to prefixes in the project file")
        };
        let mut names = BTreeSet::new();
        let mut folders = if prefixes.is_empty() { vec![String::new()] } else { prefixes.to_vec() };
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
                return Ok(names);
            }
            folders = deeper;
        }
        Err(too_many())
    }

    /// What the vault says that the mount is.
    pub(super) async fn about(&self, until: Instant) -> Result<About, ServiceError> {
        let url = self.address.about_mount().map_err(name::refused)?;
        let heard = self.session.ask(&Call::get(url), until).await?;
        let answered = heard.answered();
        if answered.reply.status != 200 {
            let path = format!("sys/internal/ui/mounts/{}", self.address.mount());
            return Err(answered.refusal(Subject { mount: self.address.mount(), path: &path, name: self.address.mount(), right: "read" }));
        }
        let json = Json::parse(answered.reply.body.expose()).ok();
        let data = json.and_then(|json| json.get("data"));
        let kind = data.and_then(|data| data.get("type")).and_then(|kind| kind.text()).unwrap_or_default();
        let options = data.and_then(|data| data.get("options"));
        let versioned = options.and_then(|options| options.get("version")).is_some_and(|version| version.is("2"));
        Ok(match kind.as_str() {
            "kv" | "generic" => About::Kv(if versioned { KvEngine::V2 } else { KvEngine::V1 }),
            _ => About::Other(kind),
        })
    }

    /// Asks for `url`, and reads the answer by `reader`.
    async fn answer<T>(
        &self,
        url: Result<Url, String>,
        verb: &str,
        name: &str,
        keys: &[Option<&str>],
        until: Instant,
        reader: impl Fn(Answered<'_>, Subject<'_>) -> Result<Vec<Result<T, ServiceError>>, ServiceError>,
    ) -> Vec<Result<T, ServiceError>> {
        let all = |error: ServiceError| keys.iter().map(|_| Err(error.clone())).collect();
        let heard = match self.ask(url, until).await {
            Ok(heard) => heard,
            Err(error) => return all(error),
        };
        let path = self.address.path(verb, name);
        match reader(heard.answered(), Subject { mount: self.address.mount(), path: &path, name, right: "read" }) {
            Ok(answers) => {
                self.proven.store(true, Ordering::Relaxed);
                answers
            }
            Err(error) if error.fault == ServiceFault::NotFound => all(self.mistaken(until).await.unwrap_or(error)),
            Err(error) => all(error),
        }
    }

    async fn ask(&self, url: Result<Url, String>, until: Instant) -> Result<Authenticated<VaultToken>, ServiceError> {
        self.session.ask(&Call::get(url.map_err(name::refused)?), until).await
    }

    /// The error of a mount of the other version: there, nothing is found, and the vault does not say why.
    async fn mistaken(&self, until: Instant) -> Option<ServiceError> {
        if self.proven.load(Ordering::Relaxed) {
            return None;
        }
        let said = self.said.get_or_init(async || match self.about(until).await {
            Ok(About::Kv(engine)) => Some(engine),
            _ => None,
        });
        let engine = self.address.engine();
        said.await.filter(|said| *said != engine).map(|_| answer::other_kind(engine, self.address.mount()))
    }

    /// The names right in a folder.
    async fn folder(&self, folder: &str, until: Instant) -> Result<Vec<String>, ServiceError> {
        let url = self.address.folder(folder).map_err(name::refused)?;
        let list = Method::from_bytes(b"LIST").unwrap_or(Method::GET);
        let heard = self.session.ask(&Call::new(list, url), until).await?;
        let path = self.address.path("metadata", folder);
        answer::names(
            heard.answered(),
            self.address.engine(),
            Subject { mount: self.address.mount(), path: &path, name: folder, right: "list" },
        )
    }
}

/// Whether the way itself is closed: by a policy, or because the server has no such thing.
fn is_forbidden(answers: &[Result<SecretMetadata, ServiceError>]) -> bool {
    let closed = |error: &ServiceError| error.fault == ServiceFault::Denied || error.fault == ServiceFault::Unsupported;
    !answers.is_empty() && answers.iter().all(|answer| answer.as_ref().is_err_and(closed))
}
