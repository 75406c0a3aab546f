//! What a template that is read for all that is wrong with it gets where it is broken, so that the rest of it is seen too: a tag that cannot be
//! read becomes text, something unknown stands in for what it would provide, and blocks end where their ends are missing.

use std::ops::Range;

use crate::render::findings::Findings;
use crate::render::lexer::Tag;
use crate::render::lexer::WordKind;

/// The blocks that are open.
#[derive(Debug, Default)]
pub(super) struct Repair {
    open: Vec<&'static str>,
}

/// What opens a block, its end, and what may be between.
const BLOCKS: [(&str, &str); 6] =
    [("if", "endif"), ("for", "endfor"), ("block", "endblock"), ("component", "endcomponent"), ("filter", "endfilter"), ("set", "endset")];

impl Repair {
    /// Follows a tag that was read.
    pub(super) fn follow(&mut self, tag: &Tag, findings: &mut Findings<'_>) {
        let word = |at: usize| word(tag, at, findings);
        let first = if tag.statement { word(0) } else { return };
        let begins = BLOCKS.iter().map(|(begin, _)| *begin).find(|begin| *begin == first);
        match (first, begins) {
            ("set" | "set_global", _) => self.open.extend((word(2) != "=").then_some("set")),
            ("else", _) => self.close_to(&["if", "for"], tag, findings),
            ("elif", _) => self.close_to(&["if"], tag, findings),
            (_, Some(begin)) => self.open.push(begin),
            _ => {
                if let Some((begin, _)) = BLOCKS.iter().find(|(_, end)| *end == first) {
                    let known = self.open.contains(begin);
                    self.close_to(&[begin], tag, findings);
                    if known {
                        self.open.pop();
                    }
                }
            }
        }
    }

    /// Ends what is open inside the innermost of `blocks`; where none of them is, the tag becomes text.
    fn close_to(&mut self, blocks: &[&str], tag: &Tag, findings: &mut Findings<'_>) {
        let Some(at) = self.open.iter().rposition(|open| blocks.contains(open)) else {
            return silence(&tag.range, "", findings);
        };
        self.close(at + 1, tag.range.start, findings);
    }

    fn close(&mut self, keep: usize, at: usize, findings: &mut Findings<'_>) {
        for begin in self.open.drain(keep..).rev() {
            findings.additions.add(at, format!("{{% end{begin} %}}"));
        }
    }

    /// Ends what is still open at the end of the template.
    pub(super) fn finish(mut self, findings: &mut Findings<'_>) {
        self.close(0, findings.source.len(), findings);
    }

    /// Makes a tag that cannot be read, or that is wrong, ordinary text. Whether that is possible: what others depend on cannot be left out.
    pub(super) fn silence(&mut self, tag: &Tag, findings: &mut Findings<'_>) -> bool {
        let word = |at: usize| word(tag, at, findings);
        let is_name = |at: usize| tag.words.get(at).is_some_and(|word| word.kind == WordKind::Name);
        let stand_in = match word(0) {
            _ if !tag.statement => String::new(),
            "elif" if !self.open.contains(&"if") => String::new(),
            first @ ("if" | "elif") => format!("{{% {first} 0|__settle(__as=\"condition\") %}}"),
            "for" if is_name(1) && word(2) == "in" => format!("{{% for {} in 0|__settle(__as=\"list\") %}}", word(1)),
            "for" if is_name(1) && word(2) == "," && is_name(3) && word(4) == "in" => {
                format!("{{% for {}, {} in 0|__settle(__as=\"map\") %}}", word(1), word(3))
            }
            set @ ("set" | "set_global") if is_name(1) && word(2) == "=" => {
                format!("{{% {set} {} = 0|__settle(__as=\"value\") %}}", word(1))
            }
            // It may be anything, misspelt.
            _ => return false,
        };
        match word(0) {
            "if" if tag.statement => self.open.push("if"),
            "for" if tag.statement => self.open.push("for"),
            "elif" if tag.statement && self.open.contains(&"if") => self.close_to(&["if"], tag, findings),
            _ => {}
        }
        silence(&tag.range, &stand_in, findings);
        true
    }
}

/// Makes a part of the source ordinary text, behind `stand_in`.
pub(super) fn silence(range: &Range<usize>, stand_in: &str, findings: &mut Findings<'_>) {
    findings.additions.add(range.start, format!("{stand_in}{{% raw %}}"));
    findings.additions.add(range.end, "{% endraw %}");
}

fn word<'s>(tag: &Tag, at: usize, findings: &Findings<'s>) -> &'s str {
    let source: &'s str = findings.source;
    tag.words.get(at).map_or("", |word| &source[word.range.clone()])
}
