//! The recipients that the settings name, against the slots that a keyring has.

use std::collections::BTreeSet;

use crate::key::Keyring;
use crate::key::Recipient;

/// A recipient that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRecipient {
    /// `key-file`, `passphrase`, ….
    pub kind: String,
    /// The key's own id; `None` where only the key says it, and the key is not at hand.
    pub id: Option<String>,
}

/// How the settings and a keyring differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringDifference {
    /// For each expected recipient, the one that has a slot; `None` where none has.
    pub found: Vec<Option<Recipient>>,
    /// Recipients that have a slot and are not expected.
    pub extra: Vec<Recipient>,
    /// Kinds of which one key is not at hand while several slots could be its: which of them is extra is not known.
    pub unclear: BTreeSet<String>,
}

impl KeyringDifference {
    /// Whether each has the other's recipients.
    pub fn is_equal(&self) -> bool {
        self.extra.is_empty() && self.found.iter().all(Option::is_some)
    }
}

impl Keyring {
    /// Compares its slots with what is expected: by id where that is known, and then what is left by kind.
    pub fn compare(&self, expected: &[ExpectedRecipient]) -> KeyringDifference {
        let mut rest: Vec<&Recipient> = self.recipients().collect();
        let mut take = |is: &dyn Fn(&Recipient) -> bool| {
            let at = rest.iter().position(|recipient| is(recipient))?;
            Some(rest.remove(at).clone())
        };
        let mut found: Vec<Option<Recipient>> = expected
            .iter()
            .map(|expected| {
                let id = expected.id.as_ref()?;
                take(&|recipient| (&recipient.kind, &recipient.id) == (&expected.kind, id))
            })
            .collect();
        let unnamed = |expected: &&ExpectedRecipient| expected.id.is_none();
        for (found, expected) in found.iter_mut().zip(expected).filter(|(_, expected)| unnamed(expected)) {
            *found = take(&|recipient| recipient.kind == expected.kind);
        }
        let extra: Vec<Recipient> = rest.into_iter().cloned().collect();
        let is_extra = |expected: &&ExpectedRecipient| extra.iter().any(|recipient| recipient.kind == expected.kind);
        let unclear = expected.iter().filter(unnamed).filter(is_extra).map(|expected| expected.kind.clone()).collect();
        KeyringDifference { found, extra, unclear }
    }
}

#[cfg(test)]
mod tests {
    use super::ExpectedRecipient;
    use crate::clock::Machine;
    use crate::key::KeyWrap;
    use crate::key::Keyring;
    use crate::key::MemoryKey;

    fn expected(ids: &[Option<&str>]) -> Vec<ExpectedRecipient> {
        ids.iter().map(|id| ExpectedRecipient { kind: "memory".to_owned(), id: id.map(str::to_owned) }).collect()
    }

    #[tokio::test]
    async fn what_is_missing_and_what_is_extra_is_known_by_id() {
        let keys = ["one", "two", "three"].map(MemoryKey::new);
        let wraps: Vec<&dyn KeyWrap> = keys.iter().map(|key| key as _).collect();
        let (keyring, _) = Keyring::create("shop", "dev", &wraps, &Machine).await.unwrap();
        let compare = |ids: &[Option<&str>]| {
            let comparison = keyring.compare(&expected(ids));
            let found: Vec<_> = comparison.found.iter().map(|found| found.as_ref().map(|found| found.id.clone())).collect();
            let extra: Vec<_> = comparison.extra.iter().map(|extra| extra.id.as_str()).collect();
            (
                found.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" "),
                extra.join(" "),
                !comparison.unclear.is_empty(),
            )
        };
        let case = |ids: &[Option<&str>], found: &str, extra: &str, unclear| {
            assert_eq!(compare(ids), (found.to_owned(), extra.to_owned(), unclear), "{ids:?}");
        };
        case(&[Some("three"), Some("one"), Some("two")], "three one two", "", false);
        case(&[Some("one"), Some("four"), Some("two")], "one  two", "three", false);
        // A key that is not at hand could be any that is left.
        case(&[None, Some("one"), Some("three")], "two one three", "", false);
        case(&[None, Some("one")], "two one", "three", true);
        case(&[None, None, None, None], "one two three ", "", false);
        assert!(keyring.compare(&expected(&[Some("one"), Some("two"), None])).is_equal());
        assert!(!keyring.compare(&expected(&[Some("one"), Some("two"), None, None])).is_equal());
        let other = ExpectedRecipient { kind: "other".to_owned(), id: Some("one".to_owned()) };
        assert_eq!(keyring.compare(&[other]).extra.len(), 3);
    }
}
