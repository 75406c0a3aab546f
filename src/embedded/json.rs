//! JSON (RFC 8259). Comments and trailing commas are passed over, since .NET's configuration reads them.

use crate::embedded::Escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_ESCAPE;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::UNQUOTED;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonState {
    Value,
    Key,
    Colon,
    Comma,
}

pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    // Whether each open container is an object.
    let mut open: Vec<bool> = Vec::new();
    let mut expect = JsonState::Value;
    let mut at = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let mut values = 0_usize;
    while let Some(&byte) = text.get(at) {
        let broken = |reason| Err(ScanError { at, reason });
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'/' => at = comment(text, at, sink)?,
            b'{' | b'[' if expect == JsonState::Value => {
                sink.token(byte, at);
                open.push(byte == b'{');
                expect = if byte == b'{' { JsonState::Key } else { JsonState::Value };
                at += 1;
            }
            b'}' | b']' => {
                let before = if byte == b'}' { JsonState::Key } else { JsonState::Value };
                if open.pop() != Some(byte == b'}') || (expect != JsonState::Comma && expect != before) {
                    return broken("a bracket closes what is not open");
                }
                sink.token(byte, at);
                expect = JsonState::Comma;
                values += usize::from(open.is_empty());
                at += 1;
            }
            b',' if expect == JsonState::Comma && !open.is_empty() => {
                sink.token(byte, at);
                expect = if open.last() == Some(&true) { JsonState::Key } else { JsonState::Value };
                at += 1;
            }
            b':' if expect == JsonState::Colon => {
                sink.token(byte, at);
                expect = JsonState::Value;
                at += 1;
            }
            b'"' if expect == JsonState::Key || expect == JsonState::Value => {
                let key = expect == JsonState::Key;
                sink.token(if key { b'k' } else { b's' }, at);
                at = string(text, at, key, sink)?;
                sink.token(b'e', at);
                expect = if key { JsonState::Colon } else { JsonState::Comma };
                values += usize::from(open.is_empty());
            }
            _ if expect == JsonState::Value => {
                sink.token(b's', at);
                at = word(text, at, sink);
                sink.token(b'e', at);
                expect = JsonState::Comma;
                values += usize::from(open.is_empty());
            }
            _ => {
                return broken(match expect {
                    JsonState::Key => "a key in quotes is missing",
                    JsonState::Colon => "a colon is missing after a key",
                    JsonState::Comma | JsonState::Value => "a comma or a closing bracket is missing",
                });
            }
        }
    }
    if open.is_empty() && values == 1 {
        Ok(())
    } else {
        Err(ScanError { at, reason: if open.is_empty() { "it is not one value" } else { "a bracket is not closed" } })
    }
}

/// Appends the value as it is inside a JSON string.
pub(super) fn escape(value: &str, out: &mut SecretBuffer) {
    for &byte in value.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend(&[b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => unicode_escape(u16::from(byte), out),
            _ => out.push(byte),
        }
    }
}

/// Appends `\u` and four hexadecimal digits.
pub(super) fn unicode_escape(unit: u16, out: &mut SecretBuffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 15)];
    out.extend(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

fn comment(text: &[u8], at: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let end = match text.get(at + 1) {
        Some(b'/') => line_end(text, at),
        Some(b'*') => match text[at + 2..].windows(2).position(|pair| pair == b"*/") {
            Some(length) => at + 2 + length + 2,
            None => return Err(ScanError { at, reason: "a comment is not closed" }),
        },
        _ => return Err(ScanError { at, reason: "there is a slash outside of quotes" }),
    };
    sink.token(b'/', at);
    tell(sink, &text[at..end], BlankSpot::Refused(IN_COMMENT));
    sink.token(b'e', end);
    Ok(end)
}

fn string(text: &[u8], start: usize, key: bool, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let mut at = start + 1;
    let mut hex = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            BLANK if key => sink.blank(BlankSpot::Refused(IN_KEY)),
            BLANK if hex > 0 => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
            BLANK => sink.blank(BlankSpot::Fits(Escape::JsonString)),
            b'"' => return Ok(at),
            b'\\' => {
                match text.get(at) {
                    Some(b'u') => hex = 5,
                    Some(&BLANK) => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                    _ => return Err(ScanError { at, reason: "a string has an escape sequence that JSON does not know" }),
                }
                at += 1;
            }
            0..0x20 => return Err(ScanError { at: at - 1, reason: "a string has a control character in it" }),
            _ => {}
        }
        hex = i32::max(hex - 1, 0);
    }
    Err(ScanError { at: start, reason: "a string is not closed" })
}

fn word(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> usize {
    let length = text[start..]
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b'/'))
        .unwrap_or(text.len() - start);
    // What cannot begin a word, such as a stray colon, is taken as a word of one byte.
    let end = start + length.max(1);
    let spot = if text[start..end] == [BLANK] { BlankSpot::Value } else { BlankSpot::Refused(UNQUOTED) };
    tell(sink, &text[start..end], spot);
    end
}
