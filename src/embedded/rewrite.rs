//! Scalars with blanks, rewritten in a style that can carry every value.

use crate::embedded::Treatment;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::WeakStyle;
use crate::embedded::skeleton::count_blanks;

/// The text with each of the `weak` scalars in a strong style, or `None` where there is nothing to do.
///
/// A scalar with a raw blank stays as it is, and so does one that is nothing but a blank with its own JSON quotes.
pub(super) fn rewrite(text: &[u8], weak: &[(WeakStyle, usize, usize)], treatments: &[Treatment]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 16 * weak.len());
    let (mut done, mut seen, mut changed) = (0, 0, false);
    for &(style, start, end) in weak {
        let scalar = &text[start..end];
        seen += count_blanks(&text[done..start]);
        let inside = &treatments[seen..(seen + count_blanks(scalar))];
        seen += inside.len();
        out.extend_from_slice(&text[done..start]);
        let json = scalar == [BLANK] && inside == [Treatment::Json] && style == WeakStyle::YamlPlain;
        if json || inside.contains(&Treatment::Raw) {
            out.extend_from_slice(scalar);
        } else {
            write(style, scalar, &mut out);
            changed = true;
        }
        done = end;
    }
    out.extend_from_slice(&text[done..]);
    changed.then_some(out)
}

fn write(style: WeakStyle, scalar: &[u8], out: &mut Vec<u8>) {
    let (open, body): (&[u8], &[u8]) = match style {
        WeakStyle::YamlPlain => (b"\"", scalar),
        WeakStyle::YamlSingle | WeakStyle::TomlLiteral => (b"\"", &scalar[1..scalar.len() - 1]),
        WeakStyle::TomlMultiLiteral => (b"\"\"\"", &scalar[3..scalar.len() - 3]),
        WeakStyle::EnvUnquoted => (b"'", scalar),
    };
    out.extend_from_slice(open);
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        at += 1;
        match (style, byte) {
            (WeakStyle::EnvUnquoted, _) => out.push(byte),
            (WeakStyle::YamlSingle, b'\'') => {
                out.push(byte);
                at += 1;
            }
            (_, b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            _ => out.push(byte),
        }
    }
    out.extend_from_slice(open);
}
