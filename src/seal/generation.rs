//! A generation: one root key of a keyring and the keys that come from it. Rotation begins a new one.

use std::fmt;

use crate::clock::Entropy;
use crate::seal::OpenFault;
use crate::seal::RootKey;
use crate::seal::SealContext;
use crate::seal::cobblestone;
use crate::seal::cobblestone::SALT_LENGTH;
use crate::seal::derive;
use crate::seal::padding;
use crate::secret::Secret;

/// Which root key: eight bytes that come from the key itself and say nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation([u8; GENERATION_LENGTH]);

impl Generation {
    /// The generation of 16 lowercase hexadecimal characters, or `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let number = u64::from_str_radix(text, 16).ok()?;
        let generation = Self(number.to_be_bytes());
        (generation.to_string() == text).then_some(generation)
    }

    /// The generation that a sealed object names, or `None` when it is no sealed object of this format.
    pub fn of(sealed: &[u8]) -> Option<Self> {
        let (magic, rest) = sealed.split_first_chunk()?;
        if magic != MAGIC {
            return None;
        }
        rest.first_chunk().copied().map(Self)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A root key's own keys, one for each purpose (HKDF, RFC 5869).
#[derive(Debug)]
pub(crate) struct DerivedKeys {
    pub(crate) generation: Generation,
    pub(crate) root: RootKey,
    pub(crate) object: Secret,
    pub(crate) fingerprint: Secret,
    pub(crate) chain: Secret,
    sealing: Secret,
}

impl DerivedKeys {
    /// The keys of `root` in the keyring `store`.
    pub(crate) fn new(store: &str, root: RootKey) -> Self {
        let key = |purpose: &str| derive::key(&root.0, &[b"cloze.dev/keys/v1", purpose.as_bytes(), store.as_bytes()]);
        let mut generation = [0; GENERATION_LENGTH];
        generation.copy_from_slice(&key("generation").expose()[..GENERATION_LENGTH]);
        Self {
            generation: Generation(generation),
            object: key("object"),
            fingerprint: key("fingerprint"),
            chain: key("chain"),
            sealing: key("seal"),
            root,
        }
    }

    /// Magic, version and generation in clear, then Cobblestone-256 over the parts, padded, bound to all of these and the context.
    pub(crate) fn seal(&self, context: &SealContext<'_>, parts: &[&[u8]], entropy: &dyn Entropy) -> Vec<u8> {
        let mut salt = [0; SALT_LENGTH];
        entropy.fill(&mut salt);
        let (padded, length) = padding::pad(parts, context.kind.floor());
        let header = header(self.generation);
        let mut sealed = Vec::with_capacity(HEADER_LENGTH + cobblestone::sealed_length(length));
        sealed.extend(header);
        cobblestone::seal_parts(&self.sealing, &salt, &context.encode(&header), &padded, length, &mut sealed);
        sealed
    }

    /// What [`DerivedKeys::seal`] of the same generation sealed in the same context, in the same buffer.
    pub(crate) fn open(&self, context: &SealContext<'_>, sealed: Vec<u8>) -> Result<Secret, OpenFault> {
        let header = header(self.generation);
        if !sealed.starts_with(&header) {
            return Err(OpenFault);
        }
        let padded = cobblestone::open_in_place(&self.sealing, &context.encode(&header), sealed, HEADER_LENGTH)?;
        padding::unpad(padded, context.kind.floor())
    }
}

fn header(generation: Generation) -> [u8; HEADER_LENGTH] {
    let mut header = [0; HEADER_LENGTH];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(&generation.0);
    header
}

/// Five letters and the format's version, which fixes every algorithm.
const MAGIC: &[u8; 6] = b"cloze\x01";
const GENERATION_LENGTH: usize = 8;
const HEADER_LENGTH: usize = MAGIC.len() + GENERATION_LENGTH;

#[cfg(test)]
mod tests {
    use super::DerivedKeys;
    use super::Generation;
    use crate::clock::Machine;
    use crate::seal::OpenFault;
    use crate::seal::RootKey;
    use crate::seal::SealContext;
    use crate::seal::SealedKind;

    const CONTEXT: SealContext<'static> =
        SealContext { store: "s", project: "p", environment: "e", kind: SealedKind::Event, identity: "i", number: 1, predecessor: None };

    #[test]
    fn text_goes_both_ways() {
        let generation = DerivedKeys::new("s", RootKey::generate(&Machine)).generation;
        assert_eq!(Generation::from_hex(&generation.to_string()), Some(generation));
        for other in ["", "0", "+000000000000000", "00000000000000000", "000000000000000g", "ABCDEFABCDEFABCD"] {
            assert_eq!(Generation::from_hex(other), None, "{other}");
        }
    }

    #[test]
    fn a_sealed_object_names_its_own() {
        let branch = DerivedKeys::new("s", RootKey::generate(&Machine));
        let sealed = branch.seal(&CONTEXT, &[], &Machine);
        assert_eq!(sealed[..6], *b"cloze\x01");
        assert_eq!(Generation::of(&sealed), Some(branch.generation));
        assert_eq!(Generation::of(&sealed[..13]), None);
        assert_eq!(Generation::of(b""), None);
    }

    #[test]
    fn another_version_is_refused() {
        let branch = DerivedKeys::new("s", RootKey::generate(&Machine));
        let mut sealed = branch.seal(&CONTEXT, &[], &Machine);
        for version in (0..=255).filter(|version| *version != 1) {
            sealed[5] = version;
            assert_eq!(Generation::of(&sealed), None);
            assert_eq!(branch.open(&CONTEXT, sealed.clone()).unwrap_err(), OpenFault);
        }
    }

    #[test]
    fn everything_short_has_one_length() {
        let branch = DerivedKeys::new("s", RootKey::generate(&Machine));
        let whole = branch.seal(&CONTEXT, &[], &Machine).len();
        for length in [1, 16, 1_000, 4_095, 4_096] {
            assert_eq!(branch.seal(&CONTEXT, &[&vec![0x80; length]], &Machine).len(), whole);
        }
        assert!(branch.seal(&CONTEXT, &[&[0; 4_097]], &Machine).len() > whole);
    }
}
