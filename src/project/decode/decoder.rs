//! A decoder that goes on after a problem: it notes each with its place and yields what it could read.

use std::convert::Infallible;
use std::sync::Arc;

use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::check::BadText;
use crate::project::check::show;
use crate::project::check::some;
use crate::project::decode::shape::Shape;
use crate::project::quote::quote;
use crate::project::spanned::Spanned;
use crate::suggest::suggest;

/// A node of the project file.
pub(super) type ProjectNode = Node<Infallible>;

/// Collects problems.
pub(super) struct Decoder {
    file: Arc<str>,
    what: &'static str,
    pub(super) problems: Vec<Problem>,
}

/// A mapping that was checked against a shape.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    path: &'n str,
    mark: Mark,
    entries: &'n [Entry<Infallible>],
}

impl Decoder {
    /// For `file`, which messages call `what`, such as `the project file`.
    pub(super) fn new(file: &str, what: &'static str) -> Self {
        Self { file: Arc::from(file), what, problems: Vec::new() }
    }

    pub(super) fn place(&self, mark: Mark) -> Place {
        Place::new(Arc::clone(&self.file), mark.line, mark.column)
    }

    pub(super) fn report(&mut self, place: Place, reason: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem::new(Fault::Project, reason, next).at(place));
    }

    /// The mapping at `path`, its keys checked.
    pub(super) fn fields<'n>(&mut self, node: &'n ProjectNode, path: &'n str, shape: &Shape<'_>) -> Option<Fields<'n>> {
        let entries = self.mapping(node, path)?;
        for entry in entries {
            if !shape.keys.contains(&entry.key.as_str()) {
                self.unknown_key(entry, path, shape);
            }
        }
        for required in shape.required {
            if !entries.iter().any(|entry| entry.key == *required) {
                let owner = if path.is_empty() { self.what.to_owned() } else { format!("`{path}`") };
                self.report(self.place(node.mark), format!("{owner} has no `{required}`"), format!("add `{required}: …`"));
            }
        }
        Some(Fields { path, mark: node.mark, entries })
    }

    fn unknown_key(&mut self, entry: &Entry<Infallible>, path: &str, shape: &Shape<'_>) {
        let home = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        let next = if matches!(entry.key.as_str(), "token" | "password" | "passphrase" | "secret" | "credential") {
            "remove it: credentials come from the environment, never from a file of the project".to_owned()
        } else if let Some(known) = suggest(&entry.key, shape.keys.iter().copied()) {
            format!("write `{known}`")
        } else {
            format!("remove it, or {}", one_of(shape.keys))
        };
        self.report(self.place(entry.mark), format!("unknown key {}{home}", quote(&entry.key)), next);
    }

    /// The entries of a mapping whose keys are names.
    pub(super) fn mapping<'n>(&mut self, node: &'n ProjectNode, path: &str) -> Option<&'n [Entry<Infallible>]> {
        let entries = node.as_map();
        if entries.is_none() {
            self.wrong_type(node, path, "a mapping", "write `key: value` lines");
        }
        entries
    }

    /// The items of a list.
    pub(super) fn items<'n>(&mut self, node: &'n ProjectNode, path: &str, expected: &str) -> Option<&'n [ProjectNode]> {
        let items = node.as_list();
        if items.is_none() {
            self.wrong_type(node, path, expected, "write a list: `[a, b]`, or lines that begin with `- `");
        }
        items
    }

    fn wrong_type(&mut self, node: &ProjectNode, path: &str, expected: &str, next: &str) {
        let home = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
        let next = if matches!(node.value, Value::Null) { "give it a value, or remove the key" } else { next };
        self.report(self.place(node.mark), format!("expected {expected}{home}, found {}", node.kind()), next);
    }

    /// The text of a node, checked.
    pub(super) fn text(&mut self, node: &ProjectNode, path: &str, check: impl Fn(&str) -> Result<(), BadText>) -> Option<Spanned<String>> {
        let Some(text) = node.as_text() else {
            let next = match node.value {
                Value::Bool(_) | Value::Number(_) => "put the value in quotes",
                _ => "write one string",
            };
            self.wrong_type(node, path, "a string", next);
            return None;
        };
        self.checked(text, node.mark, path, check).then(|| Spanned::new(text.to_owned(), self.place(node.mark)))
    }

    fn checked(&mut self, text: &str, mark: Mark, path: &str, check: impl Fn(&str) -> Result<(), BadText>) -> bool {
        match check(text) {
            Ok(()) => true,
            Err(_) if text.is_empty() => {
                self.report(self.place(mark), format!("`{path}` is empty"), "give it a value, or remove the key");
                false
            }
            Err(BadText { reason, next }) => {
                self.report(self.place(mark), format!("{} at `{path}` {reason}", show(text)), next);
                false
            }
        }
    }

    /// A mapping's key, checked.
    pub(super) fn key(&mut self, entry: &Entry<Infallible>, path: &str, check: fn(&str) -> Result<(), BadText>) -> Option<Spanned<String>> {
        self.checked(&entry.key, entry.mark, path, check).then(|| Spanned::new(entry.key.to_string(), self.place(entry.mark)))
    }

    /// The value that a word of a closed list stands for. Where no word is near, `offered` ones are listed.
    pub(super) fn word<T: Copy>(&mut self, node: &ProjectNode, path: &str, words: &[(&str, T)], offered: &[&str]) -> Option<Spanned<T>> {
        let text = self.text(node, path, some)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Spanned { value: *value, place: text.place });
        }
        let next = match suggest(&text.value, words.iter().map(|(word, _)| *word)) {
            Some(word) => format!("write `{word}`"),
            None => one_of(offered),
        };
        self.report(self.place(node.mark), format!("unknown word {} at `{path}`", quote(&text.value)), next);
        None
    }
}

impl<'n> Fields<'n> {
    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'n ProjectNode> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The path of `key`, for messages.
    pub(super) fn path(&self, key: &str) -> String {
        join(self.path, key)
    }

    /// Where the mapping begins.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// The text at `key`, checked.
    pub(super) fn text(&self, decoder: &mut Decoder, key: &str, check: impl Fn(&str) -> Result<(), BadText>) -> Option<Spanned<String>> {
        decoder.text(self.get(key)?, &self.path(key), check)
    }

    /// The texts at `key`, each checked.
    pub(super) fn texts(&self, decoder: &mut Decoder, key: &str, check: fn(&str) -> Result<(), BadText>) -> Option<Vec<Spanned<String>>> {
        let path = self.path(key);
        let items = decoder.items(self.get(key)?, &path, "a list of strings")?;
        Some(items.iter().enumerate().filter_map(|(index, item)| decoder.text(item, &format!("{path}[{index}]"), check)).collect())
    }

    /// The text or the texts at `key`, each checked.
    pub(super) fn text_or_texts(
        &self,
        decoder: &mut Decoder,
        key: &str,
        check: fn(&str) -> Result<(), BadText>,
    ) -> Option<Vec<Spanned<String>>> {
        if self.get(key)?.as_list().is_some() { self.texts(decoder, key, check) } else { Some(vec![self.text(decoder, key, check)?]) }
    }

    /// The texts by key at `key`, each checked.
    pub(super) fn text_map(
        &self,
        decoder: &mut Decoder,
        key: &str,
        check_key: fn(&str) -> Result<(), BadText>,
        check: fn(&str) -> Result<(), BadText>,
    ) -> Vec<(Spanned<String>, Spanned<String>)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let path = self.path(key);
        let entries = decoder.mapping(node, &path).unwrap_or_default();
        let pair = |entry: &Entry<Infallible>| {
            let (key, value) = (decoder.key(entry, &path, check_key), decoder.text(&entry.node, &join(&path, &entry.key), check));
            Some((key?, value?))
        };
        entries.iter().filter_map(pair).collect()
    }

    /// The word at `key`.
    pub(super) fn word<T: Copy>(&self, decoder: &mut Decoder, key: &str, words: &[(&str, T)]) -> Option<Spanned<T>> {
        let offered: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        decoder.word(self.get(key)?, &self.path(key), words, &offered)
    }

    /// The boolean at `key`.
    pub(super) fn flag(&self, decoder: &mut Decoder, key: &str) -> Option<Spanned<bool>> {
        let node = self.get(key)?;
        if let Value::Bool(flag) = node.value {
            return Some(Spanned::new(flag, decoder.place(node.mark)));
        }
        decoder.wrong_type(node, &self.path(key), "a boolean", "write `true` or `false`");
        None
    }

    /// The number at `key`, 1 or more.
    pub(super) fn count(&self, decoder: &mut Decoder, key: &str) -> Option<Spanned<u64>> {
        let node = self.get(key)?;
        let place = decoder.place(node.mark);
        match node.value {
            Value::Number(Number::Int(count)) if count > 0 => Some(Spanned::new(count.unsigned_abs(), place)),
            Value::Number(Number::Int(_)) => {
                decoder.report(place, format!("`{}` is less than 1", self.path(key)), "write 1 or more");
                None
            }
            _ => {
                decoder.wrong_type(node, &self.path(key), "a whole number", "write a number such as 10");
                None
            }
        }
    }
}

/// The path of `key` in the mapping at `path`. Keys come from the file, so they are cut and cleaned.
pub(super) fn join(path: &str, key: &str) -> String {
    let quoted = quote(key);
    let key = quoted.trim_matches('`');
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Asks for one of `words`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [only] => format!("write {only}"),
        _ => format!("write one of {}", quoted.join(", ")),
    }
}
