//! Reads the expressions of Tera 2.4 (`parsing/parser.rs`, same binding powers) and adds a check wherever a blank or an undefined
//! value would make a silent difference.

use crate::render::findings::MANY;
use crate::render::lexer::WordKind;
use crate::render::reader::DECIDE;
use crate::render::reader::Demand;
use crate::render::reader::Expression;
use crate::render::reader::GrammarEnd;
use crate::render::reader::PARTS;
use crate::render::reader::TagReader;

const MAX_DEPTH: usize = 40;
const MAX_STEPS: usize = 16;

impl TagReader<'_, '_> {
    /// An expression whose operators bind at least as tightly as `min`.
    pub(super) fn expression(&mut self, min: u8) -> Result<Expression, GrammarEnd> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.stop());
        }
        let result = self.operators(min);
        self.depth -= 1;
        result
    }

    fn operators(&mut self, min: u8) -> Result<Expression, GrammarEnd> {
        let mut left = self.operand()?;
        while let Some(word) = self.words.get(self.at) {
            let text = self.text(word);
            let operator = match (word.kind, text) {
                (WordKind::Sign, "[") => {
                    left = self.index_of(&left)?;
                    continue;
                }
                (WordKind::Name, "if") if min == 0 => return self.ternary(&left),
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
                "is" => self.test(&left)?,
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
                self.branch(right);
                Expression { may_hold_blank: right.may_hold_blank, ..Expression::computed(range) }
            }
            // Tera says of an undefined operand that it is not a number.
            "+" | "-" | "*" | "/" | "//" | "%" | "**" => {
                self.check(left, Demand::Defined, "", "");
                self.check(right, Demand::Defined, "", "");
                Expression::computed(range)
            }
            "~" => {
                self.check(left, Demand::Defined, "", "");
                self.check(right, Demand::Defined, "", "");
                Expression { may_hold_blank: left.may_hold_blank || right.may_hold_blank, ..Expression::computed(range) }
            }
            _ => {
                let reason = format!("a blank cannot be compared with `{name}`");
                self.check(left, Demand::Plain, &reason, DECIDE);
                self.check(right, Demand::Plain, &reason, DECIDE);
                Expression::computed(range)
            }
        }
    }

    fn ternary(&mut self, yes: &Expression) -> Result<Expression, GrammarEnd> {
        self.at += 1;
        let condition = self.expression(0)?;
        if !self.take(WordKind::Name, "else") {
            return Err(self.stop());
        }
        let no = self.expression(0)?;
        self.check(yes, Demand::Defined, "", "");
        self.check(&condition, Demand::Plain, "a blank cannot decide a condition", DECIDE);
        self.check(&no, Demand::Defined, "", "");
        self.branch(yes);
        self.branch(&no);
        let may_hold_blank = yes.may_hold_blank || no.may_hold_blank;
        Ok(Expression { may_hold_blank, ..Expression::computed(yes.range.start..no.range.end) })
    }

    fn operand(&mut self) -> Result<Expression, GrammarEnd> {
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
    fn path(&mut self) -> Result<Expression, GrammarEnd> {
        let word = self.name()?;
        if self.sign("(") {
            return self.call(word);
        }
        let of_loop = self.text(word) == "loop";
        let mut steps = Vec::new();
        let mut silent_step = false;
        let mut range = word.range.clone();
        let mut named = vec![range.clone()];
        loop {
            let step = range.clone();
            if self.sign(".") || self.sign("?.") {
                silent_step |= self.sign("?.");
                self.at += 1;
                range.end = self.name()?.range.end;
                if named.len() > steps.len() {
                    named.push(range.clone());
                }
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
        if !of_loop {
            self.names(named);
        }
        Ok(Expression { range, primary: true, may_be_undefined: !of_loop, may_hold_blank: !of_loop, steps, silent_step })
    }

    /// What is between `[` and `]`; gives the byte behind it.
    fn index(&mut self) -> Result<usize, GrammarEnd> {
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
    fn index_of(&mut self, left: &Expression) -> Result<Expression, GrammarEnd> {
        self.at += 1;
        let end = self.index()?;
        let range = left.range.start..end;
        let blank = left.may_hold_blank;
        if blank || left.may_be_undefined {
            self.findings.additions.add(left.range.start, "(");
            self.check(left, Demand::Whole, "", "");
            self.findings.additions.add(left.range.end, ")");
        }
        Ok(Expression { may_be_undefined: true, may_hold_blank: blank, ..Expression::primary(range) })
    }

    fn map(&mut self, start: usize) -> Result<Expression, GrammarEnd> {
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

    fn array(&mut self, start: usize) -> Result<Expression, GrammarEnd> {
        let mut first = true;
        let mut may_hold_blank = false;
        while !self.sign("]") {
            if !first {
                self.expect(",")?;
                if self.sign("]") {
                    break;
                }
            }
            if self.take(WordKind::Sign, "...") {
                may_hold_blank |= self.expression(0)?.may_hold_blank;
            } else {
                let item = self.expression(0)?;
                if first && self.peek_is(WordKind::Name, "for") {
                    self.at += 1;
                    self.forget(&item.range);
                    self.comprehension()?;
                }
                may_hold_blank |= item.may_hold_blank;
                self.check(&item, Demand::Defined, "", "");
            }
            first = false;
        }
        let end = self.expect("]")?.range.end;
        Ok(Expression { may_hold_blank, ..Expression::primary(start..end) })
    }

    fn comprehension(&mut self) -> Result<(), GrammarEnd> {
        self.findings.links.growing += MANY;
        self.loop_target(1)?;
        if self.take(WordKind::Name, "if") {
            let condition = self.expression(1)?;
            self.check(&condition, Demand::Plain, "a blank cannot decide a condition", DECIDE);
            self.forget(&condition.range);
        }
        if self.sign("]") { Ok(()) } else { Err(self.stop()) }
    }

    /// `x in …` or `k, v in …`. Gives what is looped over, and whether it is by key and value.
    pub(super) fn loop_target(&mut self, min: u8) -> Result<(Expression, bool), GrammarEnd> {
        self.name()?;
        let pairs = self.take(WordKind::Sign, ",");
        if pairs {
            self.name()?;
        }
        if !self.take(WordKind::Name, "in") {
            return Err(self.stop());
        }
        let target = self.expression(min)?;
        self.check(&target, Demand::Whole, "a blank cannot be looped over", PARTS);
        Ok((target, pairs))
    }
}
