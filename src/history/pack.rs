//! A pack: the bytes that a release brought, sealed together, in parts of some 8 MiB.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::history::body::BlobRef;
use crate::history::codec::ByteReader;
use crate::history::codec::Malformed;
use crate::history::codec::Writer;
use crate::history::codec::width;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::layout::PackId;
use crate::history::owner::Owner;
use crate::seal::Keys;
use crate::seal::SealContext;
use crate::seal::SealedKind;
use crate::secret::Secret;

/// Bytes inside an opened pack, which lives as long as one of them.
#[derive(Clone)]
pub struct Blob {
    pack: Arc<Secret>,
    range: Range<usize>,
}

/// An opened part.
pub(crate) struct Pack {
    id: PackId,
    plain: Arc<Secret>,
    entries: Vec<(Digest, Range<usize>)>,
}

/// The most plain bytes in a part, what it says about them included, unless one entry has more. A part is sealed and sent as one piece,
/// so this is what that costs in memory.
pub(crate) const PART_LIMIT: usize = 8 << 20;

/// The most bytes of one entry, far above what Kubernetes takes.
pub(crate) const ENTRY_LIMIT: usize = 16 << 20;

const FORMAT: u8 = 1;

/// The most bytes that a part says about one of its entries.
const ENTRY_WORDS: usize = 32 + 10;

/// How many of `lengths` go into the first part.
pub(crate) fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let mut size = 16;
    lengths
        .take_while(|length| {
            size += length + ENTRY_WORDS;
            size <= PART_LIMIT
        })
        .count()
}

/// The sealed part of `entries`.
pub(crate) fn seal(id: PackId, entries: &[(Digest, &[u8])], owner: &Owner, keys: &Keys, entropy: &dyn Entropy) -> Vec<u8> {
    let words: usize = entries.iter().map(|(_, bytes)| 32 + width(bytes.len() as u64)).sum();
    let mut writer = Writer::with_capacity(1 + width(entries.len() as u64) + words);
    writer.bytes(&[FORMAT]);
    writer.length(entries.len());
    for (digest, bytes) in entries {
        writer.digest(*digest);
        writer.length(bytes.len());
    }
    let words = writer.finish();
    let parts: Vec<&[u8]> = std::iter::once(words.expose()).chain(entries.iter().map(|(_, bytes)| *bytes)).collect();
    keys.seal_parts(&context(id, owner, keys, &identity(id)), &parts, entropy)
}

impl Pack {
    /// Opens the part `id` from its `sealed` bytes, in their buffer where nobody else holds them.
    pub(crate) fn open(id: PackId, sealed: Bytes, owner: &Owner, keys: &Keys) -> Result<Self, HistoryError> {
        let plain = keys
            .open_in_place(&context(id, owner, keys, &identity(id)), Vec::from(sealed))
            .map_err(|_| HistoryError::damaged(layout::pack(id), "it was changed, or it is not from here, or the key is another"))?;
        let entries = entries(plain.expose()).map_err(|_| HistoryError::damaged(layout::pack(id), "its content is not a pack"))?;
        Ok(Self { id, plain: Arc::new(plain), entries })
    }

    /// The bytes that `stored` names.
    pub(crate) fn blob(&self, stored: &BlobRef) -> Result<Blob, HistoryError> {
        let entry = usize::try_from(stored.index).ok().and_then(|index| self.entries.get(index));
        match entry {
            Some((digest, range)) if *digest == stored.digest && range.len() as u64 == stored.length && stored.pack == self.id => {
                Ok(Blob { pack: Arc::clone(&self.plain), range: range.clone() })
            }
            _ => Err(HistoryError::damaged(layout::pack(self.id), "it does not hold what a record says it holds")),
        }
    }
}

impl Blob {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.pack.expose()[self.range.clone()]
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blob(…)")
    }
}

fn entries(plain: &[u8]) -> Result<Vec<(Digest, Range<usize>)>, Malformed> {
    let mut reader = ByteReader::new(plain);
    if reader.byte()? != FORMAT {
        return Err(Malformed);
    }
    let count = reader.count(33)?;
    let mut entries = Vec::with_capacity(count);
    let mut end = 0usize;
    for _ in 0..count {
        let (digest, length) = (reader.digest()?, reader.number()?);
        let start = end;
        end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(Malformed)?;
        entries.push((digest, start..end));
    }
    let offset = plain.len() - reader.remaining();
    if reader.remaining() != end {
        return Err(Malformed);
    }
    for (_, range) in &mut entries {
        *range = range.start + offset..range.end + offset;
    }
    Ok(entries)
}

fn identity(id: PackId) -> String {
    format!("{}-{}", id.attempt, id.part)
}

fn context<'a>(id: PackId, owner: &'a Owner, keys: &'a Keys, identity: &'a str) -> SealContext<'a> {
    SealContext {
        store: keys.store(),
        project: &owner.project,
        environment: &owner.environment,
        kind: SealedKind::Pack,
        identity,
        number: id.number,
        predecessor: None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::PART_LIMIT;
    use super::Pack;
    use super::entries;
    use super::fitting;
    use super::seal;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::history::body::BlobRef;
    use crate::history::fixtures;
    use crate::history::layout::PackId;
    use crate::history::write_id::WriteId;

    const ID: PackId = PackId { number: 4, attempt: WriteId([3; 16]), part: 0 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_pack_goes_both_ways(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..12)) {
            let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
            let list: Vec<(Digest, &[u8])> = contents.iter().map(|bytes| (keys.object_id(&[bytes]), bytes.as_slice())).collect();
            let sealed = seal(ID, &list, &owner, keys, &Machine);
            let pack = Pack::open(ID, Bytes::from(sealed.clone()), &owner, keys).unwrap();
            for (index, (digest, bytes)) in list.iter().enumerate() {
                let stored = BlobRef { digest: *digest, length: bytes.len() as u64, pack: ID, index: index as u64 };
                let slice = pack.blob(&stored).unwrap();
                prop_assert_eq!(slice.expose(), *bytes);
            }
        }

        #[test]
        fn hostile_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            bytes[0] = 1;
            if let Ok(list) = entries(&bytes) {
                prop_assert!(list.iter().all(|(_, range)| range.start <= range.end && range.end <= bytes.len()));
            }
        }
    }

    #[test]
    fn a_pack_opens_only_as_itself() {
        let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
        let sealed = seal(ID, &[(Digest([1; 32]), b"a")], &owner, keys, &Machine);
        let others = [PackId { number: 5, ..ID }, PackId { part: 1, ..ID }, PackId { attempt: WriteId([4; 16]), ..ID }];
        for other in others {
            assert!(Pack::open(other, Bytes::from(sealed.clone()), &owner, keys).is_err());
        }
        assert!(Pack::open(ID, Bytes::from(sealed.clone()), &fixtures::owner("prod"), keys).is_err());
        let pack = Pack::open(ID, Bytes::from(sealed.clone()), &owner, keys).unwrap();
        let stored = BlobRef { digest: Digest([1; 32]), length: 1, pack: ID, index: 0 };
        assert!(pack.blob(&stored).is_ok());
        let wrong = [
            BlobRef { digest: Digest([2; 32]), ..stored },
            BlobRef { length: 2, ..stored },
            BlobRef { index: 1, ..stored },
            BlobRef { pack: others[0], ..stored },
        ];
        assert!(wrong.iter().all(|wrong| pack.blob(wrong).is_err()));
    }

    #[test]
    fn a_part_never_exceeds_its_limit() {
        assert_eq!(fitting([PART_LIMIT / 2, PART_LIMIT / 2].into_iter()), 1);
        assert_eq!(fitting([PART_LIMIT / 2, PART_LIMIT / 2 - 200].into_iter()), 2);
        let count = fitting(std::iter::repeat(1000));
        assert!(count * 1000 < PART_LIMIT && count > PART_LIMIT / 1100);
        assert_eq!(fitting(std::iter::empty()), 0);
    }
}
