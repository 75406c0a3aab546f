//! Line markers: a second rendering carries them, so that a rendered line is traced to the template's line.
//!
//! A marker is put before the first visible character of each line and around each tag, never in white space that a tag trims and never in
//! a section that is captured, so that the rendering is the same but for the markers. [`LineMap::read`] proves that it is.

use std::sync::Arc;

use crate::place::Place;
use crate::render::findings::Findings;
use crate::render::lexer::Tag;
use crate::render::lexer::TemplatePart;
use crate::render::lexer::WordKind;
use crate::render::token::push_number;
use crate::render::token::read_number;

/// Writes markers for one file.
#[derive(Debug, Clone)]
pub(super) struct Marker {
    prefix: String,
    file: u32,
}

const NUMBERS: [usize; 4] = [1, 4, 5, 4];
const LENGTH: usize = 27 + 1 + 4 + 5 + 4;

impl Marker {
    /// Markers that nobody can guess, for the file with that number.
    pub(super) fn new(random: &[u8; 16], file: usize) -> Self {
        let mut prefix = String::from("m");
        // 26 digits of 5 bits; the two bits that a word of 32 has too many are let go.
        for (word, length) in random.chunks(4).zip([7, 6, 7, 6]) {
            push_number(&mut prefix, u32::from_be_bytes(word.try_into().unwrap_or_default()), length);
        }
        Self { prefix, file: u32::try_from(file).unwrap_or(u32::MAX) }
    }

    fn text(&self, place: &Place, exact: bool) -> String {
        let mut text = self.prefix.clone();
        for (number, length) in [u32::from(exact), self.file, place.line, place.column].into_iter().zip(NUMBERS) {
            push_number(&mut text, number, length);
        }
        text
    }

    /// Marks the parts of a template.
    pub(super) fn mark(&self, parts: &[TemplatePart], findings: &mut Findings<'_>) {
        if findings.links.extends.is_some() {
            return;
        }
        let mut captured = 0usize;
        for part in parts {
            match part {
                TemplatePart::Text(range) | TemplatePart::Raw(range) if captured == 0 => {
                    let mut start = range.start;
                    for line in findings.source[range.clone()].split_inclusive('\n') {
                        let visible = line.len() - line.trim_start().len();
                        if visible < line.len() {
                            let at = start + visible;
                            let text = self.text(&findings.lines.place(at), true);
                            findings.additions.add(at, text);
                        }
                        start += line.len();
                    }
                }
                TemplatePart::Text(_) | TemplatePart::Raw(_) | TemplatePart::Comment(_) | TemplatePart::Stray(_) => {}
                TemplatePart::Tag(tag) => {
                    let capture = capture(tag, findings.source);
                    if captured == 0 && (!tag.statement || capture > 0 || first_word(tag, findings.source) == "include") {
                        let text = self.text(&findings.lines.place(tag.range.start), false);
                        let text = if tag.trims_before { format!("{{{{- '{text}' }}}}") } else { text };
                        findings.additions.add(tag.range.start, text);
                    }
                    captured = captured.saturating_add_signed(capture);
                }
            }
        }
    }
}

fn first_word<'s>(tag: &Tag, source: &'s str) -> &'s str {
    tag.words.first().map_or("", |word| &source[word.range.clone()])
}

/// 1 when the statement begins a captured section, -1 when it ends one.
fn capture(tag: &Tag, source: &str) -> isize {
    if !tag.statement {
        return 0;
    }
    let assigns = tag.words.get(2).is_some_and(|word| word.kind == WordKind::Sign && &source[word.range.clone()] == "=");
    match first_word(tag, source) {
        "set" | "set_global" if assigns => 0,
        "set" | "set_global" | "filter" | "component" | "<" => 1,
        "endset" | "endfilter" | "endcomponent" | "</" => -1,
        _ => 0,
    }
}

/// Traces places in a rendered text to the templates that wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineMap {
    /// For each rendered line the marks on it, by column.
    lines: Vec<Vec<LineMark>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineMark {
    /// Column of the rendered line, in characters from 1.
    pub(super) column: u32,
    pub(super) origin: Place,
    /// What follows is in the template as it does here; else a tag wrote it.
    pub(super) exact: bool,
}

impl LineMap {
    /// Where in a template the rendered `line` and `column` (from 1; 0 for the line as a whole) come from. `None` when it is not known.
    pub fn place(&self, line: u32, column: u32) -> Option<Place> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let marks = self.lines.get(index)?;
        let before = marks.iter().rev().find(|mark| mark.column <= column);
        match (before, marks.first()) {
            (Some(mark), _) if mark.exact => Some(Place { column: mark.origin.column + (column - mark.column), ..mark.origin.clone() }),
            (Some(mark), _) => Some(mark.origin.clone()),
            (None, Some(mark)) => {
                let back = if column == 0 { 0 } else { mark.column - column };
                Some(Place { column: mark.origin.column.saturating_sub(back).max(1), ..mark.origin.clone() })
            }
            (None, None) => self.lines[..index].iter().rev().find_map(|marks| marks.last()).map(|mark| mark.origin.clone()),
        }
    }

    /// Reads a marked rendering. Gives the map and the text without the markers.
    pub(super) fn read(random: &[u8; 16], files: &[Arc<str>], marked: &str) -> Option<(Self, String)> {
        let prefix = Marker::new(random, 0).prefix;
        let mut map = Self { lines: vec![Vec::new()] };
        let mut text = String::with_capacity(marked.len());
        let mut column = 1;
        let mut done = 0;
        let ends = marked.match_indices(&prefix).map(|(at, _)| at).chain(std::iter::once(marked.len()));
        for at in ends {
            for char in marked.get(done..at)?.chars() {
                text.push(char);
                column += 1;
                if char == '\n' {
                    map.lines.push(Vec::new());
                    column = 1;
                }
            }
            done = at;
            if at < marked.len() {
                done = at + LENGTH;
                let mut digits = marked.get(at + prefix.len()..done)?.as_bytes();
                let mut numbers = [0; 4];
                for (number, length) in numbers.iter_mut().zip(NUMBERS) {
                    let (own, rest) = digits.split_at(length);
                    *number = read_number(own)?;
                    digits = rest;
                }
                let [exact, file, line, origin] = numbers;
                let origin = Place::new(Arc::clone(files.get(usize::try_from(file).ok()?)?), line, origin);
                map.lines.last_mut()?.push(LineMark { column, origin, exact: exact == 1 });
            }
        }
        Some((map, text))
    }

    pub(super) fn marks(&self) -> &[Vec<LineMark>] {
        &self.lines
    }

    pub(super) fn of_marks(lines: Vec<Vec<LineMark>>) -> Self {
        Self { lines }
    }
}
