//! Waiting until all objects are ready, or one has failed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use futures::StreamExt as _;
use futures::stream::SelectAll;
use kube::Client;
use kube::core::ApiResource;
use serde_json::Value;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::cluster::health::awaited::Awaited;
use crate::cluster::health::awaited::Progress;
use crate::cluster::health::awaited::Verdict;
use crate::cluster::health::awaited::WaitLimits;
use crate::cluster::health::object::health;
use crate::cluster::health::object::is_ready_when_applied;
use crate::cluster::health::related::Neighbors;
use crate::cluster::health::related::Related;
use crate::cluster::health::scene::View;
use crate::cluster::health::scene::ViewKind;
use crate::cluster::health::tracker::Tracker;
use crate::cluster::health::verdict::Health;
use crate::cluster::health::watch::Change;
use crate::cluster::health::watch::Refused;
use crate::cluster::health::watch::Source;
use crate::cluster::health::watch::changes;
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
        // The connection hands on an event at a time, and has to be polled for each.
        let judged = Instant::now() + GATHERED;
        while Instant::now() < judged
            && let Ok(Some((view, change))) = timeout_at(judged, wait.changes.next()).await
        {
            wait.take(view, change)?;
        }
    }
}

/// A watch's changes with the number of its view.
type Changes = Pin<Box<dyn Stream<Item = (usize, Change)> + Send>>;

/// The pods, ReplicaSets and events of each namespace.
type NeighborsByNamespace<'v> = BTreeMap<Option<&'v str>, Neighbors<'v>>;

/// Views that are to be opened.
type Wanted<'o> = BTreeSet<(ViewKind, Option<&'o str>)>;

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
        let neighbors = self.neighbors();
        let mut wanted = Wanted::default();
        let mut judged = Vec::with_capacity(self.objects.len());
        for (index, object) in self.objects.iter().enumerate() {
            let was_ready = *self.tracker.health(index) == Health::Ready;
            judged.push(if is_ready(object) { Health::Ready } else { self.judge_one(object, was_ready, now, &neighbors, &mut wanted) });
        }
        for (kind, namespace) in wanted {
            self.open(kind, namespace);
        }
        for (index, (object, health)) in self.objects.iter().zip(judged).enumerate() {
            let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
            let seen_now = !self.is_away && self.view(&kind, object.namespace.as_deref()).is_none_or(|view| !view.is_lost);
            if self.tracker.take(index, health, now, seen_now) {
                let health = self.tracker.health(index);
                (self.report)(&Progress::Changed { object, health, ready: self.tracker.ready(), of: self.objects.len() });
            }
        }
    }

    /// Judges an object, and notes the views that are needed to say more.
    fn judge_one<'o>(
        &self,
        object: &'o Awaited,
        was_ready: bool,
        now: Duration,
        neighbors: &NeighborsByNamespace<'_>,
        wanted: &mut Wanted<'o>,
    ) -> Health {
        let namespace = object.namespace.as_deref();
        let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
        if !self.view(&kind, namespace).is_some_and(|view| view.is_settled) {
            return Health::progressing("it has not been looked at yet");
        }
        let Some(live) = self.live(object) else {
            // A Job that is done may be removed, by its `ttlSecondsAfterFinished`.
            let is_done = was_ready && object.resource.kind == "Job";
            return if is_done { Health::Ready } else { Health::stuck("it does not exist any more") };
        };
        let alone = health(live, &Related::default());
        if alone == Health::Ready {
            return alone;
        }
        let related = || neighbors.get(&namespace).map(|neighbors| neighbors.related(live)).unwrap_or_default();
        if object.resource.kind == "PersistentVolumeClaim" {
            wanted.insert((ViewKind::ClaimEvents, namespace));
            return health(live, &related());
        }
        let has_pods = has_pods(&object.resource);
        if !has_pods && object.resource.kind != "Service" || now < UNDISTURBED && !alone.has_failed() {
            return alone;
        }
        let kinds: &[ViewKind] = if has_pods { &[ViewKind::Pods, ViewKind::ReplicaSets, ViewKind::Events] } else { &[ViewKind::Events] };
        wanted.extend(kinds.iter().map(|kind| (kind.clone(), namespace)));
        let is_settled = kinds.iter().all(|kind| self.view(kind, namespace).is_some_and(|view| view.is_settled));
        if !is_settled {
            // The pods say why, or that the status is of an older revision.
            return match alone {
                Health::Failed { reason } => Health::Progressing { reason },
                alone => alone,
            };
        }
        health(live, &related())
    }

    /// What is seen of pods, ReplicaSets and events.
    fn neighbors(&self) -> NeighborsByNamespace<'_> {
        let of = |namespace: Option<&str>| {
            let all = |wanted: fn(&ViewKind) -> bool| {
                let views = self.views.iter().filter(move |view| view.namespace.as_deref() == namespace && wanted(&view.kind));
                views.flat_map(View::objects)
            };
            Neighbors::of(
                all(|kind| *kind == ViewKind::Pods),
                all(|kind| *kind == ViewKind::ReplicaSets),
                all(|kind| matches!(kind, ViewKind::Events | ViewKind::ClaimEvents)),
            )
        };
        let namespaces: BTreeSet<Option<&str>> = self.views.iter().map(|view| view.namespace.as_deref()).collect();
        namespaces.into_iter().map(|namespace| (namespace, of(namespace))).collect()
    }

    /// The object as it is seen.
    fn live(&self, object: &Awaited) -> Option<&Value> {
        let kind = ViewKind::Awaited(object.resource.api_version.clone(), object.resource.kind.clone());
        self.view(&kind, object.namespace.as_deref())?.object(&object.name)
    }

    fn view(&self, kind: &ViewKind, namespace: Option<&str>) -> Option<&View> {
        self.views.iter().find(|view| view.kind == *kind && view.namespace.as_deref() == namespace)
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
        let neighbors = self.neighbors();
        let verdict = |(index, object): (usize, &Awaited)| {
            let health = self.tracker.health(index).clone();
            let live = Some(object).filter(|_| health.has_failed()).and_then(|object| self.live(object));
            let crashed = live.and_then(|live| neighbors.get(&object.namespace.as_deref())?.related(live).crashed(live));
            Verdict { object: object.clone(), health, crashed }
        };
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
    Problem::new(Fault::Rollout, reason, next)
}

#[cfg(test)]
mod tests {
    use std::io::BufRead as _;
    use std::io::BufReader;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::thread::spawn;
    use std::time::Duration;

    use kube::Client;
    use kube::Config;
    use kube::core::ApiResource;
    use kube::core::GroupVersionKind;
    use serde_json::Value;
    use serde_json::json;
    use tokio::time::Instant;

    use super::wait;
    use crate::cluster::health::Awaited;
    use crate::cluster::health::Health;
    use crate::cluster::health::Progress;
    use crate::cluster::health::WaitLimits;

    /// An API server with an answer for each request in turn, and what it was asked.
    struct Server {
        port: u16,
        asked: Arc<Mutex<Vec<String>>>,
    }

    /// A status and the lines of a body, the last of which ends the answer.
    type Answer = (u16, Vec<Value>);

    impl Server {
        /// After the last of its answers it sends nothing and keeps the connection.
        fn new(answers: Vec<Answer>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
            let (asked, answers) = (Arc::clone(&server.asked), Arc::new(Mutex::new(answers.into_iter())));
            spawn(move || {
                for stream in listener.incoming() {
                    let (stream, asked, answers) = (stream.unwrap(), Arc::clone(&asked), Arc::clone(&answers));
                    spawn(move || serve(&stream, &asked, &answers));
                }
            });
            server
        }

        fn client(&self) -> Client {
            let mut config = Config::new(format!("http://127.0.0.1:{}", self.port).parse().unwrap());
            config.default_retry = false;
            Client::try_from(config).unwrap()
        }

        fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    fn serve(stream: &TcpStream, asked: &Mutex<Vec<String>>, answers: &Mutex<std::vec::IntoIter<Answer>>) {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().unwrap().unwrap();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        asked.lock().unwrap().push(request);
        let next = answers.lock().unwrap().next();
        let Some((status, body)) = next else {
            // The other end decides when it is over.
            lines.next().map(drop).unwrap_or_default();
            return;
        };
        // As API servers send what they watch: each event is a chunk.
        let body: String = body.iter().map(|line| format!("{line}\n")).map(|line| format!("{:x}\r\n{line}\r\n", line.len())).collect();
        let head = "content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close";
        let answer = format!("HTTP/1.1 {status} Said\r\n{head}\r\n\r\n{body}0\r\n\r\n");
        (&mut &*stream).write_all(answer.as_bytes()).unwrap_or_default();
    }

    fn lamp(ready: &str) -> Value {
        json!({ "metadata": { "name": "hall", "resourceVersion": "8" }, "status": { "conditions": [{ "type": "Ready", "status": ready }] } })
    }

    fn list(items: &[Value]) -> Answer {
        (200, vec![json!({ "metadata": { "resourceVersion": "7" }, "items": items })])
    }

    fn event(kind: &str, object: &Value) -> Value {
        json!({ "type": kind, "object": object })
    }

    fn refusal(code: u16, reason: &str) -> Value {
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "hunter2" })
    }

    fn awaited(api_version: &str, kind: &str) -> Awaited {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Awaited { resource, namespace: Some("shop".to_owned()), name: "hall".to_owned() }
    }

    fn limits() -> WaitLimits {
        WaitLimits { selector: "part-of=shop".to_owned(), deadline: Duration::from_secs(20), grace: WaitLimits::GRACE }
    }

    /// The healths of the lamp, and what was reported of the server.
    async fn waited(server: &Server) -> (Vec<Health>, Vec<String>) {
        let reports = Mutex::new(Vec::new());
        let report = |progress: &Progress<'_>| match progress {
            Progress::Away { reason } => reports.lock().unwrap().push(format!("away: {reason}")),
            Progress::Back => reports.lock().unwrap().push("back".to_owned()),
            _ => {}
        };
        let verdicts = wait(server.client(), &[awaited("example.dev/v1", "Lamp")], limits(), &report).await.unwrap();
        (verdicts.into_iter().map(|verdict| verdict.health).collect(), reports.into_inner().unwrap())
    }

    #[tokio::test]
    async fn one_list_and_one_watch_from_its_version_on_serve_a_kind() {
        let server = Server::new(vec![list(&[lamp("False")]), (200, vec![event("MODIFIED", &lamp("True"))])]);
        assert_eq!(waited(&server).await, (vec![Health::Ready], vec![]));
        let asked = server.asked();
        let place = "/apis/example.dev/v1/namespaces/shop/lamps?";
        assert!(asked[0].starts_with(&format!("GET {place}")) && asked[0].contains("labelSelector=part-of%3Dshop"), "{asked:?}");
        assert!(
            asked[1].contains("watch=true") && asked[1].contains("allowWatchBookmarks=true") && asked[1].contains("resourceVersion=7"),
            "{asked:?}"
        );
    }

    #[tokio::test]
    async fn a_watch_goes_on_at_the_last_bookmark_and_lists_again_when_that_is_gone() {
        let bookmark = json!({ "apiVersion": "example.dev/v1", "kind": "Lamp", "metadata": { "resourceVersion": "9" } });
        let server = Server::new(vec![
            list(&[lamp("False")]),
            (200, vec![event("BOOKMARK", &bookmark)]),
            (200, vec![event("ERROR", &refusal(410, "Expired"))]),
            list(&[lamp("True")]),
        ]);
        assert_eq!(waited(&server).await, (vec![Health::Ready], vec![]));
        let asked = server.asked();
        assert!(asked[2].contains("resourceVersion=9"), "{asked:?}");
        assert!(!asked[3].contains("watch=true"), "{asked:?}");
    }

    #[tokio::test]
    async fn many_changes_are_taken_as_fast_as_they_come() {
        let filler = "x".repeat(10_000);
        let dark = |number: usize| {
            let mut lamp = lamp("False");
            lamp["spec"] = json!({ "filler": filler, "number": number });
            event("MODIFIED", &lamp)
        };
        let mut changes: Vec<Value> = (0..800).map(dark).collect();
        changes.push(event("MODIFIED", &lamp("True")));
        let server = Server::new(vec![list(&[lamp("False")]), (200, changes)]);
        let began = Instant::now();
        assert_eq!(waited(&server).await, (vec![Health::Ready], vec![]));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }

    #[tokio::test]
    async fn a_server_that_fails_is_asked_again_and_its_absence_is_reported() {
        let server = Server::new(vec![
            list(&[lamp("False")]),
            (503, vec![refusal(503, "ServiceUnavailable")]),
            (500, vec![refusal(500, "InternalError")]),
            (200, vec![event("MODIFIED", &lamp("True"))]),
        ]);
        assert_eq!(waited(&server).await, (vec![Health::Ready], vec!["away: the API server fails".to_owned(), "back".to_owned()]));
    }

    #[tokio::test]
    async fn a_refusal_that_lasts_ends_the_wait_and_one_that_passes_does_not() {
        let forbidden = || (403, vec![refusal(403, "Forbidden")]);
        let server = Server::new(vec![forbidden(), forbidden(), list(&[lamp("True")])]);
        assert_eq!(waited(&server).await.0, [Health::Ready]);
        for (code, reason) in
            [(403, "permission denied to list and watch lamps in the namespace `shop`"), (401, "the cluster does not know who asks")]
        {
            let server = Server::new((0..4).map(|_| (code, vec![refusal(code, "")])).collect());
            let problem = wait(server.client(), &[awaited("example.dev/v1", "Lamp")], limits(), &|_| {}).await.unwrap_err();
            assert_eq!(problem.reason, reason);
        }
    }

    #[tokio::test]
    async fn what_is_ready_when_applied_is_not_asked_for() {
        let server = Server::new(vec![]);
        let objects = [awaited("v1", "Secret"), awaited("v1", "ConfigMap")];
        let verdicts = wait(server.client(), &objects, limits(), &|_| {}).await.unwrap();
        assert!(verdicts.iter().all(|verdict| verdict.health == Health::Ready));
        assert_eq!(server.asked(), Vec::<String>::new());
        assert!(wait(server.client(), &[], limits(), &|_| {}).await.unwrap().is_empty());
    }
}
