//! Block scalars: literal (`|`) and folded (`>`).

use crate::manifest::read::append::append;
use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::fault::ReadFault;

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// Scans the block scalar that starts at the cursor, within a block collection at column `parent` (-1: none).
pub(super) fn scan(cursor: &mut Cursor<'_>, parent: i64) -> Result<String, ReadFault> {
    let literal = cursor.byte(0) == b'|';
    let (chomp, increment) = header(cursor)?;
    let mut indent = increment.map(|increment| parent.max(0) + increment);

    let mut text = String::new();
    let mut line_break = "";
    let mut breaks = String::new();
    let mut after_blank = false;
    let column = leading(cursor, &mut indent, parent, &mut breaks)?;
    while cursor.column() == column && !cursor.ended() {
        let blank = cursor.blank(0);
        if !literal && line_break == "\n" && !after_blank && !blank {
            if breaks.is_empty() {
                append(&mut text, " ");
            }
        } else {
            append(&mut text, line_break);
        }
        append(&mut text, &breaks);
        breaks.clear();
        after_blank = blank;
        let start = cursor.at();
        while !cursor.ended() && cursor.line_break(0) == 0 {
            cursor.take();
        }
        append(&mut text, cursor.since(start));
        line_break = if cursor.ended() { "" } else { cursor.take_break() };
        leading(cursor, &mut indent, parent, &mut breaks)?;
    }
    if chomp != Chomp::Strip {
        append(&mut text, line_break);
    }
    if chomp == Chomp::Keep {
        append(&mut text, &breaks);
    }
    Ok(text)
}

/// The indicators after `|` or `>`, and the rest of their line.
fn header(cursor: &mut Cursor<'_>) -> Result<(Chomp, Option<i64>), ReadFault> {
    cursor.skip(1);
    let mut chomp = None;
    let mut increment = None;
    loop {
        match cursor.byte(0) {
            b'+' if chomp.is_none() => chomp = Some(Chomp::Keep),
            b'-' if chomp.is_none() => chomp = Some(Chomp::Strip),
            digit @ b'1'..=b'9' if increment.is_none() => increment = Some(i64::from(digit - b'0')),
            _ => break,
        }
        cursor.skip(1);
    }
    cursor.skip_blanks();
    cursor.skip_comment();
    if cursor.line_break(0) > 0 {
        cursor.take_break();
    } else if !cursor.ended() {
        return Err(ReadFault::new(cursor.mark(), "text follows the start of a block", "start the text on the next line"));
    }
    Ok((chomp.unwrap_or(Chomp::Clip), increment))
}

/// Steps over indentation and empty lines, whose breaks go to `breaks`. Finds the indentation where it is not known yet.
fn leading(cursor: &mut Cursor<'_>, indent: &mut Option<i64>, parent: i64, breaks: &mut String) -> Result<i64, ReadFault> {
    let mut deepest = 0;
    loop {
        while indent.is_none_or(|indent| cursor.column() < indent) && cursor.byte(0) == b' ' {
            cursor.skip(1);
        }
        deepest = deepest.max(cursor.column());
        if indent.is_none_or(|indent| cursor.column() < indent) && cursor.byte(0) == b'\t' {
            return Err(ReadFault::new(cursor.mark(), "a tab cannot indent", "indent with spaces"));
        }
        if cursor.line_break(0) == 0 {
            break;
        }
        breaks.push_str(cursor.take_break());
    }
    Ok(*indent.get_or_insert(deepest.max(parent + 1).max(1)))
}
