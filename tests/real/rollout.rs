//! Waiting for rollouts, on a whole cluster as it was published: what becomes ready, and how fast and in which words failures are reported.

mod adopt;
mod canary;
mod complete;
mod deploy;
mod destroy;
mod doctor;
mod failed;
mod killed;
mod live;
mod log;
mod matrix;
mod order;
mod outage;
mod plan;
mod prune;
mod rights;
mod shop;
mod status;
mod terminal;
mod waiting;

use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use cloze::cluster::health::Awaited;
use cloze::cluster::health::Health;
use cloze::cluster::health::Progress;
use cloze::cluster::health::Verdict;
use cloze::cluster::health::WaitLimits;
use cloze::cluster::health::wait;
use kube::Api;
use kube::Client;
use kube::api::DynamicObject;
use kube::api::ListParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::core::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;

use crate::fixture::Cluster;
use crate::fixture::User;

/// What an engineer waits for at most after the cluster knew.
const REPORTED_WITHIN: Duration = Duration::from_secs(5);

/// A namespace in which objects are applied and waited for.
struct Rollout {
    cluster: Cluster,
    client: Client,
}

impl Rollout {
    async fn new() -> Option<Self> {
        let cluster = Cluster::with_nodes().await?;
        let client = cluster.client(User::Admin);
        Some(Self { cluster, client })
    }

    fn api(&self, resource: &ApiResource) -> Api<DynamicObject> {
        if is_of_cluster(&resource.kind) {
            Api::all_with(self.client.clone(), resource)
        } else {
            Api::namespaced_with(self.client.clone(), self.cluster.namespace(), resource)
        }
    }

    /// Applies the objects with a label of this namespace, as a deploy does with its own.
    async fn apply(&self, objects: &[Value]) -> Vec<Awaited> {
        let mut awaited = Vec::new();
        for object in objects {
            let mut object = object.clone();
            object["metadata"]["labels"] = json!({ "part-of": self.cluster.namespace() });
            let resource = resource(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let params = PatchParams::apply("test").force();
            self.api(&resource).patch(&name, &params, &Patch::Apply(&object)).await.unwrap_or_else(|error| panic!("{object}: {error}"));
            let namespace = (!is_of_cluster(&resource.kind)).then(|| self.cluster.namespace().to_owned());
            awaited.push(Awaited { resource, namespace, name });
        }
        awaited
    }

    fn limits(&self) -> WaitLimits {
        WaitLimits {
            selector: format!("part-of={}", self.cluster.namespace()),
            deadline: Duration::from_mins(2),
            grace: Duration::from_secs(3),
        }
    }

    /// Applies and waits.
    async fn roll(&self, objects: &[Value]) -> Vec<Verdict> {
        let awaited = self.apply(objects).await;
        wait(self.client.clone(), &awaited, self.limits(), &|_| {}).await.unwrap()
    }

    /// Applies and waits until all is ready.
    async fn complete(&self, objects: &[Value]) {
        for verdict in self.roll(objects).await {
            assert_eq!(verdict.health, Health::Ready, "{} {}", verdict.object.resource.kind, verdict.object.name);
        }
    }

    /// When the cluster knows: `known` is true of an object of the kind in the namespace.
    async fn known(&self, kind: (&str, &str), known: impl Fn(&Value) -> bool) -> Instant {
        let watched = self.api(&resource(kind.0, kind.1));
        loop {
            let now = watched.list(&ListParams::default()).await.unwrap();
            if now.items.iter().any(|object| known(&serde_json::to_value(object).unwrap())) {
                return Instant::now();
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Applies one object that fails; its reason, after it was reported soon enough. `known` says of all objects of the kind `kind` in the
    /// namespace, as they are at a moment, whether the cluster knows of the failure; then `grace` may go by.
    async fn fail(&self, object: Value, kind: (&str, &str), known: impl Fn(&Value) -> bool, grace: Duration) -> String {
        let awaited = self.apply(&[object]).await;
        let limits = self.limits();
        let tell = async {
            let verdicts = wait(self.client.clone(), &awaited, limits, &|_| {}).await.unwrap();
            (verdicts, Instant::now())
        };
        let (known, (mut verdicts, reported)) = futures::join!(self.known(kind, known), tell);
        let late = reported.saturating_duration_since(known + grace);
        assert!(late < REPORTED_WITHIN, "reported {late:?} after the cluster knew");
        match verdicts.remove(0).health {
            Health::Failed { reason } => reason,
            other => panic!("{other:?}"),
        }
    }
}

/// Everything that is reported, in short.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn take(&self, progress: &Progress<'_>) {
        let line = match progress {
            Progress::Changed { object, health, .. } => format!("{}: {health:?}", object.name),
            Progress::Away { reason } => format!("away: {reason}"),
            Progress::Back => "back".to_owned(),
            Progress::Hidden { plural, .. } => format!("hidden: {plural}"),
        };
        self.0.lock().unwrap().push(line);
    }

    fn has(&self, start: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.starts_with(start))
    }
}

fn is_of_cluster(kind: &str) -> bool {
    matches!(kind, "CustomResourceDefinition" | "StorageClass" | "MutatingWebhookConfiguration")
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// A workload named `web` with one container of an image.
fn workload(kind: &str, image: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": { "name": "web" },
        "spec": {
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "main", "image": image }] },
            },
        },
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

/// The same with more in its container.
fn with_container(mut workload: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        workload["spec"]["template"]["spec"]["containers"][0][key] = value.clone();
    }
    workload
}

fn deployment(image: &str) -> Value {
    workload("Deployment", image, &json!({ "replicas": 2 }))
}

/// A reason with the parts of names that a controller made up cut out.
fn plain(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once("pod `") else { return reason.to_owned() };
    let Some((name, rest)) = rest.split_once('`') else { return reason.to_owned() };
    let stem = name.split('-').next().unwrap_or_default();
    format!("{before}pod `{stem}-…`{rest}")
}
