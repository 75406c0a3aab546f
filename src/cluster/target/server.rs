//! An API server, asked by paths: objects go there as the bytes that cloze writes, and come back as JSON.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde_json::Value;
use tokio::time::Instant;
use tokio::time::sleep;
use zeroize::Zeroize as _;

use crate::cluster::target::outage::Outage;
use crate::cluster::target::outage::SILENT_FOR;
use crate::cluster::target::outage::Unanswered;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::resource::root;
use crate::secret::Secret;
use crate::target::RolloutObserver;

/// An API server.
#[derive(Clone)]
pub(super) struct Server {
    client: Client,
    outage: Arc<Outage>,
}

/// How much of an object is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Its metadata alone: no value of a Secret is read.
    Metadata,
    /// The metadata of each object of a list.
    Listed,
}

/// Whether an apply is done, or only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is done.
    Real,
    /// The server says whether it would do it.
    DryRun,
    /// It says what the object would be, too.
    Preview,
}

/// Who applies, as the server notes it beside fields.
pub(super) const MANAGER: &str = "cloze";

/// How many requests are open at once.
pub(super) const AT_ONCE: usize = 16;

/// How long a server that is away is asked again.
const PATIENCE: Duration = Duration::from_mins(1);
/// The first pause before it is asked again; each is twice as long as the one before, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

impl Server {
    /// The API server of `client`; the observer hears when it does not answer, and when it does again.
    pub(super) fn new(client: Client, observer: Option<&Arc<dyn RolloutObserver>>) -> Self {
        Self { client, outage: Arc::new(Outage::new(observer)) }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The object at `path`.
    pub(super) async fn get(&self, path: &str, part: Part) -> Result<Value, Refused> {
        self.ask(Method::GET, path, part, None).await.map(|(_, object)| object)
    }

    /// The objects at `path` that the label selector selects, all pages of them.
    pub(super) async fn list(&self, path: &str, selector: &str, part: Part) -> Result<Vec<Value>, Refused> {
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let query = format!("{path}?limit=500&labelSelector={}&continue={}", encoded(selector), encoded(&next));
            let mut page = self.get(&query, part).await?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            match page["metadata"]["continue"].as_str() {
                Some(more) if !more.is_empty() => more.clone_into(&mut next),
                _ => return Ok(items),
            }
        }
    }

    /// The kinds of a group and version; none where the server does not have it.
    pub(super) async fn resources(&self, api_version: &str) -> Result<Vec<Resource>, Refused> {
        match self.get(&root(api_version), Part::Whole).await {
            Ok(list) => Ok(Resource::all(&list)),
            Err(Refused::Absent) => Ok(Vec::new()),
            Err(refused) => Err(refused),
        }
    }

    /// Applies `body`, YAML, to the object at `path`, where `forced` with the fields of other managers; whether that created it, and its metadata: all of
    /// it in a preview.
    pub(super) async fn apply(&self, path: &str, body: Bytes, mode: Mode, forced: bool) -> Result<(bool, Value), Refused> {
        let dry = if mode == Mode::Real { "" } else { "&dryRun=All" };
        let force = if forced { "&force=true" } else { "" };
        let part = if mode == Mode::Preview { Part::Whole } else { Part::Metadata };
        let query = format!("{path}?fieldManager={MANAGER}{dry}{force}");
        self.ask(Method::PATCH, &query, part, Some(("application/apply-patch+yaml", body))).await
    }

    /// Changes the object at `path` by a JSON patch (RFC 6902).
    pub(super) async fn patch(&self, path: &str, changes: &Value) -> Result<Value, Refused> {
        self.change(path, changes, "application/json-patch+json").await
    }

    /// What a JSON patch would make of the object at `path`.
    pub(super) async fn try_patch(&self, path: &str, changes: &Value) -> Result<Value, Refused> {
        let query = format!("{path}?fieldManager={MANAGER}&dryRun=All");
        let body = Bytes::from(changes.to_string());
        self.ask(Method::PATCH, &query, Part::Whole, Some(("application/json-patch+json", body))).await.map(|(_, object)| object)
    }

    /// Changes the object at `path` by a merge patch (RFC 7396).
    pub(super) async fn merge(&self, path: &str, changes: &Value) -> Result<Value, Refused> {
        self.change(path, changes, "application/merge-patch+json").await
    }

    async fn change(&self, path: &str, changes: &Value, content_type: &str) -> Result<Value, Refused> {
        let body = Bytes::from(changes.to_string());
        let query = format!("{path}?fieldManager={MANAGER}");
        self.ask(Method::PATCH, &query, Part::Metadata, Some((content_type, body))).await.map(|(_, object)| object)
    }

    /// Creates `object` among those at `path`.
    pub(super) async fn create(&self, path: &str, object: &Value) -> Result<Value, Refused> {
        self.write(Method::POST, path, object).await
    }

    /// Puts `object` in the place of the one at `path`.
    pub(super) async fn replace(&self, path: &str, object: &Value) -> Result<Value, Refused> {
        self.write(Method::PUT, path, object).await
    }

    async fn write(&self, method: Method, path: &str, object: &Value) -> Result<Value, Refused> {
        let body = Bytes::from(object.to_string());
        let query = format!("{path}?fieldManager={MANAGER}");
        self.ask(method, &query, Part::Whole, Some(("application/json", body))).await.map(|(_, object)| object)
    }

    /// Deletes the object at `path`, if it is still the one of that `uid` and, where it is given, of that `version`; what depends on it goes in the
    /// background.
    pub(super) async fn delete(&self, path: &str, uid: &str, version: Option<&str>) -> Result<(), Refused> {
        let mut options = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "preconditions": { "uid": uid },
        });
        if let Some(version) = version {
            options["preconditions"]["resourceVersion"] = version.into();
        }
        match self.ask(Method::DELETE, path, Part::Metadata, Some(("application/json", Bytes::from(options.to_string())))).await {
            Ok(_) | Err(Refused::Absent) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Sends a request until there is an answer; whether it was `201 Created`, and its body.
    async fn ask(&self, method: Method, path: &str, part: Part, body: Option<(&str, Bytes)>) -> Result<(bool, Value), Refused> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut unanswered = None;
        loop {
            match self.ask_once(&method, path, part, body.clone()).await {
                Err(Refused::Away(words)) if began.elapsed() + pause < PATIENCE => {
                    if unanswered.is_none() && began.elapsed() + pause > SILENT_FOR {
                        unanswered = Some(self.outage.begin(&words.reason));
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => {
                    if !matches!(answer, Err(Refused::Away(_))) {
                        unanswered.into_iter().for_each(Unanswered::end);
                    }
                    return answer;
                }
            }
        }
    }

    /// The text at `path`, asked for once.
    pub(super) async fn text(&self, path: &str) -> Result<Secret, Refused> {
        let (_, bytes) = self.send(&Method::GET, path, "*/*", None).await?;
        Ok(bytes.try_into_mut().map_or_else(|shared| Secret::copy_of(&shared), |bytes| Secret::new(bytes.into())))
    }

    async fn ask_once(&self, method: &Method, path: &str, part: Part, body: Option<(&str, Bytes)>) -> Result<(bool, Value), Refused> {
        let accept = match part {
            Part::Whole => "application/json",
            Part::Metadata => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Part::Listed => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        };
        let (code, bytes) = self.send(method, path, accept, body).await?;
        let object = serde_json::from_slice(&bytes).map_err(|error| Refused::of(&kube::Error::SerdeError(error)));
        // It may have been a Secret.
        if let Ok(mut bytes) = bytes.try_into_mut() {
            bytes.zeroize();
        }
        Ok((code == StatusCode::CREATED, object?))
    }

    /// The code and the body of an answer that is not a refusal.
    async fn send(&self, method: &Method, path: &str, accept: &str, body: Option<(&str, Bytes)>) -> Result<(StatusCode, Bytes), Refused> {
        let mut request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
        if let Some((content_type, _)) = &body {
            request = request.header(CONTENT_TYPE, *content_type);
        }
        let body = body.map_or_else(Body::empty, |(_, bytes)| Body::from(bytes));
        let request = request.body(body).map_err(|_| Refused::Absent)?;
        let response = self.client.send(request).await.map_err(|error| Refused::of(&error))?;
        let code = response.status();
        let bytes = response.into_body().collect_bytes().await.map_err(|error| Refused::of(&error))?;
        if code.is_success() {
            return Ok((code, bytes));
        }
        let status = serde_json::from_slice::<Status>(&bytes).unwrap_or_default();
        Err(Refused::said(&Status { code: code.as_u16(), ..status }))
    }
}

/// A text as the value of a query's parameter (RFC 3986).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
