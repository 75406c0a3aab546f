//! A keyring: an environment's root key, wrapped for each of its recipients, in a file that is fit for version control.

use std::collections::BTreeSet;
use std::pin::pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use futures::stream;
use futures::stream::FuturesUnordered;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Parameter;
use crate::key::Recipient;
use crate::key::Slot;
use crate::seal::Keys;
use crate::seal::RootKey;
use crate::seal::SealContext;
use crate::seal::SealedKind;

mod document;
mod error;

pub use error::KeyringError;

/// The format's name.
const FORMAT: &str = "cloze.dev/keyring/v1";

/// The root key of one environment: a slot for each recipient, any one of which opens it, and, sealed under the root key, the
/// naming key and the earlier root keys.
///
/// The sealed part is bound to everything that is in clear: a keyring that was edited does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    id: String,
    project: String,
    environment: String,
    slots: Vec<Slot>,
    sealed: String,
}

impl Keyring {
    /// A new keyring with new keys, wrapped for each of `wraps`.
    pub async fn create(
        project: &str,
        environment: &str,
        wraps: &[&dyn KeyWrap],
        entropy: &dyn Entropy,
    ) -> Result<(Self, Keys), KeyringError> {
        let keys = Keys::fresh(entropy);
        let mut keyring = Self {
            id: keys.store().to_owned(),
            project: project.to_owned(),
            environment: environment.to_owned(),
            slots: Vec::new(),
            sealed: String::new(),
        };
        keyring.slots = keyring.wrap_all(keys.root(), wraps, entropy).await?;
        keyring.reseal(&keys, entropy)?;
        Ok((keyring, keys))
    }

    /// The keys, by the first of `wraps` that has a slot and opens it. Only slots that name a key at hand are tried.
    pub async fn open(&self, wraps: &[&dyn KeyWrap]) -> Result<Keys, KeyringError> {
        self.open_by(wraps).await.map(|(keys, _)| keys)
    }

    /// The same, with the recipient that opened it: those on this machine are asked first, one after another, and then all others at once.
    pub async fn open_by(&self, wraps: &[&dyn KeyWrap]) -> Result<(Keys, Recipient), KeyringError> {
        let (remote, local): (Vec<&dyn KeyWrap>, Vec<&dyn KeyWrap>) = wraps.iter().partition(|wrap| wrap.is_remote());
        let far: FuturesUnordered<_> = remote.into_iter().map(|wrap| self.ask(wrap)).collect();
        let mut answers = pin!(stream::iter(local).then(|wrap| self.ask(wrap)).chain(far));
        let mut refusals = Vec::new();
        while let Some(answer) = answers.next().await {
            match answer {
                Some((recipient, Ok(root))) => return Ok((self.open_with(root)?, recipient)),
                Some((recipient, Err(error))) => refusals.push((recipient, error)),
                None => {}
            }
        }
        if refusals.is_empty() {
            return Err(KeyringError::NoKey {
                tried: wraps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                recipients: self.recipients().cloned().collect(),
            });
        }
        Err(KeyringError::Refused { refusals })
    }

    /// What a recipient makes of its slot; `None` where it has none.
    async fn ask(&self, wrap: &dyn KeyWrap) -> Option<(Recipient, Result<RootKey, KeyError>)> {
        let recipient = wrap.recipient();
        let slot = self.slots.iter().find(|slot| slot.recipient == recipient)?;
        Some((recipient, wrap.unwrap(slot, &self.slot_context(&slot.recipient)).await?))
    }

    /// Lets one more recipient open the keyring.
    pub async fn add(&mut self, keys: &Keys, wrap: &dyn KeyWrap, entropy: &dyn Entropy) -> Result<(), KeyringError> {
        self.prove(keys)?;
        let recipient = wrap.recipient();
        if self.recipients().any(|other| *other == recipient) {
            return Err(KeyringError::RecipientTwice { recipient });
        }
        let mut next = self.clone();
        next.slots.extend(self.wrap_all(keys.root(), &[wrap], entropy).await?);
        next.reseal(keys, entropy)?;
        *self = next;
        Ok(())
    }

    /// Takes a recipient's slot away. Whoever has an earlier copy of the keyring still opens that one: rotate afterwards.
    pub fn remove(&mut self, keys: &Keys, recipient: &Recipient, entropy: &dyn Entropy) -> Result<(), KeyringError> {
        self.prove(keys)?;
        let mut next = self.clone();
        next.slots.retain(|slot| slot.recipient != *recipient);
        if next.slots.len() == self.slots.len() {
            return Err(KeyringError::RecipientUnknown { recipient: recipient.clone(), recipients: self.recipients().cloned().collect() });
        }
        if next.slots.is_empty() {
            return Err(KeyringError::LastRecipient { recipient: recipient.clone() });
        }
        next.reseal(keys, entropy)?;
        *self = next;
        Ok(())
    }

    /// Puts a new root key in place of the present one, wrapped for `wraps`, among which every present recipient must be. All
    /// keys are new, the naming key only where `names` asks for it; what earlier root keys sealed still opens.
    pub async fn rotate(&mut self, keys: &Keys, wraps: &[&dyn KeyWrap], names: bool, entropy: &dyn Entropy) -> Result<Keys, KeyringError> {
        self.prove(keys)?;
        let brought: BTreeSet<Recipient> = wraps.iter().map(|wrap| wrap.recipient()).collect();
        let left_out: Vec<Recipient> = self.recipients().filter(|recipient| !brought.contains(recipient)).cloned().collect();
        if !left_out.is_empty() {
            return Err(KeyringError::LeftOut { recipients: left_out });
        }
        let rotated = keys.rotated(RootKey::generate(entropy), names.then(|| RootKey::generate(entropy).0));
        let mut next = self.clone();
        next.slots = self.wrap_all(rotated.root(), wraps, entropy).await?;
        next.reseal(&rotated, entropy)?;
        *self = next;
        Ok(rotated)
    }

    /// An error unless the keyring was made for this project and environment: a keyring that was put in another's place opens
    /// none of the other's secrets, but new secrets must not be sealed under it.
    pub fn expect(&self, project: &str, environment: &str) -> Result<(), KeyringError> {
        if (&*self.project, &*self.environment) == (project, environment) {
            return Ok(());
        }
        Err(KeyringError::Misplaced {
            project: self.project.clone(),
            environment: self.environment.clone(),
            expected: (project.to_owned(), environment.to_owned()),
        })
    }

    /// The random id: 32 hexadecimal characters. [`Keys::store`] is the same.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The project that it was made for.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The environment that it was made for.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Who can open it.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.slots.iter().map(|slot| &slot.recipient)
    }

    async fn wrap_all(&self, root: &RootKey, wraps: &[&dyn KeyWrap], entropy: &dyn Entropy) -> Result<Vec<Slot>, KeyringError> {
        if wraps.is_empty() {
            return Err(KeyringError::NoRecipient);
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut refusals = Vec::new();
        for wrap in wraps {
            let recipient = wrap.recipient();
            if slots.iter().any(|slot| slot.recipient == recipient) {
                return Err(KeyringError::RecipientTwice { recipient });
            }
            match wrap.wrap(root, &self.slot_context(&recipient), entropy).await {
                Ok(slot) => slots.push(slot),
                Err(error) => refusals.push((recipient, error)),
            }
        }
        if refusals.is_empty() { Ok(slots) } else { Err(KeyringError::Refused { refusals }) }
    }

    fn reseal(&mut self, keys: &Keys, entropy: &dyn Entropy) -> Result<(), KeyringError> {
        let sealed = keys.seal(&self.context(&self.clear_digest()), keys.inner().expose(), entropy);
        self.sealed = STANDARD.encode(sealed);
        self.check()
    }

    fn open_with(&self, root: RootKey) -> Result<Keys, KeyringError> {
        let sealed = STANDARD.decode(&self.sealed).map_err(|_| KeyringError::Changed)?;
        Keys::opened(&self.id, root, &self.context(&self.clear_digest()), &sealed).map_err(|_| KeyringError::Changed)
    }

    /// Refuses keys of another keyring, and to seal what was edited in clear.
    fn prove(&self, keys: &Keys) -> Result<(), KeyringError> {
        self.open_with(keys.root().duplicate()).map(drop)
    }

    fn context<'a>(&'a self, identity: &'a str) -> SealContext<'a> {
        SealContext {
            store: &self.id,
            project: &self.project,
            environment: &self.environment,
            kind: SealedKind::Keyring,
            identity,
            number: 0,
            predecessor: None,
        }
    }

    fn slot_context(&self, recipient: &Recipient) -> Vec<u8> {
        SealContext { kind: SealedKind::Slot, ..self.context(&recipient.to_string()) }.encode(FORMAT.as_bytes())
    }

    /// A digest of everything in clear, in hexadecimal.
    fn clear_digest(&self) -> String {
        let mut parts: Vec<Vec<u8>> = [FORMAT, &self.id, &self.project, &self.environment].map(Into::into).into();
        for slot in &self.slots {
            parts.extend([&slot.recipient.kind, &slot.recipient.id, &slot.wrapped].map(|text| text.clone().into_bytes()));
            parts.push(slot.parameters.len().to_string().into_bytes());
            for (name, parameter) in &slot.parameters {
                parts.push(name.clone().into_bytes());
                parts.push(match parameter {
                    Parameter::Number(number) => format!("number {number}").into_bytes(),
                    Parameter::Text(text) => format!("text {text}").into_bytes(),
                });
            }
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Digest::plain(&parts).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Keyring;
    use super::KeyringError;
    use crate::clock::Machine;
    use crate::key::KeyFile;
    use crate::key::KeyWrap;
    use crate::key::MemoryKey;
    use crate::key::Parameter;
    use crate::key::Recipient;
    use crate::key::Slot;
    use crate::seal::Keys;
    use crate::seal::SealContext;
    use crate::seal::SealedKind;

    fn entry(keys: &Keys) -> SealContext<'_> {
        SealContext {
            store: keys.store(),
            project: "shop",
            environment: "dev",
            kind: SealedKind::VaultEntry,
            identity: "db-password",
            number: 1,
            predecessor: None,
        }
    }

    async fn of(wraps: &[&dyn KeyWrap]) -> (Keyring, Keys) {
        Keyring::create("shop", "dev", wraps, &Machine).await.unwrap()
    }

    #[tokio::test]
    async fn any_one_recipient_opens_it() {
        let (one, two, three) = (KeyFile::generate(&Machine), MemoryKey::new("two"), MemoryKey::new("three"));
        let (keyring, keys) = of(&[&one, &two]).await;
        assert_eq!(keyring.id(), keys.store());
        assert_eq!((keyring.project(), keyring.environment()), ("shop", "dev"));
        let sealed = keys.seal(&entry(&keys), b"hunter2", &Machine);
        let keyring = Keyring::parse(&keyring.to_text()).unwrap();
        for wraps in [&[&one as &dyn KeyWrap][..], &[&two], &[&three, &two], &[&two, &one]] {
            let opened = keyring.open(wraps).await.unwrap();
            assert_eq!(opened.open(&entry(&opened), &sealed).unwrap().expose(), b"hunter2");
            assert_eq!(opened.name(&[b"x"]), keys.name(&[b"x"]));
            assert_eq!(opened.chain(&[b"x"]), keys.chain(&[b"x"]));
        }
        assert_eq!(three.asked(), 0);
    }

    #[tokio::test]
    async fn without_a_key_it_says_which_would_do() {
        let (two, three) = (MemoryKey::new("two"), MemoryKey::new("three"));
        let (keyring, _) = of(&[&two]).await;
        let expected = "no key was given for the keyring; it opens with memory two";
        let tried = "memory key three does not open the keyring; it opens with memory two";
        assert_eq!(keyring.open(&[&three]).await.unwrap_err().to_string(), tried);
        assert_eq!(keyring.open(&[]).await.unwrap_err().to_string(), expected);
    }

    #[tokio::test]
    async fn a_recipient_that_fails_leaves_it_to_the_next() {
        let (one, two) = (MemoryKey::new("one"), MemoryKey::new("two"));
        let (keyring, _) = of(&[&one, &two]).await;
        one.forget();
        assert!(keyring.open(&[&one, &two]).await.is_ok());
        let error = keyring.open(&[&one]).await.unwrap_err();
        assert_eq!(error.to_string(), "memory key one never made this slot in this context");
        assert_eq!(error.next(), "bring the slot back as it was made");
    }

    #[tokio::test]
    async fn recipients_come_and_go() {
        let (one, two) = (MemoryKey::new("one"), KeyFile::generate(&Machine));
        let (mut keyring, keys) = of(&[&one]).await;
        let before = keyring.clone();
        keyring.add(&keys, &two, &Machine).await.unwrap();
        assert_eq!(keyring.recipients().count(), 2);
        assert_eq!(keyring.open(&[&two]).await.unwrap().generation(), keys.generation());
        let twice = keyring.add(&keys, &two, &Machine).await.unwrap_err();
        assert_eq!(twice, KeyringError::RecipientTwice { recipient: two.recipient() });
        keyring.remove(&keys, &one.recipient(), &Machine).unwrap();
        assert!(matches!(keyring.open(&[&one]).await, Err(KeyringError::NoKey { .. })));
        assert!(keyring.open(&[&two]).await.is_ok());
        let unknown = keyring.remove(&keys, &one.recipient(), &Machine).unwrap_err();
        assert_eq!(unknown, KeyringError::RecipientUnknown { recipient: one.recipient(), recipients: vec![two.recipient()] });
        let last = keyring.remove(&keys, &two.recipient(), &Machine).unwrap_err();
        assert_eq!(last, KeyringError::LastRecipient { recipient: two.recipient() });
        assert!(before.open(&[&one]).await.is_ok());
    }

    #[tokio::test]
    async fn a_failed_change_changes_nothing() {
        let (one, two) = (MemoryKey::new("one"), MemoryKey::new("two"));
        let (mut keyring, keys) = of(&[&one, &two]).await;
        let before = keyring.clone();
        keyring.rotate(&keys, &[&one], false, &Machine).await.unwrap_err();
        keyring.rotate(&keys, &[&one, &two, &two], false, &Machine).await.unwrap_err();
        let (_, foreign) = of(&[&one]).await;
        assert_eq!(keyring.add(&foreign, &MemoryKey::new("x"), &Machine).await.unwrap_err(), KeyringError::Changed);
        assert_eq!(keyring.remove(&foreign, &one.recipient(), &Machine).unwrap_err(), KeyringError::Changed);
        assert_eq!(keyring.rotate(&foreign, &[&one, &two], false, &Machine).await.unwrap_err(), KeyringError::Changed);
        assert_eq!(keyring, before);
    }

    #[tokio::test]
    async fn rotation_keeps_names_and_what_was_sealed() {
        let (one, two) = (KeyFile::generate(&Machine), MemoryKey::new("two"));
        let (mut keyring, first) = of(&[&one, &two]).await;
        let original = keyring.clone();
        let sealed = first.seal(&entry(&first), b"hunter2", &Machine);
        let mut keys = keyring.open(&[&one]).await.unwrap();
        for _ in 0..10 {
            keys = keyring.rotate(&keys, &[&one, &two], false, &Machine).await.unwrap();
        }
        let opened = Keyring::parse(&keyring.to_text()).unwrap().open(&[&two]).await.unwrap();
        assert_eq!(opened.generation(), keys.generation());
        assert_ne!(opened.generation(), first.generation());
        assert_eq!(opened.name(&[b"x"]), first.name(&[b"x"]));
        assert_eq!(opened.chain_of(first.generation(), &[b"x"]), Some(first.chain(&[b"x"])));
        assert_eq!(opened.open(&entry(&opened), &sealed).unwrap().expose(), b"hunter2");
        // A slot of the first generation in the present keyring.
        let mut replayed = keyring;
        replayed.slots = original.slots;
        assert_eq!(replayed.open(&[&one]).await.unwrap_err(), KeyringError::Changed);
    }

    #[tokio::test]
    async fn rotation_names_the_recipients_that_it_would_lose() {
        let (one, two) = (MemoryKey::new("one"), MemoryKey::new("two"));
        let (mut keyring, keys) = of(&[&one, &two]).await;
        let error = keyring.rotate(&keys, &[&one], false, &Machine).await.unwrap_err();
        assert_eq!(error, KeyringError::LeftOut { recipients: vec![two.recipient()] });
    }

    #[tokio::test]
    async fn every_edit_in_clear_is_noticed() {
        let (one, two) = (MemoryKey::new("one"), MemoryKey::new("two"));
        let (keyring, _) = of(&[&one, &two]).await;
        let other = of(&[&one, &two]).await.0;
        let mut edits = vec![keyring.clone(); 9];
        edits[0].slots.remove(1);
        edits[1].slots[1].recipient.id.push('x');
        edits[2].slots[1].recipient.kind.push('x');
        edits[3].slots[1].wrapped.push('x');
        edits[4].slots[1].parameters.insert("a".into(), Parameter::from(1));
        edits[5].slots.swap(0, 1);
        edits[6].slots[1] = other.slots[1].clone();
        edits[7].slots.push(Slot { recipient: Recipient { kind: "memory".into(), id: "x".into() }, ..keyring.slots[1].clone() });
        edits[8].sealed.clone_from(&other.sealed);
        for (index, edit) in edits.iter().enumerate() {
            assert_eq!(edit.open(&[&one]).await.unwrap_err(), KeyringError::Changed, "edit {index}");
        }
        let mut elsewhere = vec![keyring.clone(); 3];
        elsewhere[0].id = other.id.clone();
        elsewhere[1].project = "shop2".into();
        elsewhere[2].environment = "prod".into();
        for edit in elsewhere {
            assert!(matches!(edit.open(&[&one]).await, Err(KeyringError::Refused { .. })));
        }
        assert!(keyring.open(&[&one]).await.is_ok());
    }

    #[tokio::test]
    async fn every_changed_character_of_the_text_is_noticed() {
        let one = KeyFile::generate(&Machine);
        let (keyring, keys) = of(&[&one]).await;
        let text = keyring.to_text();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] ^= 1;
            let Ok(read) = Keyring::parse(std::str::from_utf8(&changed).unwrap()) else { continue };
            assert!(read.open(&[&one]).await.is_err(), "character {index}: {}", String::from_utf8_lossy(&changed));
        }
        assert_eq!(keyring.open(&[&one]).await.unwrap().generation(), keys.generation());
    }

    #[tokio::test]
    async fn an_edited_keyring_is_never_sealed_anew() {
        let one = MemoryKey::new("one");
        let (mut keyring, keys) = of(&[&one]).await;
        keyring.slots.push(Slot { recipient: Recipient { kind: "memory".into(), id: "x".into() }, ..keyring.slots[0].clone() });
        assert_eq!(keyring.add(&keys, &MemoryKey::new("two"), &Machine).await.unwrap_err(), KeyringError::Changed);
    }

    #[tokio::test]
    async fn nobody_and_the_same_twice_are_refused() {
        let one = MemoryKey::new("one");
        assert_eq!(Keyring::create("shop", "dev", &[], &Machine).await.unwrap_err(), KeyringError::NoRecipient);
        let error = Keyring::create("shop", "dev", &[&one, &one], &Machine).await.unwrap_err();
        assert_eq!(error, KeyringError::RecipientTwice { recipient: one.recipient() });
        assert!(matches!(Keyring::create("", "dev", &[&one], &Machine).await, Err(KeyringError::Invalid { .. })));
    }

    #[tokio::test]
    async fn knows_where_it_belongs() {
        let (keyring, _) = of(&[&MemoryKey::new("one")]).await;
        assert_eq!(keyring.expect("shop", "dev"), Ok(()));
        for (project, environment) in [("shop", "prod"), ("shed", "dev")] {
            let error = keyring.expect(project, environment).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the keyring was made for environment `dev` of project `shop`, not for `{environment}` of `{project}`")
            );
        }
    }
}
