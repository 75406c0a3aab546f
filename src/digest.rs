//! Digests: a plain SHA-256 for public content, a keyed HMAC-SHA-256 for everything else, and the short form in names.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// 32 bytes that stand for some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 (FIPS 180-4) over the parts, each preceded by its length as eight big-endian bytes, so that no two lists of
    /// parts collide. For public content only.
    #[must_use]
    pub fn plain(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// HMAC-SHA-256 (RFC 2104) under `key` over the same framing.
    #[must_use]
    pub fn keyed(key: &Secret, parts: &[&[u8]]) -> Self {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Self(mac.finalize().into_bytes().into())
    }

    /// Ten characters of [`ALPHABET`], for the end of an object's name: 47 bits of the digest.
    #[must_use]
    pub fn suffix(&self) -> String {
        let mut number = u128::from_be_bytes(self.0[..16].try_into().unwrap_or_default());
        let mut text = String::with_capacity(SUFFIX_LENGTH);
        for _ in 0..SUFFIX_LENGTH {
            let index = usize::try_from(number % ALPHABET.len() as u128).unwrap_or_default();
            text.push(char::from(ALPHABET[index]));
            number /= ALPHABET.len() as u128;
        }
        text
    }

    /// The digest of 64 hexadecimal characters, or `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    /// As 64 lowercase hexadecimal characters.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_hex(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a digest"))
    }
}

/// Kubernetes' own alphabet for generated names: no vowels, and no digit that looks like one
/// (`apimachinery/pkg/util/rand`).
pub const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Characters in a name's suffix, the dash before it not counted.
pub const SUFFIX_LENGTH: usize = 10;

#[cfg(test)]
mod tests {
    use super::{ALPHABET, Digest};
    use crate::secret::Secret;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Digest::plain(&[b"ab", b"c"]), Digest::plain(&[b"a", b"bc"]));
    }

    #[test]
    fn a_key_changes_the_digest() {
        let (one, two) = (Secret::copy_of(&[1; 32]), Secret::copy_of(&[2; 32]));
        assert_ne!(Digest::keyed(&one, &[b"x"]), Digest::keyed(&two, &[b"x"]));
    }

    #[test]
    fn suffix_is_ten_characters_of_the_alphabet() {
        for seed in 0..200u8 {
            let suffix = Digest::plain(&[&[seed]]).suffix();
            assert_eq!(suffix.len(), 10);
            assert!(suffix.bytes().all(|byte| ALPHABET.contains(&byte)));
        }
    }

    #[test]
    fn hex_goes_both_ways() {
        let digest = Digest::plain(&[b"x"]);
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex("xyz"), None);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{digest}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }
}
