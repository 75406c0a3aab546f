//! The readers of what lies in a history: heads that need no key, what is sealed behind them, and the checkpoint beside them.

use crate::clock::Machine;
use crate::digest::Digest;
use crate::fuzz::fuzz;
use crate::history::Body;
use crate::history::Checkpoint;
use crate::history::ReleaseEvent;
use crate::history::StoreIdentity;
use crate::history::Summary;
use crate::history::What;
use crate::history::fixtures;
use crate::history::fixtures::keys;
use crate::history::fixtures::owner;
use crate::history::pack::PackEntry;
use crate::history::pack::unsealed;
use crate::seal::SealedKind;

/// The heads of records, events and stores.
#[test]
fn heads() {
    let record = fixtures::summary(7).seal(SealedKind::Record, &fixtures::body(), keys(), &Machine).unwrap();
    let event = fixtures::event(7, 1, What::Emitted).seal("dist/dev", keys(), &Machine).unwrap();
    let seeds = [record, event].iter().map(|bytes| bytes.to_vec()).collect();
    fuzz("head", seeds, |bytes| {
        let owner = owner("dev");
        if let Ok(summary) = Summary::read("releases/7", bytes, &owner, 7)
            && let Ok(body) = summary.open(SealedKind::Record, bytes, keys())
        {
            assert_eq!(body, fixtures::body(), "a changed record was believed");
        }
        let _ = ReleaseEvent::read("events/7/1", bytes, &owner, 7, 1);
        let _ = StoreIdentity::read(bytes);
    });
}

/// The bodies of records, as if the key was known.
#[test]
fn bodies() {
    let seeds = (0..8).map(|seed| fixtures::random_body(seed, 6).encode().expose().to_vec()).collect();
    fuzz("body", seeds, |bytes| {
        if let Ok(body) = Body::decode(bytes) {
            assert_eq!(Body::decode(body.encode().expose()), Ok(body));
        }
    });
}

/// The parts of packs, as if the key was known.
#[test]
fn packs() {
    let entry = |bytes, is_shown| PackEntry { digest: Digest([7; 32]), bytes, is_shown };
    let hidden = unsealed::seed(&[entry(b"one".as_slice(), false), entry(b"two", false)]);
    let mixed = unsealed::seed(&[entry(b"one".as_slice(), false), entry(&[b'a'; 99], true), entry(b"kind: ConfigMap", true)]);
    assert!(unsealed::is_read(&hidden) && unsealed::is_read(&mixed));
    fuzz("pack", vec![hidden, mixed], |bytes| {
        unsealed::is_read(bytes);
    });
}

#[test]
fn checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.pin");
    Checkpoint::new(keys().store(), &owner("dev"), 7, Digest([5; 32])).with_events(2).save(&path, &Machine).unwrap();
    let seeds = vec![std::fs::read(&path).unwrap()];
    fuzz("checkpoint", seeds, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        if let Ok(read) = Checkpoint::load(&path) {
            let read = read.expect("the file is there");
            std::fs::remove_file(&path).unwrap();
            read.save(&path, &Machine).unwrap();
            assert_eq!(Checkpoint::load(&path).unwrap(), Some(read));
        }
    });
}
