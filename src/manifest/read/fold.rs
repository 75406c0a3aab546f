//! Folding: what the line breaks within a plain or quoted scalar count as, and the text that they are folded into.

use std::borrow::Cow;

use crate::manifest::read::append::append;
use crate::manifest::read::cursor::Cursor;

/// The line breaks met since the last other character.
#[derive(Debug, Default)]
pub(super) struct Fold<'t> {
    broken: bool,
    first: &'t str,
    more: String,
}

impl<'t> Fold<'t> {
    /// Meets a line break.
    pub(super) fn line_break(&mut self, line_break: &'t str) {
        if self.broken {
            self.more.push_str(line_break);
        } else {
            self.broken = true;
            self.first = line_break;
        }
    }

    /// Meets a line break that a backslash takes away.
    pub(super) fn escaped_break(&mut self) {
        self.broken = true;
    }

    /// Whether there was a line break.
    pub(super) fn has_break(&self) -> bool {
        self.broken
    }

    /// Appends what they count as: a single one as a space, several as all but the first.
    pub(super) fn join(&self, text: &mut String) {
        if self.first == "\n" {
            append(text, if self.more.is_empty() { " " } else { &self.more });
        } else {
            append(text, self.first);
            append(text, &self.more);
        }
    }
}

/// A scalar's text while it is scanned: a part of the source for as long as that will do.
#[derive(Debug)]
pub(super) struct ScalarText<'t> {
    text: Cow<'t, str>,
    /// Where in the source the text ends, while it is a part of it.
    end: usize,
}

impl<'t> ScalarText<'t> {
    /// No text yet.
    pub(super) fn new() -> Self {
        Self { text: Cow::Borrowed(""), end: 0 }
    }

    /// Appends the source from the byte `start` up to the cursor.
    pub(super) fn append(&mut self, cursor: &Cursor<'t>, start: usize) {
        match &mut self.text {
            Cow::Borrowed("") => self.text = Cow::Borrowed(cursor.since(start)),
            Cow::Borrowed(text) if self.end == start => *text = cursor.since(start - text.len()),
            text => append(text.to_mut(), cursor.since(start)),
        }
        self.end = cursor.at();
    }

    /// The text, to be written into.
    pub(super) fn edit(&mut self) -> &mut String {
        self.text.to_mut()
    }

    /// The finished text.
    pub(super) fn finish(self) -> Cow<'t, str> {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::Fold;
    use super::ScalarText;
    use crate::manifest::read::cursor::Cursor;

    #[test]
    fn line_breaks_fold() {
        let joined = |breaks: &[&'static str]| {
            let mut fold = Fold::default();
            for one in breaks {
                fold.line_break(one);
            }
            let mut text = String::new();
            fold.join(&mut text);
            text
        };
        assert_eq!(joined(&["\n"]), " ");
        assert_eq!(joined(&["\n", "\n", "\n"]), "\n\n");
        assert_eq!(joined(&["\u{2028}", "\n"]), "\u{2028}\n");
    }

    #[test]
    fn text_that_carries_on_is_not_copied() {
        let mut cursor = Cursor::new("abcd", 0);
        let mut text = ScalarText::new();
        cursor.skip(2);
        text.append(&cursor, 0);
        cursor.skip(1);
        text.append(&cursor, 2);
        assert!(matches!(text.finish(), Cow::Borrowed("abc")));
    }
}
