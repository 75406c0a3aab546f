//! The scanner of YAML.

use crate::embedded::Escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_ESCAPE;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::UNQUOTED;
use crate::embedded::skeleton::WeakStyle;
use crate::embedded::skeleton::count_blanks;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::embedded::yaml::block::after_break;
use crate::embedded::yaml::block::as_column;
use crate::embedded::yaml::block::has_blank;
use crate::embedded::yaml::block::is_continued;
use crate::embedded::yaml::block::scan_block;

const IN_SEVERAL_LINES: SpotRefusal =
    SpotRefusal { reason: "a blank is in text without quotes that runs over several lines", next: "put the text in double quotes" };
const IN_PROPERTY: SpotRefusal =
    SpotRefusal { reason: "a blank is in an anchor, an alias, a tag or a directive", next: "write it out; only values can be filled" };

pub(in crate::embedded) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    let at = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let mut scanner = Scanner { text, sink, at, line: at, flow: Vec::new(), parent: -1, explicit_key: false, plain: None };
    scanner.run()
}

struct Scanner<'t, 's> {
    text: &'t [u8],
    sink: &'s mut dyn ScanSink,
    at: usize,
    /// Where the current line begins.
    line: usize,
    /// Open brackets.
    flow: Vec<u8>,
    /// The column of the block mapping or sequence that the next value belongs to; -1 at the top of a document.
    parent: isize,
    /// Whether the next scalar is a key, because a question mark is before it.
    explicit_key: bool,
    /// Plain text that goes on in the next line; whether it has had a blank.
    plain: Option<bool>,
}

impl Scanner<'_, '_> {
    fn run(&mut self) -> Result<(), ScanError> {
        while let Some(&byte) = self.text.get(self.at) {
            if self.at == self.line && self.line_start()? {
                continue;
            }
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' => self.next_line(),
                b'#' if self.is_after_space() => self.skip_line(b'#', IN_COMMENT),
                _ if self.plain.is_some() => self.plain_line(true)?,
                b'-' | b'?' | b':' if self.is_indicator(byte) => self.indicator(byte),
                b'[' | b'{' => {
                    self.token(byte);
                    self.flow.push(byte);
                }
                b']' | b'}' => {
                    let open = if byte == b']' { b'[' } else { b'{' };
                    if self.flow.pop() != Some(open) {
                        return self.broken("a bracket closes what is not open");
                    }
                    self.token(byte);
                }
                b',' if !self.flow.is_empty() => self.token(byte),
                b'&' | b'*' | b'!' => self.property(byte),
                b'|' | b'>' if self.flow.is_empty() => {
                    self.at = scan_block(self.text, self.at, self.parent, self.sink)?;
                    self.line = self.at;
                }
                b'"' | b'\'' => self.quoted(byte)?,
                _ => self.plain_line(false)?,
            }
        }
        if self.flow.is_empty() { Ok(()) } else { self.broken("a bracket is not closed") }
    }

    fn broken<T>(&self, reason: &'static str) -> Result<T, ScanError> {
        Err(ScanError { at: self.at, reason })
    }

    fn token(&mut self, kind: u8) {
        self.sink.token(kind, self.at);
        self.at += 1;
    }

    fn next_line(&mut self) {
        self.at = after_break(self.text, self.at);
        self.line = self.at;
    }

    fn skip_line(&mut self, kind: u8, refusal: SpotRefusal) {
        let end = line_end(self.text, self.at);
        self.sink.token(kind, self.at);
        tell(self.sink, &self.text[self.at..end], BlankSpot::Refused(refusal));
        self.sink.token(b'e', end);
        self.at = end;
    }

    /// What is only at the beginning of a line; whether something was taken.
    fn line_start(&mut self) -> Result<bool, ScanError> {
        let rest = &self.text[self.at..];
        if self.flow.is_empty() && self.is_marker(self.at) {
            self.sink.token(rest[0], self.at);
            self.parent = -1;
            self.plain = None;
            self.at += 3;
            return Ok(true);
        }
        if rest[0] == b'%' && self.flow.is_empty() && self.plain.is_none() {
            self.skip_line(b'%', IN_PROPERTY);
            return Ok(true);
        }
        let indent = rest.iter().take_while(|byte| **byte == b' ').count();
        let tab = rest.get(indent) == Some(&b'\t');
        if tab && self.flow.is_empty() && !rest[..line_end(rest, 0)].trim_ascii().is_empty() {
            return self.broken("a tab indents a line");
        }
        self.at += indent;
        Ok(indent > 0)
    }

    fn is_after_space(&self) -> bool {
        self.at == self.line || matches!(self.text[self.at - 1], b' ' | b'\t')
    }

    /// Whether what is at `at` ends an indicator: white space, the text's end, a flow bracket or a comma inside brackets.
    fn ends_indicator(&self, at: usize) -> bool {
        match self.text.get(at) {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => true,
            Some(b',' | b'[' | b']' | b'{' | b'}') => !self.flow.is_empty(),
            Some(_) => false,
        }
    }

    fn is_indicator(&self, byte: u8) -> bool {
        self.ends_indicator(self.at + 1) && (byte != b'-' || self.flow.is_empty())
    }

    fn indicator(&mut self, byte: u8) {
        if self.flow.is_empty() {
            self.parent =
                if byte == b':' { self.node_column().min(as_column(self.at - self.line)) } else { as_column(self.at - self.line) };
        }
        self.explicit_key = byte == b'?';
        self.token(byte);
    }

    /// The column where the line's first node begins, its anchor and tag included, indicators of the block before it not.
    fn node_column(&self) -> isize {
        let mut at = self.line;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b' ' | b'\t' => at += 1,
                b'-' | b'?' | b':' if self.ends_indicator(at + 1) && at < self.at => at += 1,
                _ => break,
            }
        }
        as_column(at - self.line)
    }

    fn property(&mut self, byte: u8) {
        let rest = &self.text[self.at..];
        let flow = !self.flow.is_empty();
        let length = rest
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || flow && matches!(byte, b',' | b'[' | b']' | b'{' | b'}'))
            .unwrap_or(rest.len());
        self.sink.token(byte, self.at);
        tell(self.sink, &rest[..length], BlankSpot::Refused(IN_PROPERTY));
        self.sink.token(b'e', self.at + length);
        self.at += length;
    }

    /// Whether a colon after the scalar here, which ends at `end`, makes it a key; notes the mapping's column.
    fn ends_key(&mut self, end: usize, quoted: bool) -> bool {
        let space = self.text[end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let colon = end + space;
        let followed = self.ends_indicator(colon + 1) || quoted && !self.flow.is_empty();
        let key = self.text.get(colon) == Some(&b':') && followed;
        if key && self.flow.is_empty() {
            self.parent = self.node_column();
        }
        key
    }

    fn quoted(&mut self, quote: u8) -> Result<(), ScanError> {
        let start = self.at;
        let end = closing_quote(self.text, start).ok_or(ScanError { at: start, reason: "a quote is not closed" })?;
        let scalar = &self.text[start..end];
        let breaks = scalar.iter().enumerate().filter(|(_, byte)| matches!(byte, b'\n' | b'\r'));
        if breaks.map(|(index, _)| start + index + 1).any(|line| self.is_marker(line)) {
            return self.broken("a line in quotes begins as a document does");
        }
        let colon = self.ends_key(end, true);
        let key = std::mem::take(&mut self.explicit_key) || colon;
        self.sink.token(if key { b'k' } else { b's' }, start);
        if key {
            tell(self.sink, scalar, BlankSpot::Refused(IN_KEY));
        } else if quote == b'"' {
            double_quoted_blanks(scalar, self.sink);
        } else if has_blank(scalar) {
            self.sink.weak(WeakStyle::YamlSingle, start, end);
            tell(self.sink, scalar, BlankSpot::Refused(UNQUOTED));
        }
        self.sink.token(b'e', end);
        if let Some(last) = scalar.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line = start + last + 1;
        }
        self.at = end;
        let space = self.text[end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if colon {
            // Inside brackets the colon after a quoted key needs no white space behind it.
            self.at = end + space;
            self.token(b':');
        }
        Ok(())
    }

    /// A line of plain text, the first one or a `continued` one.
    fn plain_line(&mut self, continued: bool) -> Result<(), ScanError> {
        let start = self.at;
        let end = self.plain_end();
        let part = &self.text[start..end];
        let colon = self.ends_key(end, false);
        let key = std::mem::take(&mut self.explicit_key) || colon;
        if continued && colon {
            return self.broken("there is a key where plain text goes on from the line before");
        }
        let line = line_end(self.text, end);
        let comment_or_more = !self.text[end..line].trim_ascii().is_empty();
        let goes_on = !colon && !comment_or_more && self.goes_on(line);
        if !continued {
            self.sink.token(if key { b'k' } else { b's' }, start);
        }
        let several = continued || goes_on;
        if key {
            tell(self.sink, part, BlankSpot::Refused(IN_KEY));
        } else if several {
            tell(self.sink, part, BlankSpot::Refused(IN_SEVERAL_LINES));
        } else if has_blank(part) {
            self.sink.weak(WeakStyle::YamlPlain, start, end);
            tell(self.sink, part, if part == [BLANK] { BlankSpot::Value } else { BlankSpot::Refused(UNQUOTED) });
        }
        if !goes_on {
            self.sink.token(b'e', end);
        }
        self.plain = goes_on.then_some(has_blank(part));
        self.at = end;
        Ok(())
    }

    fn plain_end(&self) -> usize {
        let mut end = self.at;
        let mut at = self.at;
        while let Some(&byte) = self.text.get(at) {
            let flow = !self.flow.is_empty() && matches!(byte, b',' | b'[' | b']' | b'{' | b'}');
            let comment = byte == b'#' && at > self.at && matches!(self.text[at - 1], b' ' | b'\t');
            if matches!(byte, b'\n' | b'\r') || flow || comment || byte == b':' && self.ends_indicator(at + 1) {
                break;
            }
            at += 1;
            if !matches!(byte, b' ' | b'\t') {
                end = at;
            }
        }
        // A scanner must move on, whatever is there.
        end.max(self.at + 1)
    }

    /// Whether plain text goes on in the line after the break at `at`.
    fn goes_on(&self, at: usize) -> bool {
        if self.flow.is_empty() {
            return is_continued(self.text, at, self.parent) && !self.is_marker(after_break(self.text, at));
        }
        let next = self.text[at..].iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_some_and(|byte| !matches!(byte, b',' | b'[' | b']' | b'{' | b'}' | b':' | b'#'))
    }

    fn is_marker(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        (rest.starts_with(b"---") || rest.starts_with(b"...")) && rest.get(3).is_none_or(u8::is_ascii_whitespace)
    }
}

/// The byte after the quote that closes the one at `start`.
fn closing_quote(text: &[u8], start: usize) -> Option<usize> {
    let quote = text[start];
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && text.get(at + 1) == Some(&b'\'') => at += 2,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn double_quoted_blanks(scalar: &[u8], sink: &mut dyn ScanSink) {
    if count_blanks(scalar) == 0 {
        return;
    }
    let mut at = 0;
    let mut hex = 0_u8;
    while let Some(&byte) = scalar.get(at) {
        match byte {
            BLANK => sink.blank(if hex > 0 { BlankSpot::Refused(IN_ESCAPE) } else { BlankSpot::Fits(Escape::YamlDouble) }),
            b'\\' => {
                at += 1;
                match scalar.get(at) {
                    Some(&BLANK) => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
                    Some(b'x') => hex = 3,
                    Some(b'u') => hex = 5,
                    Some(b'U') => hex = 9,
                    _ => {}
                }
            }
            _ => {}
        }
        hex = hex.saturating_sub(1);
        at += 1;
    }
}
