//! The vaults of an environment: what the project file says of them, and what applies.

mod field;
mod kind;
mod resolve;
mod target;

pub(in crate::project) use field::Field;
pub(in crate::project) use field::fields;
pub use kind::VaultKind;
pub(in crate::project) use resolve::target;
pub use target::{AwsTarget, AzureTarget, GcpTarget, HashicorpTarget, VaultTarget};

use std::collections::BTreeMap;

use crate::project::spanned::Spanned;

/// A vault of an environment, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultEntry {
    /// Its name, a DNS label; `default` is what blanks that name none are filled from.
    pub name: Spanned<String>,
    /// What it is.
    pub kind: VaultKind,
    /// What is said of it, by key.
    pub said: BTreeMap<&'static str, Spanned<String>>,
    /// The program of a vault of kind `exec`, with its arguments.
    pub command: Vec<Spanned<String>>,
    /// What its secrets' names must begin with; none means no limit.
    pub prefixes: Vec<Spanned<String>>,
}

/// A vault as it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultSettings {
    /// What was said of it; carries the prefixes.
    pub entry: VaultEntry,
    /// Where it is and how it is entered.
    pub target: VaultTarget,
}

impl VaultEntry {
    /// A vault of which nothing is said but its kind.
    pub(in crate::project) fn bare(name: Spanned<String>, kind: VaultKind) -> Self {
        Self { name, kind, said: BTreeMap::new(), command: Vec::new(), prefixes: Vec::new() }
    }
}
