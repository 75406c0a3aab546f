//! A stream cut into documents the way kubectl does it, before any YAML is parsed (`YAMLReader` of k8s.io/apimachinery).

use std::borrow::Cow;

use crate::manifest::Mark;
use crate::manifest::read::fault::ReadFault;

/// One document's text within its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'t> {
    /// Whole lines, each ended by a line feed.
    pub(super) text: &'t str,
    /// How many lines of the stream are before it.
    pub(super) line: u32,
}

/// The text as kubectl's line reader hands it on: lines end in a line feed, the last one too.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    let ended = text.is_empty() || text.ends_with('\n');
    if text.contains("\r\n") || !ended {
        let mut lines = text.replace("\r\n", "\n");
        if !ended {
            lines.push('\n');
        }
        Cow::Owned(lines)
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with the escapes that JSON has and YAML does not, pairs of surrogates and `\/`, written as the characters that they mean. Only what
/// is JSON is changed: kubectl reads a file that begins with `{` as JSON (`GuessJSONStream` of k8s.io/apimachinery).
pub(super) fn json(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_json = || serde_json::Deserializer::from_str(&text).into_iter::<serde::de::IgnoredAny>().all(|value| value.is_ok());
    if !text.trim_start().starts_with('{') || !text.contains('\\') || !is_json() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let unit = |from: usize| {
            let hex = rest.get(from..from + 6)?.strip_prefix("\\u")?;
            u16::from_str_radix(hex, 16).ok()
        };
        let pair = unit(0).zip(unit(6)).map(|(high, low)| char::decode_utf16([high, low]).next());
        let (written, length) = match pair {
            Some(Some(Ok(character))) if character > '\u{ffff}' => (Some(character), 12),
            _ if rest.starts_with("\\/") => (Some('/'), 2),
            _ => (None, 2),
        };
        match written {
            Some(character) => out.push(character),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Cuts `text` at each line that starts with `---`. Such a line belongs to the document after it only where nothing
/// is between it and the start of the stream or an earlier separator.
pub(super) fn documents<'t>(text: &'t str, faults: &mut Vec<ReadFault>) -> Vec<Document<'t>> {
    let mut found = Vec::new();
    let (mut start, mut start_line, mut at, mut line) = (0, 0, 0, 0);
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
        if let Some(after) = text[at..end].strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                let mark = Mark { line: line + 1, column: 1 };
                faults.push(ReadFault::new(mark, "text follows the document separator", "put it on the next line"));
            }
            if at > start {
                found.push(Document { text: &text[start..at], line: start_line });
                (start, start_line) = (end, line + 1);
            }
        }
        (at, line) = (end, line + 1);
    }
    if start < text.len() {
        found.push(Document { text: &text[start..], line: start_line });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::documents;
    use super::json;
    use super::lines;

    fn cut(text: &str) -> Vec<(String, u32)> {
        let mut faults = Vec::new();
        let found = documents(text, &mut faults).into_iter().map(|one| (one.text.to_owned(), one.line)).collect();
        assert!(faults.is_empty(), "{faults:?}");
        found
    }

    #[test]
    fn separators_cut() {
        assert_eq!(cut("a: 1\n---\nb: 2\n--- # c\nc: 3\n"), [("a: 1\n".to_owned(), 0), ("b: 2\n".to_owned(), 2), ("c: 3\n".to_owned(), 4)]);
        assert_eq!(cut("---\na: 1\n"), [("---\na: 1\n".to_owned(), 0)]);
        assert_eq!(cut("a: 1\n---\n---\nb: 2\n"), [("a: 1\n".to_owned(), 0), ("---\nb: 2\n".to_owned(), 2)]);
        assert_eq!(cut("a: |\n  ---\n"), [("a: |\n  ---\n".to_owned(), 0)]);
        assert_eq!(cut(""), []);
    }

    #[test]
    fn a_separator_stands_alone() {
        let mut faults = Vec::new();
        documents("a: 1\n--- b\n", &mut faults);
        assert_eq!(faults[0].to_string(), "line 2, column 1: text follows the document separator; put it on the next line");
    }

    #[test]
    fn escapes_of_json_are_read_in_json_only() {
        let read = |text: &'static str| json(text.into()).into_owned();
        assert_eq!(read(r#"{"a": "\ud83d\udd10\/\\ud83d\udd10 \n"}"#), "{\"a\": \"\u{1f510}/\\\\ud83d\\udd10 \\n\"}");
        assert_eq!(read("{\"a\": \"\\ud83d\\udd10\"}\n{\"b\": 1}\n"), "{\"a\": \"\u{1f510}\"}\n{\"b\": 1}\n");
        for kept in [r#"a: "\ud83d\udd10""#, r#"{a: "\ud83d\udd10"}"#, r#"{"a": "\ud83d"}"#, r#"{"a": "\u00e9\t"}"#] {
            assert_eq!(read(kept), kept);
        }
    }

    #[test]
    fn lines_end_in_a_line_feed() {
        assert_eq!(lines("a\r\nb\rc"), "a\nb\rc\n");
        assert_eq!(lines(""), "");
    }
}
