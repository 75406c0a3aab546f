//! From rendered text to objects: every token becomes a typed blank at its scalar, or a problem.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use compact_str::CompactString;

use crate::blank::Blank;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::manifest::read_as_meant;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::reference::Scopes;
use crate::render::Arrivals;
use crate::render::Rendered;
use crate::render::RenderedText;
use crate::render::Tokens;
use crate::stage::bundle::Bundle;

/// The objects of a run with their blanks. Only [`parse`] makes one.
#[derive(Debug, Default)]
pub struct Parsed {
    objects: Vec<Object<BlankText>>,
    blanks: Blanks,
}

impl Parsed {
    /// The objects in the order of their templates.
    pub fn objects(&self) -> &[Object<BlankText>] {
        &self.objects
    }

    /// The blanks that stand in them.
    pub fn blanks(&self) -> &Blanks {
        &self.blanks
    }

    /// Both, for the next stage.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Object<BlankText>>, Blanks) {
        (self.objects, self.blanks)
    }
}

/// Reads what was rendered. Texts that a bundle names become its entries; all others are manifests, one or more documents
/// each. An object of a namespaced kind that says no namespace gets `namespace`.
pub fn parse(rendered: Rendered, bundles: Vec<Bundle>, namespace: &str) -> Result<Parsed, Problems> {
    let Rendered { texts, blanks, tokens } = rendered;
    let mut reading = Reading { tokens: &tokens, blanks: &blanks, arrived: Arrivals::default(), problems: Vec::new() };
    let files: BTreeSet<Arc<str>> = bundles.iter().flat_map(Bundle::text_files).collect();
    let mut entries = BTreeMap::new();
    let mut roots = Vec::new();
    for RenderedText { file, text } in texts {
        if files.contains(&file) {
            entries.insert(file, text);
            continue;
        }
        match read_as_meant(&text, Limits::default()) {
            Ok(documents) => roots.extend(documents.into_iter().map(|document| (Arc::clone(&file), document))),
            Err(faults) => reading.problems.extend(faults.into_iter().map(|fault| {
                let place = Place::rendered(Arc::clone(&file), fault.mark.line, fault.mark.column);
                Problem::new(Fault::Check, fault.reason, fault.next).at(place)
            })),
        }
    }
    let mut objects: Vec<Object<BlankText>> = Vec::with_capacity(roots.len() + bundles.len());
    let mut trees = Vec::with_capacity(roots.len());
    for (file, root) in roots {
        let tree = reading.node(&file, root);
        flatten(&file, tree, &mut trees, &mut reading.problems);
    }
    let scopes = Scopes::of(trees.iter().map(|(_, root)| root));
    for (file, root) in trees {
        if let Some(object) = identify(file, root, namespace, &scopes, &mut reading.problems) {
            objects.push(object);
        }
    }
    for bundle in bundles {
        let object = bundle.object(&entries, &mut |file, text| reading.scalar(file, Mark { line: 1, column: 1 }, text.into()));
        match object {
            Ok(object) => objects.push(object),
            Err(problem) => reading.problems.push(problem),
        }
    }
    let Reading { arrived, mut problems, .. } = reading;
    problems.extend(arrived.missing(&blanks).into_iter().map(|id| lost(blanks.get(id))));
    Problems::or(Parsed { objects, blanks }, problems)
}

/// What reading collects on its way.
struct Reading<'a> {
    tokens: &'a Tokens,
    blanks: &'a Blanks,
    arrived: Arrivals,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn node(&mut self, file: &Arc<str>, node: Node<Infallible>) -> Node<BlankText> {
        let mark = node.mark;
        let value = match node.value {
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(flag),
            Value::Number(number) => Value::Number(number),
            Value::Leaf(never) => match never {},
            Value::Text(text) => self.scalar(file, mark, text),
            Value::List(items) => Value::List(items.into_iter().map(|item| self.node(file, item)).collect()),
            Value::Map(entries) => Value::Map(entries.into_iter().map(|entry| self.entry(file, entry)).collect()),
        };
        Node { mark, value }
    }

    fn entry(&mut self, file: &Arc<str>, entry: Entry<Infallible>) -> Entry<BlankText> {
        let Entry { key, mark, node } = entry;
        if self.pieces(file, mark, &key).is_some() {
            self.complain(file, mark, "a blank stands in a mapping's key", "write the key in the template; only values can be secret");
        }
        Entry { key, mark, node: self.node(file, node) }
    }

    fn scalar(&mut self, file: &Arc<str>, mark: Mark, text: CompactString) -> Value<BlankText> {
        match self.pieces(file, mark, &text) {
            None => Value::Text(text),
            Some(pieces) => Value::Leaf(BlankText { pieces }),
        }
    }

    /// The pieces of a text with blanks, which arrive by this; `None` where there is no blank.
    fn pieces(&mut self, file: &Arc<str>, mark: Mark, text: &str) -> Option<Vec<Piece>> {
        if !self.tokens.any_in(text) {
            return None;
        }
        let Ok(pieces) = self.tokens.split(text) else {
            self.complain(
                file,
                mark,
                "something changed the text of a blank",
                "apply only filters that know blanks, such as `urlencode` or `indent`",
            );
            return None;
        };
        for piece in &pieces {
            if let Piece::Blank(id) = piece {
                self.arrived.mark(self.blanks, *id);
            }
        }
        Some(pieces)
    }

    fn complain(&mut self, file: &Arc<str>, mark: Mark, reason: &str, next: &str) {
        let place = Place::rendered(Arc::clone(file), mark.line, mark.column);
        self.problems.push(Problem::new(Fault::Check, reason, next).at(place));
    }
}

fn lost(blank: &Blank) -> Problem {
    Problem::new(
        Fault::Check,
        "this blank does not reach a value of a manifest",
        "let it stand in a value; it cannot be compared, measured, cut or written into a comment",
    )
    .at(blank.place.clone())
}

/// Takes the items of a `List` out of it, as kubectl does.
fn flatten(file: &Arc<str>, mut root: Node<BlankText>, trees: &mut Vec<(Arc<str>, Node<BlankText>)>, problems: &mut Vec<Problem>) {
    let is_list = root.get("kind").and_then(Node::as_text) == Some("List") && root.get("apiVersion").and_then(Node::as_text) == Some("v1");
    if !is_list {
        trees.push((Arc::clone(file), root));
        return;
    }
    let mark = root.mark;
    match root.take("items").map(|items| items.value) {
        Some(Value::List(items)) => items.into_iter().for_each(|item| flatten(file, item, trees, problems)),
        _ => {
            problems.push(Problem::new(Fault::Check, "a List has no list of items", "put the objects under `items:`").at(Place::rendered(
                Arc::clone(file),
                mark.line,
                mark.column,
            )));
        }
    }
}

fn identify(
    file: Arc<str>,
    mut root: Node<BlankText>,
    namespace: &str,
    scopes: &Scopes,
    problems: &mut Vec<Problem>,
) -> Option<Object<BlankText>> {
    let before = problems.len();
    let mut complain = |mark: Mark, reason: String, next: &str| {
        problems.push(Problem::new(Fault::Check, reason, next).at(Place::rendered(Arc::clone(&file), mark.line, mark.column)));
    };
    if root.as_map().is_none() {
        complain(root.mark, format!("a manifest is a mapping, this is {}", root.kind()), "write apiVersion, kind and metadata");
        return None;
    }
    let mut text_at = |path: &[&str]| {
        let shown = path.join(".");
        match root.at(path) {
            None => {
                complain(
                    root.mark,
                    format!("the manifest has no `{shown}`"),
                    "add it; every object has apiVersion, kind and metadata.name",
                );
            }
            Some(Node { value: Value::Text(text), .. }) if !text.is_empty() => return text.to_string(),
            Some(Node { value: Value::Leaf(_), mark }) => {
                complain(*mark, format!("a blank stands in `{shown}`"), "write it in the template; only values of a Secret can be secret");
            }
            Some(node) => complain(node.mark, format!("`{shown}` is {}, not a name", node.kind()), "write it as a string; quote it"),
        }
        String::new()
    };
    let api_version = text_at(&["apiVersion"]);
    let kind = text_at(&["kind"]);
    let name = text_at(&["metadata", "name"]);
    let said = root.at(&["metadata", "namespace"]).is_some().then(|| text_at(&["metadata", "namespace"]));
    if problems.len() > before {
        return None;
    }
    let namespace = if scopes.is_cluster(&api_version, &kind) {
        String::new()
    } else if let Some(said) = said {
        said
    } else {
        if let Some(metadata) = root.get_mut("metadata") {
            metadata.set("namespace", Node::text(namespace));
        }
        namespace.to_owned()
    };
    Some(Object { file, identity: Identity { api_version, kind, namespace, name }, root })
}
