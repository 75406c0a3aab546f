//! Colours of a diff, which its lines get by their first characters.

use std::fmt::Write;

/// The text with the colours that git gives a diff: what goes is red, what comes green, what changes yellow, and the object that it is a part of bold.
pub(crate) fn paint(diff: &str) -> String {
    let mut painted = String::with_capacity(diff.len() + diff.len() / 8);
    for line in diff.split_inclusive('\n') {
        let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
        let code = match words.as_bytes() {
            [b'@', b'@', ..] => "36",
            [b'-', ..] => "31",
            [b'+', ..] => "32",
            [b'~', ..] => "33",
            [b'A'..=b'Z', ..] => "1",
            _ => {
                painted.push_str(line);
                continue;
            }
        };
        let _ = write!(painted, "\u{1b}[{code}m{words}\u{1b}[0m{end}");
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::paint;

    #[test]
    fn lines_are_coloured_by_what_happens() {
        let painted = paint("~ Secret a\nSecret a\n@@ -1 +1 @@\n kind: Secret\n-a: 1\n+a: 2\n");
        assert_eq!(
            painted,
            "\u{1b}[33m~ Secret a\u{1b}[0m\n\u{1b}[1mSecret a\u{1b}[0m\n\u{1b}[36m@@ -1 +1 @@\u{1b}[0m\n kind: Secret\n\u{1b}[31m-a: 1\u{1b}[0m\n\u{1b}[32m+a: 2\u{1b}[0m\n"
        );
        assert_eq!(paint("1 object: 1 added\n\n context\n"), "1 object: 1 added\n\n context\n");
        assert_eq!(paint("-end"), "\u{1b}[31m-end\u{1b}[0m");
    }
}
