//! The closed lists of words in a project file.

use crate::manifest::ConfigKind;
use crate::manifest::Names;
use crate::project::vault::KeyKind;

/// The value of `apiVersion`.
pub(in crate::project) const API_VERSION: &str = "cloze.dev/v1";

/// The words of `names`.
pub(in crate::project) const NAMES: &[(&str, Names)] = &[("versioned", Names::Versioned), ("stable", Names::Stable)];

/// The words of `kind` of objects.
pub(in crate::project) const OBJECT_KINDS: &[(&str, ConfigKind)] = &[("ConfigMap", ConfigKind::ConfigMap), ("Secret", ConfigKind::Secret)];

/// The kinds of recipients of the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) enum KeyWord {
    KeyFile,
    Passphrase,
    Age,
    Service(KeyKind),
}

/// The words of `kind` of recipients.
pub(in crate::project) fn key_words() -> Vec<(&'static str, KeyWord)> {
    let own = [("key-file", KeyWord::KeyFile), ("passphrase", KeyWord::Passphrase), ("age", KeyWord::Age)];
    own.into_iter().chain(KeyKind::all().into_iter().map(|(word, kind)| (word, KeyWord::Service(kind)))).collect()
}
