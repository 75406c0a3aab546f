//! What every history store must do: run by the tests of each adapter.

use bytes::Bytes;

use crate::history::Creation;
use crate::history::HistoryStore;
use crate::history::Listing;
use crate::history::StoreFault;

/// Runs everything against `store`, which is empty.
pub(crate) async fn all(store: &dyn HistoryStore) {
    an_empty_store_is_empty(store).await;
    what_exists_is_not_created_again(store).await;
    beginnings_are_read(store).await;
    listings_are_one_level_and_sorted(store).await;
    the_last_is_found(store).await;
    only_plain_paths_are_taken(store).await;
    what_is_removed_is_gone(store).await;
    large_objects_go_both_ways(store).await;
    one_of_many_creates(store).await;
}

async fn an_empty_store_is_empty(store: &dyn HistoryStore) {
    assert_eq!(store.get("a/b").await.unwrap(), None);
    assert_eq!(store.get_start("a", 5).await.unwrap(), None);
    assert_eq!(store.list("").await.unwrap(), Listing::default());
    assert_eq!(store.list("a/b").await.unwrap(), Listing::default());
    for folder in ["", "a/b"] {
        assert_eq!(store.sweep(folder, &|_| true).await.unwrap(), Vec::<String>::new());
    }
    store.remove("a/b").await.unwrap();
    assert!(!store.to_string().is_empty());
}

async fn what_exists_is_not_created_again(store: &dyn HistoryStore) {
    assert_eq!(store.create("made/one", Bytes::from_static(b"first")).await.unwrap(), Creation::Created);
    for bytes in [&b"second"[..], b"first", b""] {
        assert_eq!(store.create("made/one", Bytes::from_static(bytes)).await.unwrap(), Creation::Exists);
    }
    assert_eq!(store.get("made/one").await.unwrap().unwrap(), "first");
    assert_eq!(store.create("made/empty", Bytes::new()).await.unwrap(), Creation::Created);
    assert_eq!(store.get("made/empty").await.unwrap().unwrap(), "");
}

async fn beginnings_are_read(store: &dyn HistoryStore) {
    for (length, beginning) in [(1, "f"), (4, "firs"), (5, "first"), (6, "first"), (1 << 20, "first")] {
        assert_eq!(store.get_start("made/one", length).await.unwrap().unwrap(), beginning);
    }
    assert_eq!(store.get_start("made/empty", 5).await.unwrap().unwrap(), "");
}

async fn listings_are_one_level_and_sorted(store: &dyn HistoryStore) {
    for path in ["list/b", "list/a", "list/a0/x", "list/c/y/z", "listing/d"] {
        store.create(path, Bytes::from_static(b"x")).await.unwrap();
    }
    let expected = Listing { folders: vec!["a0".to_owned(), "c".to_owned()], objects: vec!["a".to_owned(), "b".to_owned()] };
    assert_eq!(store.list("list").await.unwrap(), expected);
    let root = store.list("").await.unwrap();
    assert_eq!(root.folders, ["list", "listing", "made"]);
    assert_eq!(store.list("list/c").await.unwrap().folders, ["y"]);
    assert_eq!(store.list("list/c/y").await.unwrap().objects, ["z"]);
}

async fn the_last_is_found(store: &dyn HistoryStore) {
    assert_eq!(store.last("releases").await.unwrap(), None);
    for path in ["releases/0000/00/00000007", "releases/0000/01/00000110", "releases/0000/01/00000109", "releases/0000/00/00000099"] {
        store.create(path, Bytes::from_static(b"x")).await.unwrap();
    }
    assert_eq!(store.last("releases").await.unwrap().unwrap(), "releases/0000/01/00000110");
    assert_eq!(store.list("releases/0000").await.unwrap().folders, ["00", "01"]);
    assert_eq!(store.list("releases/0000/01").await.unwrap().objects, ["00000109", "00000110"]);
    store.create("releases/0001/00/00010000", Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(store.last("releases").await.unwrap().unwrap(), "releases/0001/00/00010000");
    assert_eq!(store.get("releases/0000/00/00000099").await.unwrap().unwrap(), "x");
}

async fn only_plain_paths_are_taken(store: &dyn HistoryStore) {
    for path in ["../x", "a/../x", "/a", "a/", "a//b", "A", "a b", "a%2fb", "a#1", "", "ä"] {
        assert_eq!(store.create(path, Bytes::new()).await.unwrap_err().fault, StoreFault::Unsupported, "{path:?}");
        assert_eq!(store.get(path).await.unwrap_err().fault, StoreFault::Unsupported, "{path:?}");
        if !path.is_empty() {
            assert_eq!(store.list(path).await.unwrap_err().fault, StoreFault::Unsupported, "{path:?}");
        }
        assert_eq!(store.remove(path).await.unwrap_err().fault, StoreFault::Unsupported, "{path:?}");
    }
}

async fn what_is_removed_is_gone(store: &dyn HistoryStore) {
    store.remove("list/b").await.unwrap();
    store.remove("list/b").await.unwrap();
    assert_eq!(store.get("list/b").await.unwrap(), None);
    assert_eq!(store.list("list").await.unwrap().objects, ["a"]);
    assert_eq!(store.create("list/b", Bytes::from_static(b"new")).await.unwrap(), Creation::Created);
}

async fn large_objects_go_both_ways(store: &dyn HistoryStore) {
    let bytes = Bytes::from((0..3_000_000u32).map(|number| number.to_le_bytes()[0]).collect::<Vec<u8>>());
    assert_eq!(store.create("large", bytes.clone()).await.unwrap(), Creation::Created);
    assert!(store.get("large").await.unwrap().unwrap() == bytes);
    assert!(store.get_start("large", 1_000_001).await.unwrap().unwrap() == bytes[..1_000_001]);
}

async fn one_of_many_creates(store: &dyn HistoryStore) {
    for round in 0..20 {
        let path = format!("race/{round}");
        let tries = (0..8u8).map(|writer| store.create(&path, Bytes::from(vec![writer; 1000])));
        let verdicts = futures::future::join_all(tries).await;
        let created: Vec<u8> = (0..8).filter(|&writer| verdicts[usize::from(writer)] == Ok(Creation::Created)).collect();
        assert_eq!(created.len(), 1, "{verdicts:?}");
        assert_eq!(store.get(&path).await.unwrap().unwrap(), vec![created[0]; 1000]);
    }
}
