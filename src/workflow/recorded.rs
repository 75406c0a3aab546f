//! Recorded values on their way out.

use crate::blank::Filter;
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
