//! The objects of one kind in one namespace, and every change of them, for as long as somebody listens.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use futures::StreamExt as _;
use futures::stream::unfold;
use kube::Client;
use kube::Error;
use kube::Resource as _;
use kube::api::DynamicObject;
use kube::api::ListParams;
use kube::api::WatchEvent;
use kube::api::WatchParams;
use kube::core::ApiResource;
use kube::core::Request;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::cluster::connection::NoAnswer;

/// What is watched.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) resource: ApiResource,
    /// `None` for all namespaces, or a kind that belongs to the cluster.
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) fields: Option<&'static str>,
}

/// What a watch says.
#[derive(Debug)]
pub(super) enum Change {
    /// All objects that there are.
    Listed(Vec<Value>),
    /// One was made or changed.
    Applied(Value),
    /// One was removed.
    Removed(Value),
    /// The API server has not answered twice in a row; the watch goes on trying.
    Lost(&'static str),
    /// It answers again, and nothing was missed.
    Resumed,
    /// It refuses, and the watch is over.
    Refused(Refused),
}

/// Why an API server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not know who asks, or there is no credential to show.
    Unknown,
    /// It knows, and does not allow it.
    Forbidden,
}

/// How long a watch may be silent. The server sends a bookmark about once a minute; a connection that is dead says nothing at all.
const SILENCE: Duration = Duration::from_secs(20);
/// How long a list may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pauses between attempts: from the first to the longest, doubled each time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));
/// After how many refusals in a row they are believed: while an API server starts, it does not know its roles yet.
const BELIEVED: u32 = 4;
/// How many objects a page of a list has.
const PAGE: u32 = 500;

/// Lists, then watches from that list's version on, and lists again when the server has forgotten that version (410), as
/// kubernetes.io/docs/reference/using-api/api-concepts says. Dropping the stream ends it.
pub(super) fn changes(source: Source) -> impl Stream<Item = Change> + Send {
    let watcher = Watcher { source, place: Place::Start, failures: 0, is_lost: false };
    unfold(Some(watcher), |watcher| async move {
        let mut watcher = watcher?;
        let change = watcher.next().await;
        let goes_on = !matches!(change, Change::Refused(_));
        Some((change, goes_on.then_some(watcher)))
    })
}

/// What a server sends of a watch.
type Events = Pin<Box<dyn Stream<Item = Result<WatchEvent<Value>, Error>> + Send>>;

struct Watcher {
    source: Source,
    place: Place,
    /// How many attempts have failed in a row.
    failures: u32,
    is_lost: bool,
}

enum Place {
    Start,
    /// Between two watches, at a version.
    At(String),
    Watching(Events, String),
}

enum Failure {
    /// The version is too old.
    Expired,
    Passing(&'static str),
    Refused(Refused),
}

#[derive(Deserialize)]
struct Page {
    metadata: PageMeta,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    r#continue: String,
}

impl Watcher {
    async fn next(&mut self) -> Change {
        loop {
            match self.step().await {
                Ok(change) => {
                    self.failures = 0;
                    let was_lost = std::mem::take(&mut self.is_lost);
                    match change {
                        Some(change) => return change,
                        None if was_lost => return Change::Resumed,
                        None => {}
                    }
                }
                Err(Failure::Expired) => self.place = Place::Start,
                Err(Failure::Refused(refused)) if self.failures + 1 >= BELIEVED => return Change::Refused(refused),
                Err(failure) => {
                    let pause = PAUSES.0 * 2_u32.pow(self.failures.min(8));
                    self.failures += 1;
                    sleep(pause.min(PAUSES.1)).await;
                    let reason = match failure {
                        Failure::Passing(reason) => reason,
                        _ => "the API server refuses",
                    };
                    if self.failures >= 2 && !std::mem::replace(&mut self.is_lost, true) {
                        return Change::Lost(reason);
                    }
                }
            }
        }
    }

    /// One exchange with the server. `None` is an answer that changes nothing.
    async fn step(&mut self) -> Result<Option<Change>, Failure> {
        let silent = Failure::Passing("the API server does not answer");
        match &mut self.place {
            Place::Start => {
                let (items, version) = timeout(PATIENCE, self.source.list()).await.map_err(|_| silent)??;
                self.place = Place::At(version);
                Ok(Some(Change::Listed(items)))
            }
            Place::At(version) => {
                let version = version.clone();
                let stream = timeout(PATIENCE, self.source.watch(&version)).await.map_err(|_| silent)??;
                self.place = Place::Watching(stream, version);
                Ok(None)
            }
            Place::Watching(stream, version) => {
                let Ok(event) = timeout(SILENCE, stream.next()).await else {
                    self.place = Place::Start;
                    return Ok(None);
                };
                let failure = match event {
                    Some(Ok(WatchEvent::Bookmark(bookmark))) => {
                        *version = bookmark.metadata.resource_version;
                        return Ok(None);
                    }
                    Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                        version_of(&object).clone_into(version);
                        return Ok(Some(Change::Applied(self.source.typed(object))));
                    }
                    Some(Ok(WatchEvent::Deleted(object))) => {
                        version_of(&object).clone_into(version);
                        return Ok(Some(Change::Removed(object)));
                    }
                    // A server ends each watch after some minutes.
                    None => None,
                    Some(Ok(WatchEvent::Error(status))) => Some(failure(&Error::Api(status))),
                    Some(Err(error)) => Some(failure(&error)),
                };
                self.place = Place::At(std::mem::take(version));
                failure.map_or(Ok(None), Err)
            }
        }
    }
}

impl Source {
    /// All objects, and the version of the list.
    async fn list(&self) -> Result<(Vec<Value>, String), Failure> {
        let mut items = Vec::new();
        let mut params =
            ListParams { label_selector: self.labels.clone(), field_selector: self.fields.map(str::to_owned), ..ListParams::default() };
        params.limit = Some(PAGE);
        loop {
            let request = self.request().list(&params).map_err(|_| Failure::Passing("the request cannot be made"))?;
            let page: Page = self.client.request(request).await.map_err(|error| failure(&error))?;
            items.extend(page.items.into_iter().map(|object| self.typed(object)));
            if page.metadata.r#continue.is_empty() {
                return Ok((items, page.metadata.resource_version));
            }
            params.continue_token = Some(page.metadata.r#continue);
        }
    }

    async fn watch(&self, version: &str) -> Result<Events, Failure> {
        let params =
            WatchParams { label_selector: self.labels.clone(), field_selector: self.fields.map(str::to_owned), ..WatchParams::default() };
        let request = self.request().watch(&params, version).map_err(|_| Failure::Passing("the request cannot be made"))?;
        let stream = self.client.request_events::<Value>(request).await.map_err(|error| failure(&error))?;
        Ok(Box::pin(stream))
    }

    fn request(&self) -> Request {
        Request::new(DynamicObject::url_path(&self.resource, self.namespace.as_deref()))
    }

    /// The object with its kind, which the items of a list lack.
    fn typed(&self, mut object: Value) -> Value {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".to_owned(), Value::from(self.resource.api_version.as_str()));
            fields.insert("kind".to_owned(), Value::from(self.resource.kind.as_str()));
        }
        object
    }
}

fn version_of(object: &Value) -> &str {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Api(status) => match status.code {
            410 => Failure::Expired,
            401 => Failure::Refused(Refused::Unknown),
            403 => Failure::Refused(Refused::Forbidden),
            404 => Failure::Passing("the API server does not serve the kind yet"),
            429 => Failure::Passing("the API server limits requests"),
            _ => Failure::Passing("the API server fails"),
        },
        Error::Auth(_) => Failure::Refused(Refused::Unknown),
        error => Failure::Passing(NoAnswer::of(error).words().0),
    }
}
