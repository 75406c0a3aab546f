//! Properties files, as `java.util.Properties.load` reads them.

use crate::embedded::Escape;
use crate::embedded::json::unicode_escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_ESCAPE;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

#[expect(clippy::unnecessary_wraps, reason = "every scanner has one signature")]
pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' => at += 1,
            b'#' | b'!' => {
                let end = line_end(text, at);
                sink.token(b'#', at);
                tell(sink, &text[at..end], BlankSpot::Refused(IN_COMMENT));
                sink.token(b'e', end);
                at = end;
            }
            _ => {
                sink.token(b'k', at);
                let key_end = part(text, at, true, sink);
                at = separator(text, key_end);
                sink.token(b'v', at);
                at = part(text, at, false, sink);
                sink.token(b'e', at);
            }
        }
    }
    Ok(())
}

/// Appends the value so that every reader of properties, in ISO 8859-1 or UTF-8, gets it back.
pub(super) fn escape(value: &str, out: &mut SecretBuffer) {
    for (index, character) in value.char_indices() {
        match character {
            '\\' => out.extend(b"\\\\"),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            '\x0c' => out.extend(b"\\f"),
            ' ' | '=' | ':' | '#' | '!' if index == 0 => {
                out.push(b'\\');
                out.push(character as u8);
            }
            ' '..='~' => out.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    unicode_escape(*unit, out);
                }
            }
        }
    }
}

/// Runs over a key or a value, continued lines included; returns the byte after it.
fn part(text: &[u8], start: usize, key: bool, sink: &mut dyn ScanSink) -> usize {
    let mut at = start;
    let mut hex = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' | b'\r' => break,
            b'=' | b':' | b' ' | b'\t' | b'\x0c' if key => break,
            b'\\' => {
                at += 1;
                match text.get(at) {
                    Some(&BLANK) => {
                        sink.blank(BlankSpot::Refused(IN_ESCAPE));
                        at += 1;
                    }
                    Some(b'\n' | b'\r') => at = continued(text, at),
                    Some(b'u') => {
                        hex = 5;
                        at += 1;
                    }
                    Some(_) => at += 1,
                    None => break,
                }
            }
            BLANK => {
                sink.blank(match (key, hex > 0) {
                    (true, _) => BlankSpot::Refused(IN_KEY),
                    (false, true) => BlankSpot::Refused(IN_ESCAPE),
                    (false, false) => BlankSpot::Fits(Escape::Properties),
                });
                at += 1;
            }
            _ => at += 1,
        }
        hex = i32::max(hex - 1, 0);
    }
    at
}

/// Where the value begins after a key that ends at `at`.
fn separator(text: &[u8], at: usize) -> usize {
    let at = blank_space(text, at);
    if matches!(text.get(at), Some(b'=' | b':')) { blank_space(text, at + 1) } else { at }
}

fn blank_space(text: &[u8], mut at: usize) -> usize {
    loop {
        match text.get(at) {
            Some(b' ' | b'\t' | b'\x0c') => at += 1,
            Some(b'\\') if matches!(text.get(at + 1), Some(b'\n' | b'\r')) => at = continued(text, at + 1),
            _ => return at,
        }
    }
}

/// The byte where a continued line's text begins; `at` is at the line end after the backslash.
fn continued(text: &[u8], at: usize) -> usize {
    let after = if text[at..].starts_with(b"\r\n") { at + 2 } else { at + 1 };
    let space = text[after..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
    after + space
}

#[cfg(test)]
mod tests {
    use crate::embedded::properties::escape;
    use crate::secret::SecretBuffer;

    #[test]
    fn everything_but_printable_ascii_is_escaped() {
        let mut out = SecretBuffer::with_capacity(64);
        escape(" =\u{e9}\u{1f511}\0", &mut out);
        assert_eq!(out.expose(), b"\\ =\\u00e9\\ud83d\\udd11\\u0000");
    }
}
