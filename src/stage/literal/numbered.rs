//! Literal values of two reviews of one project, told apart without a key.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::manifest::Identity;
use crate::secret::Secret;

/// The values that were seen under each key of a Secret. What is shown of one is its number among them, which says whether two are equal and nothing
/// else.
#[derive(Default)]
pub struct NumberedLiterals {
    seen: Mutex<HashMap<(Identity, String), Vec<Secret>>>,
}

impl NumberedLiterals {
    /// What is shown in place of `value` under a key of that Secret.
    pub fn mask(&self, identity: &Identity, key: &str, value: &Secret) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let values = seen.entry((identity.clone(), key.to_owned())).or_default();
        let known = values.iter().position(|known| known.expose() == value.expose());
        let at = known.unwrap_or_else(|| {
            values.push(Secret::copy_of(value.expose()));
            values.len() - 1
        });
        format!("<literal {}>", at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::NumberedLiterals;
    use crate::manifest::Identity;
    use crate::secret::Secret;

    #[test]
    fn equal_values_of_a_key_have_one_number() {
        let literals = NumberedLiterals::default();
        let named = |name: &str| Identity { api_version: "v1".into(), kind: "Secret".into(), namespace: "shop".into(), name: name.into() };
        let mask = |name: &str, key: &str, value: &str| literals.mask(&named(name), key, &Secret::copy_of(value.as_bytes()));
        assert_eq!(mask("a", "k", "one"), "<literal 1>");
        assert_eq!(mask("a", "k", "two"), "<literal 2>");
        assert_eq!(mask("a", "k", "one"), "<literal 1>");
        assert_eq!((mask("a", "l", "two"), mask("b", "k", "three")), ("<literal 1>".to_owned(), "<literal 1>".to_owned()));
    }
}
