//! The recipients of an environment's root key.

use std::iter;

use crate::project::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::shape;
use crate::project::decode::shape::Shape;
use crate::project::decode::vault::said;
use crate::project::decode::word::KeyWord;
use crate::project::decode::word::key_words;
use crate::project::document::RecipientEntry;
use crate::project::path::normalise;
use crate::project::spanned::Spanned;
use crate::project::vault::KeyKind;
use crate::project::vault::VaultEntry;

/// The recipients at `keys`.
pub(super) fn keys(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Spanned<RecipientEntry>> {
    let Some(node) = fields.get("keys") else { return Vec::new() };
    let path = fields.path("keys");
    let items = decoder.items(node, &path, "a list of mappings").unwrap_or_default();
    items.iter().enumerate().filter_map(|(index, item)| key(decoder, item, &format!("{path}[{index}]"))).collect()
}

fn key(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<Spanned<RecipientEntry>> {
    let kind = kind_of(decoder, node, path)?;
    let entry = match kind.value {
        KeyWord::KeyFile => {
            let fields = decoder.fields(node, path, &shape::KEY_FILE)?;
            RecipientEntry::KeyFile { path: fields.text(decoder, "path", check::path).map(|path| beneath(path).value) }
        }
        KeyWord::Passphrase => {
            decoder.fields(node, path, &shape::PASSPHRASE)?;
            RecipientEntry::Passphrase
        }
        KeyWord::Age => {
            let fields = decoder.fields(node, path, &shape::AGE)?;
            RecipientEntry::Age { recipient: fields.text(decoder, "recipient", check::age_recipient)?.value }
        }
        KeyWord::Service(service) => RecipientEntry::Service(held(decoder, node, path, service)?),
    };
    Some(Spanned::new(entry, decoder.place(node.mark)))
}

/// A key that a service holds.
fn held(decoder: &mut Decoder, node: &ProjectNode, path: &str, kind: KeyKind) -> Option<VaultEntry> {
    let keys: Vec<&str> = iter::once("kind").chain(kind.fields().into_iter().map(|field| field.key)).collect();
    let mapping = decoder.fields(node, path, &Shape { keys: &keys, required: &kind.required() })?;
    let said = kind.fields().into_iter().filter_map(|field| Some((field.key, said(decoder, &mapping, field)?))).collect();
    let name = Spanned::new(kind.word().to_owned(), decoder.place(node.mark));
    Some(VaultEntry { name, kind: kind.vault(), key: Some(kind), said, prefixes: Vec::new() })
}

/// The `kind` of a mapping, which decides its other keys.
fn kind_of(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<Spanned<KeyWord>> {
    decoder.mapping(node, path)?;
    let known = key_words();
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let Some(kind) = node.get("kind") else {
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `kind`"), format!("add `kind: …`, and {}", one_of(&words)));
        return None;
    };
    decoder.word(kind, &join(path, "kind"), &known, &words)
}

fn beneath(said: Spanned<String>) -> Spanned<String> {
    Spanned { value: normalise(&said.value).unwrap_or(said.value), place: said.place }
}
