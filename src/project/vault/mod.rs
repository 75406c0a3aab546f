//! The vaults of an environment: what the project file says of them, and what applies.

mod field;
mod key_kind;
mod kind;
mod settings;

pub(in crate::project) use field::Field;
pub(in crate::project) use field::Form;
pub(in crate::project) use key_kind::KeyKind;
pub use kind::VaultKind;
pub use settings::VaultSettings;

use std::collections::BTreeMap;

use crate::project::spanned::Spanned;

/// A vault of an environment, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultEntry {
    /// Its name, a DNS label; `default` is what blanks that name none are filled from.
    pub name: Spanned<String>,
    /// What it is, or what is entered as it is.
    pub kind: VaultKind,
    /// Where it is no vault and holds a key: of which kind.
    pub key: Option<KeyKind>,
    /// What is said of it, by key: one text, or all of a list.
    pub said: BTreeMap<&'static str, Vec<Spanned<String>>>,
    /// What its secrets' names must begin with; there is no limit without any.
    pub prefixes: Vec<Spanned<String>>,
}

impl VaultEntry {
    /// The keys that can be said of it.
    pub(in crate::project) fn fields(&self) -> Vec<&'static Field> {
        self.key.map_or_else(|| self.kind.fields().iter().collect(), KeyKind::fields)
    }

    /// The one text that is said under `key`.
    pub(in crate::project) fn text(&self, key: &str) -> Option<&Spanned<String>> {
        self.said.get(key)?.first()
    }
}
