//! Tests: release 10,000 costs what release 10 does, and so do a return to it, and looking at it.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::digest::Digest;
use crate::history::Calls;
use crate::history::InMemoryStore;
use crate::history::NewEvent;
use crate::history::Release;
use crate::history::What;
use crate::history::fixtures;
use crate::history::fixtures::ManifestText;
use crate::history::layout;

/// The manifests of release `number`: two hundred, of which one is new.
fn manifests(number: u64) -> Vec<ManifestText> {
    let names: Vec<String> = (0..200).map(|index| format!("manifest-{index}")).collect();
    let mut list = fixtures::manifests(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, (_, text)) in (0..).zip(&mut list) {
        *text = format!("{text} of {:08} {}", number.saturating_sub((number + 200 - index) % 200), "x".repeat(400));
    }
    list
}

/// A store with releases up to `number`, the last five of which are real, and with as many objects everywhere as if all were.
async fn store_with(number: u64) -> (InMemoryStore, Vec<Release>) {
    let start = number - 5;
    let store = InMemoryStore::new();
    let history = fixtures::history(&store, "dev").await;
    // What made the store, the keyring and a first release.
    let texts = manifests(start);
    let first = history.record(&fixtures::draft(&texts), None).await.unwrap();
    let template: BTreeMap<String, Bytes> = store.objects();
    let mut objects: BTreeMap<String, Bytes> = template.clone();
    for earlier in 1..=start {
        for (path, bytes) in template.iter().filter(|(path, _)| path.starts_with("releases/") || path.starts_with("packs/")) {
            let (folder, name) = path.rsplit_once('/').unwrap();
            let root = folder.split('/').next().unwrap();
            objects.insert(format!("{}/{earlier:08}{}", layout::folder(root, earlier), &name[8..]), bytes.clone());
        }
        objects.insert(layout::event(earlier, 1), Bytes::from_static(b"x"));
    }
    let store = InMemoryStore::of(objects);
    let history = fixtures::history(&store, "dev").await;
    let mut releases = vec![first];
    releases[0].summary.number = start;
    for next in start + 1..=number {
        let texts = manifests(next);
        let last = releases.last_mut().unwrap();
        if next == start + 1 {
            // The stand-in of the release before has nothing that a real one could lean on.
            last.body.manifests.clear();
            last.digest = Digest([1; 32]);
        }
        releases.push(history.record(&fixtures::draft(&texts), releases.last()).await.unwrap());
    }
    (store, releases)
}

fn difference(after: Calls, before: Calls) -> [(u64, &'static str); 6] {
    [
        (after.creates - before.creates, "creates"),
        (after.gets - before.gets, "gets"),
        (after.lists - before.lists, "lists"),
        (after.removes - before.removes, "removes"),
        (after.written - before.written, "bytes written"),
        (after.read - before.read, "bytes read"),
    ]
}

/// What a deploy of release `number`, a return to the one before it, `show`, `diff` of the two, and `history` cost.
async fn costs(number: u64) -> [[(u64, &'static str); 6]; 5] {
    let (store, _) = store_with(number - 1).await;
    let start = store.calls();
    let history = fixtures::history(&store, "dev").await;
    let head = history.head().await.unwrap().unwrap();
    history.sweep(head.summary.number).await.unwrap();
    let texts = manifests(number);
    let release = history.record(&fixtures::draft(&texts), Some(&head)).await.unwrap();
    history.add_event(&release, NewEvent { actor: "ada", what: What::Emitted, detail: "" }).await.unwrap();
    assert_eq!(release.summary.number, number);
    let deployed = store.calls();
    let history = fixtures::history(&store, "dev").await;
    let head = history.head().await.unwrap().unwrap();
    let before = history.release(head.summary.number - 1).await.unwrap();
    assert_eq!(history.manifests(&before).await.unwrap().len(), 200);
    let back = store.calls();
    let history = fixtures::history(&store, "dev").await;
    let head = history.head().await.unwrap().unwrap();
    history.manifests(&head).await.unwrap();
    history.reader().outcome(number).await.unwrap();
    let shown = store.calls();
    let history = fixtures::history(&store, "dev").await;
    for number in [number - 1, number] {
        let release = history.release(number).await.unwrap();
        history.some_manifests(release.body.manifests.iter().take(3).collect()).await.unwrap();
    }
    let compared = store.calls();
    let reader = fixtures::reader(&store, "dev");
    let newest = reader.newest().await.unwrap();
    let rows = reader.overview(newest, 4).await;
    assert_eq!(rows.into_iter().map(|row| row.unwrap().0.number).collect::<Vec<_>>(), [number, number - 1, number - 2, number - 3]);
    [
        difference(deployed, start),
        difference(back, deployed),
        difference(shown, back),
        difference(compared, shown),
        difference(store.calls(), compared),
    ]
}

#[tokio::test]
async fn release_10_000_costs_what_release_10_did() {
    let (early, late) = (costs(10).await, costs(10_000).await);
    for ((early, what), (late, _)) in early.into_iter().flatten().zip(late.into_iter().flatten()) {
        assert!(late * 5 <= early * 6 && early * 5 <= late * 6, "{what}: {early} at release 10, {late} at release 10,000");
    }
    assert_eq!(early[0][0].0, 3, "the pack, the record and the event");
    assert!(early[0][2].0 <= 16 && early[0][1].0 <= 4, "{early:?}");
}

#[tokio::test]
async fn the_fullest_folders_cost_little_more() {
    let (early, late) = (costs(10).await, costs(9_999).await);
    let bytes = |costs: [[(u64, &str); 6]; 5]| costs.iter().map(|part| part[5].0).sum::<u64>();
    let calls = |costs: [[(u64, &str); 6]; 5]| costs.iter().map(|part| part[1].0 + part[2].0).sum::<u64>();
    assert_eq!(calls(early), calls(late));
    assert!(bytes(late) < bytes(early) + 40_960, "{} and {}", bytes(early), bytes(late));
}
