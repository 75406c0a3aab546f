//! How objects are named, and the marks that naming leaves on them.

use std::collections::HashSet;

use crate::manifest::Identity;
use crate::manifest::Names;
use crate::reference::External;
use crate::reference::Taught;
use crate::seal::Keys;

/// The suffix of a name whose digest a review cannot know.
pub const PLACEHOLDER: &str = "xxxxxxxxxx";

/// The annotation that tells the name a versioned object was written with.
pub const BASE_NAME: &str = "cloze.dev/base-name";

/// The annotation of a Job that is named by its content: what tells two contents apart, but for the secrets that it names.
pub(super) const CONTENT: &str = "cloze.dev/content";

/// The annotation on pod templates that use a stable object with `cloze.dev/restart: "true"`.
pub const CHECKSUM: &str = "cloze.dev/checksum";

/// How objects are named.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The keys of the environment; `None` in a review.
    pub keyed: Option<&'a Keys>,
    /// What holds for objects that do not say it themselves.
    pub default: Names,
    /// What exists without standing in the release.
    pub external: &'a [External],
    /// ConfigMaps whose content a review cannot know, because a revealed blank is in it.
    pub masked: &'a HashSet<Identity>,
    /// Fields that name ConfigMaps and Secrets, as the project teaches them.
    pub taught: &'a [Taught<'a>],
    /// Whether all objects are there: where some could not be read, a reference to what is missing is no news.
    pub complete: bool,
}
