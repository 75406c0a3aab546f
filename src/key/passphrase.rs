//! A passphrase, made into a key by Argon2id (RFC 9106).

use std::collections::BTreeMap;
use std::fmt;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Block;
use argon2::Params;
use argon2::Version;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Parameter;
use crate::key::Recipient;
use crate::key::Slot;
use crate::seal::RootKey;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// A passphrase with a name. A slot's root key is sealed by Cobblestone-256 under what Argon2id makes of the passphrase.
#[derive(Debug)]
pub struct Passphrase {
    name: String,
    text: Secret,
    cost: Cost,
}

impl Passphrase {
    /// The passphrase `text`, that slots know by `name`; what it wraps costs [`Cost::DEFAULT`].
    #[must_use]
    pub fn new(name: impl Into<String>, text: Secret) -> Self {
        Self::with_cost(name, text, Cost::DEFAULT)
    }

    /// The same at another cost, which is raised to [`Cost::FLOOR`] and lowered to [`Cost::CEILING`].
    #[must_use]
    pub fn with_cost(name: impl Into<String>, text: Secret, cost: Cost) -> Self {
        Self { name: name.into(), text, cost: cost.within_bounds() }
    }

    /// Refuses a passphrase that is too short to wrap a key with.
    pub fn check(&self) -> Result<(), KeyError> {
        let length = self.text.expose_text().map_or(self.text.len(), |text| text.chars().count());
        if length < SHORTEST {
            return Err(KeyError::new(
                format!("the passphrase is too short: use at least {SHORTEST} characters"),
                "choose a longer one, such as five random words",
            ));
        }
        Ok(())
    }

    fn key(&self, salt: &[u8; SALT_LENGTH], cost: Cost) -> Result<Secret, KeyError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(RootKey::LENGTH)).map_err(|_| out_of_bounds(&self.name))?;
        // The crate's own blocks are not wiped when they are dropped.
        let mut blocks = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = SecretBuffer::with_capacity(RootKey::LENGTH);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(self.text.expose(), salt, key.extend_zeroed(RootKey::LENGTH), &mut blocks[..])
            .map_err(|_| KeyError::new("the passphrase is longer than Argon2 takes", "choose one below 4 GiB"))?;
        Ok(Secret::from(key))
    }
}

#[async_trait]
impl KeyWrap for Passphrase {
    fn recipient(&self) -> Recipient {
        Recipient { kind: KIND.to_owned(), id: self.name.clone() }
    }

    async fn wrap(&self, root: &RootKey, context: &[u8], entropy: &dyn Entropy) -> Result<Slot, KeyError> {
        self.check()?;
        let mut salt = [0; SALT_LENGTH];
        entropy.fill(&mut salt);
        let wrapped = STANDARD.encode(root.seal_under(&self.key(&salt, self.cost)?, context, entropy));
        let parameters = BTreeMap::from([
            (MEMORY.to_owned(), Parameter::from(u64::from(self.cost.memory_kib))),
            (PASSES.to_owned(), Parameter::from(u64::from(self.cost.passes))),
            (LANES.to_owned(), Parameter::from(u64::from(self.cost.lanes))),
            (SALT.to_owned(), Parameter::from(STANDARD.encode(salt))),
        ]);
        Ok(Slot { recipient: self.recipient(), parameters, wrapped })
    }

    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>> {
        if slot.recipient != self.recipient() {
            return None;
        }
        Some(read_parameters(&slot.parameters).ok_or_else(|| out_of_bounds(&self.name)).and_then(|(salt, cost)| {
            let sealed = STANDARD.decode(&slot.wrapped).unwrap_or_default();
            RootKey::open_under(&self.key(&salt, cost)?, context, &sealed).map_err(|_| {
                KeyError::new(
                    "the passphrase is wrong",
                    "type it again; if it is right, restore the keyring from version control or from the history",
                )
            })
        }))
    }
}

impl fmt::Display for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "passphrase {}", self.name)
    }
}

/// What one guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes, that can be computed at the same time.
    pub lanes: u32,
}

impl Cost {
    /// 256 MiB, three passes, four lanes: four times the memory of RFC 9106's second recommendation.
    pub const DEFAULT: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 };
    /// The least that a slot may ask for: RFC 9106's second recommendation.
    pub const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// The most that a slot may ask for, so that a hostile keyring cannot exhaust the machine.
    pub const CEILING: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

    fn within_bounds(self) -> Self {
        Self {
            memory_kib: self.memory_kib.clamp(Self::FLOOR.memory_kib, Self::CEILING.memory_kib),
            passes: self.passes.clamp(Self::FLOOR.passes, Self::CEILING.passes),
            lanes: self.lanes.clamp(Self::FLOOR.lanes, Self::CEILING.lanes),
        }
    }
}

/// Salt and cost of a slot, when they are whole and within the bounds; nothing is computed before.
fn read_parameters(parameters: &BTreeMap<String, Parameter>) -> Option<([u8; SALT_LENGTH], Cost)> {
    let number = |name| u32::try_from(parameters.get(name)?.number()?).ok();
    let cost = Cost { memory_kib: number(MEMORY)?, passes: number(PASSES)?, lanes: number(LANES)? };
    let salt = STANDARD.decode(parameters.get(SALT)?.text()?).ok()?;
    let whole = parameters.len() == 4 && cost == cost.within_bounds();
    whole.then_some((salt.try_into().ok()?, cost))
}

fn out_of_bounds(name: &str) -> KeyError {
    KeyError::new(
        format!("the slot of passphrase {name} asks for an Argon2 cost or salt that cloze does not take"),
        "restore the keyring from version control or from the history",
    )
}

const KIND: &str = "passphrase";
const MEMORY: &str = "memoryKiB";
const PASSES: &str = "passes";
const LANES: &str = "lanes";
const SALT: &str = "salt";
const SALT_LENGTH: usize = 16;
const SHORTEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::Cost;
    use super::Passphrase;
    use crate::clock::Machine;
    use crate::key::KeyWrap;
    use crate::key::Parameter;
    use crate::key::suite;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    fn passphrase(name: &str, text: &str) -> Passphrase {
        Passphrase::with_cost(name, Secret::copy_of(text.as_bytes()), Cost::FLOOR)
    }

    #[tokio::test]
    async fn conforms() {
        suite::conforms(&passphrase("team", "correct horse battery"), &passphrase("other", "correct horse battery")).await;
    }

    #[tokio::test]
    async fn another_passphrase_of_the_same_name_is_refused() {
        let root = RootKey::generate(&Machine);
        let slot = passphrase("team", "correct horse battery").wrap(&root, b"", &Machine).await.unwrap();
        let error = passphrase("team", "incorrect horse battery").unwrap(&slot, b"").await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the passphrase is wrong");
        assert!(error.next.starts_with("type it again"));
    }

    #[tokio::test]
    async fn short_passphrases_are_refused() {
        let error = passphrase("team", "hunter2hunt").wrap(&RootKey::generate(&Machine), b"", &Machine).await.unwrap_err();
        assert_eq!(error.to_string(), "the passphrase is too short: use at least 12 characters");
        assert!(error.next.starts_with("choose a longer one"));
    }

    #[tokio::test]
    async fn hostile_parameters_are_refused_before_any_work() {
        let team = passphrase("team", "correct horse battery");
        let slot = team.wrap(&RootKey::generate(&Machine), b"", &Machine).await.unwrap();
        let hostile: [(&str, Parameter); 13] = [
            ("memoryKiB", 65_535.into()),
            ("memoryKiB", 1_048_577.into()),
            ("memoryKiB", u64::MAX.into()),
            ("memoryKiB", "65536".to_owned().into()),
            ("passes", 2.into()),
            ("passes", 17.into()),
            ("passes", (u64::from(u32::MAX) + 4).into()),
            ("lanes", 3.into()),
            ("lanes", 17.into()),
            ("salt", String::new().into()),
            ("salt", "AAAA".to_owned().into()),
            ("salt", 7.into()),
            ("more", 7.into()),
        ];
        for (name, parameter) in hostile {
            let mut changed = slot.clone();
            changed.parameters.insert(name.to_owned(), parameter);
            let error = team.unwrap(&changed, b"").await.unwrap().unwrap_err();
            assert_eq!(error.to_string(), "the slot of passphrase team asks for an Argon2 cost or salt that cloze does not take");
        }
        for name in ["memoryKiB", "passes", "lanes", "salt"] {
            let mut changed = slot.clone();
            changed.parameters.remove(name);
            assert!(team.unwrap(&changed, b"").await.unwrap().is_err());
        }
    }

    #[test]
    fn a_cost_stays_within_its_bounds() {
        let least = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let most = Cost { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX };
        assert_eq!(Passphrase::with_cost("a", Secret::copy_of(b""), least).cost, Cost::FLOOR);
        assert_eq!(Passphrase::with_cost("a", Secret::copy_of(b""), most).cost, Cost::CEILING);
        assert_eq!(Passphrase::new("a", Secret::copy_of(b"")).cost, Cost::DEFAULT);
    }
}
