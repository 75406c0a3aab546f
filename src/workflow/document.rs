//! An object as a document: its bytes, and what it is called before its content names it.

use std::convert::Infallible;

use crate::history::RecordedManifest;
use crate::manifest::Identity;
use crate::manifest::Leaf;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::read;
use crate::manifest::write;
use crate::manifest::write_json;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// What an object is, under the name that its template gives it.
pub(crate) fn based<B>(object: &Object<B>) -> Identity {
    let base = object.root.at(&["metadata", "annotations", BASE]).and_then(Node::as_text);
    Identity { name: base.unwrap_or(&object.identity.name).to_owned(), ..object.identity.clone() }
}

/// What a manifest is, under the name that its template gives it.
pub(crate) fn key(manifest: &RecordedManifest) -> [&str; 4] {
    let Identity { api_version, kind, namespace, .. } = &manifest.identity;
    [api_version, kind, namespace, &manifest.base]
}

/// Puts the keys of an object that was only masked where a filled one has them, so that reviews of both can be compared: values sorted, those of a
/// Secret behind everything else.
pub(crate) fn order_keys(object: &mut Object<Infallible>) {
    if let Some(masks) = object.root.take("stringData") {
        object.root.set("stringData", masks);
    }
    if object.is_config_map() {
        for field in ["data", "binaryData"] {
            if let Some(entries) = object.root.get_mut(field).and_then(Node::as_map_mut) {
                entries.sort_by(|a, b| a.key.cmp(&b.key));
            }
        }
    }
}

/// The bytes of a document, in a buffer of exactly their length.
pub(crate) fn written<B: Leaf>(root: &Node<B>, scratch: &mut SecretBuffer) -> Secret {
    scratch.truncate(0);
    write(root, scratch);
    Secret::copy_of(scratch.expose())
}

/// The same document as JSON.
pub(crate) fn written_json<B: Leaf>(root: &Node<B>, scratch: &mut SecretBuffer) -> Secret {
    scratch.truncate(0);
    write_json(root, scratch);
    Secret::copy_of(scratch.expose())
}

/// A recorded manifest as JSON. The history keeps YAML only, so it is read again.
pub(crate) fn json_of_recorded(bytes: &[u8], scratch: &mut SecretBuffer) -> Result<Secret, Problem> {
    let broken = || Problem::new(Fault::Internal, "a recorded manifest cannot be read", "report this as a bug of cloze");
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let mut root = read(text, Limits::default()).map_err(|_| broken())?.pop().ok_or_else(broken)?;
    let json = written_json(&root, scratch);
    root.wipe();
    Ok(json)
}

/// The annotation that keeps the name without suffix.
const BASE: &str = "cloze.dev/base-name";
