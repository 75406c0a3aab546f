//! The vaults of an environment.

use std::iter;

use crate::project::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::shape::Shape;
use crate::project::spanned::Spanned;
use crate::project::vault::Field;
use crate::project::vault::Form;
use crate::project::vault::VaultEntry;
use crate::project::vault::VaultKind;

/// The vaults at `vaults`.
pub(super) fn vaults(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<VaultEntry> {
    let Some(node) = fields.get("vaults") else { return Vec::new() };
    let path = fields.path("vaults");
    let mut list = Vec::new();
    for entry in decoder.mapping(node, &path).unwrap_or_default() {
        let name = decoder.key(entry, &path, check::label);
        if let (Some(vault), Some(name)) = (vault(decoder, &entry.node, &join(&path, &entry.key)), name) {
            list.push(VaultEntry { name, ..vault });
        }
    }
    list
}

/// A vault without its name.
fn vault(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<VaultEntry> {
    decoder.mapping(node, path)?;
    let kinds = VaultKind::all();
    let words: Vec<&str> = kinds.iter().map(|(word, _)| *word).collect();
    let Some(kind) = node.get("kind") else {
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `kind`"), format!("add `kind: …`, and {}", one_of(&words)));
        return None;
    };
    let kind = decoder.word(kind, &join(path, "kind"), &kinds, &words)?.value;
    let keys: Vec<&str> = iter::once("kind").chain(kind.fields().iter().map(|field| field.key)).chain(["prefixes"]).collect();
    let mapping = decoder.fields(node, path, &Shape { keys: &keys, required: &kind.required() })?;
    let said = kind.fields().iter().filter_map(|field| Some((field.key, said(decoder, &mapping, field)?))).collect();
    let prefixes = texts(decoder, &mapping, "prefixes", check::vault_path).unwrap_or_default();
    let prefixes = prefixes.into_iter().map(without_slash).collect();
    Some(VaultEntry { name: Spanned::none(String::new()), kind, key: None, said, prefixes })
}

/// What is said under a key.
pub(super) fn said(decoder: &mut Decoder, mapping: &Fields<'_>, field: &Field) -> Option<Vec<Spanned<String>>> {
    if matches!(field.form, Form::Texts) {
        return texts(decoder, mapping, field.key, check::some);
    }
    if matches!(field.form, Form::Count) {
        let Spanned { value, place } = mapping.count(decoder, field.key)?;
        return Some(vec![Spanned { value: value.to_string(), place }]);
    }
    let Spanned { value, place } = mapping.text(decoder, field.key, |text| field.form.check(text))?;
    Some(vec![Spanned { value: field.form.tidy(value), place }])
}

/// A list that has to have something in it.
fn texts(
    decoder: &mut Decoder,
    mapping: &Fields<'_>,
    key: &str,
    check: fn(&str) -> Result<(), check::BadText>,
) -> Option<Vec<Spanned<String>>> {
    if let Some(list) = mapping.get(key).filter(|node| node.as_list().is_some_and(<[ProjectNode]>::is_empty)) {
        let next = if key == "prefixes" {
            "list the prefixes that are allowed, or remove the key"
        } else {
            "name the program, then its arguments"
        };
        decoder.report(decoder.place(list.mark), format!("`{}` is empty", mapping.path(key)), next);
    }
    mapping.texts(decoder, key, check)
}

fn without_slash(said: Spanned<String>) -> Spanned<String> {
    let value = said.value.strip_suffix('/').unwrap_or(&said.value).to_owned();
    Spanned { value, place: said.place }
}
