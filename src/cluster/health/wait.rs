//! Waiting until all objects are ready, or one has failed.

use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt as _;
use futures::Stream;
use futures::StreamExt as _;
use futures::stream::SelectAll;
use kube::Client;
use kube::core::ApiResource;
use serde_json::Value;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;

use super::awaited::Awaited;
use super::awaited::Progress;
use super::awaited::Verdict;
use super::awaited::WaitLimits;
use super::object::health;
use super::object::is_ready_when_applied;
use super::related::Related;
use super::scene::View;
use super::scene::ViewKind;
use super::scene::in_order;
use super::tracker::Tracker;
use super::verdict::Health;
use super::watch::Change;
use super::watch::Refused;
use super::watch::Source;
use super::watch::changes;
use crate::problem::Fault;
use crate::problem::Problem;

/// How long a rollout is given before its pods are looked at: most are over by then.
const UNDISTURBED: Duration = Duration::from_secs(1);
/// How long changes gather before all is judged again.
const GATHERED: Duration = Duration::from_millis(50);

/// Waits until all `objects` are ready, one has failed or the deadline is over, whichever comes first, and says what became of each: all are
/// [`Health::Ready`], or one at least has [failed](Health::has_failed).
///
/// One watch serves all objects of a kind in a namespace; pods, ReplicaSets and events are watched in namespaces only where something is not
/// ready. Nothing is changed in the cluster, so that the wait can be dropped at any point. While the API server is away it goes on, until the deadline;
/// what was stuck before fails only when it still is when the server is back.
///
/// # Errors
/// The API server refuses to show the awaited objects.
pub async fn wait(
    client: Client,
    objects: &[Awaited],
    limits: WaitLimits,
    report: &(dyn Fn(&Progress<'_>) + Send + Sync),
) -> Result<Vec<Verdict>, Problem> {
    let tracker = Tracker::new(objects.len(), &limits);
    let mut wait = Wait {
        client,
        objects,
        limits,
        tracker,
        report,
        began: Instant::now(),
        views: Vec::new(),
        changes: SelectAll::new(),
        is_away: false,
    };
    for object in objects.iter().filter(|object| !is_ready(object)) {
        wait.open_awaited(object);
    }
    loop {
        wait.judge();
        if wait.tracker.is_over(wait.began.elapsed()) {
            return Ok(wait.verdicts());
        }
        let due = wait.began + wait.tracker.due().min(wait.began.elapsed() + UNDISTURBED);
        let Ok(Some((view, change))) = timeout_at(due, wait.changes.next()).await else { continue };
        wait.take(view, change)?;
        sleep(GATHERED).await;
        while let Some(Some((view, change))) = wait.changes.next().now_or_never() {
            wait.take(view, change)?;
        }
    }
}

/// A watch's changes with the number of its view.
type Changes = Pin<Box<dyn Stream<Item = (usize, Change)> + Send>>;

struct Wait<'w> {
    client: Client,
    objects: &'w [Awaited],
    limits: WaitLimits,
    tracker: Tracker,
    report: &'w (dyn Fn(&Progress<'_>) + Send + Sync),
    began: Instant,
    views: Vec<View>,
    changes: SelectAll<Changes>,
    is_away: bool,
}

fn is_ready(object: &Awaited) -> bool {
    is_ready_when_applied(&object.resource.group, &object.resource.kind)
}

/// Kinds whose pods and events tell more than their status.
fn has_pods(resource: &ApiResource) -> bool {
    matches!(
        (resource.group.as_str(), resource.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("", "ReplicationController" | "Pod") | ("batch", "Job")
    )
}

impl Wait<'_> {
    /// Judges every object by what is seen of it, and opens the views that are needed to say more.
    fn judge(&mut self) {
        let now = self.began.elapsed();
        for (index, object) in self.objects.iter().enumerate() {
            let was_ready = *self.tracker.health(index) == Health::Ready;
            let health = if is_ready(object) { Health::Ready } else { self.judge_one(object, was_ready, now) };
            let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
            let seen_now = !self.is_away && self.view(&kind, object.namespace.as_deref()).is_none_or(|view| !view.is_lost);
            if self.tracker.take(index, health, now, seen_now) {
                let health = self.tracker.health(index);
                (self.report)(&Progress::Changed { object, health, ready: self.tracker.ready(), of: self.objects.len() });
            }
        }
    }

    fn judge_one(&mut self, object: &Awaited, was_ready: bool, now: Duration) -> Health {
        let namespace = object.namespace.as_deref();
        let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
        let Some(view) = self.view(&kind, namespace).filter(|view| view.is_settled) else {
            return Health::progressing("it has not been looked at yet");
        };
        let Some(live) = view.object(&object.name) else {
            // A Job that is done may be removed, by its `ttlSecondsAfterFinished`.
            let is_done = was_ready && object.resource.kind == "Job";
            return if is_done { Health::Ready } else { Health::stuck("it does not exist any more") };
        };
        let alone = health(live, &Related::default());
        if alone == Health::Ready {
            return alone;
        }
        if object.resource.kind == "PersistentVolumeClaim" {
            let live = live.clone();
            self.open(ViewKind::ClaimEvents, namespace);
            let mut events = self.all(&ViewKind::ClaimEvents, namespace);
            in_order(&mut events);
            return health(&live, &Related { events, ..Related::default() });
        }
        let has_pods = has_pods(&object.resource);
        if !has_pods && object.resource.kind != "Service" || now < UNDISTURBED && !alone.has_failed() {
            return alone;
        }
        let live = live.clone();
        let kinds: &[ViewKind] = if has_pods { &[ViewKind::Pods, ViewKind::ReplicaSets, ViewKind::Events] } else { &[ViewKind::Events] };
        for kind in kinds {
            self.open(kind.clone(), namespace);
        }
        let is_settled = kinds.iter().all(|kind| self.view(kind, namespace).is_some_and(|view| view.is_settled));
        if !is_settled {
            // The pods say why, or that the status is of an older revision.
            return match alone {
                Health::Failed { reason } => Health::Progressing { reason },
                alone => alone,
            };
        }
        let [pods, sets, mut events] = [ViewKind::Pods, ViewKind::ReplicaSets, ViewKind::Events].map(|kind| self.all(&kind, namespace));
        in_order(&mut events);
        health(&live, &Related::of(&live, &pods, &sets, &events))
    }

    fn view(&self, kind: &ViewKind, namespace: Option<&str>) -> Option<&View> {
        self.views.iter().find(|view| view.kind == *kind && view.namespace.as_deref() == namespace)
    }

    fn all(&self, kind: &ViewKind, namespace: Option<&str>) -> Vec<&Value> {
        self.view(kind, namespace).map(|view| view.objects().collect()).unwrap_or_default()
    }

    fn open_awaited(&mut self, object: &Awaited) {
        let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
        let labels = Some(self.limits.selector.clone());
        self.watch(kind, object.namespace.as_deref(), object.resource.clone(), labels, None);
    }

    fn open(&mut self, kind: ViewKind, namespace: Option<&str>) {
        let (group, version, name, plural, fields) = match kind {
            ViewKind::Pods => ("", "v1", "Pod", "pods", None),
            ViewKind::ReplicaSets => ("apps", "apps/v1", "ReplicaSet", "replicasets", None),
            ViewKind::Events => ("", "v1", "Event", "events", Some("type=Warning")),
            ViewKind::ClaimEvents => ("", "v1", "Event", "events", Some("involvedObject.kind=PersistentVolumeClaim")),
            ViewKind::Awaited(..) => return,
        };
        let resource = ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: version.to_owned(),
            kind: name.to_owned(),
            plural: plural.to_owned(),
        };
        self.watch(kind, namespace, resource, None, fields);
    }

    /// Opens a view, unless it is open.
    fn watch(
        &mut self,
        kind: ViewKind,
        namespace: Option<&str>,
        resource: ApiResource,
        labels: Option<String>,
        fields: Option<&'static str>,
    ) {
        if self.view(&kind, namespace).is_some() {
            return;
        }
        let number = self.views.len();
        let namespace = namespace.map(str::to_owned);
        let source = Source { client: self.client.clone(), resource, namespace: namespace.clone(), labels, fields };
        self.views.push(View::new(kind, namespace));
        self.changes.push(Box::pin(changes(source).map(move |change| (number, change))));
    }

    fn take(&mut self, number: usize, change: Change) -> Result<(), Problem> {
        let reason = if let Change::Lost(reason) = change { reason } else { "" };
        let refused = if let Change::Refused(refused) = change { Some(refused) } else { None };
        self.views[number].take(change);
        if let Some(refused) = refused {
            let view = &self.views[number];
            let namespace = view.namespace.as_deref().unwrap_or_default();
            match &view.kind {
                ViewKind::Awaited(version, kind) => {
                    let of_kind = |object: &&Awaited| object.resource.api_version == *version && object.resource.kind == *kind;
                    let plural = self.objects.iter().find(of_kind).map_or("", |object| object.resource.plural.as_str());
                    return Err(refusal(refused, plural, namespace));
                }
                ViewKind::Pods => (self.report)(&Progress::Hidden { plural: "pods", namespace }),
                ViewKind::ReplicaSets => (self.report)(&Progress::Hidden { plural: "replicasets", namespace }),
                ViewKind::Events | ViewKind::ClaimEvents => (self.report)(&Progress::Hidden { plural: "events", namespace }),
            }
        }
        let is_away = self.views.iter().any(|view| view.is_lost);
        if is_away != std::mem::replace(&mut self.is_away, is_away) {
            (self.report)(&if is_away { Progress::Away { reason } } else { Progress::Back });
        }
        Ok(())
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let verdict = |(index, object): (usize, &Awaited)| Verdict { object: object.clone(), health: self.tracker.health(index).clone() };
        self.objects.iter().enumerate().map(verdict).collect()
    }
}

fn refusal(refused: Refused, plural: &str, namespace: &str) -> Problem {
    let (reason, next) = match refused {
        Refused::Unknown => {
            ("the cluster does not know who asks".to_owned(), "log in as for kubectl, and check it with `kubectl auth whoami`".to_owned())
        }
        Refused::Forbidden => {
            let place = if namespace.is_empty() { String::new() } else { format!(" in the namespace `{namespace}`") };
            (
                format!("permission denied to list and watch {plural}{place}"),
                format!("grant list and watch on {plural}, or deploy without waiting"),
            )
        }
    };
    Problem::new(Fault::History, reason, next)
}
