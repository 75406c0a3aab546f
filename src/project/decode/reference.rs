//! The entries of `references` and `cluster-scoped`: what the project says of kinds that cloze does not know.

use crate::project::check;
use crate::project::check::BadText;
use crate::project::decode::config::list;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::shape;
use crate::project::decode::word;
use crate::project::document::ReferenceEntry;

/// The entries of `references`.
pub(super) fn references(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<ReferenceEntry> {
    list(decoder, fields, "references", reference)
}

/// Group and kind of the entries of `cluster-scoped`.
pub(super) fn cluster_scoped(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<(String, String)> {
    list(decoder, fields, "cluster-scoped", |decoder, node, path| {
        let fields = decoder.fields(node, path, &shape::CLUSTER_SCOPED)?;
        let group = fields.text(decoder, "group", group);
        let kind = fields.text(decoder, "kind", kind);
        Some((group?.value, kind?.value))
    })
}

fn reference(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<ReferenceEntry> {
    let fields = decoder.fields(node, path, &shape::REFERENCE)?;
    let group = fields.text(decoder, "group", group);
    let kind = fields.text(decoder, "kind", kind);
    let field = fields.text(decoder, "path", |text| keys(text).map(|_| ()));
    let refers_to = fields.word(decoder, "refers-to", word::OBJECT_KINDS);
    let path = keys(&field?.value).ok()?;
    Some(ReferenceEntry { group: group?.value, kind: kind?.value, path, refers_to: refers_to?.value })
}

/// An API group of custom resources. Those of Kubernetes itself are known.
fn group(text: &str) -> Result<(), BadText> {
    check::subdomain(text)?;
    if text.contains('.') {
        return Ok(());
    }
    let (reason, next) = ("is not the group of a custom resource", "write the group of its `apiVersion`, such as `example.com`");
    Err(BadText { reason: reason.to_owned(), next: next.to_owned() })
}

/// A kind of objects.
pub(super) fn kind(text: &str) -> Result<(), BadText> {
    if text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(BadText { reason: "is not a kind".to_owned(), next: "write it as in manifests, such as `Cache`".to_owned() })
}

/// The keys of a path: separated by `.`, or in brackets and quotes where they hold one. `[]` and `[*]` behind a list's key may be left out.
fn keys(path: &str) -> Result<Vec<String>, BadText> {
    let refusal = || {
        let next = "write keys from the root, such as `spec.auth.secret` or `metadata.annotations[\"example.com/secret\"]`";
        BadText { reason: "is not a path".to_owned(), next: next.to_owned() }
    };
    let mut keys = Vec::new();
    let mut rest = path;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if key.is_empty() || key.contains([' ', ']', '"', '\'']) {
            return Err(refusal());
        }
        keys.push(key.to_owned());
        rest = after;
        while let Some(inner) = rest.strip_prefix('[') {
            if let Some(after) = inner.strip_prefix(']').or_else(|| inner.strip_prefix("*]")) {
                rest = after;
                continue;
            }
            let quote = inner.chars().next().filter(|first| matches!(first, '"' | '\'')).ok_or_else(refusal)?;
            let (key, after) = inner[1..].split_once(quote).ok_or_else(refusal)?;
            rest = after.strip_prefix(']').filter(|_| !key.is_empty()).ok_or_else(refusal)?;
            keys.push(key.to_owned());
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(keys),
            None => return Err(refusal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn a_path_is_keys_from_the_root() {
        let read = |path| keys(path).ok();
        let owned = |keys: &[&str]| Some(keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(read("spec.auth.secret"), owned(&["spec", "auth", "secret"]));
        assert_eq!(read("spec.users[].secret[*].name"), owned(&["spec", "users", "secret", "name"]));
        assert_eq!(read("metadata.annotations[\"a.b/c\"]"), owned(&["metadata", "annotations", "a.b/c"]));
        assert_eq!(read("spec['x.y'].z"), owned(&["spec", "x.y", "z"]));
        for wrong in ["", ".", "spec.", ".spec", "spec..a", "spec[0]", "spec[\"a", "spec[\"\"]", "spec[]a", "a b", "spec]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
