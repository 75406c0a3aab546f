//! The closed lists of words in a project file.

use crate::manifest::ConfigKind;
use crate::manifest::Names;

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
    Later,
}

/// The words of `kind` of recipients.
pub(in crate::project) const KEY_KINDS: &[(&str, KeyWord)] = &[
    ("key-file", KeyWord::KeyFile),
    ("passphrase", KeyWord::Passphrase),
    ("age", KeyWord::Later),
    ("azure", KeyWord::Later),
    ("hashicorp", KeyWord::Later),
    ("aws", KeyWord::Later),
    ("gcp", KeyWord::Later),
];
