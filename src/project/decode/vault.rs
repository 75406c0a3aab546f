//! The vaults of an environment and the recipients of its root key.

use crate::project::decode::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::Tree;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::shape;
use crate::project::decode::word;
use crate::project::decode::word::KeyWord;
use crate::project::decode::word::VaultWord;
use crate::project::document::KeyEntry;
use crate::project::document::VaultEntry;
use crate::project::document::VaultKind;
use crate::project::path::normalise;
use crate::project::said::Said;

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
    let kind = kind_of(decoder, node, path, word::VAULT_KINDS, "a vault")?;
    let (fields, kind) = match kind.value {
        VaultWord::Local => {
            let fields = decoder.fields(node, path, &shape::LOCAL_VAULT)?;
            let path = fields.text(decoder, "path", check::path).map(beneath);
            (fields, VaultKind::Local { path })
        }
        VaultWord::Hashicorp => {
            let fields = decoder.fields(node, path, &shape::HASHICORP_VAULT)?;
            let address = fields.text(decoder, "address", check::address);
            let mount = fields.text(decoder, "mount", check::vault_path).map(without_slash);
            let namespace = fields.text(decoder, "namespace", check::vault_path).map(without_slash);
            (fields, VaultKind::Hashicorp { address, mount, namespace })
        }
        VaultWord::Later => return None,
    };
    let prefixes = fields.texts(decoder, "prefixes", check::vault_path).unwrap_or_default();
    if prefixes.is_empty() && fields.get("prefixes").is_some_and(|node| node.as_list().is_some_and(<[Tree]>::is_empty)) {
        let mark = fields.get("prefixes").map_or(node.mark, |node| node.mark);
        decoder.report(decoder.place(mark), format!("`{path}.prefixes` is empty"), "list the prefixes that are allowed, or remove the key");
    }
    Some(VaultEntry { name: Said::nowhere(String::new()), kind, prefixes: prefixes.into_iter().map(without_slash).collect() })
}

/// The recipients at `keys`.
pub(super) fn keys(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Said<KeyEntry>> {
    let Some(node) = fields.get("keys") else { return Vec::new() };
    let path = fields.path("keys");
    let items = decoder.items(node, &path, "a list of mappings").unwrap_or_default();
    items.iter().enumerate().filter_map(|(index, item)| key(decoder, item, &format!("{path}[{index}]"))).collect()
}

fn key(decoder: &mut Decoder, node: &Tree, path: &str) -> Option<Said<KeyEntry>> {
    let kind = kind_of(decoder, node, path, word::KEY_KINDS, "a key")?;
    let entry = match kind.value {
        KeyWord::KeyFile => {
            let fields = decoder.fields(node, path, &shape::KEY_FILE)?;
            KeyEntry::KeyFile { path: fields.text(decoder, "path", check::path).map(|path| beneath(path).value) }
        }
        KeyWord::Passphrase => {
            decoder.fields(node, path, &shape::PASSPHRASE)?;
            KeyEntry::Passphrase
        }
        KeyWord::Later => return None,
    };
    Some(Said::at(entry, decoder.place(node.mark)))
}

/// A word whose kind may be one of a later version.
trait Later {
    fn is_later(&self) -> bool;
}

impl Later for VaultWord {
    fn is_later(&self) -> bool {
        *self == Self::Later
    }
}

impl Later for KeyWord {
    fn is_later(&self) -> bool {
        *self == Self::Later
    }
}

/// The `kind` of a mapping, which decides its other keys. `None` for a kind of a later version too, which is reported.
fn kind_of<T: Later + Copy>(decoder: &mut Decoder, node: &Tree, path: &str, words: &[(&str, T)], what: &str) -> Option<Said<T>> {
    decoder.mapping(node, path)?;
    let ready: Vec<&str> = words.iter().filter(|(_, word)| !word.is_later()).map(|(word, _)| *word).collect();
    let Some(kind) = node.get("kind") else {
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `kind`"), format!("add `kind: …`, and {}", one_of(&ready)));
        return None;
    };
    let path = join(path, "kind");
    let word = decoder.word(kind, &path, words, &ready)?;
    if word.value.is_later() {
        let reason = format!("`{}` at `{path}` names {what} that is not yet in this version", kind.as_text().unwrap_or_default());
        decoder.report(decoder.place(kind.mark), reason, one_of(&ready));
        return None;
    }
    Some(word)
}

fn beneath(said: Said<String>) -> Said<String> {
    Said { value: normalise(&said.value).unwrap_or(said.value), place: said.place }
}

fn without_slash(said: Said<String>) -> Said<String> {
    let value = said.value.strip_suffix('/').unwrap_or(&said.value).to_owned();
    Said { value, place: said.place }
}
