//! Literal blocks of YAML (YAML 1.2.2, 8.1).

use crate::embedded::Escape;
use crate::embedded::escape::Chomp;
use crate::embedded::escape::Tail;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::count_blanks;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::embedded::yaml::escape::is_plain;
use crate::secret::SecretBuffer;

const IN_FOLDED: SpotRefusal =
    SpotRefusal { reason: "a blank is in a folded block (`>`), which joins lines", next: "use a literal block (`|`) or double quotes" };
const AT_MARGIN: SpotRefusal = SpotRefusal { reason: "a blank is in a block without indentation", next: "indent the block" };
const CHARACTER: SpotRefusal = SpotRefusal {
    reason: "the value has a carriage return or another character in it that a YAML block cannot carry",
    next: "put the blank in double quotes",
};
const LEADING: SpotRefusal = SpotRefusal {
    reason: "the value begins with white space and would set the indentation of the YAML block that it begins",
    next: "put the blank in double quotes, or write the indentation after the bar, such as `|2`",
};
const TRAILING: SpotRefusal = SpotRefusal {
    reason: "the value ends in a newline that the YAML block would drop",
    next: "write `|+` to keep every newline at the end, or `| trim` after the blank",
};

/// Appends the value inside a literal block: each new line gets the block's indentation.
pub(in crate::embedded) fn write_block(
    value: &str,
    indent: u16,
    first: bool,
    tail: Option<Tail>,
    out: &mut SecretBuffer,
) -> Result<(), SpotRefusal> {
    if !value.chars().all(|character| matches!(character, '\n' | '\t') || is_plain(character)) {
        return Err(CHARACTER);
    }
    if first && value.starts_with([' ', '\t', '\n']) {
        return Err(LEADING);
    }
    let body = value.trim_end_matches('\n');
    let newlines = value.len() - body.len();
    let (text, last_newline) = match tail {
        Some(Tail { chomp: Chomp::Strip, .. }) if newlines > 0 => return Err(TRAILING),
        Some(Tail { chomp: Chomp::Clip, .. }) if newlines > 1 || newlines == 1 && body.is_empty() => return Err(TRAILING),
        // The newline that the block keeps is the value's own.
        Some(Tail { chomp: Chomp::Clip, bare }) if newlines == 1 => (body, bare),
        Some(Tail { chomp: Chomp::Keep, bare: true }) if newlines > 0 => (&value[..value.len() - 1], true),
        _ => (value, false),
    };
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
            for _ in 0..indent {
                out.push(b' ');
            }
        }
        out.extend(line.as_bytes());
    }
    if last_newline {
        out.push(b'\n');
    }
    Ok(())
}

/// Runs over a block whose bar or angle is at `start` below a node indented by `parent` (-1 at the top); returns the
/// byte where the next line after it begins.
pub(super) fn scan_block(text: &[u8], start: usize, parent: isize, sink: &mut dyn ScanSink) -> Result<usize, ScanError> {
    let header_end = line_end(text, start);
    let (chomp, digit) = header(text, start, header_end, sink)?;
    sink.token(b'b', start);
    let body = after_break(text, header_end);
    let first_line = lines(text, body).find(|line| line.indent < line.end - line.start);
    let indent = match digit {
        Some(digit) => parent.max(0).unsigned_abs() + digit,
        None => first_line.as_ref().map_or(0, |line| line.indent),
    };
    // A first line that is not indented more than the parent is not of the block.
    let mut end = body;
    let mut last_content = None;
    if digit.is_some() || first_line.as_ref().is_some_and(|line| as_column(line.indent) > parent) {
        for line in lines(text, body) {
            let content = line.end - line.start > line.indent;
            if content && line.indent < indent {
                break;
            }
            if content {
                if last_content.is_none() {
                    sink.token(b'i', line.start + indent);
                }
                last_content = Some((line.start, line.end));
            }
            end = line.next;
        }
    }
    let folded = text[start] == b'>';
    let part = &text[body..end];
    for at in (0..part.len()).filter(|at| part[*at] == BLANK).map(|at| body + at) {
        let spot = if folded {
            BlankSpot::Refused(IN_FOLDED)
        } else if indent == 0 {
            BlankSpot::Refused(AT_MARGIN)
        } else {
            let first = digit.is_none() && first_line.as_ref().is_some_and(|line| line.start + indent == at);
            let ends_block = last_content.is_some_and(|(_, line_end)| line_end == at + 1);
            let tail = ends_block.then_some(Tail { chomp, bare: at + 1 == text.len() });
            BlankSpot::Fits(Escape::YamlBlock { indent: u16::try_from(indent).unwrap_or(u16::MAX), first, tail })
        };
        sink.blank(spot);
    }
    sink.token(b'e', end);
    Ok(end)
}

fn header(text: &[u8], start: usize, end: usize, sink: &mut dyn ScanSink) -> Result<(Chomp, Option<usize>), ScanError> {
    let (mut chomp, mut digit) = (Chomp::Clip, None);
    let mut at = start + 1;
    while at < end {
        match text[at] {
            b'-' => chomp = Chomp::Strip,
            b'+' => chomp = Chomp::Keep,
            number @ b'1'..=b'9' => digit = Some(usize::from(number - b'0')),
            b' ' | b'\t' => {
                let rest = text[at..end].trim_ascii_start();
                if !rest.is_empty() && rest[0] != b'#' {
                    break;
                }
                tell(sink, rest, BlankSpot::Refused(IN_COMMENT));
                return Ok((chomp, digit));
            }
            _ => break,
        }
        at += 1;
    }
    debug_assert!(at <= end, "the header is one line");
    if at == end {
        Ok((chomp, digit))
    } else {
        Err(ScanError { at, reason: "the first line of a block has something else behind the bar" })
    }
}

/// A line: where it begins and ends, where the next one begins, and how many spaces it begins with.
struct Line {
    start: usize,
    end: usize,
    next: usize,
    indent: usize,
}

fn lines(text: &[u8], from: usize) -> impl Iterator<Item = Line> + '_ {
    let mut at = from;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let (start, end) = (at, line_end(text, at));
        at = after_break(text, end);
        let indent = text[start..end].iter().take_while(|byte| **byte == b' ').count();
        Some(Line { start, end, next: at, indent })
    })
}

/// The byte after the line break at `at`, or the text's end.
pub(super) fn after_break(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        None => at,
        Some(b'\r') if text.get(at + 1) == Some(&b'\n') => at + 2,
        Some(_) => at + 1,
    }
}

/// An indentation as a signed column, to be compared with the parent's.
pub(super) fn as_column(indent: usize) -> isize {
    isize::try_from(indent).unwrap_or(isize::MAX)
}

/// Whether the next line with text on it, from the line break at `at` on, is indented more than `parent` and no comment.
pub(super) fn is_continued(text: &[u8], at: usize, parent: isize) -> bool {
    lines(text, after_break(text, at))
        .find(|line| !text[line.start..line.end].trim_ascii().is_empty())
        .is_some_and(|line| as_column(line.indent) > parent && text[line.start + line.indent] != b'#')
}

/// Whether a part of a text has a blank in it.
pub(super) fn has_blank(part: &[u8]) -> bool {
    count_blanks(part) > 0
}
