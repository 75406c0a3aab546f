//! What a sealed object is bound to: it opens only as what it was sealed as.

use crate::digest::Digest;
use crate::seal::derive;

/// Where and as what an object was sealed. Enters the key derivation, length-prefixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// The random id of the keyring that the store and the local vault belong to.
    pub store: &'a str,
    /// The project's name.
    pub project: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// What kind of object.
    pub kind: SealedKind,
    /// Which one of its kind.
    pub identity: &'a str,
    /// A release's number; zero for what has none.
    pub number: u64,
    /// The digest of the record before this one; `None` for the first and for what has none.
    pub predecessor: Option<Digest>,
}

impl SealContext<'_> {
    /// The context as bytes, with `header`, which is in clear before the sealed bytes and names the format's version. Each
    /// part is preceded by its length as eight big-endian bytes: no two contexts have the same bytes.
    pub(crate) fn encode(&self, header: &[u8]) -> Vec<u8> {
        let predecessor = self.predecessor.as_ref().map_or(&[][..], |digest| &digest.0);
        let parts: [&[u8]; 9] = [
            b"cloze.dev/sealed",
            header,
            self.store.as_bytes(),
            self.project.as_bytes(),
            self.environment.as_bytes(),
            self.kind.word().as_bytes(),
            self.identity.as_bytes(),
            &self.number.to_be_bytes(),
            predecessor,
        ];
        let mut encoded = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            derive::frame(&mut encoded, part);
        }
        encoded
    }
}

/// The kinds of sealed objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealedKind {
    /// A version of a secret in the local vault.
    VaultEntry,
    /// The manifests that a release brought.
    Pack,
    /// The sealed part of a release's record.
    Record,
    /// The sealed part of a release that is planned.
    Plan,
    /// The sealed part of an event's record.
    Event,
    /// The naming key and earlier root keys inside a keyring.
    Keyring,
    /// That releases were pruned.
    Pruning,
    /// A root key, wrapped for one recipient.
    Slot,
}

impl SealedKind {
    /// The word that stands for the kind in a context. Part of the format: never changes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::VaultEntry => "vault-entry",
            Self::Pack => "pack",
            Self::Record => "record",
            Self::Plan => "plan",
            Self::Event => "event",
            Self::Keyring => "keyring",
            Self::Pruning => "pruning",
            Self::Slot => "slot",
        }
    }

    /// Bytes below which no length shows. A page for what lies in a history; less for what lies in a file that people keep
    /// under version control and read as a difference. Part of the format: never changes.
    pub(crate) fn floor(self) -> usize {
        match self {
            Self::VaultEntry | Self::Keyring => 256,
            Self::Pack | Self::Record | Self::Plan | Self::Event | Self::Pruning => 4096,
            Self::Slot => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SealContext;
    use super::SealedKind;
    use crate::digest::Digest;

    #[test]
    fn every_field_enters() {
        let base = SealContext {
            store: "s",
            project: "p",
            environment: "e",
            kind: SealedKind::Record,
            identity: "i",
            number: 1,
            predecessor: None,
        };
        let mut all = vec![base.encode(b"h")];
        all.push(base.encode(b""));
        all.push(SealContext { store: "", ..base.clone() }.encode(b"h"));
        all.push(SealContext { project: "", ..base.clone() }.encode(b"h"));
        all.push(SealContext { environment: "", ..base.clone() }.encode(b"h"));
        for kind in [
            SealedKind::VaultEntry,
            SealedKind::Pack,
            SealedKind::Plan,
            SealedKind::Event,
            SealedKind::Keyring,
            SealedKind::Pruning,
            SealedKind::Slot,
        ] {
            all.push(SealContext { kind, ..base.clone() }.encode(b"h"));
        }
        all.push(SealContext { identity: "", ..base.clone() }.encode(b"h"));
        all.push(SealContext { number: 2, ..base.clone() }.encode(b"h"));
        all.push(SealContext { predecessor: Some(Digest([0; 32])), ..base.clone() }.encode(b"h"));
        all.push(SealContext { predecessor: Some(Digest([1; 32])), ..base.clone() }.encode(b"h"));
        // The same letters, divided otherwise.
        all.push(SealContext { project: "pe", environment: "", ..base.clone() }.encode(b"h"));
        all.push(SealContext { project: "", environment: "pe", ..base }.encode(b"h"));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
