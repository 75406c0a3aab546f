//! The sealed body of a record: what a release was made from and what it is made of. Never a value.

use std::sync::Arc;

use crate::digest::Digest;
use crate::history::codec::ByteReader;
use crate::history::codec::Malformed;
use crate::history::codec::Writer;
use crate::history::layout::PackId;
use crate::history::write_id::WriteId;
use crate::manifest::Identity;
use crate::place::Place;
use crate::secret::Secret;

/// What a release was made from and what it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Every secret that was fetched.
    pub blanks: Vec<RecordedBlank>,
    /// The templates.
    pub templates: Vec<RecordedFile>,
    /// The values files, and what else was rendered with.
    pub values: Vec<RecordedFile>,
    /// The manifests, in apply order.
    pub manifests: Vec<RecordedManifest>,
}

/// A secret that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedBlank {
    /// One of the environment's vaults.
    pub vault: String,
    /// Its name there.
    pub name: String,
    /// The field of it.
    pub key: Option<String>,
    /// The version that the vault gave; empty where it has none.
    pub version: String,
    /// Whether the template pinned that version.
    pub pinned: bool,
    /// The keyed fingerprint of the value.
    pub fingerprint: Digest,
    /// Where it was asked for.
    pub places: Vec<Place>,
}

/// A file that was rendered or rendered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its path, relative to the project's root.
    pub path: String,
    /// A digest of its content.
    pub digest: Digest,
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedManifest {
    /// What Kubernetes knows it by.
    pub identity: Identity,
    /// Its name without the content's suffix.
    pub base: String,
    /// The template that it comes from.
    pub file: Arc<str>,
    /// Its bytes.
    pub content: BlobRef,
    /// How it can be filled again, in whatever form the caller chose.
    pub recipe: Option<BlobRef>,
}

/// Bytes in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRef {
    /// The keyed digest of the bytes.
    pub digest: Digest,
    /// How many bytes.
    pub length: u64,
    /// Which part of which pack.
    pub pack: PackId,
    /// Which entry of it, from 0.
    pub index: u64,
}

const FORMAT: u8 = 1;

impl Body {
    /// Everything that is stored: each manifest's bytes and recipe.
    pub fn blobs(&self) -> impl Iterator<Item = &BlobRef> {
        self.manifests.iter().flat_map(RecordedManifest::blobs)
    }

    /// Whether `other` has the same manifests, byte for byte, in the same order.
    pub fn has_manifests_of(&self, other: &Self) -> bool {
        let same = |one: &RecordedManifest, two: &RecordedManifest| {
            one.identity == two.identity && one.content.digest == two.content.digest && one.content.length == two.content.length
        };
        self.manifests.len() == other.manifests.len() && self.manifests.iter().zip(&other.manifests).all(|(one, two)| same(one, two))
    }

    pub(crate) fn encode(&self) -> Secret {
        let mut writer = Writer::with_capacity(256 + 160 * (self.manifests.len() + self.blanks.len()));
        writer.bytes(&[FORMAT]);
        writer.length(self.blanks.len());
        for blank in &self.blanks {
            blank.encode(&mut writer);
        }
        for files in [&self.templates, &self.values] {
            writer.length(files.len());
            for file in files {
                writer.word(&file.path);
                writer.digest(file.digest);
            }
        }
        let mut packs: Vec<PackId> = self.blobs().map(|stored| stored.pack).collect();
        packs.sort_unstable();
        packs.dedup();
        writer.length(packs.len());
        for pack in &packs {
            writer.number(pack.number);
            writer.bytes(&pack.attempt.0);
            writer.number(pack.part.into());
        }
        writer.length(self.manifests.len());
        for manifest in &self.manifests {
            manifest.encode(&packs, &mut writer);
        }
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = ByteReader::new(bytes);
        if reader.byte()? != FORMAT {
            return Err(Malformed);
        }
        let blanks = list(&mut reader, BLANK_LEAST, RecordedBlank::decode)?;
        let templates = list(&mut reader, FILE_LEAST, file)?;
        let values = list(&mut reader, FILE_LEAST, file)?;
        let packs = list(&mut reader, PACK_LEAST, |reader| {
            let number = reader.number()?;
            let attempt = reader.bytes(16)?.try_into().map(WriteId).map_err(|_| Malformed)?;
            Ok(PackId { number, attempt, part: reader.number()?.try_into().map_err(|_| Malformed)? })
        })?;
        let manifests = list(&mut reader, MANIFEST_LEAST, |reader| RecordedManifest::decode(&packs, reader))?;
        reader.end()?;
        Ok(Self { blanks, templates, values, manifests })
    }
}

/// The least bytes that one of each takes, so that a count is checked before anything is made.
const BLANK_LEAST: usize = 38;
const FILE_LEAST: usize = 33;
const PACK_LEAST: usize = 18;
const MANIFEST_LEAST: usize = 42;
const PLACE_LEAST: usize = 4;

impl RecordedBlank {
    fn encode(&self, writer: &mut Writer) {
        writer.word(&self.vault);
        writer.word(&self.name);
        option(self.key.as_deref(), writer);
        writer.text(&self.version);
        writer.number(self.pinned.into());
        writer.digest(self.fingerprint);
        writer.length(self.places.len());
        for place in &self.places {
            writer.word(&place.file);
            writer.number(place.line.into());
            writer.number(place.column.into());
            writer.number(place.rendered.into());
        }
    }

    fn decode(reader: &mut ByteReader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            vault: reader.word()?.to_owned(),
            name: reader.word()?.to_owned(),
            key: if reader.flag()? { Some(reader.text()?.to_owned()) } else { None },
            version: reader.text()?.to_owned(),
            pinned: reader.flag()?,
            fingerprint: reader.digest()?,
            places: list(reader, PLACE_LEAST, |reader| {
                Ok(Place {
                    file: reader.word()?.into(),
                    line: reader.number()?.try_into().map_err(|_| Malformed)?,
                    column: reader.number()?.try_into().map_err(|_| Malformed)?,
                    rendered: reader.flag()?,
                })
            })?,
        })
    }
}

impl RecordedManifest {
    /// What is stored of it: its bytes and its recipe.
    pub fn blobs(&self) -> impl Iterator<Item = &BlobRef> {
        std::iter::once(&self.content).chain(&self.recipe)
    }

    fn encode(&self, packs: &[PackId], writer: &mut Writer) {
        writer.word(&self.identity.api_version);
        writer.word(&self.identity.kind);
        writer.word(&self.identity.namespace);
        writer.text(&self.identity.name);
        writer.word(&self.base);
        writer.word(&self.file);
        self.content.encode(packs, writer);
        writer.number(self.recipe.is_some().into());
        if let Some(recipe) = &self.recipe {
            recipe.encode(packs, writer);
        }
    }

    fn decode(packs: &[PackId], reader: &mut ByteReader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            identity: Identity {
                api_version: reader.word()?.to_owned(),
                kind: reader.word()?.to_owned(),
                namespace: reader.word()?.to_owned(),
                name: reader.text()?.to_owned(),
            },
            base: reader.word()?.to_owned(),
            file: reader.word()?.into(),
            content: BlobRef::decode(packs, reader)?,
            recipe: if reader.flag()? { Some(BlobRef::decode(packs, reader)?) } else { None },
        })
    }
}

impl BlobRef {
    fn encode(&self, packs: &[PackId], writer: &mut Writer) {
        writer.digest(self.digest);
        writer.number(self.length);
        writer.length(packs.binary_search(&self.pack).unwrap_or_else(|_| unreachable!("the list was made of all of them")));
        writer.number(self.index);
    }

    fn decode(packs: &[PackId], reader: &mut ByteReader<'_>) -> Result<Self, Malformed> {
        let (digest, length) = (reader.digest()?, reader.number()?);
        let pack = usize::try_from(reader.number()?).ok().and_then(|index| packs.get(index)).copied().ok_or(Malformed)?;
        Ok(Self { digest, length, pack, index: reader.number()? })
    }
}

fn file(reader: &mut ByteReader<'_>) -> Result<RecordedFile, Malformed> {
    Ok(RecordedFile { path: reader.word()?.to_owned(), digest: reader.digest()? })
}

fn option(text: Option<&str>, writer: &mut Writer) {
    writer.number(text.is_some().into());
    if let Some(text) = text {
        writer.text(text);
    }
}

fn list<'a, T>(
    reader: &mut ByteReader<'a>,
    least: usize,
    mut one: impl FnMut(&mut ByteReader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = reader.count(least)?;
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        list.push(one(reader)?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::Body;
    use super::Malformed;
    use crate::history::fixtures;

    proptest! {
        #[test]
        fn any_body_goes_both_ways(seed in any::<u64>(), size in 0..20usize) {
            let body = fixtures::random_body(seed, size);
            prop_assert_eq!(Body::decode(body.encode().expose()), Ok(body));
        }

        #[test]
        fn hostile_bytes_are_read_or_refused(seed in any::<u64>(), at in any::<usize>(), byte in any::<u8>(), cut in any::<usize>()) {
            let mut bytes = fixtures::random_body(seed, 5).encode().expose().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Body::decode(&bytes);
            bytes.truncate(cut % bytes.len());
            let _ = Body::decode(&bytes);
        }

        #[test]
        fn noise_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Body::decode(&bytes);
        }
    }

    #[test]
    fn a_longer_or_shorter_body_is_refused() {
        let bytes = fixtures::body().encode();
        for length in 0..bytes.len() {
            assert_eq!(Body::decode(&bytes.expose()[..length]), Err(Malformed), "{length}");
        }
        assert_eq!(Body::decode(&[bytes.expose(), &[0]].concat()), Err(Malformed));
    }

    #[test]
    fn a_huge_count_makes_nothing() {
        assert_eq!(Body::decode(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Err(Malformed));
    }
}
