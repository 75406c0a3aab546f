//! Which copy of the keyring is the newest: entries, numbered from 1, created once and never changed.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::access::CreationOutcome;
use crate::history::envelope;
use crate::history::envelope::Binding;
use crate::history::envelope::FORMAT;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::layout::LAST_KEYRING;
use crate::history::log::History;
use crate::history::owner::Owner;
use crate::history::reader;
use crate::history::reader::Reader;
use crate::history::write_id::WriteId;
use crate::seal::Keys;
use crate::seal::SealedKind;

/// That a keyring took the place of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyringEntry {
    attempt: WriteId,
    format: u64,
    store: String,
    owner: Owner,
    /// From 1, without gaps.
    pub(crate) number: u32,
    /// The digest of the keyring, under which its copy lies.
    pub(crate) keyring: Digest,
    time: Timestamp,
}

impl KeyringEntry {
    /// The entry in the object at its number, of which nothing is proven.
    pub(crate) fn read(bytes: &[u8], owner: &Owner, number: u32) -> Result<Self, HistoryError> {
        let path = layout::keyring_entry(number);
        let entry: Self = envelope::head(&path, bytes)?;
        if entry.number != number || entry.owner != *owner {
            return Err(HistoryError::damaged(path, format!("it is keyring {} of {}", entry.number, entry.owner)));
        }
        Ok(entry)
    }

    /// That the keys of this store wrote all of `bytes`.
    pub(crate) fn prove(&self, bytes: &[u8], keys: &Keys) -> Result<(), HistoryError> {
        envelope::open(&layout::keyring_entry(self.number), bytes, self.binding(), keys).map(drop)
    }

    fn binding(&self) -> Binding<'_> {
        Binding { owner: &self.owner, kind: SealedKind::Keyring, number: self.number.into(), predecessor: None }
    }
}

impl Reader<'_> {
    /// The newest entry with its bytes; `None` where every keyring came with a release.
    pub(crate) async fn keyring_entry(&self) -> Result<Option<(KeyringEntry, Bytes)>, HistoryError> {
        let Some((number, bytes)) = self.newest_in(layout::KEYRING_ENTRIES, 4).await? else { return Ok(None) };
        // It has four digits.
        let number = u32::try_from(number).unwrap_or(LAST_KEYRING);
        Ok(Some((KeyringEntry::read(&bytes, &self.owner, number)?, bytes)))
    }
}

impl History<'_> {
    /// Makes the keyring of this session the one that opens the history from now on ([`Reader::keyring`]), unless it is already. What was
    /// written before stays as it is. For a run that adds or removes a recipient or rotates the keys: the session has the *new* keyring's text
    /// and its keys, and the project's file is written first, so that a run that is killed in between is carried on by the next.
    ///
    /// In a store that holds nothing yet this does nothing: the first release brings its keyring along. Two writes otherwise: the copy, named
    /// by its digest, and an entry `keyrings/NNNN` with a MAC under the keys, so that nobody without them can put another keyring there. Who
    /// can remove objects can take the newest entry away; the one before counts then, which opens nothing that the new keys sealed.
    pub async fn keep_keyring(&self) -> Result<bool, HistoryError> {
        if !self.is_established() {
            return Ok(false);
        }
        let digest = reader::keyring_digest(self.session.keyring);
        let newest = match self.reader.keyring_entry().await? {
            Some((entry, bytes)) => {
                entry.prove(&bytes, self.session.keys)?;
                Some(entry)
            }
            None => None,
        };
        let there = match &newest {
            Some(entry) => Some(entry.keyring),
            None => self.reader.head().await?.map(|head| head.summary.keyring),
        };
        if there == Some(digest) {
            return Ok(false);
        }
        self.put_keyring(digest).await?;
        self.enter_keyring(digest, newest.map_or(0, |entry| entry.number)).await?;
        Ok(true)
    }

    /// That the newest entry was written under these keys: for a run that opened them with the copy that it names.
    pub async fn prove_keyring(&self) -> Result<(), HistoryError> {
        match self.reader.keyring_entry().await? {
            Some((entry, bytes)) => entry.prove(&bytes, self.session.keys),
            None => Ok(()),
        }
    }

    /// Writes the entry after `last`; where another run comes first, the one after its own.
    pub(crate) async fn enter_keyring(&self, keyring: Digest, last: u32) -> Result<(), HistoryError> {
        for number in last + 1..=LAST_KEYRING {
            let entry = KeyringEntry {
                attempt: WriteId::new(self.session.entropy),
                format: FORMAT,
                store: self.session.keys.store().to_owned(),
                owner: self.reader.owner.clone(),
                number,
                keyring,
                time: self.session.clock.now(),
            };
            let bytes = envelope::encode(&entry, &[], entry.binding(), self.session.keys, self.session.entropy)?;
            match self.reader.access.claim(&layout::keyring_entry(number), &bytes, entry.attempt).await? {
                CreationOutcome::Won => return Ok(()),
                CreationOutcome::Lost(there) if KeyringEntry::read(&there, &self.reader.owner, number)?.keyring == keyring => return Ok(()),
                CreationOutcome::Lost(_) => {}
            }
        }
        Err(HistoryError::TooLarge { reason: format!("the history has {LAST_KEYRING} keyrings") })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;

    use crate::clock::Machine;
    use crate::history::History;
    use crate::history::HistoryError;
    use crate::history::HistorySession;
    use crate::history::InMemoryStore;
    use crate::history::fixtures;
    use crate::history::layout;
    use crate::seal::Keys;

    type Edit<'c> = &'c dyn Fn(&mut BTreeMap<String, Bytes>);

    async fn with<'a>(store: &'a InMemoryStore, keyring: &'a [u8]) -> History<'a> {
        History::open(fixtures::reader(store, "dev"), HistorySession { keyring, ..fixtures::session() }).await.unwrap()
    }

    async fn kept(store: &InMemoryStore) -> Bytes {
        fixtures::reader(store, "dev").keyring().await.unwrap().unwrap()
    }

    async fn is_whole(store: &InMemoryStore) -> bool {
        fixtures::history(store, "dev").await.verify().await.unwrap().defects.is_empty()
    }

    #[tokio::test]
    async fn the_newest_that_was_kept_opens_the_history() {
        let store = InMemoryStore::new();
        assert!(!with(&store, b"second").await.keep_keyring().await.unwrap(), "the first release brings it along");
        assert_eq!(store.calls().creates, 0);
        fixtures::releases(&with(&store, b"first").await, 2).await;
        assert!(!with(&store, b"first").await.keep_keyring().await.unwrap());
        for (keyring, changes) in [(&b"second"[..], true), (b"second", false), (b"third", true), (b"first", true), (b"third", true)] {
            let before = store.calls().creates;
            assert_eq!(with(&store, keyring).await.keep_keyring().await.unwrap(), changes);
            assert_eq!(kept(&store).await, keyring);
            assert!(store.calls().creates - before <= 2);
        }
        with(&store, b"third").await.prove_keyring().await.unwrap();
        // A checkout that still has an old one releases under it, and takes nothing back.
        fixtures::releases(&with(&store, b"first").await, 1).await;
        assert_eq!(kept(&store).await, &b"third"[..]);
        // One that nobody kept before is the newest.
        fixtures::releases(&with(&store, b"fourth").await, 1).await;
        assert_eq!(kept(&store).await, &b"fourth"[..]);
        assert!(is_whole(&store).await);
    }

    #[tokio::test]
    async fn two_that_keep_one_at_once_both_end_with_one() {
        let store = InMemoryStore::new();
        fixtures::releases(&with(&store, b"first").await, 1).await;
        let (one, two, three) = (with(&store, b"second").await, with(&store, b"second").await, with(&store, b"third").await);
        let (one, two, three) = futures::join!(one.keep_keyring(), two.keep_keyring(), three.keep_keyring());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert!(kept(&store).await == b"third"[..] || kept(&store).await == b"second"[..]);
        assert!(is_whole(&store).await);
    }

    #[tokio::test]
    async fn an_entry_of_another_place_or_key_is_refused() {
        let store = InMemoryStore::new();
        fixtures::releases(&with(&store, b"first").await, 1).await;
        for keyring in [&b"second"[..], b"third"] {
            with(&store, keyring).await.keep_keyring().await.unwrap();
        }
        let objects = store.objects();
        let planted = |change: Edit<'_>| {
            let mut objects = objects.clone();
            change(&mut objects);
            InMemoryStore::of(objects)
        };
        let (one, two) = (layout::keyring_entry(1), layout::keyring_entry(2));
        // What another key sealed, under the same id.
        let other = Keys::of(
            fixtures::keys().store().to_owned(),
            crate::seal::RootKey::generate(&Machine),
            Vec::new(),
            crate::secret::Secret::copy_of(b"x"),
        );
        let forged = InMemoryStore::new();
        for keyring in [&b"second"[..], b"evil"] {
            let session = HistorySession { keys: &other, keyring, ..fixtures::session() };
            let history = History::open(fixtures::reader(&forged, "dev"), session).await.unwrap();
            fixtures::releases(&history, 1).await;
        }
        let evil = forged.objects();
        let store = planted(&|objects| {
            for (path, bytes) in evil.iter().filter(|(path, _)| path.starts_with("keyring")) {
                objects.insert(path.replace("0001", "0003"), bytes.clone());
            }
        });
        let error = fixtures::reader(&store, "dev").keyring().await.unwrap_err();
        assert_eq!(error, HistoryError::damaged(layout::keyring_entry(3), "it is keyring 1 of shop/dev"));
        let store = planted(&|objects| {
            for (path, bytes) in evil.iter().filter(|(path, _)| path.starts_with("keyring")) {
                objects.insert(path.clone(), bytes.clone());
            }
            objects.remove(&two);
        });
        let error = with(&store, b"evil").await.prove_keyring().await.unwrap_err();
        assert_eq!(error.to_string(), "keyrings/0001 is sealed under keys that this keyring does not have");
        assert!(!is_whole(&store).await);
        // Gaps, swaps and copies that are gone.
        let copy = |keyring: &[u8]| crate::history::reader::keyring_path(crate::history::reader::keyring_digest(keyring));
        let changes: [Edit<'_>; 4] = [
            &|objects| drop(objects.remove(&one)),
            &|objects| drop(objects.insert(one.clone(), objects[&two].clone())),
            &|objects| drop(objects.remove(&copy(b"third"))),
            &|objects| drop(objects.insert("keyrings/x".to_owned(), Bytes::new())),
        ];
        for change in changes {
            assert!(!is_whole(&planted(change)).await);
        }
    }
}
