//! An object as a document: its bytes, and what it is called before its content names it.

use crate::manifest::Identity;
use crate::manifest::Leaf;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::write;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// What an object is, under the name that its template gives it.
pub(crate) fn based<B>(object: &Object<B>) -> Identity {
    let base = object.root.at(&["metadata", "annotations", BASE]).and_then(Node::as_text);
    Identity { name: base.unwrap_or(&object.identity.name).to_owned(), ..object.identity.clone() }
}

/// The bytes of a document, in a buffer of exactly their length.
pub(crate) fn written<B: Leaf>(root: &Node<B>, scratch: &mut SecretBuffer) -> Secret {
    scratch.truncate(0);
    write(root, scratch);
    Secret::copy_of(scratch.expose())
}

/// The annotation that keeps the name without suffix.
const BASE: &str = "cloze.dev/base-name";
