//! Double-quoted scalars in ASCII.

use std::io::Write as _;

use crate::secret::SecretBuffer;

/// Writes `text` in double quotes; all that is not printable ASCII is escaped.
pub(super) fn write(text: &str, out: &mut SecretBuffer) {
    out.push(b'"');
    inner(text, out);
    out.push(b'"');
}

/// Writes `text` in double quotes, with each of its lines on a line of its own that begins with `indent`. Line breaks that a backslash
/// is before, and the spaces after them, are not part of the text (YAML 1.2, 7.3.1); a space of the text is escaped there.
pub(super) fn write_lines(text: &str, indent: &[u8], out: &mut SecretBuffer) {
    out.push(b'"');
    for line in text.split_inclusive('\n') {
        out.extend(b"\\\n");
        out.extend(indent);
        if line.starts_with(' ') {
            out.push(b'\\');
        }
        inner(line, out);
    }
    out.push(b'"');
}

fn inner(text: &str, out: &mut SecretBuffer) {
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        if is_plain(character) {
            continue;
        }
        out.extend(&text.as_bytes()[plain..at]);
        plain = at + character.len_utf8();
        escape(character, out);
    }
    out.extend(&text.as_bytes()[plain..]);
}

/// How many bytes [`write`] writes, which are as many characters.
pub(super) fn length(text: &str) -> usize {
    2 + text.chars().map(|character| if is_plain(character) { 1 } else { escaped_length(character) }).sum::<usize>()
}

fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && !matches!(character, '"' | '\\')
}

fn escape(character: char, out: &mut SecretBuffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let letter = match character {
        '"' | '\\' => character,
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\0'..='\u{ff}' => 'x',
        '\u{100}'..='\u{ffff}' => 'u',
        _ => 'U',
    };
    // A buffer takes all that it is given.
    let _ = write!(out, "\\{letter}");
    let number = u32::from(character);
    for digit in (0..escaped_length(character) - 2).rev() {
        out.push(DIGITS[(number >> (4 * digit) & 15) as usize]);
    }
}

fn escaped_length(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        '\0'..='\u{ff}' => 4,
        '\u{100}'..='\u{ffff}' => 6,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::length;
    use super::write;
    use crate::secret::SecretBuffer;

    #[test]
    fn all_but_printable_ascii_is_escaped() {
        let text = "a\"b\\c\n\r\t\0\u{7f}\u{85}é\u{feff}日\u{1f600}/ ";
        let mut out = SecretBuffer::with_capacity(128);
        write(text, &mut out);
        let expected = br#""a\"b\\c\n\r\t\x00\x7f\x85\xe9\ufeff\u65e5\U0001f600/ ""#;
        assert_eq!(out.expose(), expected);
        assert_eq!(length(text), expected.len());
    }
}
