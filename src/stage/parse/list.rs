//! Lists of objects, taken apart as kubectl does (apimachinery `unstructuredJSONScheme.decodeToList`).

use std::sync::Arc;

use crate::blank::BlankText;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// Adds the objects of `root` to `trees`: its items where it is a list of objects, of one kind or of several, else itself. Items of a
/// typed list, such as a `ConfigMapList`, that say neither kind nor version get the list's.
pub(super) fn flatten(
    file: &Arc<str>,
    mut root: Node<BlankText>,
    trees: &mut Vec<(Arc<str>, Node<BlankText>)>,
    problems: &mut Vec<Problem>,
) {
    let text = |key| root.get(key).and_then(Node::as_text);
    let (kind, version) = (text("kind").unwrap_or_default().to_owned(), text("apiVersion").unwrap_or_default().to_owned());
    let Some(item_kind) = kind.strip_suffix("List") else { return trees.push((Arc::clone(file), root)) };
    let plain = item_kind.is_empty() && version == "v1";
    if !plain && root.get("items").is_none_or(|items| !matches!(items.value, Value::List(_) | Value::Null)) {
        return trees.push((Arc::clone(file), root));
    }
    let mark = root.mark;
    match root.take("items").map(|items| items.value) {
        Some(Value::List(items)) => {
            for mut item in items {
                if !item_kind.is_empty() && item.as_map().is_some() && item.get("kind").is_none() {
                    item.set("kind", Node::text(item_kind));
                    item.set("apiVersion", Node::text(version.as_str()));
                }
                flatten(file, item, trees, problems);
            }
        }
        // Go reads null as an empty list.
        Some(Value::Null) => {}
        _ => {
            let place = Place::rendered(Arc::clone(file), mark.line, mark.column);
            problems.push(Problem::new(Fault::Check, "a List without a list of items", "put the objects under `items:`").at(place));
        }
    }
}
