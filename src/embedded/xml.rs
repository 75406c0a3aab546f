//! XML 1.0, fifth edition.

use crate::embedded::Escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_ESCAPE;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

const IN_NAME: SpotRefusal = SpotRefusal {
    reason: "a blank is in a tag outside of quotes",
    next: "put an attribute's value in quotes; names of elements and attributes cannot be filled",
};
const IN_DECLARATION: SpotRefusal = SpotRefusal {
    reason: "a blank is in a declaration or a processing instruction",
    next: "move it into the text of an element or into an attribute",
};
const CHARACTER: SpotRefusal = SpotRefusal {
    reason: "the value has a character in it that XML cannot carry, such as a control character",
    next: "encode it, such as with `| b64encode`",
};
const CDATA_RETURN: SpotRefusal = SpotRefusal {
    reason: "the value has a carriage return in it, which a CDATA section cannot carry",
    next: "put the blank into text outside of the CDATA section",
};

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_SPLIT: &[u8] = b"]]><![CDATA[";

pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    let mut at = 0;
    let mut entity = false;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        match byte {
            b'<' => {
                entity = false;
                at = if rest.starts_with(b"<!--") {
                    span(text, at, 4, b"-->", BlankSpot::Refused(IN_COMMENT), sink)?
                } else if rest.starts_with(CDATA) {
                    cdata(text, at, sink)?
                } else if rest.starts_with(b"<?") {
                    span(text, at, 2, b"?>", BlankSpot::Refused(IN_DECLARATION), sink)?
                } else if rest.starts_with(b"<!") {
                    doctype(text, at, sink)?
                } else {
                    tag(text, at, sink)?
                };
                continue;
            }
            b'&' => entity = true,
            BLANK => sink.blank(if entity { BlankSpot::Refused(IN_ESCAPE) } else { BlankSpot::Fits(Escape::XmlText) }),
            _ => entity &= byte == b'#' || byte.is_ascii_alphanumeric(),
        }
        at += 1;
    }
    Ok(())
}

/// Appends the value as text of an element.
pub(super) fn write_text(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    write(value, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#13;"),
        _ => None,
    })
}

/// Appends the value as a part of an attribute in either kind of quotes.
pub(super) fn write_attribute(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    write(value, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'"' => Some(b"&quot;"),
        b'\'' => Some(b"&#39;"),
        b'\t' => Some(b"&#9;"),
        b'\n' => Some(b"&#10;"),
        b'\r' => Some(b"&#13;"),
        _ => None,
    })
}

/// Appends the value as a part of a CDATA section, which is closed and opened again before a `>` that would close it.
pub(super) fn write_cdata(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    if value.contains('\r') {
        return Err(CDATA_RETURN);
    }
    let bytes = value.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        if byte == b'>' && bytes[..index].iter().rev().take(2).all(|before| *before == b']') {
            out.extend(CDATA_SPLIT);
        }
        out.push(byte);
    }
    if value.chars().all(is_character) { Ok(()) } else { Err(CHARACTER) }
}

fn write(value: &str, out: &mut SecretBuffer, entity: impl Fn(u8) -> Option<&'static [u8]>) -> Result<(), SpotRefusal> {
    if !value.chars().all(is_character) {
        return Err(CHARACTER);
    }
    for &byte in value.as_bytes() {
        match entity(byte) {
            Some(name) => out.extend(name),
            None => out.push(byte),
        }
    }
    Ok(())
}

/// Production 2 of XML 1.0.
fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn find(text: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    text.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|length| from + length)
}

fn span(text: &[u8], start: usize, opening: usize, close: &[u8], spot: BlankSpot, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let end = find(text, start + opening, close).ok_or(ScanError { at: start, reason: "a comment or an instruction is not closed" })?
        + close.len();
    sink.token(text[start + 1], start);
    tell(sink, &text[start..end], spot);
    sink.token(b'e', end);
    Ok(end)
}

/// CDATA sections that follow each other at once count as one: that is how a value with `]]>` in it is written.
fn cdata(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    sink.token(b'd', start);
    let mut from = start + CDATA.len();
    loop {
        let end = find(text, from, b"]]>").ok_or(ScanError { at: start, reason: "a CDATA section is not closed" })?;
        tell(sink, &text[from..end], BlankSpot::Fits(Escape::XmlCdata));
        if !text[end..].starts_with(CDATA_SPLIT) {
            sink.token(b'e', end);
            return Ok(end + 3);
        }
        from = end + CDATA_SPLIT.len();
    }
}

fn doctype(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (index, &byte) in text[start..].iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) => quote = (open != byte).then_some(open),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => depth = depth.saturating_sub(1),
            (None, b'>') if depth == 0 => {
                let end = start + index + 1;
                sink.token(b'!', start);
                tell(sink, &text[start..end], BlankSpot::Refused(IN_DECLARATION));
                sink.token(b'e', end);
                return Ok(end);
            }
            _ => {}
        }
    }
    Err(ScanError { at: start, reason: "a declaration is not closed" })
}

fn tag(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    sink.token(b'<', start);
    let mut quote = None;
    let mut entity = false;
    for (index, &byte) in text[start..].iter().enumerate().skip(1) {
        let at = start + index;
        match (quote, byte) {
            (None, BLANK) => sink.blank(BlankSpot::Refused(IN_NAME)),
            (Some(_), BLANK) => sink.blank(if entity { BlankSpot::Refused(IN_ESCAPE) } else { BlankSpot::Fits(Escape::XmlAttribute) }),
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                sink.token(b'"', at);
            }
            (Some(open), _) if open == byte => {
                quote = None;
                entity = false;
                sink.token(b'q', at);
            }
            (Some(_), b'&') => entity = true,
            (Some(_), b'<') => return Err(ScanError { at, reason: "an attribute has `<` in it" }),
            (Some(_), _) => entity &= byte == b'#' || byte.is_ascii_alphanumeric(),
            (None, b'=') => sink.token(b'=', at),
            (None, b'<') => return Err(ScanError { at, reason: "a tag is not closed" }),
            (None, b'>') => {
                sink.token(b'>', at);
                return Ok(at + 1);
            }
            _ => {}
        }
    }
    Err(ScanError { at: start, reason: "a tag is not closed" })
}
