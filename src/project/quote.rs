//! Words of a file inside a message: in backticks, cut to a line, without control characters.

use std::fmt::Write as _;

/// Longest quotation, in characters.
const LONGEST: usize = 120;

/// `text` in backticks, fit for a terminal: control and direction characters are escaped, long texts are cut.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            quoted.push('…');
            break;
        }
        if character.is_control() || is_direction(character) {
            let _ = write!(quoted, "\\u{{{:x}}}", u32::from(character));
        } else {
            quoted.push(character);
        }
    }
    quoted.push('`');
    quoted
}

/// Characters that turn the direction of what follows (Unicode Standard Annex #9) or separate lines.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(quote("a\u{1b}[31m\nb\u{202e}"), "`a\\u{1b}[31m\\u{a}b\\u{202e}`");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(quote(&"x".repeat(121)), format!("`{}…`", "x".repeat(120)));
        assert_eq!(quote(&"x".repeat(120)), format!("`{}`", "x".repeat(120)));
    }
}
