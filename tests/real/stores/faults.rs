//! Whatever happens between cloze and a store, no release is told as recorded that is not, none as lost that is there, and no number is
//! doubled.

use std::time::Duration;
use std::time::Instant;

use cloze::clock::Machine;
use cloze::history::Action;
use cloze::history::Draft;
use cloze::history::DraftManifest;
use cloze::history::History;
use cloze::history::HistoryError;
use cloze::history::Owner;
use cloze::history::Reader;
use cloze::history::Session;
use cloze::manifest::Identity;
use cloze::seal::Keys;
use cloze::service::http::Limits;

use crate::fixture::Fault;
use crate::fixture::Kind;
use crate::fixture::Proxy;
use crate::fixture::StoreServer;
use crate::fixture::rounds;
use crate::stores::conformance::door;
use crate::stores::conformance::open_with;

const FAULTS: [Fault; 9] = [
    Fault::DoneThen(500),
    Fault::DoneThen(503),
    Fault::DoneThen(409),
    Fault::DoneThenReset,
    Fault::DoneThenSilence,
    Fault::DoneThenSlow,
    Fault::DoneThenHalf,
    Fault::NothingThen(409),
    Fault::NothingThenReset,
];

const KEYRING: &[u8] = b"{\"keyring\":\"of the tests\"}";

fn owner() -> Owner {
    Owner { project: "shop".to_owned(), environment: "dev".to_owned() }
}

fn identity(name: &str) -> Identity {
    Identity { api_version: "v1".to_owned(), kind: "ConfigMap".to_owned(), namespace: "shop".to_owned(), name: name.to_owned() }
}

/// How many releases were told as recorded, as not, and as unknown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    recorded: usize,
    unknown: usize,
    failed: usize,
}

async fn spoilt(kind: Kind, fault: Fault, runs: usize) -> Option<Told> {
    let server = StoreServer::start(kind)?;
    let proxy = Proxy::start(server.endpoint());
    let keys = Keys::fresh(&Machine);
    let session = Session { keys: &keys, keyring: KEYRING, clock: &Machine, entropy: &Machine };
    // What never answers is waited for.
    let deadline = Duration::from_secs(if fault == Fault::DoneThenSilence { 2 } else { 30 });
    let limits = Limits { deadline, rest: Duration::from_millis(100), ..Limits::default() };
    let mut through = door(&server);
    through.endpoint = proxy.url();
    let store = open_with(&server, &through, limits);
    let direct = open_with(&server, &door(&server), Limits::default());
    let mut told = Told::default();
    let mut expected = 0;
    for run in 0..runs {
        let history = History::open(Reader::new(&store, owner()), session).await.unwrap();
        let head = history.head().await.unwrap();
        let name = format!("run-{run}");
        let identity = identity(&name);
        let content = format!("content of {name}");
        let manifest = DraftManifest { identity: &identity, base: &name, file: "a.yaml", content: content.as_bytes(), recipe: None };
        let draft = Draft {
            actor: "ada".to_owned(),
            revision: None,
            note: Some(name.clone()),
            action: Action::Deploy,
            blanks: Vec::new(),
            templates: Vec::new(),
            values: Vec::new(),
            manifests: vec![manifest],
        };
        // Which creation it happens to, and to how many in a row.
        let before = run % 2;
        proxy.script(std::iter::repeat_n(None, before).chain(std::iter::repeat_n(Some(fault), 1 + run % 3)));
        let began = Instant::now();
        let verdict = history.record(&draft, head.as_ref()).await;
        assert!(began.elapsed() < Duration::from_mins(1), "{kind:?} {fault:?}: {:?}", began.elapsed());
        proxy.script([]);
        // Whether it is there is asked behind the proxy.
        let proven = History::open(Reader::new(&direct, owner()), session).await.unwrap();
        let newest = proven.reader().newest().await.unwrap();
        let there = newest > expected;
        assert!(newest <= expected + 1, "{kind:?} {fault:?}: a number was doubled");
        match verdict {
            Ok(release) => {
                assert!(there && release.summary.number == expected + 1, "{kind:?} {fault:?}: told as recorded, and is not");
                told.recorded += 1;
            }
            Err(HistoryError::Unsure { .. }) => told.unknown += 1,
            Err(error) => {
                assert!(!there, "{kind:?} {fault:?}: told as lost, and is there: {error}");
                assert!(!matches!(error, HistoryError::Conflict { .. }), "{kind:?} {fault:?}: there is no other run: {error}");
                told.failed += 1;
            }
        }
        expected = newest;
    }
    let proven = History::open(Reader::new(&direct, owner()), session).await.unwrap();
    let report = proven.verify().await.unwrap();
    assert_eq!((report.releases, report.defects), (expected, Vec::new()), "{kind:?} {fault:?}");
    Some(told)
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]
async fn every_fault(kind: Kind) {
    for fault in FAULTS {
        // What never answers takes its deadline each time.
        let runs = if fault == Fault::DoneThenSilence { rounds(1, 50) } else { rounds(6, 1000) };
        let Some(told) = spoilt(kind, fault, runs).await else { return };
        println!("{kind:?} {fault:?}: {runs} runs, {told:?}");
        // A fault that passes is not heard of.
        if matches!(fault, Fault::DoneThenReset | Fault::DoneThenSlow | Fault::DoneThenHalf | Fault::NothingThenReset) {
            assert_eq!(told.recorded, runs, "{kind:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn no_verdict_is_wrong_on_versitygw() {
    every_fault(Kind::Versitygw).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_moto() {
    every_fault(Kind::Moto).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_fake_gcs_server() {
    every_fault(Kind::Gcs).await;
}

#[tokio::test]
async fn no_verdict_is_wrong_on_azurite() {
    every_fault(Kind::Azurite).await;
}
