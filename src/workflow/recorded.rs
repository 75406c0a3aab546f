//! What was recorded of secrets: their values on their way out, and what their vaults are asked.

use std::collections::BTreeMap;

use crate::blank::Filter;
use crate::blank::SecretRef;
use crate::history::RecordedBlank;
use crate::history::StoredManifest;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::read;
use crate::secret::Secret;
use crate::vault::announced::Listener;

/// Lets `listener` hear of each value in recorded Secrets.
pub(crate) fn announce(manifests: &[StoredManifest<'_>], listener: &dyn Listener) {
    for stored in manifests.iter().filter(|stored| stored.manifest.identity.kind == "Secret") {
        let text = std::str::from_utf8(stored.content.expose()).ok();
        for mut root in text.and_then(|text| read(text, Limits::default()).ok()).unwrap_or_default() {
            for entry in root.get("data").and_then(Node::as_map).unwrap_or_default() {
                let encoded = entry.node.as_text().map(|text| Secret::copy_of(text.as_bytes()));
                if let Some(Ok(value)) = encoded.map(|encoded| Filter::B64decode.apply(&encoded)) {
                    listener.hear(&value);
                }
            }
            root.wipe();
        }
    }
}

/// What to ask a vault for the secret as it is now.
pub(crate) fn ask_of(blank: &RecordedBlank) -> SecretRef {
    SecretRef { vault: blank.vault.clone(), name: blank.name.clone(), key: blank.key.clone(), version: None }
}

/// The secrets whose versions no template pins, by vault.
pub(crate) fn followed(blanks: &[RecordedBlank]) -> BTreeMap<&str, Vec<&RecordedBlank>> {
    let mut asked: BTreeMap<&str, Vec<&RecordedBlank>> = BTreeMap::new();
    for blank in blanks.iter().filter(|blank| !blank.pinned && !blank.version.is_empty()) {
        asked.entry(blank.vault.as_str()).or_default().push(blank);
    }
    asked
}
