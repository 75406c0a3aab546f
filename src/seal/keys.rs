//! The keys of an environment, derived from its root key by HKDF (RFC 5869), one for each purpose.

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::seal::Context;
use crate::secret::Secret;

/// A root key: 32 uniformly random bytes.
#[derive(Debug)]
pub struct RootKey(pub Secret);

/// The keys of an environment. Only a keyring makes one.
#[derive(Debug)]
pub struct Keys {}

/// Why something sealed does not open. One text for a wrong key, a wrong context and damage: nobody can tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFault;

impl Keys {
    /// The keyring's random id, as text; part of every context.
    pub fn store(&self) -> &str {
        todo!()
    }

    /// Seals `plain`, padded, under the sealing key.
    pub fn seal(&self, context: &Context<'_>, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let _ = (context, plain, entropy);
        todo!()
    }

    /// Opens what [`Keys::seal`] made under this keyring, by its present or an earlier root key.
    pub fn open(&self, context: &Context<'_>, sealed: &[u8]) -> Result<Secret, OpenFault> {
        let _ = (context, sealed);
        todo!()
    }

    /// The digest that a Secret's name carries. Survives rotation.
    pub fn name(&self, parts: &[&[u8]]) -> Digest {
        let _ = parts;
        todo!()
    }

    /// The fingerprint of a secret value: equal values have equal fingerprints and nothing else shows.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> Digest {
        let _ = parts;
        todo!()
    }

    /// The id of a stored object by its content.
    pub fn object_id(&self, parts: &[&[u8]]) -> Digest {
        let _ = parts;
        todo!()
    }

    /// The MAC that chains records.
    pub fn chain(&self, parts: &[&[u8]]) -> Digest {
        let _ = parts;
        todo!()
    }
}
