//! Where blanks stand in an object: enough to show it masked after filling, and to fill it again from a release.

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
use crate::stage::path::Step;
use crate::stage::path::walk_leaves;

/// A scalar with blanks, at its path in the object that the template wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlankSite {
    /// Keys and indices from the root.
    pub path: Vec<Step<'static>>,
    /// What stands there.
    pub pieces: Vec<Piece>,
}

/// Every scalar with blanks in an object, in order; of a Secret also its literal `stringData`, which encoding would veil.
pub fn blank_sites(object: &Object<BlankText>) -> Vec<BlankSite> {
    let mut found = Vec::new();
    walk_leaves(&object.root, &mut |cloze, path, _| {
        let path = path.iter().map(Step::to_owned_step).collect();
        found.push(BlankSite { path, pieces: cloze.pieces.clone() });
    });
    if object.is_secret() {
        for entry in object.root.get("stringData").and_then(Node::as_map).unwrap_or_default() {
            if let Value::Text(text) = &entry.node.value {
                let path = vec![Step::Key("stringData".into()), Step::Key(entry.key.to_string().into())];
                found.push(BlankSite { path, pieces: vec![Piece::Text(text.to_string())] });
            }
        }
    }
    found.shrink_to_fit();
    found
}

/// The object as a review shows it when no vault is asked, alike to what [`mask_filled`] makes of it once it is filled.
pub fn preview(object: Object<BlankText>, mask: &dyn Fn(BlankId) -> String) -> Object<Infallible> {
    let blank_sites = blank_sites(&object);
    let is_secret = object.is_secret();
    let joined = |cloze: BlankText| cloze.pieces.iter().map(|piece| shown(piece, mask)).collect::<String>();
    let root: Result<Node<Infallible>, Infallible> = object.root.map_leaves(&mut |cloze, _| Ok(Value::Text(joined(cloze).into())));
    let mut root = match root {
        Ok(root) => root,
        Err(never) => match never {},
    };
    if is_secret {
        let literal = root.take("stringData");
        move_masks(&mut root, &blank_sites);
        let shown = root.take("stringData");
        let mut texts: Vec<Entry<Infallible>> = [shown, literal]
            .into_iter()
            .flatten()
            .filter_map(|node| if let Value::Map(entries) = node.value { Some(entries) } else { None })
            .flatten()
            .collect();
        if !texts.is_empty() {
            texts.sort_by(|a, b| a.key.cmp(&b.key));
            root.set("stringData", Node::made(Value::Map(texts)));
        }
    }
    for field in ["data", "binaryData"] {
        if let Some(entries) = root.get_mut(field).and_then(Node::as_map_mut).filter(|_| is_secret || object.identity.kind == "ConfigMap") {
            entries.sort_by(|a, b| a.key.cmp(&b.key));
        }
    }
    Object { file: object.file, identity: object.identity, root }
}

fn shown(piece: &Piece, mask: &dyn Fn(BlankId) -> String) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Blank(id) => mask(*id),
    }
}

/// The object as a review shows it: in each blank's stead what `mask` says. A Secret's values with blanks stand under
/// `stringData`, so that the text is still a valid manifest. A filled value of which no site is known shows as `<hidden>`.
pub fn mask_filled(object: &Object<Secret>, blank_sites: &[BlankSite], mask: &dyn Fn(BlankId) -> String) -> Node<Infallible> {
    let masked = |path: &[Step<'_>]| {
        let site = blank_sites.iter().find(|site| same(&site.path, path))?;
        Some(site.pieces.iter().map(|piece| shown(piece, mask)).collect::<String>())
    };
    let mut root = copy(&object.root, &mut Vec::new(), &masked);
    if object.is_secret() {
        move_masks(&mut root, blank_sites);
    }
    root
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
        Value::Text(text) => Value::Text(if path.len() == 2 { masked(path) } else { None }.map_or_else(|| text.clone(), Into::into)),
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

/// Moves the masked values of a Secret from `data`, where Kubernetes wants base64, to `stringData`.
fn move_masks(root: &mut Node<Infallible>, blank_sites: &[BlankSite]) {
    let mut texts = Vec::new();
    if let Some(data) = root.get_mut("data") {
        for site in blank_sites {
            if let [Step::Key(_), Step::Key(key)] = site.path.as_slice()
                && let Some(node) = data.take(key)
            {
                texts.push(Entry { key: (&**key).into(), mark: node.mark, node });
            }
        }
    }
    if root.get("data").and_then(Node::as_map).is_some_and(<[_]>::is_empty) {
        root.take("data");
    }
    if !texts.is_empty() {
        texts.sort_by(|a, b| a.key.cmp(&b.key));
        root.set("stringData", Node::made(Value::Map(texts)));
    }
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

/// Shown in the stead of a value of which nothing is known.
const HIDDEN: &str = "<hidden>";
