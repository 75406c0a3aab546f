//! Values inside double-quoted YAML scalars (YAML 1.2.2, 5.7 and 7.3.1).

use crate::embedded::json::unicode_escape;
use crate::secret::SecretBuffer;

/// Appends the value as it is inside double quotes. White space at its ends is escaped too, since a line's end
/// beside it would swallow it, and so is the beginning of what begins or ends a document.
pub(in crate::embedded) fn escape_double(value: &str, out: &mut SecretBuffer) {
    let start = value.len() - value.trim_start_matches(' ').len();
    let end = value.trim_end_matches(' ').len();
    let marker = value.starts_with("---") || value.starts_with("...");
    for (index, character) in value.char_indices() {
        match character {
            '-' | '.' if index == 0 && marker => hex_escape(u32::from(character), out),
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            ' ' if index < start || index >= end => out.extend(b"\\x20"),
            ' '..='~' => out.push(character as u8),
            _ if is_plain(character) => out.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => hex_escape(u32::from(character), out),
        }
    }
}

/// Appends a JSON string so that readers of YAML and TOML take it too: what they refuse unescaped is escaped.
pub(in crate::embedded) fn write_json(json: &str, out: &mut SecretBuffer) {
    for character in json.chars() {
        match u16::try_from(u32::from(character)) {
            Ok(unit) if !is_plain(character) => unicode_escape(unit, out),
            _ => out.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Whether every reader takes the character for nothing but itself: printable, no line break of YAML 1.1, no byte-order mark.
pub(super) fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn hex_escape(code: u32, out: &mut SecretBuffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (letter, width) = match code {
        0..0x100 => (b'x', 2),
        0x100..0x1_0000 => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend(&[b'\\', letter]);
    for place in (0..width).rev() {
        out.push(DIGITS[(code >> (4 * place) & 15) as usize]);
    }
}
