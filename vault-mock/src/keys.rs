//! Keys that a service holds: what they encrypt comes back in the same context only. What a text stands for is remembered, not computed, so that
//! a change of it is noticed as a real cipher notices it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::rand::{SecureRandom as _, SystemRandom};

/// The keys that every server has.
const NAMES: [&str; 2] = ["cloze", "other"];

/// Keys, and all that they encrypted.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sealed: BTreeMap<Vec<u8>, Held>,
    disabled: BTreeSet<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Held {
    key: String,
    context: Vec<u8>,
    plain: Vec<u8>,
}

/// Why a key did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    Disabled,
    /// It is not what the key encrypted, or the context is another.
    Wrong,
}

impl Keys {
    /// Switches a key off, or on.
    pub(crate) fn disable(&self, key: &str, disabled: bool) {
        let mut state = self.state();
        if disabled {
            state.disabled.insert(key.to_owned())
        } else {
            state.disabled.remove(key)
        };
    }

    /// `length` bytes that stand for `plain`.
    pub(crate) fn encrypt(&self, key: &str, plain: &[u8], context: &[u8], length: usize) -> Result<Vec<u8>, Refusal> {
        let mut state = self.state();
        state.check(key)?;
        let mut sealed = vec![0; length];
        SystemRandom::new().fill(&mut sealed).map_err(|_| Refusal::Wrong)?;
        let held = Held { key: key.to_owned(), context: context.to_vec(), plain: plain.to_vec() };
        state.sealed.insert(sealed.clone(), held);
        Ok(sealed)
    }

    /// What `sealed` stands for.
    pub(crate) fn decrypt(&self, key: &str, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Refusal> {
        let state = self.state();
        state.check(key)?;
        let held = state.sealed.get(sealed).filter(|held| held.key == key && held.context == context);
        held.map(|held| held.plain.clone()).ok_or(Refusal::Wrong)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, key: &str) -> Result<(), Refusal> {
        match key {
            _ if !NAMES.contains(&key) => Err(Refusal::Unknown),
            _ if self.disabled.contains(key) => Err(Refusal::Disabled),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, Refusal};

    #[test]
    fn what_a_key_encrypted_comes_back_in_its_context_only() {
        let keys = Keys::default();
        let sealed = keys.encrypt("cloze", b"plain", b"here", 64).unwrap();
        assert_eq!(keys.decrypt("cloze", &sealed, b"here").unwrap(), b"plain");
        for (key, sealed, context) in [("cloze", &sealed[..], &b"there"[..]), ("other", &sealed, b"here"), ("cloze", &sealed[1..], b"here")]
        {
            assert_eq!(keys.decrypt(key, sealed, context), Err(Refusal::Wrong));
        }
        assert_eq!(keys.encrypt("none", b"", b"", 64), Err(Refusal::Unknown));
        keys.disable("cloze", true);
        assert_eq!(keys.decrypt("cloze", &sealed, b"here"), Err(Refusal::Disabled));
    }
}
