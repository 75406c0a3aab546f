//! Tests: whatever is changed, swapped, cut or forged in a history is noticed.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::clock::Machine;
use crate::digest::Digest;
use crate::history::History;
use crate::history::HistorySession;
use crate::history::InMemoryStore;
use crate::history::NewEvent;
use crate::history::ReleaseEvent;
use crate::history::Verification;
use crate::history::What;
use crate::history::error::HistoryError;
use crate::history::fixtures;
use crate::history::identity::StoreIdentity;
use crate::history::layout;
use crate::history::pack::Pack;
use crate::history::reader;
use crate::seal::Keys;

type ObjectMap = BTreeMap<String, Bytes>;

/// Three releases, each with two events.
async fn small(environment: &str) -> ObjectMap {
    let store = InMemoryStore::new();
    let history = fixtures::history(&store, environment).await;
    for _ in 0..3 {
        let release = fixtures::releases(&history, 1).await.remove(0);
        history.add_event(&release, NewEvent { actor: "ada", what: What::Applied, detail: "" }).await.unwrap();
    }
    // The next record makes the last events of the one before it known.
    fixtures::releases(&history, 1).await;
    store.objects()
}

async fn verify(objects: &ObjectMap) -> Result<Verification, HistoryError> {
    let store = InMemoryStore::of(objects.clone());
    let history = History::open(fixtures::reader(&store, "dev"), fixtures::session()).await?;
    history.verify().await
}

async fn is_noticed(objects: &ObjectMap) -> bool {
    match verify(objects).await {
        Ok(report) => !report.defects.is_empty(),
        Err(HistoryError::Damaged { .. } | HistoryError::Other { .. } | HistoryError::Rekeyed { .. } | HistoryError::Newer { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

/// The digests of the records.
async fn releases(history: &History<'_>) -> BTreeMap<u64, Digest> {
    let mut releases = BTreeMap::new();
    for number in 1..=4 {
        releases.insert(number, history.release(number).await.unwrap().digest);
    }
    releases
}

/// Proves the one object at `path`, as `verify` does.
fn prove(history: &History<'_>, releases: &BTreeMap<u64, Digest>, path: &str, bytes: &[u8]) -> Result<(), HistoryError> {
    let (owner, keys) = (&history.reader.owner, fixtures::keys());
    let pieces: Vec<&str> = path.split('/').collect();
    match pieces.as_slice() {
        ["store"] => StoreIdentity::read(bytes)?.prove(bytes, owner, keys),
        ["keyring", name] if reader::keyring_digest(bytes).to_string() == *name => Ok(()),
        ["keyring", _] => Err(HistoryError::damaged(path, "another keyring")),
        ["releases", .., name] => history.opened(name.parse().unwrap(), bytes).map(|_| ()),
        ["packs", .., name] => Pack::open(layout::pack_of(name).unwrap(), Bytes::copy_from_slice(bytes), owner, keys).map(|_| ()),
        ["events", .., number, name] => {
            let (number, sequence) = (number.parse().unwrap(), name.parse().unwrap());
            ReleaseEvent::read(path, bytes, owner, number, sequence)?.open(bytes, releases[&number], keys).map(|_| ())
        }
        _ => panic!("{path}"),
    }
}

/// Flips bits of every object; `step` bits apart beyond the first 4,000 of each. How many were flipped.
async fn flip(step: usize) -> usize {
    let objects = small("dev").await;
    let store = InMemoryStore::of(objects.clone());
    let history = fixtures::history(&store, "dev").await;
    let releases = releases(&history).await;
    let mut flipped = 0;
    for (path, bytes) in &objects {
        prove(&history, &releases, path, bytes).unwrap();
        let mut changed = bytes.to_vec();
        let bits = changed.len() * 8;
        let dense = if step == 1 { bits } else { 4000.min(bits) };
        for bit in (0..dense).chain((dense..bits).step_by(step)).chain([bits - 1]) {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(prove(&history, &releases, path, &changed).is_err(), "bit {bit} of {path}");
            changed[bit / 8] ^= 1 << (bit % 8);
            flipped += 1;
        }
    }
    flipped
}

/// Every bit where the program is optimized; without that it takes minutes, and the later bits are sampled.
#[tokio::test]
async fn flipped_bits_are_noticed() {
    let (step, least) = if cfg!(debug_assertions) { (997, 40_000) } else { (1, 500_000) };
    let flipped = flip(step).await;
    assert!(flipped > least, "{flipped}");
}

#[tokio::test]
async fn an_untouched_history_is_proven() {
    let objects = small("dev").await;
    let report = verify(&objects).await.unwrap();
    assert_eq!((report.defects, report.litter, report.releases), (Vec::new(), Vec::new(), 4));
    assert_eq!(report.objects, objects.len() as u64);
}

#[tokio::test]
async fn every_object_in_the_place_of_another_is_noticed() {
    let objects = small("dev").await;
    let store = InMemoryStore::of(objects.clone());
    let history = fixtures::history(&store, "dev").await;
    let releases = releases(&history).await;
    for (path, bytes) in &objects {
        for (other, others) in objects.iter().filter(|(other, _)| *other != path) {
            assert!(prove(&history, &releases, path, others).is_err(), "{other} in the place of {path}");
            if path < other && path.split('/').next() == other.split('/').next() {
                let mut swapped = objects.clone();
                swapped.insert(path.clone(), others.clone());
                swapped.insert(other.clone(), bytes.clone());
                assert!(is_noticed(&swapped).await, "{other} swapped with {path}");
            }
        }
    }
}

#[tokio::test]
async fn every_object_of_another_environment_or_history_is_noticed() {
    let objects = small("dev").await;
    // Under the same keys: another environment, and another history of the same environment.
    for others in [small("prod").await, small("dev").await] {
        for path in objects.keys().filter(|path| !path.starts_with("keyring/") && *path != "store") {
            let root = path.split('/').next().unwrap();
            for (other, bytes) in others.iter().filter(|(other, _)| other.starts_with(root)) {
                let mut mixed = objects.clone();
                mixed.insert(path.clone(), bytes.clone());
                assert!(is_noticed(&mixed).await, "{other} in the place of {path}");
            }
        }
    }
    let mut mixed = objects.clone();
    mixed.insert("store".to_owned(), small("prod").await["store"].clone());
    assert!(is_noticed(&mixed).await);
}

#[tokio::test]
async fn every_object_that_is_gone_or_shortened_is_noticed() {
    let objects = small("dev").await;
    for (path, bytes) in &objects {
        let mut cut = objects.clone();
        cut.remove(path);
        // The newest release can be cut off unseen by what is left, which is what the pin is for; its event remains and tells.
        let newest = path == "events/0000/00/00000004/0001";
        assert_eq!(is_noticed(&cut).await, !newest, "{path}");
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            cut.insert(path.clone(), bytes.slice(..length));
            assert!(is_noticed(&cut).await, "{length} bytes of {path}");
        }
        cut.insert(path.clone(), Bytes::from([bytes, &b"x"[..]].concat()));
        assert!(is_noticed(&cut).await, "more of {path}");
    }
}

#[tokio::test]
async fn what_is_added_is_noticed() {
    let objects = small("dev").await;
    let copies = [
        ("releases/0000/00/00000004", "releases/0000/00/00000005"),
        ("releases/0000/00/00000003", "releases/0000/01/00000100"),
        ("releases/0000/00/00000003", "releases/0000/01/00000003"),
        ("events/0000/00/00000003/0002", "events/0000/00/00000003/0003"),
        ("events/0000/00/00000003/0002", "events/0000/00/00000004/0002"),
        ("events/0000/00/00000003/0001", "events/0000/00/00000005/0001"),
        ("store", "stores"),
        ("store", "keyring/ab"),
        ("store", "packs/0000/00/x"),
        ("store", "else/where"),
        ("store", "releases/x"),
    ];
    for (from, to) in copies {
        let mut more = objects.clone();
        more.insert(to.to_owned(), objects[from].clone());
        assert!(is_noticed(&more).await, "{from} copied to {to}");
    }
}

#[tokio::test]
async fn what_another_key_wrote_is_noticed() {
    let objects = small("dev").await;
    let forger = Keys::fresh(&Machine);
    let store = InMemoryStore::new();
    let session = HistorySession { keys: &forger, ..fixtures::session() };
    let forgery = History::open(fixtures::reader(&store, "dev"), session).await.unwrap();
    for release in fixtures::releases(&forgery, 4).await {
        forgery.add_event(&release, NewEvent { actor: "eve", what: What::Applied, detail: "" }).await.unwrap();
    }
    for (path, bytes) in store.objects().iter().filter(|(path, _)| !path.starts_with("keyring/") && !path.starts_with("packs/")) {
        let mut mixed = objects.clone();
        mixed.insert(path.clone(), bytes.clone());
        assert!(is_noticed(&mixed).await, "{path}");
    }
}

#[tokio::test]
async fn a_damaged_release_does_not_hide_the_others() {
    let mut objects = small("dev").await;
    objects.insert("releases/0000/00/00000002".to_owned(), Bytes::from_static(b"noise"));
    let store = InMemoryStore::of(objects);
    let history = fixtures::history(&store, "dev").await;
    assert!(history.release(2).await.is_err());
    for number in [1, 3, 4] {
        let release = history.release(number).await.unwrap();
        assert!(history.manifests(&release).await.is_ok());
    }
    let report = history.verify().await.unwrap();
    assert!(report.defects.iter().all(|defect| matches!(defect.number, Some(2 | 3))), "{:?}", report.defects);
    assert_eq!(report.defects[0].reason, "it has no head");
}
