//! Files of assignments (`.env`), as a POSIX shell reads them; other readers agree wherever one kind of quotes suffices.

use crate::embedded::Escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_ESCAPE;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::WeakStyle;
use crate::embedded::skeleton::count_blanks;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

const IN_EXPANSION: SpotRefusal =
    SpotRefusal { reason: "a blank is in an expansion that a shell would run", next: "take it out of `$…` and backquotes" };
const BEHIND_HASH: SpotRefusal =
    SpotRefusal { reason: "a blank is behind a `#` that some readers take for a comment", next: "put the value in quotes" };
const NUL: SpotRefusal = SpotRefusal {
    reason: "the value has a NUL in it, which no environment variable can carry",
    next: "encode it, such as with `| b64encode`",
};

pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    let mut at = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at = comment(text, at, sink),
            _ => at = assignment(text, at, sink)?,
        }
    }
    Ok(())
}

/// Appends the value as a word of its own: bare where nothing in it means anything, else in quotes.
pub(super) fn write_unquoted(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    if value.contains('\0') {
        return Err(NUL);
    }
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    let quote = if !value.is_empty() && value.bytes().all(bare) {
        out.extend(value.as_bytes());
        return Ok(());
    } else if value.contains(['\'', '\\']) {
        b'"'
    } else {
        b'\''
    };
    out.push(quote);
    if quote == b'"' {
        write_double(value, out)?;
    } else {
        write_single(value, out)?;
    }
    out.push(quote);
    Ok(())
}

/// Appends the value inside single quotes. What they cannot carry goes into double quotes in between; so does the
/// backslash, which some readers take for an escape even there.
pub(super) fn write_single(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    split(value, b"'\\", b"'\"", b"\"'", out, |byte, out| {
        if byte == b'\\' {
            out.push(b'\\');
        }
    })
}

/// Appends the value inside double quotes. The backquote goes into single quotes in between, since readers differ on
/// how it is escaped in double ones and a shell would run what is behind it.
pub(super) fn write_double(value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    split(value, b"`", b"\"'", b"'\"", out, |byte, out| {
        if matches!(byte, b'"' | b'\\' | b'$') {
            out.push(b'\\');
        }
    })
}

/// Writes runs of the `foreign` bytes between `leave` and `enter`, and calls `before` for each byte.
fn split(
    value: &str,
    foreign: &[u8],
    leave: &[u8],
    enter: &[u8],
    out: &mut SecretBuffer,
    before: impl Fn(u8, &mut SecretBuffer),
) -> Result<(), SpotRefusal> {
    let mut away = false;
    for &byte in value.as_bytes() {
        if byte == 0 {
            return Err(NUL);
        }
        if foreign.contains(&byte) != away {
            out.extend(if away { enter } else { leave });
            away = !away;
        }
        before(byte, out);
        out.push(byte);
    }
    if away {
        out.extend(enter);
    }
    Ok(())
}

fn comment(text: &[u8], at: usize, sink: &mut dyn ScanSink) -> usize {
    let end = line_end(text, at);
    sink.token(b'#', at);
    tell(sink, &text[at..end], BlankSpot::Refused(IN_COMMENT));
    sink.token(b'e', end);
    end
}

fn assignment(text: &[u8], start: usize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let line = line_end(text, start);
    sink.token(b'k', start);
    let Some(length) = text[start..line].iter().position(|byte| *byte == b'=') else {
        // `export NAME` and the like carry no value.
        tell(sink, &text[start..line], BlankSpot::Refused(IN_KEY));
        sink.token(b'e', line);
        return Ok(line);
    };
    let equals = start + length;
    tell(sink, &text[start..equals], BlankSpot::Refused(IN_KEY));
    sink.token(b'=', equals);
    let value = equals + 1 + text[equals + 1..line].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let end = value_end(text, value)?;
    let word = text[value..end].trim_ascii_end();
    if count_blanks(word) > 0 {
        if word[0] == b'#' {
            tell(sink, word, BlankSpot::Refused(BEHIND_HASH));
            sink.token(b'e', end);
            return Ok(end);
        }
        let plain = !word.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'`'));
        if plain && word != [BLANK] {
            sink.weak(WeakStyle::EnvUnquoted, value, value + word.len());
        }
        blanks_of(word, sink);
    }
    sink.token(b'e', end);
    Ok(end)
}

/// The byte where a value ends: at a line's end or a comment, outside of quotes.
fn value_end(text: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut quote = None;
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => at += 1,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'\n' | b'\r') => return Ok(at),
            (None, b'#') if text[at - 1].is_ascii_whitespace() => return Ok(at),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        at += 1;
    }
    if quote.is_some() { Err(ScanError { at: start, reason: "a quote is not closed" }) } else { Ok(text.len()) }
}

/// What a shell would expand, as far as it matters to a blank that comes after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ShellExpansion {
    None,
    /// After `$`, while a name goes on.
    Name,
    /// After `${`, while only a name is there.
    Braces,
    /// After a backquote, `$(` or anything harder; a blank in the rest of the value cannot be trusted.
    Rest,
}

fn blanks_of(word: &[u8], sink: &mut dyn ScanSink) {
    let mut quote = None;
    let mut expansion = ShellExpansion::None;
    let mut at = 0;
    while let Some(&byte) = word.get(at) {
        let before = at.checked_sub(1).map(|at| word[at]);
        at += 1;
        if quote == Some(b'\'') {
            match byte {
                b'\'' => quote = None,
                // A backslash means nothing there to a shell, and much to some readers.
                BLANK if before == Some(b'\\') => sink.blank(BlankSpot::Refused(IN_ESCAPE)),
                BLANK if expansion == ShellExpansion::Rest => sink.blank(BlankSpot::Refused(IN_EXPANSION)),
                BLANK => sink.blank(BlankSpot::Fits(Escape::EnvSingle)),
                _ => {}
            }
            continue;
        }
        expansion = after(expansion, byte, before);
        match (quote, byte) {
            (_, BLANK) if expansion != ShellExpansion::None => sink.blank(BlankSpot::Refused(IN_EXPANSION)),
            (None, BLANK) => sink.blank(BlankSpot::Fits(Escape::EnvUnquoted)),
            (Some(_), BLANK) => sink.blank(BlankSpot::Fits(Escape::EnvDouble)),
            (_, b'\\') => {
                if word.get(at) == Some(&BLANK) {
                    sink.blank(BlankSpot::Refused(IN_ESCAPE));
                }
                at += 1;
            }
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(b'"'), b'"') => quote = None,
            _ => {}
        }
    }
}

fn after(expansion: ShellExpansion, byte: u8, before: Option<u8>) -> ShellExpansion {
    let name = byte.is_ascii_alphanumeric() || byte == b'_' || byte == BLANK;
    match (expansion, byte) {
        (ShellExpansion::Rest, _) | (_, b'`') => ShellExpansion::Rest,
        (ShellExpansion::Name, b'{') if before == Some(b'$') => ShellExpansion::Braces,
        (ShellExpansion::Name, b'(' | b'$') if before == Some(b'$') => ShellExpansion::Rest,
        (ShellExpansion::Braces, b'}') => ShellExpansion::None,
        (ShellExpansion::Name | ShellExpansion::Braces, _) if name => expansion,
        (ShellExpansion::Braces, _) => ShellExpansion::Rest,
        (_, b'$') => ShellExpansion::Name,
        (ShellExpansion::None | ShellExpansion::Name, _) => ShellExpansion::None,
    }
}
