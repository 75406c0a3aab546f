//! A key of a kind of vault, and the forms of its text.

use crate::project::check::BadText;
use crate::project::check::address;
use crate::project::check::path;
use crate::project::check::some;
use crate::project::check::vault_path;
use crate::project::path::normalise;
use crate::project::variable::Variable;
use crate::suggest::suggest;

/// A key of a kind of vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) struct Field {
    /// The key.
    pub(in crate::project) key: &'static str,
    /// What its text is.
    pub(in crate::project) form: Form,
    /// What it says, for the schema.
    pub(in crate::project) about: &'static str,
    /// The variables that fill it where the project file leaves it open, the first one first.
    pub(in crate::project) variables: &'static [Variable],
    /// What applies where nobody says anything; `ENV` is the environment's name.
    pub(in crate::project) default: Option<&'static str>,
    /// Whether there is no vault without it.
    pub(in crate::project) required: bool,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) enum Form {
    /// Any text that is not empty.
    Text,
    /// A list of such texts.
    Texts,
    /// An `http` or `https` address.
    Address,
    /// A path beneath the root; in a variable a path anywhere.
    Path,
    /// A path inside a vault.
    VaultPath,
    /// A whole number from 1 on.
    Count,
    /// One of these words, each of which is such a thing.
    Word(&'static [&'static str], &'static str),
}

/// A key that may be left out.
pub(super) const fn field(key: &'static str, form: Form, about: &'static str) -> Field {
    Field { key, form, about, variables: &[], default: None, required: false }
}

impl Field {
    pub(super) const fn or(self, variables: &'static [Variable]) -> Self {
        Self { variables, ..self }
    }

    pub(super) const fn default(self, text: &'static str) -> Self {
        Self { default: Some(text), ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Whether the project file itself has to say it: no variable can.
    pub(in crate::project) fn is_said(&self) -> bool {
        self.required && self.variables.is_empty()
    }
}

impl Form {
    /// Whether a text of the project file has this form.
    pub(in crate::project) fn check(self, text: &str) -> Result<(), BadText> {
        match self {
            Self::Text | Self::Texts | Self::Count => some(text),
            Self::Address => address(text),
            Self::Path => path(text),
            Self::VaultPath => vault_path(text),
            Self::Word(words, what) => word(text, words, what),
        }
    }

    /// Whether a variable's text has it.
    pub(in crate::project) fn check_variable(self, text: &str) -> Result<(), BadText> {
        match self {
            Self::Path => some(text),
            other => other.check(text),
        }
    }

    /// The text in the one way of writing it.
    pub(in crate::project) fn tidy(self, text: String) -> String {
        match self {
            Self::Path => normalise(&text).unwrap_or(text),
            Self::VaultPath => text.strip_suffix('/').map_or(text.clone(), str::to_owned),
            Self::Text | Self::Texts | Self::Address | Self::Count | Self::Word(..) => text,
        }
    }
}

fn word(text: &str, words: &[&str], what: &str) -> Result<(), BadText> {
    if words.contains(&text) {
        return Ok(());
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let next = match suggest(text, words.iter().copied()) {
        Some(word) => format!("write `{word}`"),
        None => format!("write one of {}", quoted.join(", ")),
    };
    Err(BadText { reason: format!("is not {what}"), next })
}
