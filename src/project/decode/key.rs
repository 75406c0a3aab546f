//! The recipients of an environment's root key.

use crate::project::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::Tree;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::shape;
use crate::project::decode::word;
use crate::project::decode::word::KeyWord;
use crate::project::document::KeyEntry;
use crate::project::path::normalise;
use crate::project::spanned::Spanned;

/// The recipients at `keys`.
pub(super) fn keys(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Spanned<KeyEntry>> {
    let Some(node) = fields.get("keys") else { return Vec::new() };
    let path = fields.path("keys");
    let items = decoder.items(node, &path, "a list of mappings").unwrap_or_default();
    items.iter().enumerate().filter_map(|(index, item)| key(decoder, item, &format!("{path}[{index}]"))).collect()
}

fn key(decoder: &mut Decoder, node: &Tree, path: &str) -> Option<Spanned<KeyEntry>> {
    let kind = kind_of(decoder, node, path)?;
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
    Some(Spanned::new(entry, decoder.place(node.mark)))
}

/// The `kind` of a mapping, which decides its other keys. `None` for a kind of a later version too, which is reported.
fn kind_of(decoder: &mut Decoder, node: &Tree, path: &str) -> Option<Spanned<KeyWord>> {
    decoder.mapping(node, path)?;
    let ready: Vec<&str> = word::KEY_KINDS.iter().filter(|(_, word)| *word != KeyWord::Later).map(|(word, _)| *word).collect();
    let Some(kind) = node.get("kind") else {
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `kind`"), format!("add `kind: …`, and {}", one_of(&ready)));
        return None;
    };
    let path = join(path, "kind");
    let word = decoder.word(kind, &path, word::KEY_KINDS, &ready)?;
    if word.value == KeyWord::Later {
        let reason = format!("`{}` at `{path}` names a key that is not yet in this version", kind.as_text().unwrap_or_default());
        decoder.report(decoder.place(kind.mark), reason, one_of(&ready));
        return None;
    }
    Some(word)
}

fn beneath(said: Spanned<String>) -> Spanned<String> {
    Spanned { value: normalise(&said.value).unwrap_or(said.value), place: said.place }
}
