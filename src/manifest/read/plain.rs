//! Plain scalars: text without quotes, over one line or several.

use std::borrow::Cow;

use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::fold::Fold;
use crate::manifest::read::fold::ScalarText;

/// A plain scalar.
pub(super) struct Plain<'t> {
    /// Its text, lines folded.
    pub(super) text: Cow<'t, str>,
    /// Whether the cursor has left the scalar's last line.
    pub(super) ends_on_later_line: bool,
}

/// Scans the plain scalar that starts at the cursor; on further lines it must reach column `indent` unless `in_flow`.
pub(super) fn scan<'t>(cursor: &mut Cursor<'t>, indent: i64, in_flow: bool) -> Result<Plain<'t>, ReadFault> {
    let mut text = ScalarText::new();
    let mut fold = Fold::default();
    // Where the last word ended, and with it the text.
    let mut end = cursor.at();
    while !cursor.document_indicator() && cursor.byte(0) != b'#' {
        let start = cursor.at();
        while !cursor.gap(0) && !ends_plain(cursor, in_flow) {
            cursor.take();
            cursor.skip_word();
        }
        if cursor.at() > start {
            if fold.has_break() {
                fold.join(text.edit());
                text.append(cursor, start);
                fold = Fold::default();
            } else {
                text.append(cursor, end);
            }
            end = cursor.at();
        }
        if !(cursor.blank(0) || cursor.line_break(0) > 0) {
            break;
        }
        while cursor.blank(0) || cursor.line_break(0) > 0 {
            if cursor.line_break(0) > 0 {
                fold.line_break(cursor.take_break());
            } else if fold.has_break() && cursor.column() < indent && cursor.byte(0) == b'\t' {
                return Err(ReadFault::new(cursor.mark(), "a tab cannot indent", "indent with spaces"));
            } else {
                cursor.skip(1);
            }
        }
        if !in_flow && cursor.column() < indent {
            break;
        }
    }
    Ok(Plain { text: text.finish(), ends_on_later_line: fold.has_break() })
}

fn ends_plain(cursor: &Cursor<'_>, in_flow: bool) -> bool {
    match cursor.byte(0) {
        b':' => cursor.gap(1),
        b',' | b'?' | b'[' | b']' | b'{' | b'}' => in_flow,
        _ => false,
    }
}
