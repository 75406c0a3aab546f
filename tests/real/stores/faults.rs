//! Whatever happens between cloze and a store, no release is reported as recorded that is not, none as lost that is there, and no number is
//! doubled: in each kind of object store, and in a namespace of a cluster.
//!
//! `CLOZE_FAULTS` names the kinds of faults to run, separated by spaces, such as `DoneThenReset NothingThen(409)`; all by default.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use cloze::clock::Entropy as _;
use cloze::clock::Machine;
use cloze::cluster::Connection;
use cloze::cluster::SecretStore;
use cloze::history::Action;
use cloze::history::Draft;
use cloze::history::DraftManifest;
use cloze::history::History;
use cloze::history::HistoryError;
use cloze::history::HistorySession;
use cloze::history::HistoryStore;
use cloze::history::Owner;
use cloze::history::Patience;
use cloze::history::Reader;
use cloze::history::Release;
use cloze::manifest::Identity;
use cloze::seal::Keys;
use cloze::service::http::RequestLimits;
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use tokio::time::sleep;

use crate::fixture::Cluster;
use crate::fixture::Fault;
use crate::fixture::Kind;
use crate::fixture::Proxy;
use crate::fixture::StoreServer;
use crate::fixture::User;
use crate::fixture::rounds;
use crate::stores::conformance::door;
use crate::stores::conformance::open_with;

const FAULTS: [Fault; 11] = [
    Fault::DoneThen(500),
    Fault::DoneThen(503),
    Fault::DoneThen(409),
    Fault::DoneThenReset,
    Fault::DoneThenSilence,
    Fault::DoneThenSlow,
    Fault::DoneThenHalf,
    Fault::NothingThen(409),
    Fault::NothingThen(500),
    Fault::NothingThen(503),
    Fault::NothingThenReset,
];

/// Where histories can be.
#[derive(Debug, Clone, Copy)]
enum Place {
    Bucket(Kind),
    Cluster,
}

/// A store with nothing in it.
#[derive(Debug)]
enum Backend {
    Bucket(StoreServer),
    Namespace(Box<Cluster>),
}

impl Backend {
    /// `None` when the server is not installed.
    async fn start(place: Place) -> Option<Self> {
        match place {
            Place::Bucket(kind) => Some(Self::Bucket(StoreServer::start(kind)?)),
            Place::Cluster => Some(Self::Namespace(Box::new(Cluster::start().await?))),
        }
    }

    fn proxy(&self) -> Proxy {
        match self {
            Self::Bucket(server) => Proxy::start(server.endpoint()),
            Self::Namespace(cluster) => cluster.proxy(),
        }
    }

    /// The store, by a client of its own.
    fn direct(&self) -> Box<dyn HistoryStore> {
        match self {
            Self::Bucket(server) => Box::new(open_with(server, &door(server), RequestLimits::default())),
            Self::Namespace(cluster) => secrets(cluster, &cluster.connection(User::Admin)),
        }
    }

    /// The store as it is reached through `proxy`, by a client of its own.
    fn through(&self, proxy: &Proxy, limits: &RequestLimits) -> Box<dyn HistoryStore> {
        match self {
            Self::Bucket(server) => {
                let mut through = door(server);
                through.endpoint = proxy.url();
                Box::new(open_with(server, &through, limits.clone()))
            }
            Self::Namespace(cluster) => secrets(cluster, &cluster.connection_through(proxy)),
        }
    }

    /// The history in `store`, which is waited for as `limits` say.
    fn reader<'s>(&self, store: &'s dyn HistoryStore, limits: &RequestLimits) -> Reader<'s> {
        let reader = Reader::new(store, owner());
        match self {
            Self::Bucket(_) => reader,
            Self::Namespace(_) => reader.with_patience(Patience { call: limits.deadline, ..Patience::default() }),
        }
    }
}

fn secrets(cluster: &Cluster, connection: &Connection) -> Box<dyn HistoryStore> {
    Box::new(SecretStore::new(connection, cluster.namespace(), "history", "the history".to_owned(), Arc::new(Machine)))
}

/// How often the calls of one history are spoilt.
const EACH: usize = 50;
/// How often a busy server is asked again.
const PATIENT: usize = 20;
/// How many histories are spoilt at once: more than these are too many for a server that has one thread.
const AT_ONCE: usize = 8;

const KEYRING: &[u8] = b"{\"keyring\":\"of the tests\"}";

fn owner() -> Owner {
    Owner { project: "shop".to_owned(), environment: "dev".to_owned() }
}

fn identity(name: &str) -> Identity {
    Identity { api_version: "v1".to_owned(), kind: "ConfigMap".to_owned(), namespace: "shop".to_owned(), name: name.to_owned() }
}

fn draft<'a>(note: &str, manifest: DraftManifest<'a>) -> Draft<'a> {
    Draft {
        actor: "ada".to_owned(),
        revision: None,
        note: Some(note.to_owned()),
        action: Action::Deploy,
        blanks: Vec::new(),
        templates: Vec::new(),
        values: Vec::new(),
        manifests: vec![manifest],
    }
}

/// How many releases were reported as recorded, as not, and as unknown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Verdicts {
    recorded: usize,
    unknown: usize,
    failed: usize,
}

async fn spoilt(place: Place, fault: Fault, runs: usize) -> Option<Verdicts> {
    let backend = Backend::start(place).await?;
    let proxy = backend.proxy();
    let keys = Keys::fresh(&Machine);
    let session = HistorySession { keys: &keys, keyring: KEYRING, clock: &Machine, entropy: &Machine };
    let limits = limits(fault);
    let (store, direct) = (backend.through(&proxy, &limits), backend.direct());
    let mut verdicts = Verdicts::default();
    let mut expected = 0;
    for run in 0..runs {
        let (history, head) = opened(|| backend.reader(store.as_ref(), &limits), session).await;
        let name = format!("run-{run}");
        let identity = identity(&name);
        let content = format!("content of {name}");
        let manifest = DraftManifest { identity: &identity, base: &name, file: "a.yaml", content: content.as_bytes(), recipe: None };
        let draft = draft(&name, manifest);
        // Which creation it happens to, and to how many in a row.
        let before = run % 2;
        proxy.script(std::iter::repeat_n(None, before).chain(std::iter::repeat_n(Some(fault), 1 + run % 3)));
        let began = Instant::now();
        let verdict = history.record(&draft, head.as_ref()).await;
        assert!(began.elapsed() < Duration::from_mins(1), "{place:?} {fault:?}: {:?}", began.elapsed());
        proxy.script([]);
        // Whether it is there is asked behind the proxy.
        let (_, newest) = opened(|| Reader::new(direct.as_ref(), owner()), session).await;
        let newest = newest.map_or(0, |release| release.summary.number);
        let there = newest > expected;
        assert!(newest <= expected + 1, "{place:?} {fault:?}: a number was doubled");
        match verdict {
            Ok(release) => {
                assert!(there && release.summary.number == expected + 1, "{place:?} {fault:?}: reported as recorded, and is not");
                verdicts.recorded += 1;
            }
            Err(HistoryError::Unsure { .. }) => verdicts.unknown += 1,
            Err(error) => {
                assert!(!there, "{place:?} {fault:?}: reported as lost, and is there: {error}");
                assert!(!matches!(error, HistoryError::Conflict { .. }), "{place:?} {fault:?}: there is no other run: {error}");
                verdicts.failed += 1;
            }
        }
        expected = newest;
    }
    let proven = History::open(Reader::new(direct.as_ref(), owner()), session).await.unwrap();
    let report = proven.verify().await.unwrap();
    assert_eq!((report.releases, report.defects), (expected, Vec::new()), "{place:?} {fault:?}");
    Some(verdicts)
}

/// The history and its head, where nothing is spoilt: a server that is busy with others' histories may take longer than a call is waited for.
async fn opened<'a>(reader: impl Fn() -> Reader<'a>, session: HistorySession<'a>) -> (History<'a>, Option<Release>) {
    for _ in 0..PATIENT {
        if let Ok(history) = History::open(reader(), session).await
            && let Ok(head) = history.head().await
        {
            return (history, head);
        }
        // The client asks nothing for a while where several calls were not answered.
        sleep(Duration::from_millis(500)).await;
    }
    let history = History::open(reader(), session).await.unwrap();
    let head = history.head().await.unwrap();
    (history, head)
}

/// What never answers is waited for: longer where many histories share the machine.
fn limits(fault: Fault) -> RequestLimits {
    let deadline = if fault == Fault::DoneThenSilence { Duration::from_millis(rounds(300, 2_000) as u64) } else { Duration::from_secs(30) };
    RequestLimits { deadline, rest: Duration::from_millis(100), ..RequestLimits::default() }
}

/// Reads a history through answers to reads and listings that are spoilt; how often that gave all of it. Nothing else is given: what cannot be
/// read is not reported as missing, damaged or cut.
async fn spoilt_reads(place: Place, fault: Fault, runs: usize) -> Option<usize> {
    let backend = Backend::start(place).await?;
    let proxy = backend.proxy();
    let keys = Keys::fresh(&Machine);
    let session = HistorySession { keys: &keys, keyring: KEYRING, clock: &Machine, entropy: &Machine };
    let (direct, limits) = (backend.direct(), limits(fault));
    let (identity, content) = (identity("read"), "content ".repeat(200));
    let manifest = DraftManifest { identity: &identity, base: "read", file: "a.yaml", content: content.as_bytes(), recipe: None };
    let (history, _) = opened(|| Reader::new(direct.as_ref(), owner()), session).await;
    let recorded = history.record(&draft("read", manifest), None).await.unwrap();
    let mut whole = 0;
    for run in 0..runs {
        // Another run of the program, which holds nothing yet.
        let store = backend.through(&proxy, &limits);
        proxy.script_reads(std::iter::repeat_n(None, run % 5).chain(std::iter::repeat_n(Some(fault), 1 + run % 6)));
        let read = async {
            let history = History::open(backend.reader(store.as_ref(), &limits), session).await?;
            let keyring = history.reader().keyring().await?.map(|bytes| bytes.to_vec());
            let head = history.head().await?;
            let manifests = match &head {
                Some(head) => history.manifests(head).await?.iter().map(|stored| stored.content.expose().to_vec()).collect(),
                None => Vec::new(),
            };
            Ok::<_, HistoryError>((keyring, head.map(|head| head.digest), manifests, history.verify().await?))
        };
        match read.await {
            Ok((keyring, head, manifests, report)) => {
                assert_eq!(keyring.as_deref(), Some(KEYRING), "{place:?} {fault:?}");
                assert_eq!((head, manifests), (Some(recorded.digest), vec![content.clone().into_bytes()]), "{place:?} {fault:?}");
                assert_eq!((report.releases, report.defects), (1, Vec::new()), "{place:?} {fault:?}");
                whole += 1;
            }
            Err(HistoryError::Unavailable { .. }) => {}
            Err(error) => panic!("{place:?} {fault:?}: {error}"),
        }
        proxy.script_reads([]);
    }
    Some(whole)
}

/// Writers that each record so many releases at once, each through a client of its own: every number once, and none left out.
async fn many_writers(place: Place) {
    let Some(backend) = Backend::start(place).await else { return };
    let (writers, each) = (rounds(8, 50), rounds(3, 20));
    let keys = Keys::fresh(&Machine);
    let session = HistorySession { keys: &keys, keyring: KEYRING, clock: &Machine, entropy: &Machine };
    let one = async |writer: usize| {
        let store = backend.direct();
        let mut numbers = Vec::new();
        while numbers.len() < each {
            let name = format!("writer-{writer}-{}", numbers.len());
            let (identity, content) = (identity(&name), format!("content of {name}"));
            let manifest = DraftManifest { identity: &identity, base: &name, file: "a.yaml", content: content.as_bytes(), recipe: None };
            let history = History::open(Reader::new(store.as_ref(), owner()), session).await.unwrap();
            let head = history.head().await.unwrap();
            match history.record(&draft(&name, manifest), head.as_ref()).await {
                Ok(release) => numbers.push(release.summary.number),
                // A run that came second takes a while until it comes again.
                Err(HistoryError::Conflict { .. }) => {
                    let mut random = [0];
                    Machine.fill(&mut random);
                    sleep(Duration::from_millis(u64::from(random[0]))).await;
                }
                Err(error) => panic!("{place:?}: {error}"),
            }
        }
        numbers
    };
    let mut numbers: Vec<u64> = join_all((0..writers).map(one)).await.concat();
    numbers.sort_unstable();
    let total = (writers * each) as u64;
    assert_eq!(numbers, (1..=total).collect::<Vec<u64>>(), "{place:?}");
    let store = backend.direct();
    let report = History::open(Reader::new(store.as_ref(), owner()), session).await.unwrap().verify().await.unwrap();
    assert_eq!((report.releases, report.defects), (total, Vec::new()), "{place:?}");
}

#[tokio::test]
async fn writers_at_once_share_the_numbers_on_versitygw() {
    many_writers(Place::Bucket(Kind::Versitygw)).await;
}

#[tokio::test]
async fn writers_at_once_share_the_numbers_on_moto() {
    many_writers(Place::Bucket(Kind::Moto)).await;
}

#[tokio::test]
async fn writers_at_once_share_the_numbers_on_fake_gcs_server() {
    many_writers(Place::Bucket(Kind::Gcs)).await;
}

#[tokio::test]
async fn writers_at_once_share_the_numbers_on_azurite() {
    many_writers(Place::Bucket(Kind::Azurite)).await;
}

#[tokio::test]
async fn writers_at_once_share_the_numbers_in_a_cluster() {
    many_writers(Place::Cluster).await;
}

#[expect(clippy::print_stdout, reason = "figures for a person who runs it with --nocapture")]
async fn every_fault(place: Place) {
    let wanted = std::env::var("CLOZE_FAULTS").unwrap_or_default();
    let is_wanted = |fault: &Fault| wanted.is_empty() || wanted.split(' ').any(|word| format!("{fault:?}") == word);
    for fault in FAULTS.into_iter().filter(is_wanted) {
        // These take their time, and so does an API server.
        let is_slow = matches!(fault, Fault::DoneThenSilence | Fault::DoneThenSlow) || matches!(place, Place::Cluster);
        let runs = rounds(if is_slow { 2 } else { 6 }, 1000);
        // Each history is spoilt so often, and some of them at once: much of the time goes by in waiting.
        let histories = runs.div_ceil(EACH);
        let recordings = stream::iter(0..histories).map(|_| spoilt(place, fault, runs / histories)).buffer_unordered(AT_ONCE);
        let Some(all) = recordings.collect::<Vec<_>>().await.into_iter().collect::<Option<Vec<_>>>() else { return };
        let sum = |part: fn(&Verdicts) -> usize| all.iter().map(part).sum();
        let verdicts = Verdicts {
            recorded: sum(|verdicts| verdicts.recorded),
            unknown: sum(|verdicts| verdicts.unknown),
            failed: sum(|verdicts| verdicts.failed),
        };
        let reads = stream::iter(0..histories).map(|_| spoilt_reads(place, fault, runs / histories)).buffer_unordered(AT_ONCE);
        let read: usize = reads.collect::<Vec<_>>().await.into_iter().flatten().sum();
        println!("{place:?} {fault:?}: {runs} runs, {verdicts:?}; {read} of {runs} reads in spite of it");
        // A fault that passes is not heard of.
        if matches!(fault, Fault::DoneThenReset | Fault::DoneThenSlow | Fault::DoneThenHalf | Fault::NothingThenReset) {
            assert_eq!(verdicts.recorded, runs, "{place:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn no_verdict_is_wrong_on_versitygw() {
    every_fault(Place::Bucket(Kind::Versitygw)).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_moto() {
    every_fault(Place::Bucket(Kind::Moto)).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_fake_gcs_server() {
    every_fault(Place::Bucket(Kind::Gcs)).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_azurite() {
    every_fault(Place::Bucket(Kind::Azurite)).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_in_a_cluster() {
    every_fault(Place::Cluster).await;
}
