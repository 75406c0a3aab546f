//! A root key, and how one lies sealed under another key.

use crate::clock::Entropy;
use crate::seal::OpenFault;
use crate::seal::cobblestone;
use crate::seal::cobblestone::SALT_LENGTH;
use crate::seal::derive::KEY_LENGTH;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// A root key: 32 uniformly random bytes.
#[derive(Debug)]
pub struct RootKey(pub Secret);

impl RootKey {
    /// Bytes in a root key.
    pub const LENGTH: usize = KEY_LENGTH;

    /// A new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = SecretBuffer::with_capacity(Self::LENGTH);
        entropy.fill(bytes.extend_zeroed(Self::LENGTH));
        Self(Secret::from(bytes))
    }

    /// A second copy, on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// The root key, sealed by Cobblestone-256 under a uniformly random 32-byte `key` and bound to `context`.
    #[must_use]
    pub fn seal_under(&self, key: &Secret, context: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut salt = [0; SALT_LENGTH];
        entropy.fill(&mut salt);
        let mut sealed = Vec::new();
        cobblestone::seal(key, &salt, context, self.0.expose(), &mut sealed);
        sealed
    }

    /// The root key that [`RootKey::seal_under`] sealed under `key` in the same context.
    pub fn open_under(key: &Secret, context: &[u8], sealed: &[u8]) -> Result<Self, OpenFault> {
        let opened = cobblestone::open(key, context, sealed)?;
        if opened.len() == Self::LENGTH { Ok(Self(opened)) } else { Err(OpenFault) }
    }
}

#[cfg(test)]
mod tests {
    use super::RootKey;
    use crate::clock::Machine;
    use crate::seal::OpenFault;
    use crate::seal::cobblestone;
    use crate::secret::Secret;

    #[test]
    fn lies_under_another_key() {
        let (root, key) = (RootKey::generate(&Machine), Secret::copy_of(&[1; 32]));
        let sealed = root.seal_under(&key, b"here", &Machine);
        assert!(RootKey::open_under(&key, b"here", &sealed).unwrap().0.ct_eq(&root.0));
        assert_eq!(RootKey::open_under(&key, b"there", &sealed).unwrap_err(), OpenFault);
        assert_eq!(RootKey::open_under(&root.0, b"here", &sealed).unwrap_err(), OpenFault);
    }

    #[test]
    fn has_one_length() {
        let key = Secret::copy_of(&[1; 32]);
        for length in [0, 31, 33] {
            let mut sealed = Vec::new();
            cobblestone::seal(&key, &[0; 24], b"", &vec![0; length], &mut sealed);
            assert_eq!(RootKey::open_under(&key, b"", &sealed).unwrap_err(), OpenFault);
        }
    }
}
