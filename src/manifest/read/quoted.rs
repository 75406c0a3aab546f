//! Scalars in quotes.

use std::borrow::Cow;

use crate::manifest::read::append::append;
use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::fold::Fold;
use crate::manifest::read::fold::ScalarText;

/// Scans the single-quoted scalar that starts at the cursor.
pub(super) fn scan_single<'t>(cursor: &mut Cursor<'t>) -> Result<Cow<'t, str>, ReadFault> {
    scan(cursor, b'\'')
}

/// Scans the double-quoted scalar that starts at the cursor.
pub(super) fn scan_double<'t>(cursor: &mut Cursor<'t>) -> Result<Cow<'t, str>, ReadFault> {
    scan(cursor, b'"')
}

fn scan<'t>(cursor: &mut Cursor<'t>, quote: u8) -> Result<Cow<'t, str>, ReadFault> {
    let opened = cursor.mark();
    cursor.skip(1);
    let mut text = ScalarText::new();
    loop {
        if cursor.document_indicator() {
            return Err(ReadFault::new(cursor.mark(), "a document separator is within quotes", "indent it or close the quotes"));
        }
        if cursor.ended() {
            return Err(ReadFault::new(opened, "the quotes are not closed", "close them"));
        }
        let mut fold = Fold::default();
        let mut start = cursor.at();
        while !cursor.gap(0) {
            let byte = cursor.byte(0);
            if byte == b'\\' && quote == b'"' {
                text.append(cursor, start);
                cursor.skip(1);
                if cursor.line_break(0) > 0 {
                    cursor.take_break();
                    fold.escaped_break();
                    start = cursor.at();
                    break;
                }
                let character = escape(cursor)?;
                append(text.edit(), character.encode_utf8(&mut [0; 4]));
                start = cursor.at();
            } else if byte == quote && quote == b'\'' && cursor.byte(1) == quote {
                cursor.skip(1);
                text.append(cursor, start);
                cursor.skip(1);
                start = cursor.at();
            } else if byte == quote {
                break;
            } else {
                cursor.take();
            }
        }
        text.append(cursor, start);
        if cursor.byte(0) == quote {
            cursor.skip(1);
            return Ok(text.finish());
        }
        let start = cursor.at();
        while cursor.blank(0) || cursor.line_break(0) > 0 {
            if cursor.line_break(0) > 0 {
                fold.line_break(cursor.take_break());
            } else {
                cursor.skip(1);
            }
        }
        if fold.has_break() {
            fold.join(text.edit());
        } else {
            text.append(cursor, start);
        }
    }
}

/// The character of the escape whose backslash was skipped.
fn escape(cursor: &mut Cursor<'_>) -> Result<char, ReadFault> {
    let digits = match cursor.byte(0) {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        byte => {
            let character = simple_escape(byte)
                .ok_or_else(|| ReadFault::new(cursor.mark(), "Kubernetes knows no such escape", "write `\\\\` for a backslash"))?;
            cursor.skip(1);
            return Ok(character);
        }
    };
    let fault = |cursor: &Cursor<'_>| ReadFault::new(cursor.mark(), "not the number of a character", "correct the escape");
    cursor.skip(1);
    let mut number = 0_u32;
    for _ in 0..digits {
        let digit = char::from(cursor.byte(0)).to_digit(16).ok_or_else(|| fault(cursor))?;
        number = number << 4 | digit;
        cursor.skip(1);
    }
    char::from_u32(number).ok_or_else(|| fault(cursor))
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0b',
        b'f' => '\x0c',
        b'r' => '\r',
        b'e' => '\x1b',
        b' ' => ' ',
        b'"' => '"',
        b'\'' => '\'',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
