//! A strict key recipient in memory, for tests: it takes back exactly what it gave, in the same context, and counts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use crate::clock::Entropy;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Recipient;
use crate::key::Slot;
use crate::seal::RootKey;

/// A key recipient that keeps the root keys itself and hands out tokens.
#[derive(Debug)]
pub(crate) struct MemoryKey {
    id: String,
    kept: Mutex<BTreeMap<String, Kept>>,
    asked: AtomicUsize,
}

#[derive(Debug)]
struct Kept {
    root: RootKey,
    slot: Slot,
    context: Vec<u8>,
}

impl MemoryKey {
    /// A key recipient with no root key yet.
    #[must_use]
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kept: Mutex::default(), asked: AtomicUsize::new(0) }
    }

    /// How often a slot of its own was brought to it.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Forgets every root key, as a key service does whose key was destroyed.
    pub(crate) fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl KeyWrap for MemoryKey {
    fn recipient(&self) -> Recipient {
        Recipient { kind: "memory".to_owned(), id: self.id.clone() }
    }

    async fn wrap(&self, root: &RootKey, context: &[u8], entropy: &dyn Entropy) -> Result<Slot, KeyError> {
        let mut token = [0; 16];
        entropy.fill(&mut token);
        let wrapped = format!("{:032x}", u128::from_be_bytes(token));
        let slot = Slot { recipient: self.recipient(), parameters: BTreeMap::new(), wrapped: wrapped.clone() };
        let kept = Kept { root: root.duplicate(), slot: slot.clone(), context: context.to_vec() };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(wrapped, kept);
        Ok(slot)
    }

    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>> {
        if slot.recipient != self.recipient() {
            return None;
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&slot.wrapped).filter(|kept| kept.slot == *slot && kept.context == context);
        Some(found.map(|kept| kept.root.duplicate()).ok_or_else(|| {
            KeyError::new(format!("memory key {} never made this slot in this context", self.id), "bring the slot back as it was made")
        }))
    }
}

impl fmt::Display for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory key {}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryKey;
    use crate::clock::Machine;
    use crate::key::KeyWrap;
    use crate::key::suite;
    use crate::seal::RootKey;

    #[tokio::test]
    async fn conforms() {
        suite::conforms(&MemoryKey::new("one"), &MemoryKey::new("two")).await;
    }

    #[tokio::test]
    async fn forgets_when_told() {
        let key = MemoryKey::new("one");
        let slot = key.wrap(&RootKey::generate(&Machine), b"", &Machine).await.unwrap();
        assert!(key.unwrap(&slot, b"").await.unwrap().is_ok());
        key.forget();
        let error = key.unwrap(&slot, b"").await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "memory key one never made this slot in this context");
        assert_eq!(key.asked(), 2);
    }
}
