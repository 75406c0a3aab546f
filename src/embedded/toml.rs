//! TOML 1.0.

use crate::embedded::Escape;
use crate::embedded::json::unicode_escape;
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
use crate::secret::SecretBuffer;

const IN_HEADER: SpotRefusal =
    SpotRefusal { reason: "a blank is in the name of a table", next: "write the name out; only values can be filled" };

#[derive(Clone, Copy, PartialEq, Eq)]
enum TomlState {
    /// A key or a table's header.
    Statement,
    /// A key of an inline table, or its end.
    Key,
    Value,
    /// A comma or a closing bracket.
    Comma,
    LineEnd,
}

pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    // Whether each open container is an inline table.
    let mut open: Vec<bool> = Vec::new();
    let mut expect = TomlState::Statement;
    let mut at = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    while let Some(&byte) = text.get(at) {
        let broken = |reason| Err(ScanError { at, reason });
        match byte {
            b' ' | b'\t' => at += 1,
            b'\n' | b'\r' => {
                if expect == TomlState::LineEnd {
                    expect = TomlState::Statement;
                } else if expect == TomlState::Value && open.is_empty() {
                    return broken("a value is missing");
                }
                at += 1;
            }
            b'#' => {
                let end = line_end(text, at);
                sink.token(b'#', at);
                tell(sink, &text[at..end], BlankSpot::Refused(IN_COMMENT));
                sink.token(b'e', end);
                at = end;
            }
            b'[' if expect == TomlState::Statement => {
                let end = header(text, at)?;
                sink.token(b'h', at);
                tell(sink, &text[at..end], BlankSpot::Refused(IN_HEADER));
                sink.token(b'e', end);
                expect = TomlState::LineEnd;
                at = end;
            }
            b'[' | b'{' if expect == TomlState::Value => {
                sink.token(byte, at);
                open.push(byte == b'{');
                expect = if byte == b'{' { TomlState::Key } else { TomlState::Value };
                at += 1;
            }
            b']' | b'}' => {
                let before = if byte == b'}' { TomlState::Key } else { TomlState::Value };
                if open.pop() != Some(byte == b'}') || (expect != TomlState::Comma && expect != before) {
                    return broken("a bracket closes what is not open");
                }
                sink.token(byte, at);
                expect = if open.is_empty() { TomlState::LineEnd } else { TomlState::Comma };
                at += 1;
            }
            b',' if expect == TomlState::Comma => {
                sink.token(byte, at);
                expect = if open.last() == Some(&true) { TomlState::Key } else { TomlState::Value };
                at += 1;
            }
            _ if expect == TomlState::Statement || expect == TomlState::Key => {
                let end = key(text, at)?;
                sink.token(b'k', at);
                tell(sink, &text[at..end], BlankSpot::Refused(IN_KEY));
                sink.token(b'=', end);
                expect = TomlState::Value;
                at = end + 1;
            }
            _ if expect == TomlState::Value => {
                sink.token(b's', at);
                at = value(text, at, sink)?;
                sink.token(b'e', at);
                expect = if open.is_empty() { TomlState::LineEnd } else { TomlState::Comma };
            }
            _ => return broken("there is something after a value"),
        }
    }
    if matches!(expect, TomlState::Statement | TomlState::LineEnd) {
        Ok(())
    } else {
        Err(ScanError { at, reason: "a value is not finished" })
    }
}

/// Appends the value as it is inside a basic string. White space at its ends is escaped too, since a line-ending
/// backslash before it would swallow it.
pub(super) fn escape(value: &str, out: &mut SecretBuffer) {
    let inner = value.trim_matches([' ', '\t']);
    let start = value.len() - value.trim_start_matches([' ', '\t']).len();
    for (index, &byte) in value.as_bytes().iter().enumerate() {
        let edge = index < start || index >= start + inner.len();
        match byte {
            b'"' | b'\\' => out.extend(&[b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            b' ' if edge => unicode_escape(0x20, out),
            0..0x20 | 0x7f => unicode_escape(u16::from(byte), out),
            _ => out.push(byte),
        }
    }
}

fn header(text: &[u8], start: usize) -> Result<usize, ScanError> {
    let double = text.get(start + 1) == Some(&b'[');
    let mut at = start + if double { 2 } else { 1 };
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' | b'\'' => at = quoted_key(text, at)?,
            b']' if double && text.get(at + 1) != Some(&b']') => break,
            b']' => return Ok(at + if double { 2 } else { 1 }),
            b'\n' | b'\r' => break,
            _ => at += 1,
        }
    }
    Err(ScanError { at: start, reason: "the header of a table is not closed" })
}

/// The byte where the equals sign after a key is.
fn key(text: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' | b'\'' => at = quoted_key(text, at)?,
            b'=' if at > start => return Ok(at),
            b'=' | b'\n' | b'\r' | b'#' | b',' | b'{' | b'}' | b'[' | b']' => break,
            _ => at += 1,
        }
    }
    Err(ScanError { at: start, reason: "a key has no value" })
}

fn quoted_key(text: &[u8], start: usize) -> Result<usize, ScanError> {
    let quote = text[start];
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            b'\n' | b'\r' => break,
            _ if byte == quote => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(ScanError { at: start, reason: "a key in quotes is not closed" })
}

fn value(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let rest = &text[start..];
    if rest.starts_with(b"\"\"\"") {
        basic(text, start, 3, sink)
    } else if rest.starts_with(b"'''") {
        literal(text, start, 3, sink)
    } else if rest.starts_with(b"\"") {
        basic(text, start, 1, sink)
    } else if rest.starts_with(b"'") {
        literal(text, start, 1, sink)
    } else {
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r' | b',' | b']' | b'}' | b'#')).unwrap_or(rest.len());
        let word = rest[..length].trim_ascii_end();
        tell(sink, word, if word == [BLANK] { BlankSpot::Value } else { BlankSpot::Refused(UNQUOTED) });
        if word.is_empty() { Err(ScanError { at: start, reason: "a value is missing" }) } else { Ok(start + word.len()) }
    }
}

fn basic(text: &[u8], start: usize, quotes: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let mut at = start + quotes;
    first_newline(text, at, quotes, sink);
    let mut hex = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            BLANK if hex > 0 => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
            BLANK => sink.blank(BlankSpot::Fits(Escape::TomlBasic)),
            b'"' => {
                if let Some(end) = closing(text, at - 1, b'"', quotes) {
                    return Ok(end);
                }
            }
            b'\\' => {
                match text.get(at) {
                    Some(&BLANK) => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
                    Some(b'u') => hex = 5,
                    Some(b'U') => hex = 9,
                    _ => {}
                }
                at += 1;
            }
            b'\n' | b'\r' if quotes == 1 => break,
            _ => {}
        }
        hex = i32::max(hex - 1, 0);
    }
    Err(ScanError { at: start, reason: "a string is not closed" })
}

fn literal(text: &[u8], start: usize, quotes: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let mut at = start + quotes;
    first_newline(text, at, quotes, sink);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\'' => {
                if let Some(end) = closing(text, at, b'\'', quotes) {
                    if count_blanks(&text[start..end]) > 0 {
                        sink.weak(if quotes == 1 { WeakStyle::TomlLiteral } else { WeakStyle::TomlMultiLiteral }, start, end);
                        tell(sink, &text[start..end], BlankSpot::Refused(UNQUOTED));
                    }
                    return Ok(end);
                }
            }
            b'\n' | b'\r' if quotes == 1 => break,
            _ => {}
        }
        at += 1;
    }
    Err(ScanError { at: start, reason: "a string is not closed" })
}

/// A newline right after three quotes is not part of the string; a value must not bring one there, nor lay one bare.
fn first_newline(text: &[u8], at: usize, quotes: usize, sink: &mut dyn ScanSink) {
    if quotes == 3 && matches!(text.get(at), Some(b'\n' | b'\r')) {
        sink.token(b'n', at);
    }
}

/// The byte after the closing quotes, where `at` is at closing quotes. Up to two more belong to the string's text.
fn closing(text: &[u8], at: usize, quote: u8, quotes: usize) -> Option<usize> {
    let run = text[at..].iter().take(quotes + 2).take_while(|byte| **byte == quote).count();
    match quotes {
        1 => Some(at + 1),
        _ => (run >= 3).then_some(at + run),
    }
}
