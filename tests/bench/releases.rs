//! Releases of a history that has to be long before anything is measured.

use cloze::digest::Digest;
use cloze::history::Action;
use cloze::history::Draft;
use cloze::history::DraftManifest;
use cloze::history::History;
use cloze::history::RecordedFile;
use cloze::history::Release;
use cloze::manifest::Identity;

/// Records release `number`, of so many manifests, each of which changes once in so many releases.
pub(crate) async fn release(history: &History<'_>, number: u64, after: Option<&Release>, manifests: u64) -> Release {
    let texts: Vec<(Identity, String)> = (0..manifests)
        .map(|index| {
            let changed = number.saturating_sub((number + manifests - index) % manifests);
            let (api_version, kind) = ("v1".to_owned(), "ConfigMap".to_owned());
            let identity = Identity { api_version, kind, namespace: "shop".to_owned(), name: format!("config-{index}") };
            (identity, format!("{changed:08} {}", "x".repeat(600)))
        })
        .collect();
    let drafts = texts.iter().map(|(identity, text)| DraftManifest {
        identity,
        base: &identity.name,
        file: "templates/config.yaml",
        content: text.as_bytes(),
        recipe: None,
    });
    let draft = Draft {
        actor: "ada".to_owned(),
        revision: None,
        note: None,
        action: Action::Deploy,
        blanks: Vec::new(),
        templates: vec![RecordedFile { path: "templates/config.yaml".to_owned(), digest: Digest::plain(&[b"x"]) }],
        values: Vec::new(),
        manifests: drafts.collect(),
    };
    history.record(&draft, after).await.expect("a release")
}
