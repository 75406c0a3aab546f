//! The keys of an environment, derived from its root key by HKDF (RFC 5869), one for each purpose.

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::seal::Generation;
use crate::seal::OpenFault;
use crate::seal::RootKey;
use crate::seal::SealContext;
use crate::seal::derive;
use crate::seal::generation::DerivedKeys;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The keys of an environment. Only a keyring makes one.
#[derive(Debug)]
pub struct Keys {
    store: String,
    present: DerivedKeys,
    earlier: Vec<DerivedKeys>,
    naming: Secret,
    names: Secret,
}

impl Keys {
    /// The keys of a keyring that does not exist yet: a new random id, root key and naming key.
    #[must_use]
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let store = format!("{:032x}", u128::from_be_bytes(id));
        Self::of(store, RootKey::generate(entropy), Vec::new(), RootKey::generate(entropy).0)
    }

    /// The keys of the keyring `store`: its present root key, its earlier ones, newest first, and its naming key.
    pub(crate) fn of(store: String, present: RootKey, earlier: Vec<RootKey>, naming: Secret) -> Self {
        Self {
            present: DerivedKeys::new(&store, present),
            earlier: earlier.into_iter().map(|root| DerivedKeys::new(&store, root)).collect(),
            names: derive::key(&naming, &[b"cloze.dev/keys/v1", b"name", store.as_bytes()]),
            naming,
            store,
        }
    }

    /// The keys of the keyring `store` from its present root key and what [`Keys::inner`] sealed, sealed in `context`.
    pub(crate) fn opened(store: &str, root: RootKey, context: &SealContext<'_>, sealed: &[u8]) -> Result<Self, OpenFault> {
        let present = DerivedKeys::new(store, root);
        let inner = present.open(context, sealed.to_vec())?;
        let (naming, earlier) = inner.expose().split_first_chunk::<{ RootKey::LENGTH }>().ok_or(OpenFault)?;
        let (earlier, rest) = earlier.as_chunks::<{ RootKey::LENGTH }>();
        if !rest.is_empty() {
            return Err(OpenFault);
        }
        let earlier = earlier.iter().map(|root| RootKey(Secret::copy_of(root))).collect();
        Ok(Self::of(store.to_owned(), present.root, earlier, Secret::copy_of(naming)))
    }

    /// The keyring's random id, as text; part of every context.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The generation that seals, fingerprints and chains now.
    pub fn generation(&self) -> Generation {
        self.present.generation
    }

    /// Seals `plain`, padded, under the sealing key.
    pub fn seal(&self, context: &SealContext<'_>, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.seal_parts(context, &[plain], entropy)
    }

    /// The same of parts, one after the other: what they are together is never in clear.
    pub fn seal_parts(&self, context: &SealContext<'_>, parts: &[&[u8]], entropy: &dyn Entropy) -> Vec<u8> {
        self.present.seal(context, parts, entropy)
    }

    /// Opens what [`Keys::seal`] made under this keyring, by its present or an earlier root key: the one that the sealed object
    /// names, and no other.
    pub fn open(&self, context: &SealContext<'_>, sealed: &[u8]) -> Result<Secret, OpenFault> {
        self.open_in_place(context, sealed.to_vec())
    }

    /// The same in the buffer that holds it, for what is large.
    pub fn open_in_place(&self, context: &SealContext<'_>, sealed: Vec<u8>) -> Result<Secret, OpenFault> {
        let generation = Generation::of(&sealed).ok_or(OpenFault)?;
        self.branch(generation).ok_or(OpenFault)?.open(context, sealed)
    }

    /// Whether `sealed` is of a generation of these keys; what is not was sealed after a rotation that they do not know, or elsewhere.
    pub fn know(&self, sealed: &[u8]) -> bool {
        Generation::of(sealed).is_some_and(|generation| self.branch(generation).is_some())
    }

    /// The digest that a Secret's name carries. Survives rotation.
    pub fn name(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&self.names, parts)
    }

    /// The fingerprint of a secret value: equal values have equal fingerprints and nothing else shows.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&self.present.fingerprint, parts)
    }

    /// The fingerprint that the value had, or would have had, in `generation`; `None` when the keyring has no such one.
    pub fn fingerprint_of(&self, generation: Generation, parts: &[&[u8]]) -> Option<Digest> {
        Some(Digest::keyed(&self.branch(generation)?.fingerprint, parts))
    }

    /// The id of a stored object by its content.
    pub fn object_id(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&self.present.object, parts)
    }

    /// The id that the object had in `generation`; `None` when the keyring has no such one.
    pub fn object_id_of(&self, generation: Generation, parts: &[&[u8]]) -> Option<Digest> {
        Some(Digest::keyed(&self.branch(generation)?.object, parts))
    }

    /// Whether `id` is the object's, in the present or an earlier generation.
    pub fn is_object_id(&self, id: Digest, parts: &[&[u8]]) -> bool {
        self.branches().any(|branch| Digest::keyed(&branch.object, parts) == id)
    }

    /// The MAC that chains records.
    pub fn chain(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&self.present.chain, parts)
    }

    /// The MAC that a record of `generation` has; `None` when the keyring has no such one.
    pub fn chain_of(&self, generation: Generation, parts: &[&[u8]]) -> Option<Digest> {
        Some(Digest::keyed(&self.branch(generation)?.chain, parts))
    }

    /// What a keyring seals under its present root key: the naming key, then the earlier root keys, newest first.
    pub(crate) fn inner(&self) -> Secret {
        let mut inner = SecretBuffer::with_capacity(RootKey::LENGTH * (1 + self.earlier.len()));
        inner.extend(self.naming.expose());
        for branch in &self.earlier {
            inner.extend(branch.root.0.expose());
        }
        Secret::from(inner)
    }

    /// The present root key.
    pub(crate) fn root(&self) -> &RootKey {
        &self.present.root
    }

    /// The same keyring's keys after `root` took the present root key's place. The naming key stays, unless `naming` takes its place.
    #[must_use]
    pub(crate) fn rotated(&self, root: RootKey, naming: Option<Secret>) -> Self {
        let earlier = self.branches().map(|branch| branch.root.duplicate()).collect();
        Self::of(self.store.clone(), root, earlier, naming.unwrap_or_else(|| self.naming.duplicate()))
    }

    fn branch(&self, generation: Generation) -> Option<&DerivedKeys> {
        self.branches().find(|branch| branch.generation == generation)
    }

    fn branches(&self) -> impl Iterator<Item = &DerivedKeys> {
        std::iter::once(&self.present).chain(&self.earlier)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Keys;
    use crate::clock::Machine;
    use crate::digest::Digest;
    use crate::seal::Generation;
    use crate::seal::OpenFault;
    use crate::seal::RootKey;
    use crate::seal::SealContext;
    use crate::seal::SealedKind;
    use crate::secret::Secret;

    fn context(keys: &Keys) -> SealContext<'_> {
        SealContext {
            store: keys.store(),
            project: "shop",
            environment: "dev",
            kind: SealedKind::VaultEntry,
            identity: "db-password",
            number: 3,
            predecessor: None,
        }
    }

    fn root(byte: u8) -> RootKey {
        RootKey(Secret::copy_of(&[byte; 32]))
    }

    #[test]
    fn opens_what_it_sealed() {
        let keys = Keys::fresh(&Machine);
        for length in [0, 1, 255, 256, 257, 16_383, 16_384, 16_385, 50_000] {
            let plain = vec![0x5a; length];
            let sealed = keys.seal(&context(&keys), &plain, &Machine);
            assert_eq!(Generation::of(&sealed), Some(keys.generation()));
            let opened = keys.open(&context(&keys), &sealed).unwrap();
            assert_eq!(opened.expose(), plain);
        }
    }

    #[test]
    fn every_context_field_is_bound() {
        let keys = Keys::fresh(&Machine);
        let base = SealContext { predecessor: Some(Digest([7; 32])), ..context(&keys) };
        let sealed = keys.seal(&base, b"hunter2", &Machine);
        let kinds = [
            SealedKind::Pack,
            SealedKind::Record,
            SealedKind::Plan,
            SealedKind::Event,
            SealedKind::Keyring,
            SealedKind::Pruning,
            SealedKind::Slot,
        ];
        let mut others = vec![
            SealContext { store: "other", ..base.clone() },
            SealContext { project: "other", ..base.clone() },
            SealContext { environment: "other", ..base.clone() },
            SealContext { identity: "other", ..base.clone() },
            SealContext { number: 4, ..base.clone() },
            SealContext { predecessor: None, ..base.clone() },
            SealContext { predecessor: Some(Digest([8; 32])), ..base.clone() },
        ];
        others.extend(kinds.map(|kind| SealContext { kind, ..base.clone() }));
        for other in others {
            assert_eq!(keys.open(&other, &sealed).unwrap_err(), OpenFault, "{other:?}");
        }
        assert!(keys.open(&base, &sealed).is_ok());
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let keys = Keys::fresh(&Machine);
        let mut sealed = keys.seal(&context(&keys), b"hunter2", &Machine);
        for bit in 0..sealed.len() * 8 {
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(&context(&keys), &sealed).unwrap_err(), OpenFault, "bit {bit}");
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(keys.open(&context(&keys), &sealed).is_ok());
    }

    #[test]
    fn every_other_length_is_refused() {
        let keys = Keys::fresh(&Machine);
        let sealed = keys.seal(&context(&keys), b"hunter2", &Machine);
        for length in 0..sealed.len() {
            assert_eq!(keys.open(&context(&keys), &sealed[..length]).unwrap_err(), OpenFault, "{length} bytes");
        }
        let mut longer = sealed.clone();
        for _ in 0..300 {
            longer.push(0);
            assert_eq!(keys.open(&context(&keys), &longer).unwrap_err(), OpenFault, "{} bytes", longer.len());
        }
        assert_eq!(keys.open(&context(&keys), &[&sealed[..], &sealed[..]].concat()).unwrap_err(), OpenFault);
    }

    #[test]
    fn salts_never_repeat() {
        let keys = Keys::fresh(&Machine);
        let salts: HashSet<Vec<u8>> = (0..10_000).map(|_| keys.seal(&context(&keys), b"", &Machine)[14..38].to_vec()).collect();
        assert_eq!(salts.len(), 10_000);
    }

    #[test]
    fn another_keyring_refuses() {
        let (one, two) = (Keys::fresh(&Machine), Keys::fresh(&Machine));
        let sealed = one.seal(&context(&one), b"hunter2", &Machine);
        assert_eq!(two.open(&context(&one), &sealed).unwrap_err(), OpenFault);
        // The same root key in a keyring with another id.
        let (here, there) = (Keys::of("a".into(), root(1), vec![], root(2).0), Keys::of("b".into(), root(1), vec![], root(2).0));
        let sealed = here.seal(&context(&one), b"hunter2", &Machine);
        assert_eq!(there.open(&context(&one), &sealed).unwrap_err(), OpenFault);
        assert_ne!(here.name(&[b"x"]), there.name(&[b"x"]));
    }

    #[test]
    fn a_new_root_renews_all_but_the_names() {
        let before = Keys::of("a".into(), root(1), vec![], root(9).0);
        let after = Keys::of("a".into(), root(2), vec![root(1)], root(9).0);
        let parts: [&[u8]; 2] = [b"db-password", b"hunter2"];
        assert_eq!(before.name(&parts), after.name(&parts));
        assert_ne!(before.fingerprint(&parts), after.fingerprint(&parts));
        assert_ne!(before.object_id(&parts), after.object_id(&parts));
        assert_ne!(before.chain(&parts), after.chain(&parts));
        let generation = before.generation();
        assert_ne!(generation, after.generation());
        assert_eq!(after.fingerprint_of(generation, &parts), Some(before.fingerprint(&parts)));
        assert_eq!(after.object_id_of(generation, &parts), Some(before.object_id(&parts)));
        assert_eq!(after.chain_of(generation, &parts), Some(before.chain(&parts)));
        assert!(after.is_object_id(before.object_id(&parts), &parts) && after.is_object_id(after.object_id(&parts), &parts));
        assert!(!before.is_object_id(after.object_id(&parts), &parts) && !after.is_object_id(after.object_id(&parts), &parts[..1]));
        let renamed = before.rotated(root(3), Some(root(8).0));
        assert_ne!(before.name(&parts), renamed.name(&parts));
        assert_eq!(renamed.fingerprint_of(before.generation(), &parts), Some(before.fingerprint(&parts)));
        assert_eq!(before.chain_of(after.generation(), &parts), None);
        let sealed = before.seal(&context(&before), b"hunter2", &Machine);
        assert_eq!(after.open(&context(&before), &sealed).unwrap().expose(), b"hunter2");
        let sealed = after.seal(&context(&after), b"hunter2", &Machine);
        assert_eq!(before.open(&context(&after), &sealed).unwrap_err(), OpenFault);
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let keys = Keys::of("a".into(), root(1), vec![], root(1).0);
        let digests = [keys.name(&[b"x"]), keys.fingerprint(&[b"x"]), keys.object_id(&[b"x"]), keys.chain(&[b"x"])];
        assert_eq!(digests.iter().collect::<HashSet<_>>().len(), 4);
    }

    #[test]
    fn the_fault_tells_one_text() {
        assert_eq!(
            OpenFault.to_string(),
            "it does not open: it was sealed under another key or as something else, or it was changed since"
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let text = format!("{:?}", Keys::of("a".into(), root(0x41), vec![root(0x41)], root(0x41).0));
        assert!(!text.contains("AAAA") && !text.contains("4141") && !text.contains("65, 65"), "{text}");
    }
}
