//! Text from files, vaults and histories, made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with control characters and direction marks written as escapes; newlines and tabs stay.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// C0 and C1 controls, DEL, and the marks that change the direction of writing (UAX #9).
fn is_unsafe(c: char) -> bool {
    let direction = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    direction || (c.is_control() && c != '\n' && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn controls_and_direction_marks_become_escapes() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\r\n\td\u{9b}"), "a\\u{1b}[31mb\\u{202e}c\\u{d}\n\td\\u{9b}");
        assert_eq!(clean("plain – text"), "plain – text");
    }

    #[test]
    fn naughty_strings_reach_no_terminal_raw() {
        for text in naughty_strings::BLNS {
            assert!(!clean(text).chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
        }
    }
}
