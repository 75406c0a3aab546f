//! The random id that every write carries (`attempt` in the objects), so that a writer recognizes its own object.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;

use crate::clock::Entropy;

/// 16 random bytes, new for every release, event or store that somebody tries to create.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub [u8; 16]);

impl WriteId {
    /// A new random id.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The attempt of 32 lowercase hexadecimal characters, or `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteId({self})")
    }
}

impl Serialize for WriteId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WriteId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_hex(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not an attempt id"))
    }
}

#[cfg(test)]
mod tests {
    use super::WriteId;
    use crate::clock::Machine;

    #[test]
    fn hex_goes_both_ways() {
        let attempt = WriteId::new(&Machine);
        assert_eq!(WriteId::from_hex(&attempt.to_string()), Some(attempt));
        assert_eq!(WriteId::from_hex(&WriteId([0xab; 16]).to_string().to_uppercase()), None);
        assert_eq!(WriteId::from_hex("ab"), None);
        assert_ne!(attempt, WriteId::new(&Machine));
    }
}
