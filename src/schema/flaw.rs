//! What is wrong with a schema itself.

use boon::CompileError;
use serde_json::Value;

use crate::schema::pointer::URL;
use crate::schema::pointer::escaped;
use crate::schema::pointer::pointer_of;
use crate::schema::violation::Collector;
use crate::schema::violation::Spot;
use crate::schema::violation::Violation;
use crate::schema::words::shown;

/// What is wrong with `schema`, in words of our own.
pub(super) fn flaws(schema: &Value, error: &CompileError) -> Vec<Violation> {
    let flaw = |pointer: String, reason: String, next: &str| {
        vec![Violation { spot: Spot::Schema(pointer), reason, next: next.to_owned(), see: None }]
    };
    let reference = |is_meant: &dyn Fn(&str) -> bool| found(schema, &REFERENCES, is_meant);
    match error {
        CompileError::ValidationError { url, src } => {
            let mut collector = Collector::of_schema(schema);
            collector.collect(src);
            let base = pointer_of(url);
            for violation in &mut collector.found {
                if let Spot::Schema(pointer) = &mut violation.spot {
                    pointer.insert_str(0, &base);
                }
            }
            collector.found
        }
        CompileError::LoadUrlError { url, .. } | CompileError::UnsupportedUrlScheme { url } => {
            if let Some((pointer, text)) = found(schema, &["$schema"], &|text| leads_to(text, url)) {
                return flaw(pointer, unknown_draft(&text), DRAFTS);
            }
            let (pointer, text) = reference(&|text| leads_to(text, url)).unwrap_or_default();
            let next = "copy that schema into `$defs`, and write `#/$defs/NAME`";
            let reason = format!("the reference {} points to another file or a server, which cloze does not read", shown(&text));
            flaw(pointer, reason, next)
        }
        CompileError::InvalidMetaSchemaUrl { .. } | CompileError::UnsupportedDraft { .. } | CompileError::MetaSchemaCycle { .. } => {
            let is_unknown = |text: &str| boon::Draft::from_url(text).is_none();
            let (pointer, text) = found(schema, &["$schema"], &is_unknown).unwrap_or_default();
            flaw(pointer, unknown_draft(&text), DRAFTS)
        }
        CompileError::InvalidJsonPointer(url) | CompileError::JsonPointerNotFound(url) => {
            let wanted = pointer_of(url);
            let (pointer, text) = reference(&|text| pointer_of(text) == wanted).unwrap_or_default();
            flaw(pointer, format!("the reference {} does not point to anything in the schema", shown(&text)), MEND)
        }
        CompileError::AnchorNotFound { reference: wanted, .. } => {
            let anchor = pointer_of(wanted);
            let (pointer, text) = reference(&|text| pointer_of(text) == anchor).unwrap_or_default();
            flaw(pointer, format!("the reference {} does not point to anything in the schema", shown(&text)), MEND)
        }
        CompileError::ParseUrlError { url, .. } => {
            let (pointer, text) = reference(&|text| url.contains(text)).unwrap_or_default();
            flaw(pointer, format!("the reference {} is not a URL", shown(&text)), MEND)
        }
        CompileError::ParseIdError { loc } | CompileError::ParseAnchorError { loc } => {
            flaw(pointer_of(loc), "this is not a valid id for a schema".to_owned(), "write a URL, or leave it out")
        }
        CompileError::DuplicateId { ptr2, .. } | CompileError::DuplicateAnchor { ptr2, .. } => {
            flaw(ptr2.clone(), "another part of the schema has the same id".to_owned(), "rename one of the two")
        }
        CompileError::InvalidRegex { url, regex, .. } => {
            // Of the patterns of keys, the address names only where they are.
            let (keyword, key) = (pointer_of(url), escaped(regex));
            let own = format!("{keyword}/{key}");
            let pointer = if schema.pointer(&own).is_some() { own } else { keyword };
            let next = "correct it; look-around and back-references are not supported";
            flaw(pointer, format!("{} is not a regular expression that cloze supports", shown(regex)), next)
        }
        CompileError::UnsupportedVocabulary { vocabulary, .. } => {
            flaw(String::new(), format!("the schema needs the vocabulary {}, which is not supported", shown(vocabulary)), "leave it out")
        }
        CompileError::Bug(_) => flaw(String::new(), "the schema cannot be read".to_owned(), "report this as a bug of cloze"),
    }
}

fn unknown_draft(text: &str) -> String {
    format!("{} is not a draft of JSON Schema that cloze supports", shown(text))
}

/// Whether a reference may be what was resolved to that address.
fn leads_to(reference: &str, url: &str) -> bool {
    let reference = reference.split('#').next().unwrap_or_default();
    let plain = reference.trim_start_matches(['.', '/']);
    !reference.is_empty()
        && (url == reference || url == format!("{reference}/") || (!plain.is_empty() && url.ends_with(plain)))
        && url != URL
}

/// The first text of one of these keys that `is_meant`, with its JSON pointer.
fn found(schema: &Value, keys: &[&str], is_meant: &dyn Fn(&str) -> bool) -> Option<(String, String)> {
    match schema {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let deeper = |(pointer, text): (String, String)| (format!("/{}{pointer}", escaped(key)), text);
            match value {
                Value::String(text) if keys.contains(&key.as_str()) && is_meant(text) => Some((String::new(), text.clone())),
                value => found(value, keys, is_meant),
            }
            .map(deeper)
        }),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .find_map(|(item, value)| found(value, keys, is_meant).map(|(pointer, text)| (format!("/{item}{pointer}"), text))),
        _ => None,
    }
}

/// The keywords that name another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// What to do about a reference that leads nowhere.
const MEND: &str = "correct it, as in `#/$defs/NAME`";

/// What to do about a draft that nobody knows.
const DRAFTS: &str = "write `https://json-schema.org/draft/2020-12/schema`; 2019-09 and drafts 7, 6 and 4 are supported, too";
