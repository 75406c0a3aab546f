//! Reads the expressions of Tera 2.4 (`parsing/parser.rs`, same binding powers) and adds a check wherever a blank or an undefined
//! value would make a silent difference.

use std::ops::Range;

use crate::render::allowed::FUNCTIONS;
use crate::render::allowed::LAZY_BUILTIN;
use crate::render::allowed::LAZY_OWN;
use crate::render::allowed::LAZY_PREFIX;
use crate::render::allowed::SECRET_ARGUMENTS;
use crate::render::allowed::TESTS;
use crate::render::allowed::filters;
use crate::render::analysis::Findings;
use crate::render::lexer::Word;
use crate::render::lexer::WordKind;
use crate::render::nearest::nearest;

/// The grammar ends here; Tera may know why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop(pub(super) usize);

/// What is known of an expression before it is evaluated.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) range: Range<usize>,
    /// A filter may follow without brackets.
    primary: bool,
    may_be_undefined: bool,
    may_hold_blank: bool,
    /// The values that the steps of `a.b[c]` start from.
    steps: Vec<Range<usize>>,
    /// One of the steps would be silent about a blank.
    silent_step: bool,
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
pub(super) struct Reader<'r, 's> {
    pub(super) words: &'r [Word],
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) findings: &'r mut Findings<'s>,
    depth: usize,
    in_index: usize,
}

pub(super) const DECIDE: &str = "let a value of the environment decide; a template never sees what a secret holds";
const LAZY: &str = "use a filter that knows blanks: urlencode, b64encode, b64decode, json, sha256, trim, indent, upper, lower, replace";
const PARTS: &str = "name a field with secret(key=…), or store the parts as secrets of their own";
const MAX_DEPTH: usize = 40;
const MAX_STEPS: usize = 16;

impl<'r, 's> Reader<'r, 's> {
    pub(super) fn new(words: &'r [Word], end: usize, findings: &'r mut Findings<'s>) -> Self {
        Self { words, at: 0, end, findings, depth: 0, in_index: 0 }
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

    pub(super) fn stop(&self) -> Stop {
        Stop(self.words.get(self.at).map_or(self.end, |word| word.range.start))
    }

    pub(super) fn next(&mut self) -> Result<&'r Word, Stop> {
        let word = self.words.get(self.at).ok_or_else(|| self.stop())?;
        self.at += 1;
        Ok(word)
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<&'r Word, Stop> {
        if self.sign(text) { self.next() } else { Err(self.stop()) }
    }

    pub(super) fn take(&mut self, kind: WordKind, text: &str) -> bool {
        let found = self.peek_is(kind, text);
        self.at += usize::from(found);
        found
    }

    /// A name, which must not be one of the engine's own.
    pub(super) fn name(&mut self) -> Result<&'r Word, Stop> {
        match self.words.get(self.at) {
            Some(word) if word.kind == WordKind::Name => {
                self.at += 1;
                if self.text(word) == "__tera_context" {
                    self.findings.problem(word.range.start, "`__tera_context` would print every value", "name the value that is needed");
                } else if self.text(word).starts_with("__") {
                    let reason = format!("`{}` begins with two underscores, which is kept for the engine", self.text(word));
                    self.findings.problem(word.range.start, reason, "choose another name");
                }
                Ok(word)
            }
            _ => Err(self.stop()),
        }
    }

    /// `a` or `a.b.c`, for components.
    pub(super) fn dotted(&mut self) -> Result<Range<usize>, Stop> {
        let mut range = self.name()?.range.clone();
        while self.take(WordKind::Sign, ".") {
            range.end = self.name()?.range.end;
        }
        Ok(range)
    }

    pub(super) fn finish(&self) -> Result<(), Stop> {
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
                check.push_str(&format!(",__p{index}={}", &self.findings.source[step.clone()]));
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

    /// An expression whose operators bind at least as tightly as `min`.
    pub(super) fn expression(&mut self, min: u8) -> Result<Expression, Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.stop());
        }
        let result = self.operators(min);
        self.depth -= 1;
        result
    }

    fn operators(&mut self, min: u8) -> Result<Expression, Stop> {
        let mut left = self.operand()?;
        while let Some(word) = self.words.get(self.at) {
            let text = self.text(word);
            let operator = match (word.kind, text) {
                (WordKind::Sign, "[") => {
                    left = self.index_of(left)?;
                    continue;
                }
                (WordKind::Name, "if") if min == 0 => return self.ternary(left),
                (WordKind::Name, "not") => ("in", (5, 6)),
                (WordKind::Name, "or") => ("or", (1, 2)),
                (WordKind::Name, "and") => ("and", (3, 4)),
                (WordKind::Name, "in" | "is") => (text, (5, 6)),
                (WordKind::Sign, "==" | "!=" | "<" | "<=" | ">" | ">=") => (text, (7, 8)),
                (WordKind::Sign, "+" | "-") => (text, (11, 12)),
                (WordKind::Sign, "*" | "/" | "//" | "%" | "~") => (text, (13, 14)),
                (WordKind::Sign, "**") => (text, (16, 15)),
                (WordKind::Sign, "|") => (text, (17, 18)),
                _ => break,
            };
            let (name, (binds_left, binds_right)) = operator;
            if binds_left < min {
                break;
            }
            self.at += 1;
            if text == "not" && !self.take(WordKind::Name, "in") {
                return Err(self.stop());
            }
            left = match name {
                "is" => self.test(left)?,
                "|" => self.filter(left)?,
                _ => {
                    let right = self.expression(binds_right)?;
                    self.operation(&left, name, &right)
                }
            };
        }
        Ok(left)
    }

    fn operation(&mut self, left: &Expression, name: &str, right: &Expression) -> Expression {
        let range = left.range.start..right.range.end;
        match name {
            "and" | "or" => {
                self.check(left, Demand::Plain, &format!("a blank cannot decide an `{name}`"), DECIDE);
                self.check(right, Demand::Defined, "", "");
                Expression { may_hold_blank: right.may_hold_blank, ..Expression::computed(range) }
            }
            "~" => {
                self.check(left, Demand::Defined, "", "");
                self.check(right, Demand::Defined, "", "");
                Expression { may_hold_blank: left.may_hold_blank || right.may_hold_blank, ..Expression::computed(range) }
            }
            "+" | "-" | "*" | "/" | "//" | "%" | "**" => Expression::computed(range),
            _ => {
                let reason = format!("a blank cannot be compared with `{name}`");
                self.check(left, Demand::Plain, &reason, DECIDE);
                self.check(right, Demand::Plain, &reason, DECIDE);
                Expression::computed(range)
            }
        }
    }

    fn ternary(&mut self, yes: Expression) -> Result<Expression, Stop> {
        self.at += 1;
        let condition = self.expression(0)?;
        if !self.take(WordKind::Name, "else") {
            return Err(self.stop());
        }
        let no = self.expression(0)?;
        self.check(&yes, Demand::Defined, "", "");
        self.check(&condition, Demand::Plain, "a blank cannot decide a condition", DECIDE);
        self.check(&no, Demand::Defined, "", "");
        let may_hold_blank = yes.may_hold_blank || no.may_hold_blank;
        Ok(Expression { may_hold_blank, ..Expression::computed(yes.range.start..no.range.end) })
    }

    fn operand(&mut self) -> Result<Expression, Stop> {
        let word = self.next()?;
        let start = word.range.start;
        match (word.kind, self.text(word)) {
            (WordKind::Number | WordKind::Text, _) | (WordKind::Name, "true" | "True" | "false" | "False" | "none" | "None" | "null") => {
                Ok(Expression::primary(word.range.clone()))
            }
            (WordKind::Sign, "-") | (WordKind::Name, "not") => {
                if self.sign("-") || self.peek_is(WordKind::Name, "not") {
                    return Err(self.stop());
                }
                let not = word.kind == WordKind::Name;
                let inner = self.expression(if not { 5 } else { 20 })?;
                if not {
                    self.check(&inner, Demand::Plain, "a blank cannot decide a `not`", DECIDE);
                }
                Ok(Expression::computed(start..inner.range.end))
            }
            (WordKind::Name, _) => {
                self.at -= 1;
                self.path()
            }
            (WordKind::Sign, "<") => self.component(start, "/"),
            (WordKind::Sign, "{") => self.map(start),
            (WordKind::Sign, "[") => self.array(start),
            (WordKind::Sign, "(") => {
                let inner = self.expression(0)?;
                let end = self.expect(")")?.range.end;
                Ok(Expression { range: start..end, primary: true, ..inner })
            }
            _ => {
                self.at -= 1;
                Err(self.stop())
            }
        }
    }

    /// A variable with its steps, or a call.
    fn path(&mut self) -> Result<Expression, Stop> {
        let word = self.name()?;
        if self.sign("(") {
            return self.call(word);
        }
        let of_loop = self.text(word) == "loop";
        let mut steps = Vec::new();
        let mut silent_step = false;
        let mut range = word.range.clone();
        loop {
            let step = range.clone();
            if self.sign(".") || self.sign("?.") {
                silent_step |= self.sign("?.");
                self.at += 1;
                range.end = self.name()?.range.end;
            } else if self.sign("[") || self.sign("?[") {
                silent_step = true;
                self.at += 1;
                range.end = self.index()?;
            } else {
                break;
            }
            steps.push(step);
            if steps.len() > MAX_STEPS {
                self.findings.problem(range.start, format!("a path has more than {MAX_STEPS} steps"), "split it with {% set %}");
                return Err(self.stop());
            }
        }
        Ok(Expression { range, primary: true, may_be_undefined: !of_loop, may_hold_blank: !of_loop, steps, silent_step })
    }

    /// What stands between `[` and `]`; gives the byte behind it.
    fn index(&mut self) -> Result<usize, Stop> {
        self.in_index += 1;
        for part in 0..3 {
            if part > 0 && !self.take(WordKind::Sign, ":") {
                break;
            }
            if self.sign("]") || self.sign(":") {
                continue;
            }
            let index = self.expression(0)?;
            self.check(&index, Demand::Plain, "a blank cannot be an index", DECIDE);
        }
        self.in_index -= 1;
        Ok(self.expect("]")?.range.end)
    }

    /// `[…]` behind anything but a variable.
    fn index_of(&mut self, left: Expression) -> Result<Expression, Stop> {
        self.at += 1;
        let end = self.index()?;
        let range = left.range.start..end;
        let blank = left.may_hold_blank;
        if blank || left.may_be_undefined {
            self.findings.additions.add(left.range.start, "(");
            self.check(&left, Demand::Whole, "", "");
            self.findings.additions.add(left.range.end, ")");
        }
        Ok(Expression { may_be_undefined: true, may_hold_blank: blank, ..Expression::primary(range) })
    }

    fn call(&mut self, word: &Word) -> Result<Expression, Stop> {
        let name = self.text(word);
        let open = self.words[self.at].range.end;
        let start = word.range.start;
        if !FUNCTIONS.contains(&name) {
            self.unknown(start, "function", name, FUNCTIONS);
        }
        let arguments = self.arguments(&format!("`{name}`"), &[])?;
        let range = start..arguments.end;
        match name {
            "secret" => {
                if self.in_index > 0 {
                    self.findings.problem(start, "a blank cannot be an index", DECIDE);
                }
                for (argument, _) in &arguments.list {
                    let text = &self.findings.source[argument.clone()];
                    if !SECRET_ARGUMENTS.contains(&text) {
                        self.unknown(argument.start, "argument of secret(…)", text, SECRET_ARGUMENTS);
                    }
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
        let next = match nearest(name, known.clone()) {
            Some(near) => format!("write `{near}`"),
            None => format!("use one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.findings.problem(at, format!("unknown {kind} `{name}`"), next);
    }

    /// `(a=…, b=…)`. Blanks may stand only in the arguments named in `open`.
    fn arguments(&mut self, of: &str, open: &[&str]) -> Result<Arguments, Stop> {
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
            self.expect("=")?;
            let value = self.expression(0)?;
            if open.contains(&self.text(name)) {
                self.check(&value, Demand::Defined, "", "");
            } else {
                let reason = format!("a blank cannot be the argument `{}` of {of}", self.text(name));
                self.check(&value, Demand::Plain, &reason, "give it a value that the template knows");
            }
            list.push((name.range.clone(), value.range));
        }
        Ok(Arguments { list, end: self.expect(")")?.range.end })
    }

    fn filter(&mut self, left: Expression) -> Result<Expression, Stop> {
        let start = left.range.start;
        let (name, at) = self.filter_name()?;
        let lazy = LAZY_OWN.contains(&name) || LAZY_BUILTIN.contains(&name);
        let mut operand = left;
        operand.primary = true;
        if name == "default" {
            let next = "drop the default; a secret that is missing is an error, and allow=\"empty\" accepts an empty one";
            self.check(&operand, Demand::Known, "the filter `default` does not know blanks", next);
        } else if !lazy {
            self.check(&operand, Demand::Plain, &format!("the filter `{name}` does not know blanks"), LAZY);
        } else if operand.silent_step {
            self.check(&operand, Demand::Defined, "", "");
        }
        let end = self.filter_arguments(name, at.clone(), start)?;
        let may_hold_blank = lazy || name == "default";
        Ok(Expression { may_hold_blank, ..Expression::primary(start..end) })
    }

    fn filter_name(&mut self) -> Result<(&'s str, Range<usize>), Stop> {
        let word = self.name()?;
        let name = self.text(word);
        if !filters().any(|known| known == name) {
            self.unknown(word.range.start, "filter", name, filters().collect::<Vec<_>>());
        }
        Ok((name, word.range.clone()))
    }

    /// The arguments of a filter, if any; a lazy filter learns where it stands. Gives the byte behind it.
    fn filter_arguments(&mut self, name: &str, at: Range<usize>, start: usize) -> Result<usize, Stop> {
        let lazy = LAZY_OWN.contains(&name) || LAZY_BUILTIN.contains(&name);
        let open = self.sign("(").then(|| self.words[self.at].range.end);
        let end = match open {
            Some(_) => self.arguments(&format!("the filter `{name}`"), if name == "default" { &["value"] } else { &[] })?.end,
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
    pub(super) fn section_filters(&mut self) -> Result<(), Stop> {
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

    fn test(&mut self, left: Expression) -> Result<Expression, Stop> {
        self.take(WordKind::Name, "not");
        let word = self.name()?;
        let name = self.text(word);
        if !TESTS.contains(&name) {
            self.unknown(word.range.start, "test", name, TESTS);
        }
        let demand = if name == "defined" || name == "undefined" { Demand::Known } else { Demand::Plain };
        self.check(&left, demand, &format!("the test `is {name}` cannot be put to a blank"), DECIDE);
        let mut end = word.range.end;
        if self.sign("(") {
            end = self.arguments(&format!("the test `is {name}`"), &[])?.end;
        }
        Ok(Expression::computed(left.range.start..end))
    }

    fn map(&mut self, start: usize) -> Result<Expression, Stop> {
        let mut first = true;
        while !self.sign("}") {
            if !std::mem::take(&mut first) {
                self.expect(",")?;
                if self.sign("}") {
                    break;
                }
            }
            if self.take(WordKind::Sign, "...") {
                self.expression(0)?;
                continue;
            }
            let key = self.next()?;
            let allowed = key.kind != WordKind::Name || matches!(self.text(key), "true" | "True" | "false" | "False");
            if key.kind == WordKind::Sign || !allowed {
                self.at -= 1;
                return Err(self.stop());
            }
            self.expect(":")?;
            let value = self.expression(0)?;
            self.check(&value, Demand::Defined, "", "");
        }
        let end = self.expect("}")?.range.end;
        Ok(Expression { may_hold_blank: true, ..Expression::primary(start..end) })
    }

    fn array(&mut self, start: usize) -> Result<Expression, Stop> {
        let mut first = true;
        while !self.sign("]") {
            if !first {
                self.expect(",")?;
                if self.sign("]") {
                    break;
                }
            }
            if self.take(WordKind::Sign, "...") {
                self.expression(0)?;
            } else {
                let item = self.expression(0)?;
                if first && self.peek_is(WordKind::Name, "for") {
                    self.at += 1;
                    self.comprehension()?;
                }
                self.check(&item, Demand::Defined, "", "");
            }
            first = false;
        }
        let end = self.expect("]")?.range.end;
        Ok(Expression { may_hold_blank: true, ..Expression::primary(start..end) })
    }

    fn comprehension(&mut self) -> Result<(), Stop> {
        self.loop_target(1)?;
        if self.take(WordKind::Name, "if") {
            let condition = self.expression(1)?;
            self.check(&condition, Demand::Plain, "a blank cannot decide a condition", DECIDE);
        }
        if self.sign("]") { Ok(()) } else { Err(self.stop()) }
    }

    /// `x in …` or `k, v in …`.
    pub(super) fn loop_target(&mut self, min: u8) -> Result<(), Stop> {
        self.name()?;
        if self.take(WordKind::Sign, ",") {
            self.name()?;
        }
        if !self.take(WordKind::Name, "in") {
            return Err(self.stop());
        }
        let target = self.expression(min)?;
        self.check(&target, Demand::Whole, "a blank cannot be looped over", PARTS);
        Ok(())
    }

    /// `<name attributes` up to `close` and `>`; the `<` is read already.
    pub(super) fn component(&mut self, start: usize, close: &str) -> Result<Expression, Stop> {
        let name = self.dotted()?;
        if self.in_index > 0 {
            self.findings.problem(start, "a component cannot be an index", "set it first with {% set %}");
        }
        let text: String = self.findings.source[name.clone()].split_ascii_whitespace().collect();
        self.findings.links.calls.push((text, name.start));
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

/// The arguments of a call: name and value of each, and the byte behind the bracket.
struct Arguments {
    list: Vec<(Range<usize>, Range<usize>)>,
    end: usize,
}

impl Expression {
    fn primary(range: Range<usize>) -> Self {
        Self { range, primary: true, may_be_undefined: false, may_hold_blank: false, steps: Vec::new(), silent_step: false }
    }

    fn computed(range: Range<usize>) -> Self {
        Self { primary: false, ..Self::primary(range) }
    }
}
