//! Text from files, vaults and histories, made safe for terminals and for the runners of CI systems, which obey lines of a log.

use std::borrow::Cow;
use std::fmt::Write;

/// What begins a workflow command of GitHub Actions.
const COMMAND: &str = "::";

/// The text on one line, with everything that a terminal or a runner obeys written as escapes; tabs stay.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

/// The same for a text of several lines, whose newlines stay. What is in such a line was cleaned before, so that it kept to it.
pub(crate) fn clean_lines(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// The text of a JSON document, whose strings say the same and hold nothing that a terminal or a runner obeys.
pub(crate) fn clean_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (index, c) in text.char_indices() {
        if is_unsafe(c) || opens_logging_command(text, index) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

fn escape(text: &str, one_line: bool) -> Cow<'_, str> {
    let is_hit = |(index, c): (usize, char)| {
        (one_line && c == '\n') || is_unsafe(c) || opens_command(text, index, one_line) || opens_logging_command(text, index)
    };
    if !text.char_indices().any(is_hit) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for (index, c) in text.char_indices() {
        if !is_hit((index, c)) {
            safe.push(c);
        } else if c == '\n' {
            safe.push_str("\\n");
        } else {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(safe)
}

/// C0 and C1 controls, DEL, the separators of lines and paragraphs, and the marks that change the direction of writing (UAX #9).
fn is_unsafe(c: char) -> bool {
    let direction = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    direction || (c.is_control() && c != '\n' && c != '\t')
}

/// Whether a workflow command begins here: GitHub's runner looks for it at the start of a line, after white space.
fn opens_command(text: &str, index: usize, one_line: bool) -> bool {
    let before = || text[..index].chars().rev().take_while(|c| one_line || *c != '\n');
    text[index..].starts_with(COMMAND) && before().all(char::is_whitespace)
}

/// Whether the second `#` of `##[`, `##vso[` and their like is here: the agents look for them anywhere in a line.
fn opens_logging_command(text: &str, index: usize) -> bool {
    let rest = text[index..].strip_prefix('#').filter(|_| text[..index].ends_with('#'));
    rest.is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('['))
}

#[cfg(test)]
mod tests {
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::clean;
    use super::clean_json;
    use super::clean_lines;

    #[test]
    fn controls_and_direction_marks_become_escapes() {
        let text = "a\u{1b}[31mb\u{202e}c\r\n\td\u{9b}\u{85}\u{2028}\u{2029}\u{b}\u{c}";
        let rest = "\td\\u{9b}\\u{85}\\u{2028}\\u{2029}\\u{b}\\u{c}";
        assert_eq!(clean(text), format!("a\\u{{1b}}[31mb\\u{{202e}}c\\u{{d}}\\n{rest}"));
        assert_eq!(clean_lines(text), format!("a\\u{{1b}}[31mb\\u{{202e}}c\\u{{d}}\n{rest}"));
        assert_eq!(clean("plain – text"), "plain – text");
    }

    #[test]
    fn commands_of_runners_become_escapes() {
        assert_eq!(clean("::error::x"), "\\u{3a}:error::x");
        assert_eq!(clean_lines("a ::b\n\t ::error::x\n::stop"), "a ::b\n\t \\u{3a}:error::x\n\\u{3a}:stop");
        assert_eq!(clean("a\n::error::x"), "a\\n::error::x");
        assert_eq!(clean("a ##vso[task.x]b ##[group]c ###teamcity[d"), "a #\\u{23}vso[task.x]b #\\u{23}[group]c ##\\u{23}teamcity[d");
        assert_eq!(clean("## a heading [of a text]"), "## a heading [of a text]");
    }

    #[test]
    fn naughty_strings_reach_no_terminal_raw() {
        for text in naughty_strings::BLNS {
            assert!(!clean(text).chars().any(|c| c.is_control() && c != '\t'), "{text:?}");
            assert!(!clean_lines(text).chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn json_says_the_same(text in "(\\PC|[#:\\[\\n\\r\u{7f}\u{85}\u{2028}]|##vso\\[){0,30}") {
            let document = serde_json::json!({ &text: [&text] });
            for json in [document.to_string(), format!("{document:#}")] {
                let safe = clean_json(&json);
                assert!(!safe.contains("##vso[") && !safe.contains(['\u{7f}', '\u{85}', '\u{2028}']), "{safe}");
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&safe).unwrap(), &document);
            }
        }

        #[test]
        fn what_is_clean_stays(text in "(\\PC|[#:\\[ \\n\\r]){0,30}") {
            let (line, lines) = (clean(&text), clean_lines(&text));
            prop_assert_eq!(&clean(&line), &line);
            prop_assert_eq!(&clean_lines(&lines), &lines);
        }
    }
}
