//! How a string is written: plain only where no reader can take it for anything else, as a literal block only where it survives in
//! every reader, else in double quotes.

/// A style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// A literal block.
    Literal {
        /// Whether the text ends in a line feed.
        ended: bool,
    },
    /// In double quotes, a line of the text on each line.
    QuotedLines,
    /// In double quotes.
    Quoted,
}

impl Style {
    /// The style of a value.
    pub(super) fn of(text: &str) -> Self {
        if is_plain(text) {
            Self::Plain
        } else if is_literal(text) {
            Self::Literal { ended: text.ends_with('\n') }
        } else if text.trim_end_matches('\n').contains('\n') {
            Self::QuotedLines
        } else {
            Self::Quoted
        }
    }

    /// The style of a key, which is on one line.
    pub(super) fn of_key(key: &str) -> Self {
        if is_plain(key) { Self::Plain } else { Self::Quoted }
    }
}

/// Letters, digits and a few marks, the first a letter or a slash; no word that YAML 1.1, YAML 1.2 or some reader has a meaning for.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'/');
    starts && bytes.iter().enumerate().all(|(at, byte)| stays_plain(*byte, bytes.get(at + 1).copied())) && !is_word(text)
}

fn stays_plain(byte: u8, next: Option<u8>) -> bool {
    match byte {
        b':' | b' ' => next.is_some_and(|next| next.is_ascii_alphanumeric() || next == b'/'),
        _ => byte.is_ascii_alphanumeric() || b"-_./+=@%^~,;$()".contains(&byte),
    }
}

/// Booleans, null and floats of YAML 1.1 and its readers, in any case.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 13] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "none", "nan", "inf", "infinity"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Several lines, the first neither empty nor indented, none with white space at its end or a tab before its text, and
/// at most one line feed at the end.
fn is_literal(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !lines.ends_with('\n')
        && lines.split('\n').all(|line| {
            !line.ends_with([' ', '\t'])
                && !line.trim_start_matches(' ').starts_with('\t')
                && line.chars().all(|character| character == '\t' || is_visible(character))
        })
}

/// Printable ASCII, and scripts whose characters no version of YAML breaks lines at, ignores or forbids.
fn is_visible(character: char) -> bool {
    matches!(character,
        ' '..='~'
        | '\u{a1}'..='\u{ac}'
        | '\u{ae}'..='\u{2ff}'
        | '\u{370}'..='\u{377}'
        | '\u{384}'..='\u{482}'
        | '\u{48a}'..='\u{52f}'
        | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205e}'
        | '\u{20a0}'..='\u{20c0}'
        | '\u{2190}'..='\u{23ff}'
        | '\u{2500}'..='\u{27bf}'
        | '\u{3001}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn identifiers_paths_and_images_stay_plain() {
        for text in [
            "app",
            "apps/v1",
            "/etc/config",
            "registry.example.com:5000/shop/web:v1.2",
            "http://x/a=b",
            "My App",
            "aGVsbG8=",
            "v1",
            "e3",
            "$",
        ] {
            assert_eq!(Style::of(text) == Style::Plain, text != "$", "{text}");
        }
    }

    #[test]
    fn what_could_be_something_else_is_quoted() {
        for text in [
            "",
            " ",
            "y",
            "N",
            "Yes",
            "oFF",
            "null",
            "NaN",
            "Infinity",
            "~",
            "1",
            "0x1",
            "1:30",
            "2001-01-01",
            ".5",
            "-",
            "=",
            "<<",
            "a: b",
            "a:",
            "a #b",
            "a ",
            " a",
            "a  b",
            "- a",
            "?",
            "é",
            "a\tb",
            "a\"b",
            "{a",
            "a\u{7f}",
            "!a",
            "*a",
            "&a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "#a",
            "---",
            "...",
        ] {
            assert_eq!(Style::of(text), Style::Quoted, "{text}");
        }
    }

    #[test]
    fn lines_become_a_block_where_they_survive() {
        assert_eq!(Style::of("a\nb\n"), Style::Literal { ended: true });
        assert_eq!(Style::of("# é\n\n  b\tc\n---"), Style::Literal { ended: false });
        for text in
            ["\na", " a\nb", "a \nb", "a\n\tb", "a\n \tb", "a\n \nb", "a\r\nb", "a\n\u{85}", "a\n\u{feff}", "a\n\u{202e}", "a\n\u{1f600}"]
        {
            assert_eq!(Style::of(text), Style::QuotedLines, "{text:?}");
        }
        for text in ["\n", "a\n\n", " a\n"] {
            assert_eq!(Style::of(text), Style::Quoted, "{text:?}");
        }
    }

    #[test]
    fn keys_stand_on_one_line() {
        assert_eq!(Style::of_key("a\nb\n"), Style::Quoted);
    }
}
