//! A history in a namespace of a cluster: a Secret for each object, created once and never changed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use kube::api::ListParams;
use kube::api::ObjectMeta;
use kube::api::PostParams;

use crate::clock::Entropy;
use crate::cluster::connection::Connection;
use crate::cluster::refusal::Refusal;
use crate::history::Creation;
use crate::history::HistoryStore;
use crate::history::Listing;
use crate::history::OBJECT_LIMIT;
use crate::history::StoreError;
use crate::history::StoreFault;
use crate::history::is_path;
use crate::history::mirrored;

/// A history in a namespace of a cluster.
///
/// | object | Secret |
/// |---|---|
/// | `releases/0000/00/00000042` | `cloze.NAME.releases.9999.99.99999957`, labelled with each folder that it is in |
/// | the second piece of one that is larger than a Secret may be | `cloze.NAME.part.ATTEMPT.1`, made before the first |
///
/// An API server lists by name, and upwards only; see [`mirrored`].
pub struct SecretStore {
    secrets: Api<Secret>,
    history: String,
    name: String,
    entropy: Arc<dyn Entropy>,
}

/// Bytes of an object in one Secret: an API server takes 1 MiB, and etcd 1.5 MiB of the Secret as a whole.
const PIECE: usize = 700 << 10;
/// How many pieces are sent or asked for at once.
const AT_ONCE: usize = 4;
/// Secrets on a page of a listing.
const PAGE: u32 = 500;
/// The longest name of a Secret (RFC 1123 subdomain) and the longest value of a label.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Which history a Secret is of.
const HISTORY: &str = "history.cloze.dev/name";
/// The folders that an object is in, from the outermost on: the number of its depth follows.
const LEVEL: &str = "history.cloze.dev/level-";
/// The folder of the object that a piece is of.
const PART_IN: &str = "history.cloze.dev/part-in";
/// The object that a piece is of.
const PART_OF: &str = "history.cloze.dev/part-of";
/// How many pieces an object has, and the attempt that the others are named by.
const PIECES: &str = "history.cloze.dev/pieces";
/// The type of the Secrets.
const TYPE: &str = "cloze.dev/history";
/// The key of a piece in its Secret.
const KEY: &str = "piece";

impl SecretStore {
    /// The history of that name, a DNS label, in a namespace; `shown` is what messages call it.
    pub fn new(connection: &Connection, namespace: &str, history: &str, shown: String, entropy: Arc<dyn Entropy>) -> Self {
        let secrets = Api::namespaced(connection.client.clone(), namespace);
        Self { secrets, history: history.to_owned(), name: shown, entropy }
    }

    /// The name of the Secret of an object, and the folders that it is in.
    fn located(&self, path: &str) -> Result<(String, Vec<String>), StoreError> {
        let dotted = self.dotted(path)?;
        let folders: Vec<String> = dotted.match_indices('.').map(|(end, _)| dotted[..end].to_owned()).collect();
        let name = format!("{}{dotted}", self.prefix());
        if name.len() > LONGEST_NAME || folders.iter().any(|folder| folder.len() > LONGEST_LABEL) {
            return Err(self.refused(path));
        }
        Ok((name, folders))
    }

    /// A path of the history as part of a Secret's name, or as the value of a label.
    fn dotted(&self, path: &str) -> Result<String, StoreError> {
        let plain = |segment: &str| !segment.starts_with('-') && !segment.ends_with('-');
        if is_path(path) && path.split('/').all(plain) { Ok(mirrored(path).replace('/', ".")) } else { Err(self.refused(path)) }
    }

    fn prefix(&self) -> String {
        format!("cloze.{}.", self.history)
    }

    fn refused(&self, path: &str) -> StoreError {
        StoreError::new(StoreFault::Unsupported, format!("{path:?} is not a path in {}", self.name))
    }

    /// The error with the store's name before its reason.
    fn error(&self, refusal: Refusal) -> StoreError {
        match refusal {
            Refusal::Failed(error) => StoreError { reason: format!("{}: {}", self.name, error.reason), ..error },
            Refusal::Absent => StoreError::new(StoreFault::Unsure, format!("{}: a Secret disappeared", self.name)),
            Refusal::Exists => StoreError::new(StoreFault::Unsure, format!("{}: a Secret exists that cannot exist", self.name)),
        }
    }

    fn secret(&self, name: String, labels: BTreeMap<String, String>, annotations: BTreeMap<String, String>, piece: Bytes) -> Secret {
        let mut labels = labels;
        labels.insert("app.kubernetes.io/managed-by".to_owned(), "cloze".to_owned());
        labels.insert(HISTORY.to_owned(), self.history.clone());
        Secret {
            metadata: ObjectMeta { name: Some(name), labels: Some(labels), annotations: Some(annotations), ..ObjectMeta::default() },
            type_: Some(TYPE.to_owned()),
            immutable: Some(true),
            data: Some([(KEY.to_owned(), ByteString(piece.into()))].into()),
            ..Secret::default()
        }
    }

    async fn post(&self, secret: &Secret) -> Result<(), Refusal> {
        self.secrets.create(&PostParams::default(), secret).await.map(|_| ()).map_err(|error| Refusal::of(&error))
    }

    async fn find(&self, name: &str) -> Result<Secret, Refusal> {
        self.secrets.get(name).await.map_err(|error| Refusal::of(&error))
    }

    async fn delete(&self, name: &str) -> Result<(), Refusal> {
        match self.secrets.delete(name, &DeleteParams::default()).await.map_err(|error| Refusal::of(&error)) {
            Ok(_) | Err(Refusal::Absent) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    async fn delete_all(&self, names: &[String]) -> Result<(), Refusal> {
        stream::iter(0..names.len()).map(|index| self.delete(&names[index])).buffer_unordered(AT_ONCE).try_collect().await
    }

    fn part(&self, attempt: &str, number: usize) -> String {
        format!("{}part.{attempt}.{number}", self.prefix())
    }

    /// The names and annotations of the Secrets that `selector` selects beside the history, and at most `limit` of them where it is given.
    async fn select(&self, selector: &str, limit: Option<usize>) -> Result<Vec<ObjectMeta>, StoreError> {
        let page = limit.map_or(PAGE, |limit| u32::try_from(limit).unwrap_or(PAGE));
        let mut parameters = ListParams::default().labels(&format!("{HISTORY}={},{selector}", self.history)).limit(page);
        let mut found = Vec::new();
        loop {
            let list = self.secrets.list_metadata(&parameters).await.map_err(|error| self.error(Refusal::of(&error)))?;
            found.extend(list.items.into_iter().map(|item| item.metadata));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) if limit.is_none_or(|limit| found.len() < limit) => parameters = parameters.continue_token(&token),
                _ => return Ok(found),
            }
        }
    }

    /// The objects directly or further below `folder`, as the history calls them.
    async fn below(&self, folder: &str, limit: Option<usize>) -> Result<Vec<String>, StoreError> {
        let selector = match folder {
            "" => format!("!{PART_IN}"),
            folder => {
                let (depth, dotted) = (folder.split('/').count(), self.dotted(folder)?);
                if dotted.len() > LONGEST_LABEL {
                    return Err(self.refused(folder));
                }
                format!("{LEVEL}{depth}={dotted}")
            }
        };
        let prefix = self.prefix();
        let found = self.select(&selector, limit).await?;
        Ok(found.iter().filter_map(|meta| Some(mirrored(&meta.name.as_deref()?.strip_prefix(&prefix)?.replace('.', "/")))).collect())
    }

    /// The first `length` bytes of an object.
    async fn read(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        let (name, _) = self.located(path)?;
        let first = match self.find(&name).await {
            Ok(first) => first,
            Err(Refusal::Absent) => return Ok(None),
            Err(refusal) => return Err(self.error(refusal)),
        };
        let unreadable = |what: &str| StoreError::new(StoreFault::Unreadable, format!("{}: {what}", self.name));
        let pieces = Pieces::of(&first.metadata);
        let mut bytes = piece(first).ok_or_else(|| unreadable("a Secret of the history holds something else"))?;
        if pieces == Pieces::Unclear {
            return Err(unreadable("a Secret of the history does not say which pieces it has"));
        }
        if let Pieces::Several(count, attempt) = pieces {
            let wanted = count.min(length.div_ceil(PIECE)).max(1);
            let rest = stream::iter(1..wanted).map(|number| {
                let name = self.part(&attempt, number);
                async move { self.find(&name).await }
            });
            let mut rest = rest.buffered(AT_ONCE);
            while let Some(next) = rest.next().await {
                let next = match next {
                    Ok(secret) => piece(secret),
                    Err(Refusal::Absent) => None,
                    Err(refusal) => return Err(self.error(refusal)),
                };
                bytes.extend_from_slice(&next.ok_or_else(|| unreadable("a piece is missing"))?);
            }
        }
        if length >= OBJECT_LIMIT && bytes.len() > OBJECT_LIMIT {
            return Err(StoreError::new(StoreFault::Unreadable, format!("it is larger than {} MiB", OBJECT_LIMIT >> 20)));
        }
        bytes.truncate(length);
        Ok(Some(bytes.into()))
    }
}

/// How many Secrets an object is.
#[derive(Debug, PartialEq, Eq)]
enum Pieces {
    One,
    /// So many, and the attempt that all but the first are named by.
    Several(usize, String),
    /// What the first one says of the others makes no sense.
    Unclear,
}

impl Pieces {
    /// What the Secret of the first piece says.
    fn of(meta: &ObjectMeta) -> Self {
        let Some(said) = meta.annotations.as_ref().and_then(|annotations| annotations.get(PIECES)) else { return Self::One };
        let (count, attempt) = said.split_once(' ').unwrap_or_default();
        let count = count.parse().ok().filter(|count| (2..=OBJECT_LIMIT / PIECE + 1).contains(count));
        match count {
            Some(count) if attempt.len() == 32 && attempt.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Self::Several(count, attempt.to_owned())
            }
            _ => Self::Unclear,
        }
    }
}

fn piece(secret: Secret) -> Option<Vec<u8>> {
    secret.data?.remove(KEY).map(|ByteString(bytes)| bytes)
}

#[async_trait]
impl HistoryStore for SecretStore {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let (name, folders) = self.located(path)?;
        let count = bytes.len().div_ceil(PIECE).max(1);
        let piece_at = |number: usize| bytes.slice(number * PIECE..bytes.len().min((number + 1) * PIECE));
        let mut annotations = BTreeMap::new();
        let mut parts = Vec::new();
        if count > 1 {
            let mut random = [0; 16];
            self.entropy.fill(&mut random);
            let attempt: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            annotations.insert(PIECES.to_owned(), format!("{count} {attempt}"));
            parts = (1..count).map(|number| self.part(&attempt, number)).collect();
            let folder = folders.last().cloned().unwrap_or_default();
            let part = |(number, name): (usize, &String)| {
                let labels = BTreeMap::from([(PART_IN.to_owned(), folder.clone())]);
                let annotations = BTreeMap::from([(PART_OF.to_owned(), path.to_owned())]);
                self.secret(name.clone(), labels, annotations, piece_at(number + 1))
            };
            let secrets: Vec<Secret> = parts.iter().enumerate().map(part).collect();
            let sent =
                stream::iter(0..secrets.len()).map(|index| self.post(&secrets[index])).buffer_unordered(AT_ONCE).try_collect::<()>().await;
            sent.map_err(|refusal| self.error(refusal))?;
        }
        let labels = (1..).zip(&folders).map(|(depth, folder)| (format!("{LEVEL}{depth}"), folder.clone())).collect();
        match self.post(&self.secret(name, labels, annotations, piece_at(0))).await {
            Ok(()) => Ok(Creation::Created),
            Err(Refusal::Exists) => {
                // Where they may not be removed they stay, as litter.
                let _ = self.delete_all(&parts).await;
                Ok(Creation::Exists)
            }
            Err(refusal) => Err(self.error(refusal)),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(path, usize::MAX).await
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.read(path, length).await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let (mut folders, mut objects) = (BTreeSet::new(), BTreeSet::new());
        let within = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        for path in self.below(folder, None).await? {
            let Some(rest) = path.strip_prefix(&within) else { continue };
            match rest.split_once('/') {
                Some((folder, _)) => folders.insert(folder.to_owned()),
                None => objects.insert(rest.to_owned()),
            };
        }
        Ok(Listing { folders: folders.into_iter().collect(), objects: objects.into_iter().collect() })
    }

    async fn last(&self, folder: &str) -> Result<Option<String>, StoreError> {
        Ok(self.below(folder, Some(1)).await?.into_iter().next())
    }

    async fn sweep(&self, folder: &str, done: &(dyn for<'n> Fn(&'n str) -> bool + Sync)) -> Result<Vec<String>, StoreError> {
        let selector = if folder.is_empty() { format!("{PART_IN}=") } else { format!("{PART_IN}={}", self.dotted(folder)?) };
        let mut swept = Vec::new();
        let mut used: BTreeMap<String, Option<String>> = BTreeMap::new();
        for part in self.select(&selector, None).await? {
            let of = part.annotations.and_then(|mut annotations| annotations.remove(PART_OF));
            let (Some(name), Some(path)) = (part.name, of) else { continue };
            let last = path.rsplit('/').next().unwrap_or_default();
            if !done(last) {
                continue;
            }
            if !used.contains_key(&path) {
                let attempt = match self.secrets.get_metadata(&self.located(&path)?.0).await.map_err(|error| Refusal::of(&error)) {
                    Ok(first) => match Pieces::of(&first.metadata) {
                        Pieces::Several(_, attempt) => Some(attempt),
                        Pieces::One => None,
                        // Whose they are is not for a sweep to say.
                        Pieces::Unclear => continue,
                    },
                    Err(Refusal::Absent) => None,
                    Err(refusal) => return Err(self.error(refusal)),
                };
                used.insert(path.clone(), attempt);
            }
            let is_used = used[&path].as_ref().is_some_and(|attempt| name.starts_with(&format!("{}part.{attempt}.", self.prefix())));
            if !is_used {
                self.delete(&name).await.map_err(|refusal| self.error(refusal))?;
                swept.push(name);
            }
        }
        Ok(swept)
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        let (name, _) = self.located(path)?;
        let pieces = match self.secrets.get_metadata(&name).await.map_err(|error| Refusal::of(&error)) {
            Ok(found) => Pieces::of(&found.metadata),
            Err(Refusal::Absent) => return Ok(()),
            Err(refusal) => return Err(self.error(refusal)),
        };
        let parts: Vec<String> = match pieces {
            Pieces::Several(count, attempt) => (1..count).map(|number| self.part(&attempt, number)).collect(),
            Pieces::One | Pieces::Unclear => Vec::new(),
        };
        // What is left when this is killed in between is swept.
        self.delete(&name).await.map_err(|refusal| self.error(refusal))?;
        self.delete_all(&parts).await.map_err(|refusal| self.error(refusal))
    }
}

impl fmt::Display for SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretStore").field("name", &self.name).finish_non_exhaustive()
    }
}
