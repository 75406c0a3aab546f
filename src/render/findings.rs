//! What reading a template collects: additions, numbered places, links to other templates, problems.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// What a walk over a template collects.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) source: &'a str,
    pub(super) lines: Lines<'a>,
    pub(super) base: usize,
    /// The template is read for all that is wrong with it.
    pub(super) examined: bool,
    pub(super) additions: Additions,
    pub(super) sites: Vec<TemplateSite>,
    pub(super) links: Links,
    pub(super) problems: Vec<Problem>,
}

impl Findings<'_> {
    /// Notes a problem at a byte of the source.
    pub(super) fn problem(&mut self, at: usize, reason: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem::new(Fault::Check, reason, next).at(self.lines.place(at)));
    }

    /// Notes a place and gives its number.
    pub(super) fn site(&mut self, range: Range<usize>, reason: String, next: &'static str) -> usize {
        let place = self.lines.place(range.start);
        self.sites.push(TemplateSite { place, source: self.source[range].to_owned(), reason, next });
        self.base + self.sites.len() - 1
    }
}

/// A place in a template that may have to be named.
#[derive(Debug, Clone)]
pub(super) struct TemplateSite {
    pub(super) place: Place,
    /// The expression as the author wrote it.
    pub(super) source: String,
    /// What a blank cannot do here.
    pub(super) reason: String,
    /// The way out.
    pub(super) next: &'static str,
}

/// What a template says about others. Each name with the byte of the source where it is.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) includes: Vec<(String, usize)>,
    pub(super) extends: Option<(String, usize)>,
    pub(super) blocks: Vec<(String, usize)>,
    pub(super) components: Vec<(String, usize)>,
    pub(super) calls: Vec<(String, usize)>,
    /// Statements and filters that can make the work grow beyond the length of the source.
    pub(super) growing: usize,
}

/// Text to be added to a source.
#[derive(Debug, Default)]
pub(super) struct Additions {
    list: Vec<(usize, String)>,
}

impl Additions {
    /// Adds `text` before the byte `at`; behind what was added there before.
    pub(super) fn add(&mut self, at: usize, text: impl Into<String>) {
        self.list.push((at, text.into()));
    }

    /// The text with all additions, and where each went: byte of the source, and its length.
    pub(super) fn apply(mut self, source: &str) -> (String, Vec<(usize, usize)>) {
        self.list.sort_by_key(|(at, _)| *at);
        let mut text = String::with_capacity(source.len() + self.list.iter().map(|(_, text)| text.len()).sum::<usize>());
        let mut done = 0;
        for (at, added) in &self.list {
            text.push_str(&source[done..*at]);
            text.push_str(added);
            done = *at;
        }
        text.push_str(&source[done..]);
        (text, self.list.into_iter().map(|(at, added)| (at, added.len())).collect())
    }
}

/// Line and column of bytes of a source.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    file: Arc<str>,
    source: &'a str,
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: Arc<str>, source: &'a str) -> Self {
        Self { file, source, starts: OnceCell::new() }
    }

    /// The place of a byte; a byte inside a character counts as its start.
    pub(super) fn place(&self, byte: usize) -> Place {
        let breaks = || self.source.match_indices('\n').map(|(at, _)| at + 1);
        let starts = self.starts.get_or_init(|| std::iter::once(0).chain(breaks()).collect());
        let line = starts.partition_point(|start| *start <= byte);
        let before = self.source.get(starts[line - 1]..byte.min(self.source.len())).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place::new(Arc::clone(&self.file), number(line), number(before.chars().count() + 1))
    }
}

/// Places numbered from here on belong to the template that is being rendered; lower ones to the library.
pub(super) const OWN_SITES: usize = 1 << 40;

/// More growing statements than this are not sure to end soon.
pub(super) const MANY: usize = 4;
