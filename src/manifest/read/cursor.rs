//! A place in a document's text, and the classes of characters that YAML 1.1 knows.

use crate::manifest::Mark;

/// Where the scanner is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    mark: Mark,
}

impl<'t> Cursor<'t> {
    /// The start of `text`, which has `lines` lines before it.
    pub(super) fn new(text: &'t str, lines: u32) -> Self {
        Self { text, at: 0, mark: Mark { line: lines + 1, column: 1 } }
    }

    /// The place for people.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Characters since the line's start.
    pub(super) fn column(&self) -> i64 {
        i64::from(self.mark.column) - 1
    }

    /// The offset in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from the byte `start` up to here.
    pub(super) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    /// All that is left.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The byte `ahead` of here; zero past the end, which no text contains.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        let (bytes, at) = (self.text.as_bytes(), self.at + ahead);
        if at < bytes.len() { bytes[at] } else { 0 }
    }

    /// Whether there is no text left.
    pub(super) fn ended(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Whether a space or tab is `ahead` of here.
    pub(super) fn blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    /// The bytes of the line break `ahead` of here, zero when there is none: line feed, carriage return, both, NEL, LS, PS.
    pub(super) fn line_break(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\n' | b'\r' => 1,
            0xc2 if self.byte(ahead + 1) == 0x85 => 2,
            0xe2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    /// Whether a space, a tab, a line break or the end is `ahead` of here.
    pub(super) fn gap(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            0 => self.at + ahead >= self.text.len(),
            0xc2 | 0xe2 => self.line_break(ahead) > 0,
            _ => false,
        }
    }

    /// Whether `---` or `...` is here, at the start of a line and alone.
    pub(super) fn document_indicator(&self) -> bool {
        self.mark.column == 1 && (self.rest().starts_with("---") || self.rest().starts_with("...")) && self.gap(3)
    }

    /// Steps over `count` ASCII characters.
    pub(super) fn skip(&mut self, count: u32) {
        self.at += count as usize;
        self.mark.column += count;
    }

    /// Steps over letters, digits and marks that neither end a scalar nor mean anything within one.
    pub(super) fn skip_word(&mut self) {
        let is_plain = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
        let count = self.text.as_bytes()[self.at..].iter().take_while(is_plain).count();
        self.skip(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Steps over one character, which must be there, and returns it.
    pub(super) fn take(&mut self) -> &'t str {
        let width = match self.byte(0) {
            ..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
        };
        let taken = &self.text[self.at..self.at + width];
        self.at += width;
        self.mark.column += 1;
        taken
    }

    /// Steps over the line break that is here and returns what it counts as in a scalar.
    pub(super) fn take_break(&mut self) -> &'t str {
        let width = self.line_break(0);
        let taken = &self.text[self.at..self.at + width];
        self.at += width;
        self.mark.line += 1;
        self.mark.column = 1;
        if width == 3 { taken } else { "\n" }
    }

    /// Steps over spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        while self.blank(0) {
            self.skip(1);
        }
    }

    /// Steps to the end of the line where a comment starts here.
    pub(super) fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.ended() && self.line_break(0) == 0 {
                self.take();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use crate::manifest::Mark;

    #[test]
    fn counts_characters_and_lines() {
        let mut cursor = Cursor::new("é x\u{2028}\r\ny", 3);
        assert_eq!(cursor.take(), "é");
        cursor.skip(2);
        assert_eq!((cursor.mark(), cursor.at()), (Mark { line: 4, column: 4 }, 4));
        assert_eq!(cursor.take_break(), "\u{2028}");
        assert_eq!(cursor.take_break(), "\n");
        assert_eq!((cursor.mark(), cursor.rest()), (Mark { line: 6, column: 1 }, "y"));
    }
}
