//! A pack: the bytes that a release brought, sealed together, in parts of some 8 MiB.
//!
//! Format 2, before it is padded and sealed: the format; how many entries there are, and of each its digest, its length and whether it is shown; how
//! long the compressed part is; the entries that are not shown, one after the other; those that are, joined and compressed (an LZ4 block).
//! Format 1 has no such flags, no such length and no compressed part.

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
    place: Place,
}

/// Bytes that go into a pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackEntry<'a> {
    /// Their keyed digest.
    pub(crate) digest: Digest,
    pub(crate) bytes: &'a [u8],
    /// Whether reviews show them as they are. Only then are they compressed: a compressed length says something about what was compressed together.
    pub(crate) is_shown: bool,
}

/// An opened part.
pub(crate) struct Pack {
    id: PackId,
    plain: Arc<Secret>,
    /// What was compressed; empty in format 1.
    shown: Arc<Secret>,
    entries: Vec<(Digest, Place)>,
}

/// Where the bytes of an entry are, in what was compressed or in what was not.
#[derive(Clone)]
struct Place {
    is_shown: bool,
    range: Range<usize>,
}

/// The most plain bytes in a part, what it says about them included, unless one entry has more. A part is sealed and sent as one piece,
/// so this is what that costs in memory.
pub(crate) const PART_LIMIT: usize = 8 << 20;

/// The most bytes of one entry, far above what Kubernetes takes.
pub(crate) const ENTRY_LIMIT: usize = 16 << 20;

/// The format that is written. All up to it are read.
const FORMAT: u8 = 2;

/// The most bytes that a part says about one of its entries.
const ENTRY_WORDS: usize = 32 + 11;

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
pub(crate) fn seal(id: PackId, entries: &[PackEntry<'_>], owner: &Owner, keys: &Keys, entropy: &dyn Entropy) -> Vec<u8> {
    let packed = packed(entries);
    let words = words(entries, packed.len());
    let hidden = entries.iter().filter(|entry| !entry.is_shown).map(|entry| entry.bytes);
    let parts: Vec<&[u8]> = std::iter::once(words.expose()).chain(hidden).chain([packed.as_slice()]).collect();
    keys.seal_parts(&context(id, owner, keys, &identity(id)), &parts, entropy)
}

impl Pack {
    /// Opens the part `id` from its `sealed` bytes, in their buffer where nobody else holds them.
    pub(crate) fn open(id: PackId, sealed: Bytes, owner: &Owner, keys: &Keys) -> Result<Self, HistoryError> {
        let plain = keys
            .open_in_place(&context(id, owner, keys, &identity(id)), Vec::from(sealed))
            .map_err(|_| HistoryError::damaged(layout::pack(id), "it was changed, or it is not from here, or the key is another"))?;
        if let Some(&format) = plain.expose().first().filter(|format| **format > FORMAT) {
            return Err(HistoryError::Newer { path: layout::pack(id), format: format.into() });
        }
        let broken = |_| HistoryError::damaged(layout::pack(id), "its content is not a pack");
        let (entries, shown) = entries(plain.expose()).map_err(broken)?;
        Ok(Self { id, plain: Arc::new(plain), shown: Arc::new(shown), entries })
    }

    /// The bytes that `stored` names.
    pub(crate) fn blob(&self, stored: &BlobRef) -> Result<Blob, HistoryError> {
        let entry = usize::try_from(stored.index).ok().and_then(|index| self.entries.get(index));
        match entry {
            Some((digest, place)) if *digest == stored.digest && place.range.len() as u64 == stored.length && stored.pack == self.id => {
                Ok(Blob { pack: Arc::clone(if place.is_shown { &self.shown } else { &self.plain }), place: place.clone() })
            }
            _ => Err(HistoryError::damaged(layout::pack(self.id), "it does not hold what a record says it holds")),
        }
    }
}

impl Blob {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.pack.expose()[self.place.range.clone()]
    }

    /// Whether they were written as what reviews show.
    pub(crate) fn is_shown(&self) -> bool {
        self.place.is_shown
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blob(…)")
    }
}

/// What is shown of `entries`, compressed.
fn packed(entries: &[PackEntry<'_>]) -> Vec<u8> {
    let shown: Vec<&[u8]> = entries.iter().filter(|entry| entry.is_shown).map(|entry| entry.bytes).collect();
    if shown.is_empty() { Vec::new() } else { lz4_flex::block::compress(&shown.concat()) }
}

/// What a part says about its entries, of which those that are shown are `packed` bytes.
fn words(entries: &[PackEntry<'_>], packed: usize) -> Secret {
    let length: usize = entries.iter().map(|entry| 33 + width(entry.bytes.len() as u64)).sum();
    let mut writer = Writer::with_capacity(1 + width(entries.len() as u64) + length + width(packed as u64));
    writer.bytes(&[FORMAT]);
    writer.length(entries.len());
    for entry in entries {
        writer.digest(entry.digest);
        writer.length(entry.bytes.len());
        writer.number(entry.is_shown.into());
    }
    writer.length(packed);
    writer.finish()
}

/// The entries of a part, and what was compressed in it. Nothing is made of a length before it is held against what is there, or against what a part
/// may have.
fn entries(plain: &[u8]) -> Result<(Vec<(Digest, Place)>, Secret), Malformed> {
    let mut reader = ByteReader::new(plain);
    let has_shown = match reader.byte()? {
        1 => false,
        FORMAT => true,
        _ => return Err(Malformed),
    };
    let count = reader.count(33 + usize::from(has_shown))?;
    let mut entries = Vec::with_capacity(count);
    let (mut hidden, mut shown) = (0usize, 0usize);
    for _ in 0..count {
        let (digest, length) = (reader.digest()?, reader.number()?);
        let is_shown = has_shown && reader.flag()?;
        let end = if is_shown { &mut shown } else { &mut hidden };
        let start = *end;
        *end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(Malformed)?;
        entries.push((digest, Place { is_shown, range: start..*end }));
    }
    let packed = if has_shown { reader.count(1)? } else { 0 };
    let offset = plain.len() - reader.remaining();
    if hidden.checked_add(packed) != Some(reader.remaining()) || shown > ENTRY_LIMIT {
        return Err(Malformed);
    }
    for (_, Place { range, .. }) in entries.iter_mut().filter(|(_, place)| !place.is_shown) {
        *range = range.start + offset..range.end + offset;
    }
    Ok((entries, unpacked(&plain[offset + hidden..], shown)?))
}

/// The `length` bytes that were compressed to `packed`.
fn unpacked(packed: &[u8], length: usize) -> Result<Secret, Malformed> {
    let mut bytes = vec![0; length];
    let whole = if packed.is_empty() { 0 } else { lz4_flex::block::decompress_into(packed, &mut bytes).map_err(|_| Malformed)? };
    if whole == length { Ok(Secret::new(bytes)) } else { Err(Malformed) }
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

/// For the fuzzer: a part before it is padded and sealed, and its reader.
#[cfg(test)]
pub(crate) mod unsealed {
    use super::PackEntry;
    use super::entries;
    use super::packed;
    use super::words;

    pub(crate) fn seed(list: &[PackEntry<'_>]) -> Vec<u8> {
        let (packed, hidden) = (packed(list), list.iter().filter(|entry| !entry.is_shown).map(|entry| entry.bytes));
        [words(list, packed.len()).expose(), &hidden.collect::<Vec<_>>().concat(), &packed].concat()
    }

    /// Whether it can be read; every entry is within what is there.
    pub(crate) fn is_read(bytes: &[u8]) -> bool {
        let Ok((list, shown)) = entries(bytes) else { return false };
        for (_, place) in list {
            assert!(place.range.start <= place.range.end && place.range.end <= if place.is_shown { shown.len() } else { bytes.len() });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::ENTRY_LIMIT;
    use super::FORMAT;
    use super::PART_LIMIT;
    use super::Pack;
    use super::PackEntry;
    use super::context;
    use super::entries;
    use super::fitting;
    use super::identity;
    use super::seal;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::history::HistoryError;
    use crate::history::body::BlobRef;
    use crate::history::codec::Malformed;
    use crate::history::codec::Writer;
    use crate::history::fixtures;
    use crate::history::layout;
    use crate::history::layout::PackId;
    use crate::history::write_id::WriteId;

    const ID: PackId = PackId { number: 4, attempt: WriteId([3; 16]), part: 0 };

    fn entry(bytes: &[u8], is_shown: bool) -> PackEntry<'_> {
        PackEntry { digest: fixtures::keys().object_id(&[bytes]), bytes, is_shown }
    }

    fn stored(entry: &PackEntry<'_>, index: usize) -> BlobRef {
        BlobRef { digest: entry.digest, length: entry.bytes.len() as u64, pack: ID, index: index as u64 }
    }

    fn sealed_length(entries: &[PackEntry<'_>]) -> usize {
        seal(ID, entries, &fixtures::owner("dev"), fixtures::keys(), &Machine).len()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_pack_goes_both_ways(contents in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), any::<bool>()), 0..12)) {
            let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
            let list: Vec<PackEntry<'_>> = contents.iter().map(|(bytes, is_shown)| entry(bytes, *is_shown)).collect();
            let sealed = seal(ID, &list, &owner, keys, &Machine);
            let pack = Pack::open(ID, Bytes::from(sealed.clone()), &owner, keys).unwrap();
            for (index, entry) in list.iter().enumerate() {
                let slice = pack.blob(&stored(entry, index)).unwrap();
                prop_assert_eq!(slice.expose(), entry.bytes);
            }
        }

        #[test]
        fn hostile_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 1..200), format in 1..3u8) {
            bytes[0] = format;
            super::unsealed::is_read(&bytes);
        }
    }

    /// What format 1 wrote.
    fn format_1(list: &[PackEntry<'_>]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(0);
        writer.bytes(&[1]);
        writer.length(list.len());
        for entry in list {
            writer.digest(entry.digest);
            writer.length(entry.bytes.len());
        }
        let words = writer.finish();
        let parts: Vec<&[u8]> = std::iter::once(words.expose()).chain(list.iter().map(|entry| entry.bytes)).collect();
        let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
        keys.seal_parts(&context(ID, &owner, keys, &identity(ID)), &parts, &Machine)
    }

    #[test]
    fn a_pack_of_format_1_opens_for_ever_and_a_newer_one_is_named() {
        let list = [entry(b"one", false), entry(b"", false), entry(b"three", false)];
        let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
        let pack = Pack::open(ID, Bytes::from(format_1(&list)), &owner, keys).unwrap();
        for (index, entry) in list.iter().enumerate() {
            assert_eq!(pack.blob(&stored(entry, index)).unwrap().expose(), entry.bytes);
        }
        let newer = keys.seal_parts(&context(ID, &owner, keys, &identity(ID)), &[&[FORMAT + 1]], &Machine);
        let error = Pack::open(ID, Bytes::from(newer), &owner, keys).err().unwrap();
        assert_eq!(error, HistoryError::Newer { path: layout::pack(ID), format: 3 });
    }

    #[test]
    fn what_is_shown_is_compressed_and_what_is_not_never_changes_a_length() {
        let text = "key: value of a setting\n".repeat(10_000);
        let shown = sealed_length(&[entry(text.as_bytes(), true)]);
        assert!(shown < 8 << 10, "{shown}");
        // Whatever a secret is, what stands beside it makes no difference to the length: not even its very self.
        let noise =
            |seed: u32| -> Vec<u8> { (0..4096u32).map(|number| (number ^ seed).wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect() };
        let guess = noise(7);
        let lengths: BTreeSet<usize> = [guess.clone(), noise(8), vec![b'0'; 4096]]
            .iter()
            .map(|secret| sealed_length(&[entry(&guess, true), entry(secret, false), entry(text.as_bytes(), true)]))
            .collect();
        assert_eq!(lengths.len(), 1, "{lengths:?}");
    }

    #[test]
    fn no_more_is_made_than_a_part_may_have_or_than_is_there() {
        let bomb = |length: u64, packed: &[u8]| {
            let mut writer = Writer::with_capacity(0);
            writer.bytes(&[FORMAT]);
            writer.length(1);
            writer.digest(Digest([1; 32]));
            writer.number(length);
            writer.number(1);
            writer.length(packed.len());
            writer.bytes(packed);
            writer.finish()
        };
        let zeros = lz4_flex::block::compress(&vec![0; ENTRY_LIMIT]);
        assert!(entries(bomb(ENTRY_LIMIT as u64, &zeros).expose()).is_ok());
        for length in [0, 1, ENTRY_LIMIT as u64 - 1, ENTRY_LIMIT as u64 + 1, u64::MAX] {
            assert_eq!(entries(bomb(length, &zeros).expose()).err(), Some(Malformed), "{length}");
        }
        for packed in [b"".as_slice(), b"\xff", &zeros[1..], &zeros[..zeros.len() - 1]] {
            assert_eq!(entries(bomb(ENTRY_LIMIT as u64, packed).expose()).err(), Some(Malformed));
        }
    }

    #[test]
    fn a_pack_opens_only_as_itself() {
        let (keys, owner) = (fixtures::keys(), fixtures::owner("dev"));
        let one = PackEntry { digest: Digest([1; 32]), bytes: b"a", is_shown: false };
        let sealed = seal(ID, &[one], &owner, keys, &Machine);
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
