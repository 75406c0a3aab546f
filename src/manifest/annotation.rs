//! One annotation of a manifest that is written out already.

use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::read;

/// The text of the annotation `key` in a manifest of one document; `None` where it has none. The manifest is read only where the key stands in it.
pub fn annotation_in(manifest: &[u8], key: &str) -> Option<String> {
    let text = std::str::from_utf8(manifest).ok().filter(|text| text.contains(key))?;
    let mut root = read(text, Limits::default()).ok()?.pop()?;
    let said = root.at(&["metadata", "annotations", key]).and_then(Node::as_text).map(str::to_owned);
    root.wipe();
    said
}

#[cfg(test)]
mod tests {
    use super::annotation_in;

    #[test]
    fn an_annotation_is_found_where_it_belongs() {
        let of = |text: &str| annotation_in(text.as_bytes(), "a/b");
        assert_eq!(of("metadata: { annotations: { a/b: \"1\" } }\n").unwrap(), "1");
        assert_eq!(of("{\"metadata\":{\"annotations\":{\"a/b\":\"1\"}}}\n").unwrap(), "1");
        assert_eq!((of("data: { x: a/b }\n"), of("metadata: {}\n"), of("a/b: [\n")), (None, None, None));
    }
}
