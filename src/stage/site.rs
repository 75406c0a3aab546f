//! Where blanks are in an object: enough to show it masked after filling, and to fill it again from a release.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::Deserialize;
use serde::Serialize;

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Piece;
use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::secret::Secret;
use crate::stage::literal::hide_literals;
use crate::stage::literal::keys_with_blanks;
use crate::stage::path::Step;
use crate::stage::path::walk_leaves;

/// A scalar with blanks, at its path in the object that the template wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlankSite {
    /// Keys and indices from the root.
    pub path: Vec<Step<'static>>,
    /// What is there.
    pub pieces: Vec<Piece>,
}

impl BlankSite {
    /// Whether it is in the value of that key of a ConfigMap or Secret.
    pub fn is_of_key(&self, key: &str) -> bool {
        matches!(self.path.as_slice(), [_, Step::Key(own), ..] if own == key)
    }
}

/// Every scalar with blanks in an object, in order.
pub fn blank_sites(object: &Object<BlankText>) -> Vec<BlankSite> {
    let mut found = Vec::new();
    walk_leaves(&object.root, &mut |cloze, path, _| {
        let path = path.iter().map(Step::to_owned_step).collect();
        found.push(BlankSite { path, pieces: cloze.pieces.clone() });
    });
    found.shrink_to_fit();
    found
}

/// What a review shows in place of blanks, and of a Secret's literal values by their keys.
#[derive(Clone, Copy)]
pub struct Masks<'a> {
    /// The mask of a blank.
    pub blank: &'a dyn Fn(BlankId) -> String,
    /// The mask of a literal value.
    pub literal: &'a dyn Fn(&str, &Secret) -> String,
}

impl Masks<'_> {
    fn join(&self, pieces: &[Piece]) -> String {
        let shown = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Blank(id) => (self.blank)(*id),
        };
        pieces.iter().map(shown).collect()
    }
}

/// The object as a review shows it when no vault is asked, as [`mask_filled`] shows it once it is filled.
pub fn preview(object: Object<BlankText>, masks: Masks<'_>) -> Object<Infallible> {
    let is_secret = object.is_secret();
    let with_blanks = keys_with_blanks(&object);
    let root: Result<Node<Infallible>, Infallible> =
        object.root.map_leaves(&mut |cloze, _| Ok(Value::Text(masks.join(&cloze.pieces).into())));
    let mut root = match root {
        Ok(root) => root,
        Err(never) => match never {},
    };
    if is_secret {
        hide_literals(&mut root, &|key| with_blanks.contains(key), masks.literal);
    }
    Object { file: object.file, identity: object.identity, root }
}

/// The filled object as a review shows it. A Secret's values are under `stringData`, so that the text is still a valid manifest. A filled
/// value whose site is not known shows as `<hidden>`.
pub fn mask_filled(object: &Object<Secret>, sites: &[BlankSite], masks: Masks<'_>) -> Node<Infallible> {
    let masked = |path: &[Step<'_>]| {
        let found = sites.iter().filter(|site| same(&site.path, path));
        // Where both have blanks, `stringData` is what was encoded.
        let site = found.max_by_key(|site| site.path.first() == Some(&Step::Key("stringData".into())))?;
        Some(masks.join(&site.pieces))
    };
    let mut root = copy(&object.root, &mut Vec::new(), &masked);
    if object.is_secret() {
        let filled = |key: &str| matches!(object.root.at(&["data", key]).map(|node| &node.value), Some(Value::Leaf(_)));
        hide_literals(&mut root, &filled, masks.literal);
    }
    root
}

/// A recorded Secret as a review shows it: the masked text that was recorded with these sites, or its manifest where it has none.
pub fn mask_recorded(root: &mut Node<Infallible>, sites: &[BlankSite], literal: &dyn Fn(&str, &Secret) -> String) {
    let site = |field: &str, key: &str| sites.iter().find(|site| site.path == [Step::Key(field.into()), Step::Key(key.into())]);
    let is_blank = |site: &BlankSite| site.pieces.iter().any(|piece| matches!(piece, Piece::Blank(_)));
    // Releases of earlier versions have sites of literals, too.
    let masked = |key: &str| site("stringData", key).or_else(|| site("data", key)).is_some_and(is_blank);
    hide_literals(root, &masked, literal);
}

/// The object with its blanks again, from a recorded manifest and the sites of then.
pub fn unfill(root: Node<Infallible>, blank_sites: &[BlankSite]) -> Node<BlankText> {
    let mut root = unfilled(root);
    for site in blank_sites {
        if let [Step::Key(field), Step::Key(key)] = site.path.as_slice() {
            if field == "stringData" {
                root.get_mut("data").and_then(|data| data.take(key));
                if root.get("stringData").is_none() {
                    root.set("stringData", Node::made(Value::Map(Vec::new())));
                }
            } else if field == "data" {
                root.get_mut("binaryData").and_then(|data| data.take(key));
            }
        }
        place(&mut root, &site.path, BlankText { pieces: site.pieces.clone() });
    }
    root
}

/// Whether a filled value at `path` came from a site at `sites`: encoding moved `stringData` to `data`, and what is not
/// text to `binaryData`.
fn same(sites: &[Step], path: &[Step]) -> bool {
    match (sites, path) {
        ([Step::Key(from), landed_key], [Step::Key(to), key]) => {
            let moved = (from == "stringData" && to == "data") || (from == "data" && to == "binaryData");
            landed_key == key && (from == to || moved)
        }
        _ => sites == path,
    }
}

fn copy<'a>(node: &'a Node<Secret>, path: &mut Vec<Step<'a>>, masked: &dyn Fn(&[Step<'_>]) -> Option<String>) -> Node<Infallible> {
    let value = match &node.value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Number(number) => Value::Number(*number),
        Value::Text(text) => Value::Text(text.clone()),
        Value::Leaf(_) => Value::Text(masked(path).unwrap_or_else(|| HIDDEN.to_owned()).into()),
        Value::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                list.push(copy(item, path, masked));
                path.pop();
            }
            Value::List(list)
        }
        Value::Map(entries) => {
            let mut map = Vec::with_capacity(entries.len());
            for entry in entries {
                path.push(Step::Key(Cow::Borrowed(&*entry.key)));
                map.push(Entry { key: entry.key.clone(), mark: entry.mark, node: copy(&entry.node, path, masked) });
                path.pop();
            }
            Value::Map(map)
        }
    };
    Node { mark: node.mark, value }
}

fn unfilled(node: Node<Infallible>) -> Node<BlankText> {
    let result: Result<Node<BlankText>, Infallible> = node.map_leaves(&mut |never, _| match never {});
    match result {
        Ok(node) => node,
        Err(never) => match never {},
    }
}

fn place(node: &mut Node<BlankText>, path: &[Step<'_>], cloze: BlankText) {
    match path {
        [] => node.value = Value::Leaf(cloze),
        [Step::Key(key)] => node.set(key, Node::made(Value::Leaf(cloze))),
        [Step::Key(key), rest @ ..] => {
            if let Some(inner) = node.get_mut(key) {
                place(inner, rest, cloze);
            }
        }
        [Step::Index(index), rest @ ..] => {
            if let Some(inner) = node.as_list_mut().and_then(|items| items.get_mut(*index)) {
                place(inner, rest, cloze);
            }
        }
    }
}

/// Shown in place of a value whose site is not known.
const HIDDEN: &str = "<hidden>";
