//! Tests: whatever a store does at whichever call, the verdict is right, nothing is lost or doubled, and the next run goes on.

use std::time::Duration;

use crate::history::History;
use crate::history::InMemoryStore;
use crate::history::InjectedFault;
use crate::history::NewEvent;
use crate::history::Release;
use crate::history::ReleaseEvent;
use crate::history::What;
use crate::history::error::HistoryError;
use crate::history::fixtures;

/// What one call, whichever it is, can suffer without the caller's hearing of it.
const PASSING: [InjectedFault; 3] =
    [InjectedFault::DoneThenError, InjectedFault::NothingThenError, InjectedFault::Slow(Duration::from_secs(1))];
/// What a creation can, besides.
const PASSING_FOR_CREATIONS: [InjectedFault; 4] =
    [InjectedFault::DoneThenExists, InjectedFault::FalseExists, InjectedFault::Torn(300), InjectedFault::Late];
/// What the caller hears of.
const LASTING: [InjectedFault; 3] = [InjectedFault::Full, InjectedFault::Denied, InjectedFault::Broken];

/// What a run of a deploy does with a history. What became of the record, and of the event when there was one.
async fn deploy(store: &InMemoryStore, name: &str) -> (Result<Release, HistoryError>, Option<Result<ReleaseEvent, HistoryError>>) {
    let recorded = async {
        let history = History::open(fixtures::reader(store, "dev"), fixtures::session()).await?;
        let head = history.head().await?;
        history.sweep(head.as_ref().map_or(0, |release| release.summary.number)).await?;
        let manifests = fixtures::manifests(&["common", name]);
        let release = history.record(&fixtures::draft(&manifests), head.as_ref()).await?;
        Ok((history, release))
    };
    match recorded.await {
        Ok((history, release)) => {
            let event = history.add_event(&release, NewEvent { actor: "ada", what: What::Emitted, detail: name }).await;
            (Ok(release), Some(event))
        }
        Err(error) => (Err(error), None),
    }
}

/// How often `name` was recorded, and how often that was reported; the history is whole.
async fn recorded(store: &InMemoryStore, name: &str) -> (usize, usize) {
    let history = fixtures::history(store, "dev").await;
    let report = history.verify().await.unwrap();
    assert_eq!(report.defects, Vec::new());
    let (mut releases, mut events) = (0, 0);
    for number in 1..=report.releases {
        let release = history.release(number).await.unwrap();
        let manifests = history.manifests(&release).await.unwrap();
        assert_eq!(manifests[0].content.expose(), b"content of common");
        if manifests[1].content.expose() == format!("content of {name}").as_bytes() {
            releases += 1;
            events += history.events(&release).await.unwrap().len();
        }
    }
    (releases, events)
}

/// Deploys after `before` with mishaps, judges the verdict, and deploys once more without. Whether all went well.
async fn run(before: &InMemoryStore, script: &[(usize, InjectedFault)]) -> bool {
    let store = InMemoryStore::of(before.objects());
    for (index, mishap) in script {
        store.script(*index, *mishap);
    }
    let (record, event) = deploy(&store, "second").await;
    let store = InMemoryStore::of(store.objects());
    let (releases, events) = recorded(&store, "second").await;
    match &record {
        Ok(_) => assert_eq!(releases, 1, "{script:?}"),
        Err(HistoryError::Unsure { .. }) => assert!(releases <= 1, "{script:?}"),
        Err(error) => assert_eq!(releases, 0, "{script:?}: {error}"),
    }
    match &event {
        Some(Ok(_)) => assert_eq!(events, 1, "{script:?}"),
        Some(Err(HistoryError::Unsure { .. })) => assert!(events <= 1, "{script:?}"),
        _ => assert_eq!(events, 0, "{script:?}"),
    }
    let first = before.objects().keys().filter(|path| path.starts_with("releases/")).count();
    let third = deploy(&store, "third").await.0.unwrap_or_else(|error| panic!("{script:?}: {error}"));
    assert_eq!(third.summary.number, (first + releases) as u64 + 1, "{script:?}");
    assert_eq!(recorded(&store, "third").await, (1, 1));
    let history = fixtures::history(&store, "dev").await;
    history.sweep(0).await.unwrap();
    let report = history.verify().await.unwrap();
    assert_eq!((report.defects, report.litter), (Vec::new(), Vec::new()), "{script:?}");
    record.is_ok() && matches!(event, Some(Ok(_)))
}

/// How many calls a deploy after `before` makes, which of them create, and which of them remove.
async fn calls(before: &InMemoryStore) -> (usize, Vec<usize>, Vec<usize>) {
    let store = InMemoryStore::of(before.objects());
    deploy(&store, "second").await.0.unwrap();
    (store.count(), store.creations(), store.removals())
}

async fn every_mishap_at_every_call(before: &InMemoryStore) {
    let (count, creations, removals) = calls(before).await;
    for index in 0..count {
        for mishap in PASSING {
            assert!(run(before, &[(index, mishap)]).await, "{mishap:?} at {index}");
        }
        // What may not be removed stays.
        assert_eq!(run(before, &[(index, InjectedFault::Denied)]).await, removals.contains(&index), "{index}");
    }
    for index in creations {
        for mishap in PASSING_FOR_CREATIONS {
            assert!(run(before, &[(index, mishap)]).await, "{mishap:?} at {index}");
        }
        for mishap in LASTING {
            assert!(!run(before, &[(index, mishap)]).await, "{mishap:?} at {index}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_mishap_in_a_new_store() {
    every_mishap_at_every_call(&InMemoryStore::new()).await;
}

#[tokio::test(start_paused = true)]
async fn one_mishap_in_a_store_with_a_history() {
    let before = InMemoryStore::new();
    deploy(&before, "first").await.0.unwrap();
    every_mishap_at_every_call(&before).await;
}

#[tokio::test(start_paused = true)]
async fn two_mishaps_in_a_row_at_every_creation() {
    let before = InMemoryStore::new();
    deploy(&before, "first").await.0.unwrap();
    let all = || PASSING.into_iter().chain(PASSING_FOR_CREATIONS);
    for index in calls(&before).await.1 {
        for first in all() {
            // Reading back fails too.
            let script = [(index, first), (index + 1, InjectedFault::NothingThenError)];
            assert!(run(&before, &script).await, "{script:?}");
        }
        for first in [InjectedFault::NothingThenError, InjectedFault::FalseExists] {
            for second in all() {
                // So does the next try.
                let script = [(index, first), (index + 2, second)];
                assert!(run(&before, &script).await, "{script:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_torn_beyond_recognition_is_told_and_never_believed() {
    let before = InMemoryStore::new();
    deploy(&before, "first").await.0.unwrap();
    for (nth, index) in calls(&before).await.1.into_iter().enumerate() {
        for length in [0, 20] {
            let store = InMemoryStore::of(before.objects());
            store.script(index, InjectedFault::Torn(length));
            let (record, event) = deploy(&store, "second").await;
            let history = fixtures::history(&store, "dev").await;
            let report = history.verify().await.unwrap();
            match nth {
                // The path of a pack shows whose it is.
                0 => assert!(record.is_ok() && report.defects.is_empty()),
                1 => {
                    assert!(matches!(&record, Err(HistoryError::Damaged { path, .. }) if path == "releases/0000/00/00000002"));
                    assert_eq!(report.defects[0].path, "releases/0000/00/00000002");
                }
                _ => {
                    assert!(record.is_ok() && event.unwrap().is_ok());
                    assert_eq!(report.defects[0].path, "events/0000/00/00000002/0001");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_say_what_the_store_said() {
    let before = InMemoryStore::new();
    deploy(&before, "first").await.0.unwrap();
    let history = fixtures::history(&before, "dev").await;
    let head = history.head().await.unwrap();
    let manifests = fixtures::manifests(&["x"]);
    let draft = fixtures::draft(&manifests);
    let cases = [
        (InjectedFault::Full, "cannot write to the history the store in memory: no space left"),
        (InjectedFault::Denied, "cannot access the history the store in memory: permission denied"),
        (InjectedFault::NothingThenError, "cannot reach the history the store in memory: no answer"),
        (InjectedFault::Slow(Duration::from_secs(9)), "cannot reach the history the store in memory: no answer within 0.2 s"),
    ];
    for (mishap, words) in cases {
        before.always(Some(mishap));
        let error = history.record(&draft, head.as_ref()).await.unwrap_err();
        before.always(None);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(history.reader().newest().await.unwrap(), 1);
}
