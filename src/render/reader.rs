//! The words of one tag, read from left to right, and the checks that expressions get.

use std::ops::Range;

use crate::render::findings::Findings;
use crate::render::foreign::RAW;
use crate::render::lexer::Word;
use crate::render::lexer::WordKind;

/// The grammar ends here; Tera may know why.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrammarEnd(pub(super) usize);

/// What is known of an expression before it is evaluated.
#[expect(clippy::struct_excessive_bools, reason = "four facts that do not hang together")]
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) range: Range<usize>,
    /// A filter may follow without brackets.
    pub(super) primary: bool,
    pub(super) may_be_undefined: bool,
    pub(super) may_hold_blank: bool,
    /// The values that the steps of `a.b[c]` start from.
    pub(super) steps: Vec<Range<usize>>,
    /// One of the steps would be silent about a blank.
    pub(super) silent_step: bool,
}

/// A variable with its steps: the ranges of `a`, `a.b`, `a.b.c`.
#[derive(Debug)]
pub(super) struct NamedPath {
    pub(super) prefixes: Vec<Range<usize>>,
    /// It is asked whether it is there.
    pub(super) may_be_absent: bool,
}

/// What the place of an expression demands of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// It is written out; Tera checks that it is defined.
    Output,
    /// It is handed on.
    Defined,
    /// It is looked at.
    Plain,
    /// Its parts are taken.
    Whole,
    /// It is asked whether it is there.
    Known,
}

/// The words of one tag, read from left to right.
#[derive(Debug)]
pub(super) struct TagReader<'r, 's> {
    pub(super) words: &'r [Word],
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) findings: &'r mut Findings<'s>,
    pub(super) depth: usize,
    pub(super) in_index: usize,
    /// The paths of an examined tag that no check was added for yet.
    pub(super) paths: Vec<NamedPath>,
}

pub(super) const DECIDE: &str = "let a value of the environment decide; a template never sees what a secret holds";
pub(super) const PARTS: &str = "name a field with secret(key=…), or store the parts as secrets of their own";

impl<'r, 's> TagReader<'r, 's> {
    pub(super) fn new(words: &'r [Word], end: usize, findings: &'r mut Findings<'s>) -> Self {
        Self { words, at: 0, end, findings, depth: 0, in_index: 0, paths: Vec::new() }
    }

    pub(super) fn text(&self, word: &Word) -> &'s str {
        &self.findings.source[word.range.clone()]
    }

    pub(super) fn peek_is(&self, kind: WordKind, text: &str) -> bool {
        self.words.get(self.at).is_some_and(|word| word.kind == kind && self.text(word) == text)
    }

    pub(super) fn sign(&self, text: &str) -> bool {
        self.peek_is(WordKind::Sign, text)
    }

    pub(super) fn stop(&self) -> GrammarEnd {
        GrammarEnd(self.words.get(self.at).map_or(self.end, |word| word.range.start))
    }

    pub(super) fn next(&mut self) -> Result<&'r Word, GrammarEnd> {
        let word = self.words.get(self.at).ok_or_else(|| self.stop())?;
        self.at += 1;
        Ok(word)
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<&'r Word, GrammarEnd> {
        if self.sign(text) { self.next() } else { Err(self.stop()) }
    }

    pub(super) fn take(&mut self, kind: WordKind, text: &str) -> bool {
        let found = self.peek_is(kind, text);
        self.at += usize::from(found);
        found
    }

    /// A name, which must not be one of the engine's own.
    pub(super) fn name(&mut self) -> Result<&'r Word, GrammarEnd> {
        match self.words.get(self.at) {
            Some(word) if word.kind == WordKind::Name => {
                self.at += 1;
                if self.text(word) == "__tera_context" {
                    self.findings.problem(word.range.start, "`__tera_context` would print every value", "name the value that is needed");
                } else if self.text(word).starts_with("__") {
                    let reason = format!("`{}` begins with two underscores, which is reserved", self.text(word));
                    let next = format!("choose another name; {RAW}");
                    self.findings.problem(word.range.start, reason, next);
                }
                Ok(word)
            }
            _ => Err(self.stop()),
        }
    }

    /// `a` or `a.b.c`, for components.
    pub(super) fn dotted(&mut self) -> Result<Range<usize>, GrammarEnd> {
        let mut range = self.name()?.range.clone();
        while self.take(WordKind::Sign, ".") {
            range.end = self.name()?.range.end;
        }
        Ok(range)
    }

    pub(super) fn finish(&self) -> Result<(), GrammarEnd> {
        if self.at == self.words.len() { Ok(()) } else { Err(self.stop()) }
    }

    /// Adds the check that `demand` asks for behind the expression.
    pub(super) fn check(&mut self, expression: &Expression, demand: Demand, reason: &str, next: &'static str) {
        let Expression { range, primary, may_be_undefined, may_hold_blank, steps, silent_step } = expression;
        let (filter, needed) = match demand {
            Demand::Output => ("__defined", *silent_step),
            Demand::Defined => ("__defined", *silent_step || *may_be_undefined),
            Demand::Plain => ("__plain", *may_be_undefined || *may_hold_blank),
            Demand::Whole => ("__whole", *may_be_undefined || *may_hold_blank),
            Demand::Known => ("__known", *may_hold_blank),
        };
        if !needed {
            return;
        }
        let reason = if reason.is_empty() { "a blank has no parts that a template could take".to_owned() } else { reason.to_owned() };
        let next = if next.is_empty() { PARTS } else { next };
        let site = self.findings.site(range.clone(), reason, next);
        let mut check = format!("|{filter}(__at={site}");
        if *silent_step || demand == Demand::Known {
            for (index, step) in steps.iter().enumerate() {
                check.push_str(",__p");
                check.push_str(&index.to_string());
                check.push('=');
                check.push_str(&self.findings.source[step.clone()]);
            }
        }
        check.push(')');
        if *primary {
            self.findings.additions.add(range.end, check);
        } else {
            self.findings.additions.add(range.start, "(");
            self.findings.additions.add(range.end, format!("){check}"));
        }
    }
}

impl Expression {
    pub(super) fn primary(range: Range<usize>) -> Self {
        Self { range, primary: true, may_be_undefined: false, may_hold_blank: false, steps: Vec::new(), silent_step: false }
    }

    pub(super) fn computed(range: Range<usize>) -> Self {
        Self { primary: false, ..Self::primary(range) }
    }
}

impl NamedPath {
    /// Whether it is a part of `range`.
    pub(super) fn is_in(&self, range: &Range<usize>) -> bool {
        self.prefixes.last().is_some_and(|path| range.start <= path.start && path.end <= range.end)
    }
}
