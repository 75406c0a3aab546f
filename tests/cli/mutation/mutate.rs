//! One small thing wrong.

use crate::support::Random;

/// What YAML, JSON and Tera take for something, and what no text should hold.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "#",
    " #",
    "&a ",
    "*a",
    "!!binary ",
    "!x ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "%",
    "@",
    "`",
    ",",
    "- ",
    "? ",
    "---\n",
    "...\n",
    "<<: ",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "{{ secret(name=",
    "{{ x | y }}",
    "\\",
    "\\u",
    "\t",
    "\r",
    "\u{feff}",
    "\0",
    "\u{202e}",
    "\u{1b}[31m",
];
/// Scalars of other types, and some that are too much.
const SCALARS: [&str; 14] = [
    "null",
    "true",
    "1",
    "1.5",
    "[]",
    "{}",
    "\"\"",
    "999999999999999999999999999999",
    "1e999",
    "-0",
    "~",
    "2026-01-01",
    "0x1f",
    "[[[[[[[[[[[[",
];

/// `bytes` with one mutation, at or near one of `marks` when the random say so, and what it was.
pub(crate) fn mutate(bytes: &[u8], marks: &[usize], random: &mut Random) -> (Vec<u8>, String) {
    let length = bytes.len().max(1);
    let at = if marks.is_empty() || random.below(2) == 0 {
        random.below(length)
    } else {
        let near = marks[random.below(marks.len())];
        (near + random.below(60)).saturating_sub(30).min(length - 1)
    };
    let span = 1 + random.below(12);
    let end = (at + span).min(bytes.len());
    let (head, tail) = bytes.split_at(at.min(bytes.len()));
    let rest = &bytes[end..];
    let with = |middle: &[u8], after: &[u8]| [head, middle, after].concat();
    let (mutated, what) = match random.below(9) {
        0 => {
            let mut flipped = bytes.to_vec();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
            (flipped, "a flipped bit".to_owned())
        }
        1 => (with(b"", rest), format!("{span} bytes deleted")),
        2 => (with(&bytes[at..end].repeat(1 + random.below(3)), tail), format!("{span} bytes repeated")),
        3 => (head.to_vec(), "cut".to_owned()),
        4 | 5 => {
            let piece = random.one(&PIECES);
            (with(piece.as_bytes(), tail), format!("{piece:?} inserted"))
        }
        6 => {
            let scalar = random.one(&SCALARS);
            let line_end = tail.iter().position(|byte| *byte == b'\n').unwrap_or(tail.len());
            let line_start = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let line = &bytes[line_start..at + line_end];
            let value = line.windows(2).position(|pair| pair == b": ").map_or(line_start, |colon| line_start + colon + 2);
            ([&bytes[..value], scalar.as_bytes(), &tail[line_end..]].concat(), format!("the value is {scalar}"))
        }
        7 => (with([[0xff].as_slice(), b"\xc3\x28", b"\xed\xa0\x80", b"\0"][random.below(4)], tail), "bytes that are no UTF-8".to_owned()),
        _ => {
            let from = random.below(length);
            let moved = &bytes[from..(from + 200).min(bytes.len())];
            (with(moved, tail), "another part of the file inserted".to_owned())
        }
    };
    (mutated, format!("{what} at byte {at}"))
}
