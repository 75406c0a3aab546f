//! An age recipient (C2SP age, X25519): the root key and the context's digest are an age file for the public key, in base64.

use std::collections::BTreeMap;
use std::fmt;

use age::x25519::Identity;
use age::x25519::Recipient as PublicKey;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Entropy;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Recipient;
use crate::key::Slot;
use crate::key::binding::bound;
use crate::key::binding::unbound;
use crate::seal::RootKey;
use crate::secret::Secret;

/// A public key of age, with its identity where that is at hand. age itself draws the randomness of what it encrypts.
pub struct AgeKey {
    id: String,
    public: PublicKey,
    identity: Option<Identity>,
}

impl AgeKey {
    /// The public key `recipient`, and its identity if it is among `identities`: the text of an identity file, in which lines that begin with
    /// `#` and identities of plugins do not count.
    ///
    /// # Errors
    /// A public key or identities that are not age's, which are not shown.
    pub fn new(recipient: &str, identities: Option<&Secret>) -> Result<Self, KeyError> {
        let public: PublicKey = recipient.parse().map_err(|_| {
            KeyError::new(format!("`{recipient}` is not an age recipient"), "write the public key that `age-keygen -y` prints: `age1…`")
        })?;
        let text = identities.map(|identities| identities.expose_text().ok_or_else(unreadable)).transpose()?;
        let mut identity = None;
        for line in text.unwrap_or_default().lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') || line.starts_with("AGE-PLUGIN-") {
                continue;
            }
            let one: Identity = line.parse().map_err(|_| unreadable())?;
            if one.to_public().to_string() == recipient {
                identity = Some(one);
            }
        }
        Ok(Self { id: recipient.to_owned(), public, identity })
    }

    fn opened(&self, identity: &Identity, slot: &Slot, context: &[u8]) -> Option<RootKey> {
        let sealed = STANDARD.decode(&slot.wrapped).ok().filter(|_| slot.parameters.is_empty())?;
        unbound(&Secret::new(age::decrypt(identity, &sealed).ok()?), context)
    }
}

#[async_trait]
impl KeyWrap for AgeKey {
    fn recipient(&self) -> Recipient {
        Recipient { kind: KIND.to_owned(), id: self.id.clone() }
    }

    async fn wrap(&self, root: &RootKey, context: &[u8], _: &dyn Entropy) -> Result<Slot, KeyError> {
        let sealed = age::encrypt(&self.public, bound(root, context).expose());
        let sealed = sealed.map_err(|_| KeyError::new(format!("age does not encrypt for {}", self.id), "check the public key"))?;
        Ok(Slot { recipient: self.recipient(), parameters: BTreeMap::new(), wrapped: STANDARD.encode(sealed) })
    }

    fn can_open(&self) -> bool {
        self.identity.is_some()
    }

    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>> {
        let identity = self.identity.as_ref().filter(|_| slot.recipient == self.recipient())?;
        Some(self.opened(identity, slot, context).ok_or_else(|| KeyError::unopened(self)))
    }
}

impl fmt::Display for AgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND} {}", self.id)
    }
}

impl fmt::Debug for AgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeKey({})", self.id)
    }
}

fn unreadable() -> KeyError {
    KeyError::new(
        "what is given as age identities has a line that is not an X25519 identity",
        "check that each line is `AGE-SECRET-KEY-1…` or begins with `#`; ssh keys cannot be used",
    )
}

const KIND: &str = "age";

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;
    use age::x25519::Identity;

    use super::AgeKey;
    use crate::clock::Machine;
    use crate::key::KeyWrap;
    use crate::key::suite;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    fn generate() -> (String, Secret) {
        let identity = Identity::generate();
        let text = format!("# created\n\n{}\n", identity.to_string().expose_secret());
        (identity.to_public().to_string(), Secret::new(text.into_bytes()))
    }

    #[tokio::test]
    async fn conforms() {
        let [one, two] = [generate(), generate()].map(|(public, identity)| AgeKey::new(&public, Some(&identity)).unwrap());
        suite::conforms(&one, &two).await;
    }

    #[tokio::test]
    async fn wraps_with_the_public_key_alone() {
        let (public, identity) = generate();
        let (alone, whole) = (AgeKey::new(&public, None).unwrap(), AgeKey::new(&public, Some(&identity)).unwrap());
        let root = RootKey::generate(&Machine);
        let slot = alone.wrap(&root, b"shop", &Machine).await.unwrap();
        assert!(alone.unwrap(&slot, b"shop").await.is_none() && !alone.can_open(), "its holder is not at hand");
        assert!(whole.unwrap(&slot, b"shop").await.unwrap().unwrap().0.ct_eq(&root.0));
        let other = AgeKey::new(&public, Some(&generate().1)).unwrap();
        assert!(!other.can_open());
    }

    #[test]
    fn what_is_not_an_identity_is_refused_and_not_shown() {
        let (public, identity) = generate();
        for text in ["CANARY", "AGE-SECRET-KEY-1CANARY", "-----BEGIN OPENSSH PRIVATE KEY-----"] {
            let error = AgeKey::new(&public, Some(&Secret::copy_of(text.as_bytes()))).unwrap_err();
            assert_eq!(error.reason, "what is given as age identities has a line that is not an X25519 identity");
            assert!(!format!("{error:?}").contains("CANARY"));
        }
        assert!(AgeKey::new(&public, Some(&Secret::copy_of(b"AGE-PLUGIN-YUBIKEY-1XYZ\n"))).is_ok_and(|key| !key.can_open()));
        assert!(AgeKey::new(&public, Some(&identity)).unwrap().can_open());
        let error = AgeKey::new("age1xyz", None).unwrap_err();
        assert_eq!(error.reason, "`age1xyz` is not an age recipient");
    }
}
