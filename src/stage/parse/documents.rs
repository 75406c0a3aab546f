//! The documents of what templates render to, read while the rest is rendered still.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::manifest::Limits;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::ReadFault;
use crate::manifest::Value;
use crate::manifest::read_as_meant;
use crate::parallel::map_large;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::Budget;
use crate::render::RenderedText;

/// The documents of a run. Its budget bounds all of them together.
#[derive(Debug)]
pub struct Documents {
    budget: Budget,
    left: Limits,
    /// Texts that are not manifests.
    beside: BTreeSet<Arc<str>>,
    entries: BTreeMap<Arc<str>, String>,
    pending: Vec<RenderedText>,
    pending_bytes: usize,
    roots: Vec<(Arc<str>, Node<Infallible>)>,
    unread: Vec<UnreadText>,
    /// Where the budget was used up.
    end: Option<Problem>,
}

/// A text that cannot be read.
#[derive(Debug)]
pub(super) struct UnreadText {
    pub(super) file: Arc<str>,
    pub(super) text: String,
    pub(super) faults: Vec<ReadFault>,
}

/// What documents come to: the trees, what could not be read, each in the order of the files, and the texts that are not manifests.
pub(super) type DocumentParts = (Vec<(Arc<str>, Node<Infallible>)>, Vec<UnreadText>, BTreeMap<Arc<str>, String>);

impl Documents {
    /// No documents yet; the texts of the files `beside` are not manifests.
    pub fn new(budget: Budget, beside: BTreeSet<Arc<str>>) -> Self {
        let left = Limits { bytes: budget.bytes(), nodes: budget.nodes(), ..Limits::default() };
        Self {
            budget,
            left,
            beside,
            entries: BTreeMap::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            roots: Vec::new(),
            unread: Vec::new(),
            end: None,
        }
    }

    /// Adds a text; it is read now or together with the next ones. Breaks off where the budget is used up.
    pub fn add(&mut self, text: RenderedText) -> ControlFlow<()> {
        if self.beside.contains(&text.file) {
            self.entries.insert(text.file, text.text);
            return ControlFlow::Continue(());
        }
        self.pending_bytes += text.text.len();
        self.pending.push(text);
        if self.pending_bytes >= TOGETHER {
            self.read();
        }
        if self.end.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The texts that are not manifests.
    pub fn entries_mut(&mut self) -> &mut BTreeMap<Arc<str>, String> {
        &mut self.entries
    }

    /// Trees and texts.
    ///
    /// # Errors
    /// All together exceed the budget.
    pub(super) fn into_parts(mut self) -> Result<DocumentParts, Problem> {
        self.read();
        if let Some(problem) = self.end {
            return Err(problem);
        }
        self.roots.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.unread.sort_by(|one, other| one.file.cmp(&other.file));
        Ok((self.roots, self.unread, self.entries))
    }

    /// Reads what is pending, side by side. A text gets no more values than it can have without aliases: what they make of it could be as much as is left for
    /// each of these texts, so it is read again alone.
    fn read(&mut self) {
        let (texts, bytes) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.pending_bytes));
        if self.end.is_some() {
            return;
        }
        let left = self.left;
        let own = |text: &str| Limits { nodes: left.nodes.min(2 * text.len() + 8), bytes: left.bytes.min(text.len()), ..left };
        let read = |text: RenderedText| (document_trees(&text.text, own(&text.text)), text);
        let all = if bytes < FEW { texts.into_iter().map(read).collect() } else { map_large(texts, read) };
        for (mut read, text) in all {
            let given = own(&text.text);
            let is_enough = match &read {
                Ok((_, size)) => size.nodes <= self.left.nodes && size.bytes <= self.left.bytes,
                Err(faults) => !faults.iter().any(|fault| fault.exceeds(given)),
            };
            if !is_enough && given != self.left {
                // Its memory is for what is read now.
                drop(read);
                read = document_trees(&text.text, self.left);
            }
            self.take(text, read);
            if self.end.is_some() {
                return;
            }
        }
    }

    fn take(&mut self, text: RenderedText, read: DocumentTrees) {
        let RenderedText { file, text } = text;
        match read {
            Ok((documents, size)) => {
                self.left.nodes = self.left.nodes.saturating_sub(size.nodes);
                self.left.bytes = self.left.bytes.saturating_sub(size.bytes);
                self.roots.extend(documents.into_iter().map(|document| (Arc::clone(&file), document)));
            }
            Err(faults) if faults.iter().any(|fault| fault.exceeds(self.left)) => {
                let mark = faults.iter().find(|fault| fault.exceeds(self.left)).map_or(Mark { line: 1, column: 1 }, |fault| fault.mark);
                self.end = Some(too_much(self.budget).at(Place::rendered(file, mark.line, mark.column)));
            }
            Err(faults) => self.unread.push(UnreadText { file, text, faults }),
        }
    }
}

/// The documents of a text and their size, or why it cannot be read.
type DocumentTrees = Result<(Vec<Node<Infallible>>, Size), Vec<ReadFault>>;

fn document_trees(text: &str, limits: Limits) -> DocumentTrees {
    let documents = read_as_meant(text, limits)?;
    let mut size = Size::default();
    for document in &documents {
        size.add(document);
    }
    Ok((documents, size))
}

/// Bytes of texts that are read together.
const TOGETHER: usize = 512 << 10;

/// Bytes of texts that are not worth a thread.
const FEW: usize = 64 << 10;

/// What a tree takes of the budget.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, node: &Node<Infallible>) {
        self.nodes += 1;
        match &node.value {
            Value::Text(text) => self.bytes += text.len(),
            Value::List(items) => {
                for item in items {
                    self.add(item);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.bytes += entry.key.len();
                    self.add(&entry.node);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::Leaf(never) => match *never {},
        }
    }
}

fn too_much(budget: Budget) -> Problem {
    let reason = format!(
        "the manifests of this run have more than {} values or {} MiB of text, aliases expanded",
        budget.nodes(),
        budget.bytes() >> 20
    );
    Problem::new(Fault::Check, reason, budget.next("write fewer or smaller objects, or fewer aliases"))
}
