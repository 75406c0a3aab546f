//! Reads calls: functions, filters, tests and components, with their arguments.

use std::ops::Range;

use crate::render::allowed::FUNCTIONS;
use crate::render::allowed::LAZY_BUILTIN;
use crate::render::allowed::LAZY_OWN;
use crate::render::allowed::LAZY_PREFIX;
use crate::render::allowed::TESTS;
use crate::render::allowed::arguments;
use crate::render::allowed::filters;
use crate::render::examination::StandIn;
use crate::render::findings::MANY;
use crate::render::lexer::Word;
use crate::render::lexer::WordKind;
use crate::render::reader::DECIDE;
use crate::render::reader::Demand;
use crate::render::reader::Expression;
use crate::render::reader::GrammarEnd;
use crate::render::reader::TagReader;
use crate::suggest::suggest;

const LAZY: &str =
    "use a filter that knows blanks: urlencode, b64encode, b64decode, json, connstr, sha256, trim, indent, upper, lower, replace";

/// The arguments of a call: name and value of each, and the byte behind the bracket.
struct Arguments {
    list: Vec<(Range<usize>, Range<usize>)>,
    end: usize,
}

impl<'s> TagReader<'_, 's> {
    pub(super) fn call(&mut self, word: &Word) -> Result<Expression, GrammarEnd> {
        let name = self.text(word);
        let open = self.words[self.at].range.end;
        let start = word.range.start;
        self.findings.links.growing += if name == "range" { MANY } else { 0 };
        if !FUNCTIONS.contains(&name) {
            self.unknown(start, "function", name, FUNCTIONS);
        }
        let arguments = self.arguments(name, "", &[])?;
        let range = start..arguments.end;
        match name {
            "secret" => {
                if self.in_index > 0 {
                    self.findings.problem(start, "a blank cannot be an index", DECIDE);
                }
            }
            "throw" => {
                let literal = |range: &Range<usize>| self.findings.source[range.clone()].starts_with(['"', '\'', '`']);
                if !arguments.list.iter().all(|(_, value)| literal(value)) {
                    self.findings.problem(start, "the message of throw(…) is not a literal text", "write the message out, in quotes");
                }
            }
            _ => return Ok(Expression { may_hold_blank: name == "super", ..Expression::primary(range) }),
        }
        let site = self.findings.site(range.clone(), String::new(), "");
        self.findings.additions.add(open, format!("__at={site},"));
        Ok(Expression { may_hold_blank: true, ..Expression::primary(range) })
    }

    fn unknown(&mut self, at: usize, kind: &str, name: &str, known: impl IntoIterator<Item = &'static str> + Clone) {
        let next = match suggest(name, known.clone()) {
            Some(near) => format!("write `{near}`"),
            None => format!("use one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.findings.problem(at, format!("unknown {kind} `{name}`"), next);
    }

    /// `(a=…, b=…)`. Blanks may be only in the arguments named in `open`.
    fn arguments(&mut self, of: &str, kind: &str, open: &[&str]) -> Result<Arguments, GrammarEnd> {
        self.expect("(")?;
        let mut list = Vec::new();
        while !self.sign(")") {
            if !list.is_empty() {
                self.expect(",")?;
                if self.sign(")") {
                    break;
                }
            }
            let name = self.name()?;
            let known = arguments(of);
            if !known.contains(&self.text(name)) {
                let reason = format!("{kind}`{of}` has no argument `{}`", self.text(name));
                let next = match suggest(self.text(name), known.iter().copied()) {
                    Some(near) => format!("write `{near}`"),
                    None if known.is_empty() => "leave it out".to_owned(),
                    None => format!("use {}", known.join(", ")),
                };
                self.findings.problem(name.range.start, reason, next);
            }
            self.expect("=")?;
            let value = self.expression(0)?;
            if open.contains(&self.text(name)) {
                self.check(&value, Demand::Defined, "", "");
            } else {
                let reason = format!("a blank cannot be the argument `{}` of {kind}`{of}`", self.text(name));
                self.check(&value, Demand::Plain, &reason, "give it a value that the template knows");
            }
            list.push((name.range.clone(), value.range));
        }
        Ok(Arguments { list, end: self.expect(")")?.range.end })
    }

    pub(super) fn filter(&mut self, left: Expression) -> Result<Expression, GrammarEnd> {
        let start = left.range.start;
        let (name, at) = self.filter_name()?;
        let lazy = LAZY_OWN.contains(&name) || LAZY_BUILTIN.contains(&name);
        let mut operand = left;
        operand.primary = true;
        if name == "default" {
            let next = "drop the default; a secret that is missing is an error, and allow=\"empty\" accepts an empty one";
            self.check(&operand, Demand::Known, "the filter `default` does not know blanks", next);
            self.may_be_absent(&operand);
        } else if !lazy {
            self.check(&operand, Demand::Plain, &format!("the filter `{name}` does not know blanks"), LAZY);
        } else if operand.silent_step {
            self.check(&operand, Demand::Defined, "", "");
        }
        let end = self.filter_arguments(name, at.clone(), start)?;
        let may_hold_blank = lazy || name == "default";
        Ok(Expression { may_hold_blank, ..Expression::primary(start..end) })
    }

    fn filter_name(&mut self) -> Result<(&'s str, Range<usize>), GrammarEnd> {
        let word = self.name()?;
        let name = self.text(word);
        self.findings.links.growing += if matches!(name, "indent" | "join" | "replace") { MANY } else { 1 };
        if !filters().any(|known| known == name) {
            self.unknown(word.range.start, "filter", name, filters().collect::<Vec<_>>());
        }
        Ok((name, word.range.clone()))
    }

    /// The arguments of a filter, if any; a lazy filter learns where it is. Gives the byte behind it.
    fn filter_arguments(&mut self, name: &str, at: Range<usize>, start: usize) -> Result<usize, GrammarEnd> {
        let lazy = LAZY_OWN.contains(&name) || LAZY_BUILTIN.contains(&name);
        let open = self.sign("(").then(|| self.words[self.at].range.end);
        let end = match open {
            Some(_) => self.arguments(name, "the filter ", if name == "default" { &["value"] } else { &[] })?.end,
            None => at.end,
        };
        if lazy {
            let operand = self.findings.source[start..at.start].trim_end().trim_end_matches('|').trim_end().len();
            let site = self.findings.site(start..start + operand, String::new(), "");
            self.findings.sites[site - self.findings.base].place = self.findings.lines.place(at.start);
            if LAZY_BUILTIN.contains(&name) {
                self.findings.additions.add(at.start, LAZY_PREFIX);
            }
            match open {
                Some(open) => self.findings.additions.add(open, format!("__at={site},")),
                None => self.findings.additions.add(at.end, format!("(__at={site})")),
            }
        }
        Ok(end)
    }

    /// `a | b | c` behind `{% set x` or `{% filter`, applied to what the section holds.
    pub(super) fn section_filters(&mut self) -> Result<(), GrammarEnd> {
        loop {
            let (name, at) = self.filter_name()?;
            if !LAZY_OWN.contains(&name) && !LAZY_BUILTIN.contains(&name) {
                let reason = format!("the filter `{name}` does not know blanks");
                let site = self.findings.site(at.clone(), reason, LAZY);
                self.findings.additions.add(at.start, format!("__plain(__at={site}) | "));
            }
            self.filter_arguments(name, at.clone(), at.start)?;
            if !self.take(WordKind::Sign, "|") {
                return Ok(());
            }
        }
    }

    pub(super) fn test(&mut self, left: &Expression) -> Result<Expression, GrammarEnd> {
        self.take(WordKind::Name, "not");
        let word = self.name()?;
        let name = self.text(word);
        if !TESTS.contains(&name) {
            self.unknown(word.range.start, "test", name, TESTS);
        }
        let demand = if name == "defined" || name == "undefined" { Demand::Known } else { Demand::Plain };
        self.check(left, demand, &format!("the test `is {name}` cannot be put to a blank"), DECIDE);
        if demand == Demand::Known {
            self.may_be_absent(left);
        }
        let mut end = word.range.end;
        if self.sign("(") {
            end = self.arguments(name, "the test ", &[])?.end;
        }
        Ok(Expression::computed(left.range.start..end))
    }

    /// `<name attributes` up to `close` and `>`; the `<` is read already.
    pub(super) fn component(&mut self, start: usize, close: &str) -> Result<Expression, GrammarEnd> {
        let name = self.dotted()?;
        if self.in_index > 0 {
            self.findings.problem(start, "a component cannot be an index", "set it first with {% set %}");
        }
        let text: String = self.findings.source[name.clone()].split_ascii_whitespace().collect();
        self.findings.links.calls.push((text, name.start));
        self.findings.links.growing += MANY;
        loop {
            if self.take(WordKind::Sign, "{") {
                self.expect("...")?;
                self.expression(0)?;
                self.expect("}")?;
            } else if self.words.get(self.at).is_some_and(|word| word.kind == WordKind::Name) {
                self.name()?;
                if self.take(WordKind::Sign, "=") {
                    if self.words.get(self.at).is_some_and(|word| word.kind == WordKind::Text) {
                        self.at += 1;
                    } else {
                        self.expect("{")?;
                        let value = self.expression(0)?;
                        self.check(&value, Demand::Defined, "", "");
                        self.examine(&value, StandIn::Value);
                        self.expect("}")?;
                    }
                }
            } else {
                break;
            }
        }
        if !close.is_empty() {
            self.expect(close)?;
        }
        let end = self.expect(">")?.range.end;
        Ok(Expression { may_hold_blank: true, ..Expression::primary(start..end) })
    }
}
