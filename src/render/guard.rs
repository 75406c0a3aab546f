//! What a template that is read for all that is wrong with it gets beside the checks: what is not defined does not end it, so that all the
//! rest is seen too.
//!
//! An expression of a tag is evaluated only where all that it names is defined: `{{ a.b ~ c }}` becomes
//! `{{ ((a.b ~ c) if __names(…, a, a?.b, c) else 0)|__settle(…) }}`. What is not defined is noted, and something stands in for the value.
//! Branches (`x if y else z`, the right sides of `and` and `or`) are guarded by themselves, so that what is never asked for is not missed.

use std::fmt::Write as _;
use std::ops::Range;

use crate::render::examination::StandIn;
use crate::render::reader::Expression;
use crate::render::reader::NamedPath;
use crate::render::reader::TagReader;

impl TagReader<'_, '_> {
    /// Notes a path that is asked for.
    pub(super) fn names(&mut self, prefixes: Vec<Range<usize>>) {
        if self.findings.examined {
            self.paths.push(NamedPath { prefixes, may_be_absent: false });
        }
    }

    /// Drops the paths in `range`: they name what exists inside it only.
    pub(super) fn forget(&mut self, range: &Range<usize>) {
        self.paths.retain(|path| !path.is_in(range));
    }

    /// The expression is asked whether it is there.
    pub(super) fn may_be_absent(&mut self, expression: &Expression) {
        if expression.may_be_undefined {
            self.paths.iter_mut().filter(|path| path.is_in(&expression.range)).for_each(|path| path.may_be_absent = true);
        }
    }

    /// An expression that a tag evaluates always.
    pub(super) fn examine(&mut self, expression: &Expression, stand_in: StandIn) {
        if self.findings.examined {
            let site = self.guard(expression, "__names");
            let word = StandIn::WORDS.iter().find(|(_, known)| *known == stand_in).map_or("", |(word, _)| word);
            self.findings.additions.add(expression.range.end, format!("|__settle(__at={site},__as=\"{word}\")"));
        }
    }

    /// An expression that may not be evaluated.
    pub(super) fn branch(&mut self, expression: &Expression) {
        if self.paths.iter().any(|path| path.is_in(&expression.range)) {
            self.guard(expression, "__branch");
        }
    }

    /// Adds a condition to an expression: that all is defined that it names. Gives the number of its place.
    fn guard(&mut self, expression: &Expression, function: &str) -> usize {
        let range = &expression.range;
        let site = self.findings.site(range.clone(), String::new(), "");
        let mut condition = format!(") if {function}(__at={site}");
        let (here, others) = std::mem::take(&mut self.paths).into_iter().partition(|path| path.is_in(range));
        self.paths = others;
        let here: Vec<NamedPath> = here;
        for (number, path) in here.iter().enumerate() {
            let kind = if path.may_be_absent { "__o" } else { "__n" };
            for prefix in &path.prefixes {
                let source = &self.findings.source[prefix.clone()];
                let site = self.findings.site(prefix.clone(), String::new(), "");
                let last = source.rfind('.').map_or(0, |dot| source.len() - source[dot + 1..].trim_start().len());
                self.findings.sites[site - self.findings.base].place = self.findings.lines.place(prefix.start + last);
                let silent = source.replace("?.", ".").replace('.', "?.");
                let _ = write!(condition, ",{kind}{number}_{site}={silent}");
            }
        }
        self.findings.additions.add(range.start, "((");
        self.findings.additions.add(range.end, format!("{condition}) else 0)"));
        site
    }
}
