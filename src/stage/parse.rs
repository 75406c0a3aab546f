//! From rendered text to objects: every token becomes a typed blank at its scalar, or a problem.

mod cluster_state;
mod documents;
mod identify;
mod list;

use std::convert::Infallible;
use std::sync::Arc;

use compact_str::CompactString;

use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::ReadFault;
use crate::manifest::Value;
use crate::parallel::map;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::reference::Scopes;
use crate::render::Arrivals;
use crate::render::Tokens;
use crate::stage::bundle::Bundle;
use crate::stage::parse::cluster_state::ClusterState;
use crate::stage::parse::documents::UnreadText;
use crate::stage::parse::identify::identify;
use crate::stage::parse::list::flatten;

pub use documents::Documents;

/// The objects of a run with their blanks. Only [`parse`] makes one that holds any.
#[derive(Debug, Default)]
pub struct Parsed {
    objects: Vec<Object<BlankText>>,
    blanks: Blanks,
    warnings: Vec<Problem>,
}

impl Parsed {
    /// The objects in the order of their templates.
    pub fn objects(&self) -> &[Object<BlankText>] {
        &self.objects
    }

    /// The objects, to be walked.
    pub fn objects_mut(&mut self) -> &mut [Object<BlankText>] {
        &mut self.objects
    }

    /// The blanks that are in them.
    pub fn blanks(&self) -> &Blanks {
        &self.blanks
    }

    /// What is not wrong but probably not meant.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Objects and blanks, for the next stage.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Object<BlankText>>, Blanks) {
        (self.objects, self.blanks)
    }
}

/// What to know beforehand of the objects that are read.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// The namespace of objects of a namespaced kind that say none.
    pub namespace: &'a str,
    /// Group and kind of custom resources without a namespace, as the project lists them.
    pub cluster_scoped: &'a [(String, String)],
}

/// Makes objects of what was read and of bundles, as far as they can be made, and says what is wrong with the rest. `blanks` are those of the texts, and
/// `tokens` finds them.
pub fn parse(
    documents: Documents,
    blanks: Blanks,
    tokens: &Tokens,
    bundles: Vec<Bundle>,
    defaults: Defaults<'_>,
) -> (Parsed, Vec<Problem>) {
    let (roots, unread, entries) = match documents.into_parts() {
        Ok(parts) => parts,
        Err(problem) => return (Parsed::default(), vec![problem]),
    };
    let mut reading = Reading { tokens, arrived: Vec::new(), problems: Vec::new() };
    for UnreadText { file, text, faults } in unread {
        reading.unread(&file, &text, faults);
    }
    let objects_of = |(file, root)| {
        let mut reading = Reading { tokens, arrived: Vec::new(), problems: Vec::new() };
        let mut trees = Vec::new();
        let tree = reading.node(&file, root);
        flatten(&file, tree, &mut trees, &mut reading.problems);
        (trees, reading)
    };
    let mut trees = Vec::with_capacity(roots.len());
    for (found, mut read) in map(roots, objects_of) {
        trees.extend(found);
        reading.arrived.append(&mut read.arrived);
        reading.problems.append(&mut read.problems);
    }
    let mut objects: Vec<Object<BlankText>> = Vec::with_capacity(trees.len() + bundles.len());
    let scopes = Scopes::of(trees.iter().map(|(_, root)| root), defaults.cluster_scoped);
    let mut state = ClusterState::default();
    for (file, root) in trees {
        if let Some(mut object) = identify(file, root, defaults.namespace, &scopes, &mut reading.problems) {
            state.take_out_of(&mut object);
            objects.push(object);
        }
    }
    for bundle in bundles {
        let object = bundle.object(&entries, &mut |file, text| reading.scalar(file, Mark { line: 1, column: 1 }, text.into()));
        match object {
            Ok(object) => objects.push(object),
            Err(problems) => reading.problems.extend(problems),
        }
    }
    let Reading { arrived, mut problems, .. } = reading;
    let mut arrivals = Arrivals::default();
    for id in arrived {
        arrivals.mark(&blanks, id);
    }
    problems.extend(arrivals.missing(&blanks).into_iter().map(|id| lost(blanks.get(id))));
    let warnings = state.warning().into_iter().collect();
    (Parsed { objects, blanks, warnings }, problems)
}

/// What reading collects on its way.
struct Reading<'a> {
    tokens: &'a Tokens,
    /// The blanks that were met.
    arrived: Vec<BlankId>,
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

    /// The faults of a text that cannot be read. Its blanks count as arrived: where they would be is not known.
    fn unread(&mut self, file: &Arc<str>, text: &str, faults: Vec<ReadFault>) {
        for piece in self.tokens.split(text).unwrap_or_default() {
            if let Piece::Blank(id) = piece {
                self.arrived.push(id);
            }
        }
        for fault in faults {
            self.complain(file, fault.mark, fault.reason, fault.next);
        }
    }

    fn entry(&mut self, file: &Arc<str>, entry: Entry<Infallible>) -> Entry<BlankText> {
        let Entry { key, mark, node } = entry;
        if self.pieces(file, mark, &key).is_some() {
            self.complain(file, mark, "a mapping key holds a blank", "write the key in the template; only values can be secret");
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
                "use only filters that work on blanks, such as `urlencode` or `indent`",
            );
            return None;
        };
        for piece in &pieces {
            if let Piece::Blank(id) = piece {
                self.arrived.push(*id);
            }
        }
        Some(pieces)
    }

    fn complain(&mut self, file: &Arc<str>, mark: Mark, reason: impl Into<String>, next: impl Into<String>) {
        let place = Place::rendered(Arc::clone(file), mark.line, mark.column);
        self.problems.push(Problem::new(Fault::Check, reason, next).at(place));
    }
}

fn lost(blank: &Blank) -> Problem {
    Problem::new(
        Fault::Check,
        "this blank does not reach a value of a manifest",
        "write it as a value; it cannot be compared, measured, cut or put into a comment",
    )
    .at(blank.place.clone())
}
