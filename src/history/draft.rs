//! A draft: a release that is to be recorded.

use std::fmt;

use crate::history::body::Body;
use crate::history::body::RecordedBlank;
use crate::history::body::RecordedFile;
use crate::history::error::HistoryError;
use crate::history::pack::ENTRY_LIMIT;
use crate::history::record::NAME_LIMIT;
use crate::history::record::NOTE_LIMIT;
use crate::history::release::Release;
use crate::history::release::StoredManifest;
use crate::history::summary::Action;
use crate::manifest::Identity;

/// A release that is to be recorded.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Who releases. At most 256 bytes.
    pub actor: String,
    /// The revision of the source. At most 256 bytes.
    pub revision: Option<String>,
    /// What the actor wants to say, in the clear. At most 4 KiB.
    pub note: Option<String>,
    /// What it is.
    pub action: Action,
    /// Every secret that was fetched.
    pub blanks: Vec<RecordedBlank>,
    /// The templates.
    pub templates: Vec<RecordedFile>,
    /// The values files, and what else was rendered with.
    pub values: Vec<RecordedFile>,
    /// The manifests, in apply order.
    pub manifests: Vec<DraftManifest<'a>>,
}

/// A manifest that is to be recorded.
#[derive(Clone)]
pub struct DraftManifest<'a> {
    /// What Kubernetes knows it by.
    pub identity: &'a Identity,
    /// Its name without the content's suffix.
    pub base: &'a str,
    /// The template that it comes from.
    pub file: &'a str,
    /// Its bytes, secrets included. At most 16 MiB.
    pub content: &'a [u8],
    /// How it can be filled again.
    pub recipe: Option<DraftRecipe<'a>>,
}

/// A recipe that is to be recorded.
#[derive(Clone, Copy)]
pub struct DraftRecipe<'a> {
    /// Its bytes, in whatever form the caller chooses; sealed like the content. At most 16 MiB.
    pub bytes: &'a [u8],
    /// Whether it says nothing of the manifest but what reviews show.
    pub is_shown: bool,
}

impl<'a> Draft<'a> {
    /// The release `of` again, whose manifests are `stored`, by another actor and as something else.
    pub fn again(of: &Release, stored: &'a [StoredManifest<'a>], actor: &str, action: Action) -> Self {
        let Body { blanks, templates, values, .. } = of.body.clone();
        Self {
            actor: actor.to_owned(),
            revision: of.summary.revision.clone(),
            note: None,
            action,
            blanks,
            templates,
            values,
            manifests: stored.iter().map(DraftManifest::from).collect(),
        }
    }
}

impl DraftManifest<'_> {
    /// Whether a review shows its bytes as they are: it is no Secret, and nothing was filled in.
    pub(crate) fn is_shown(&self) -> bool {
        self.recipe.is_none() && self.identity.kind != "Secret"
    }
}

impl Draft<'_> {
    /// That nothing in it is too long.
    pub(crate) fn check(&self) -> Result<(), HistoryError> {
        let note = self.note.as_deref().unwrap_or_default();
        let revision = self.revision.as_deref().unwrap_or_default();
        for (what, length, limit) in
            [("note", note.len(), NOTE_LIMIT), ("revision", revision.len(), NAME_LIMIT), ("actor", self.actor.len(), NAME_LIMIT)]
        {
            if length > limit {
                return Err(HistoryError::TooLarge { reason: format!("the {what} has {length} bytes, more than {limit}") });
            }
        }
        let too_large = |bytes: &[u8]| bytes.len() > ENTRY_LIMIT;
        match self
            .manifests
            .iter()
            .find(|manifest| too_large(manifest.content) || manifest.recipe.is_some_and(|recipe| too_large(recipe.bytes)))
        {
            Some(manifest) => {
                Err(HistoryError::TooLarge { reason: format!("{} is larger than {} MiB", manifest.identity, ENTRY_LIMIT >> 20) })
            }
            None => Ok(()),
        }
    }
}

impl<'a> From<&'a StoredManifest<'a>> for DraftManifest<'a> {
    /// The very same manifest, for a rollback.
    fn from(stored: &'a StoredManifest<'a>) -> Self {
        Self {
            identity: &stored.manifest.identity,
            base: &stored.manifest.base,
            file: &stored.manifest.file,
            content: stored.content.expose(),
            recipe: stored.recipe.as_ref().map(|recipe| DraftRecipe { bytes: recipe.expose(), is_shown: recipe.is_shown() }),
        }
    }
}

impl fmt::Debug for DraftManifest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DraftManifest").field("identity", &self.identity).field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use super::ENTRY_LIMIT;
    use crate::history::fixtures;

    #[test]
    fn what_is_too_long_is_named() {
        let manifests = fixtures::manifests(&["a"]);
        let good = fixtures::draft(&manifests);
        assert_eq!(good.check(), Ok(()));
        let large = vec![0; ENTRY_LIMIT + 1];
        let mut bad = [
            Draft { note: Some("x".repeat(4097)), ..good.clone() },
            Draft { revision: Some("x".repeat(257)), ..good.clone() },
            Draft { actor: "x".repeat(257), ..good.clone() },
            good.clone(),
        ];
        bad[3].manifests[0].content = &large;
        let words = [
            "the note has 4097 bytes, more than 4096",
            "the revision has 257 bytes, more than 256",
            "the actor has 257 bytes, more than 256",
            "ConfigMap shop/a is larger than 16 MiB",
        ];
        for (draft, words) in bad.iter().zip(words) {
            assert_eq!(draft.check().unwrap_err().to_string(), words);
        }
        assert!(!format!("{good:?}").contains("content of a"));
    }
}
