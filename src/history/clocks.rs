//! Machines whose clocks are years apart write one history.

use crate::clock::Timestamp;
use crate::history::Checkpoint;
use crate::history::History;
use crate::history::HistorySession;
use crate::history::InMemoryStore;
use crate::history::NewEvent;
use crate::history::What;
use crate::history::fixtures;
use crate::history::fixtures::owner;

const NOW: i64 = 1_800_000_000;
const TEN_YEARS: i64 = 10 * 365 * 86_400;

/// Nothing but the number orders releases, and nothing but the sequence their events; an older time is no sign of tampering.
#[tokio::test]
async fn order_and_proof_do_not_depend_on_clocks() {
    let store = InMemoryStore::default();
    let folder = tempfile::tempdir().unwrap();
    let pin = folder.path().join("dev.json");
    let times = [NOW, NOW + TEN_YEARS, NOW - TEN_YEARS, 0, NOW + 1, NOW - 1, NOW - TEN_YEARS];
    for (number, time) in (1..).zip(times) {
        let (clock, later) = (Timestamp(time), Timestamp(-time));
        let session = |clock| HistorySession { clock, ..fixtures::session() };
        let history = History::open(fixtures::reader(&store, "dev"), session(&clock)).await.unwrap();
        let head = history.head().await.unwrap();
        history.sweep(head.as_ref().map_or(0, |release| release.summary.number)).await.unwrap();
        let manifests = fixtures::manifests(&["common", &format!("release-{number}")]);
        let release = history.record(&fixtures::draft(&manifests), head.as_ref()).await.unwrap();
        assert_eq!((release.summary.number, release.summary.time), (number, Timestamp(time)));
        // What became of it is recorded by another machine, whose clock says that it was before.
        let history = History::open(fixtures::reader(&store, "dev"), session(&later)).await.unwrap();
        for what in [What::Emitted, What::Applied] {
            history.add_event(&release, NewEvent { actor: "ada", what, detail: "" }).await.unwrap();
        }
        let events = history.events(&release).await.unwrap();
        assert_eq!(events.iter().map(|(event, _)| event.sequence).collect::<Vec<_>>(), [1, 2]);
        Checkpoint::new(fixtures::keys().store(), &owner("dev"), number, release.digest).save(&pin, &crate::clock::Machine).unwrap();
    }
    let history = fixtures::history(&store, "dev").await;
    let report = history.verify().await.unwrap();
    assert_eq!((report.releases, report.defects), (times.len() as u64, Vec::new()));
    assert_eq!(history.head().await.unwrap().unwrap().summary.number, times.len() as u64);
    assert_eq!(Checkpoint::load(&pin).unwrap().unwrap().number, times.len() as u64);
}
