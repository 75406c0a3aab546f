//! The vaults of an environment.

use std::collections::BTreeMap;

use crate::project::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::Tree;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::shape;
use crate::project::spanned::Spanned;
use crate::project::vault::Field;
use crate::project::vault::VaultEntry;
use crate::project::vault::VaultKind;
use crate::project::vault::fields;

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
fn vault(decoder: &mut Decoder, node: &Tree, path: &str) -> Option<VaultEntry> {
    decoder.mapping(node, path)?;
    let words: Vec<&str> = VaultKind::ALL.iter().map(|(word, _)| *word).collect();
    let Some(kind) = node.get("kind") else {
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `kind`"), format!("add `kind: …`, and {}", one_of(&words)));
        return None;
    };
    let kind = decoder.word(kind, &join(path, "kind"), VaultKind::ALL, &words)?.value;
    let mapping = decoder.fields(node, path, shape::of_vault(kind))?;
    let said: BTreeMap<&'static str, Spanned<String>> = fields(kind).iter().filter_map(|field| said(decoder, &mapping, field)).collect();
    let command = if kind == VaultKind::Exec { mapping.texts(decoder, "command", check::some).unwrap_or_default() } else { Vec::new() };
    for key in ["prefixes", "command"] {
        if let Some(list) = mapping.get(key).filter(|node| node.as_list().is_some_and(<[Tree]>::is_empty)) {
            let next = if key == "prefixes" {
                "list the prefixes that are allowed, or remove the key"
            } else {
                "name the program, then its arguments"
            };
            decoder.report(decoder.place(list.mark), format!("`{path}.{key}` is empty"), next);
        }
    }
    let prefixes = mapping.texts(decoder, "prefixes", check::vault_path).unwrap_or_default();
    Some(VaultEntry {
        said,
        command,
        prefixes: prefixes.into_iter().map(without_slash).collect(),
        ..VaultEntry::bare(Spanned::none(String::new()), kind)
    })
}

fn said(decoder: &mut Decoder, mapping: &Fields<'_>, field: &Field) -> Option<(&'static str, Spanned<String>)> {
    let Spanned { value, place } = mapping.text(decoder, field.key, |text| field.form.check(text))?;
    Some((field.key, Spanned { value: field.form.tidy(value), place }))
}

fn without_slash(said: Spanned<String>) -> Spanned<String> {
    let value = said.value.strip_suffix('/').unwrap_or(&said.value).to_owned();
    Spanned { value, place: said.place }
}
