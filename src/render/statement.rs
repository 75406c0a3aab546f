//! Reads the statements of Tera 2.4 and adds checks to their expressions. What must be nested how is left to Tera.

use std::ops::Range;

use crate::render::examination::StandIn;
use crate::render::findings::Findings;
use crate::render::findings::MANY;
use crate::render::lexer::Tag;
use crate::render::lexer::WordKind;
use crate::render::reader::DECIDE;
use crate::render::reader::Demand;
use crate::render::reader::GrammarEnd;
use crate::render::reader::TagReader;

/// A walk over the tags of one template.
#[derive(Debug)]
pub(super) struct Walk<'s> {
    pub(super) findings: Findings<'s>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(findings: Findings<'s>) -> Self {
        Self { findings }
    }

    /// Reads one tag.
    pub(super) fn tag(&mut self, tag: &Tag) -> Result<(), GrammarEnd> {
        let end = tag.range.end - 2 - usize::from(tag.trims_after);
        let mut reader = TagReader::new(&tag.words, end, &mut self.findings);
        if tag.statement {
            statement(&mut reader)?;
        } else {
            let value = reader.expression(0)?;
            reader.check(&value, Demand::Output, "", "");
            reader.examine(&value, StandIn::Text);
        }
        reader.finish()
    }
}

fn statement(reader: &mut TagReader<'_, '_>) -> Result<(), GrammarEnd> {
    let word = reader.next()?;
    if matches!(reader.text(word), "<" | "set" | "set_global" | "filter" | "for" | "include" | "extends" | "block" | "component") {
        reader.findings.links.growing += MANY;
    }
    match (word.kind, reader.text(word)) {
        (WordKind::Sign, "<") => reader.component(word.range.start, "").map(|_| ()),
        (WordKind::Sign, "</") => {
            reader.dotted()?;
            reader.expect(">").map(|_| ())
        }
        (WordKind::Name, "set" | "set_global") => {
            reader.name()?;
            if reader.take(WordKind::Sign, "=") {
                let value = reader.expression(0)?;
                reader.check(&value, Demand::Defined, "", "");
                reader.examine(&value, StandIn::Value);
            } else if reader.take(WordKind::Sign, "|") {
                reader.section_filters()?;
            }
            Ok(())
        }
        (WordKind::Name, "filter") => reader.section_filters(),
        (WordKind::Name, "if" | "elif") => {
            let condition = reader.expression(0)?;
            reader.check(&condition, Demand::Plain, "a blank cannot decide a condition", DECIDE);
            reader.examine(&condition, StandIn::Condition);
            Ok(())
        }
        (WordKind::Name, "for") => {
            let (target, pairs) = reader.loop_target(0)?;
            reader.examine(&target, if pairs { StandIn::Map } else { StandIn::List });
            Ok(())
        }
        (WordKind::Name, "include") => {
            let (name, at) = literal(reader)?;
            reader.findings.links.includes.push((name, at.start));
            Ok(())
        }
        (WordKind::Name, "extends") => {
            let (name, at) = literal(reader)?;
            reader.findings.links.extends = Some((name, at.start));
            Ok(())
        }
        (WordKind::Name, "block") => {
            let name = reader.name()?;
            let text = reader.text(name).to_owned();
            reader.findings.links.blocks.push((text, name.range.start));
            Ok(())
        }
        (WordKind::Name, "component") => {
            let name = reader.dotted()?;
            let text: String = reader.findings.source[name.clone()].split_ascii_whitespace().collect();
            reader.findings.links.components.push((text, name.start));
            // Parameters and their defaults are literals only.
            while reader.at < reader.words.len() {
                if reader.words[reader.at].kind == WordKind::Name {
                    reader.name()?;
                } else {
                    reader.at += 1;
                }
            }
            Ok(())
        }
        (WordKind::Name, "endblock" | "endcomponent") => {
            if reader.at < reader.words.len() {
                reader.dotted()?;
            }
            Ok(())
        }
        (WordKind::Name, "else" | "endif" | "endfor" | "endset" | "endfilter" | "break" | "continue") => Ok(()),
        _ => Err(GrammarEnd(word.range.start)),
    }
}

/// A text in quotes, with its escapes resolved as Tera does.
fn literal(reader: &mut TagReader<'_, '_>) -> Result<(String, Range<usize>), GrammarEnd> {
    let word = reader.next()?;
    if word.kind != WordKind::Text {
        return Err(GrammarEnd(word.range.start));
    }
    let quoted = reader.text(word);
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted[1..quoted.len() - 1].chars();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other @ ('"' | '\'' | '/' | '\\')) => other,
                _ => return Err(GrammarEnd(word.range.start)),
            },
            other => other,
        });
    }
    Ok((text, word.range.clone()))
}
