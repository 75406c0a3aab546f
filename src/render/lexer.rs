//! Cuts a template into text, comments and tags, and tags into words, as Tera 2.4 does, with one difference: `${#` and `{#` before
//! anything but white space or `-` begin no comment, since shell scripts and nginx files hold them.

use std::ops::Range;

/// A part of a template. Ranges are bytes of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TemplatePart {
    /// Text that is written as it is.
    Text(Range<usize>),
    /// The text inside `{% raw %}`.
    Raw(Range<usize>),
    /// A comment, with its delimiters.
    Comment(Range<usize>),
    /// `{#` with neither white space nor `-` behind it, which may be ordinary text as well as a comment: the byte where it begins.
    Stray(usize),
    /// `{{ … }}` or `{% … %}`.
    Tag(Tag),
}

/// A tag with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Whether it is `{% … %}`.
    pub(super) statement: bool,
    /// With its delimiters.
    pub(super) range: Range<usize>,
    /// `{{-` or `{%-`: white space before the tag goes.
    pub(super) trims_before: bool,
    /// `-}}` or `-%}`: white space after the tag goes.
    pub(super) trims_after: bool,
    /// What is in it.
    pub(super) words: Vec<Word>,
}

/// A word of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: WordKind,
    pub(super) range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    Name,
    Text,
    Number,
    Sign,
}

/// Where the source cannot be cut, as a byte of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LexError(pub(super) usize);

/// The parts of `source` in order.
pub(super) fn parts(source: &str) -> Result<Vec<TemplatePart>, LexError> {
    let bytes = source.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"{{") => at = tag(source, at, *b"}}", &mut parts)?,
            Some(b"{%") => match raw(source, at)? {
                Some((body, end)) => {
                    parts.push(TemplatePart::Raw(body));
                    at = end;
                }
                None => at = tag(source, at, *b"%}", &mut parts)?,
            },
            Some(b"{#") => {
                // Tera looks for the end behind `{#` or `{#-`.
                let dash = bytes.get(at + 2) == Some(&b'-');
                if !dash && !bytes.get(at + 2).is_none_or(u8::is_ascii_whitespace) {
                    parts.push(TemplatePart::Stray(at));
                    at += 2;
                    continue;
                }
                let end = find(bytes, at + 2 + usize::from(dash), *b"#}").ok_or(LexError(at))? + 2;
                parts.push(TemplatePart::Comment(at..end));
                at = end;
            }
            _ => {
                let end = (at + 1..bytes.len())
                    .find(|&next| match bytes.get(next..next + 2) {
                        Some(b"{{" | b"{%") => true,
                        // A shell's `${#name}` is not a comment.
                        Some(b"{#") => bytes[next - 1] != b'$',
                        _ => false,
                    })
                    .unwrap_or(bytes.len());
                parts.push(TemplatePart::Text(at..end));
                at = end;
            }
        }
    }
    Ok(parts)
}

fn find(bytes: &[u8], from: usize, needle: [u8; 2]) -> Option<usize> {
    bytes.get(from..)?.windows(2).position(|window| *window == needle).map(|position| from + position)
}

/// The body of a raw section that begins at `start`, and where the section ends.
fn raw(source: &str, start: usize) -> Result<Option<(Range<usize>, usize)>, LexError> {
    let bytes = source.as_bytes();
    let Some(body) = keyword(bytes, start + 2 + usize::from(bytes.get(start + 2) == Some(&b'-')), b"raw") else {
        return Ok(None);
    };
    let mut at = body;
    while let Some(open) = find(bytes, at, *b"{%") {
        if let Some(end) = keyword(bytes, open + 2, b"endraw") {
            return Ok(Some((body..open, end)));
        }
        at = open + 2;
    }
    Err(LexError(start))
}

/// The end of `-? name -? %}` at `at`.
fn keyword(bytes: &[u8], mut at: usize, name: &[u8]) -> Option<usize> {
    let blank = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    at += usize::from(bytes.get(at) == Some(&b'-'));
    at = blank(at);
    if !bytes.get(at..)?.starts_with(name) {
        return None;
    }
    at = blank(at + name.len());
    at += usize::from(bytes.get(at) == Some(&b'-'));
    bytes.get(at..)?.starts_with(b"%}").then_some(at + 2)
}

fn tag(source: &str, start: usize, close: [u8; 2], parts: &mut Vec<TemplatePart>) -> Result<usize, LexError> {
    let bytes = source.as_bytes();
    let trims_before = bytes.get(start + 2) == Some(&b'-');
    let mut at = start + 2 + usize::from(trims_before);
    let mut words = Vec::new();
    loop {
        let Some(&byte) = bytes.get(at) else { return Err(LexError(source.len())) };
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let trims_after = byte == b'-' && bytes[at + 1..].starts_with(&close);
        if trims_after || bytes[at..].starts_with(&close) {
            let end = at + 2 + usize::from(trims_after);
            parts.push(TemplatePart::Tag(Tag { statement: close == *b"%}", range: start..end, trims_before, trims_after, words }));
            return Ok(end);
        }
        let (kind, length) = word(&bytes[at..]).ok_or(LexError(at))?;
        words.push(Word { kind, range: at..at + length });
        at += length;
    }
}

fn word(rest: &[u8]) -> Option<(WordKind, usize)> {
    const LONG: [&[u8]; 10] = [b"...", b"//", b"**", b"==", b"!=", b">=", b"<=", b"</", b"?.", b"?["];
    if let Some(sign) = LONG.iter().find(|sign| rest.starts_with(sign)) {
        return Some((WordKind::Sign, sign.len()));
    }
    match rest.first()? {
        b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'.' | b',' | b':' | b'~' | b'|' | b'=' | b'>' | b'<' | b'(' | b')' | b'[' | b']'
        | b'{' | b'}' | b'@' => Some((WordKind::Sign, 1)),
        quote @ (b'\'' | b'"' | b'`') => {
            let mut at = 1;
            while let Some(byte) = rest.get(at) {
                match byte {
                    b'\\' => at += 2,
                    byte if byte == quote => return Some((WordKind::Text, at + 1)),
                    _ => at += 1,
                }
            }
            None
        }
        byte if byte.is_ascii_digit() => {
            let mut point = false;
            let digits = rest.iter().take_while(|&&byte| {
                let first = byte == b'.' && !point;
                point |= first;
                first || byte.is_ascii_digit()
            });
            Some((WordKind::Number, digits.count()))
        }
        byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
            Some((WordKind::Name, rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::LexError;
    use super::TemplatePart;
    use super::parts;

    fn shape(source: &str) -> Vec<String> {
        let shape = |part: &TemplatePart| match part {
            TemplatePart::Text(range) => format!("text {}", &source[range.clone()]),
            TemplatePart::Raw(range) => format!("raw {}", &source[range.clone()]),
            TemplatePart::Comment(_) => "comment".to_owned(),
            TemplatePart::Stray(at) => format!("stray {at}"),
            TemplatePart::Tag(tag) => {
                let words: Vec<&str> = tag.words.iter().map(|word| &source[word.range.clone()]).collect();
                format!("{} {}", if tag.statement { "statement" } else { "output" }, words.join(" "))
            }
        };
        parts(source).unwrap().iter().map(shape).collect()
    }

    #[test]
    fn cuts_text_tags_and_comments() {
        assert_eq!(
            shape("a {{ b.c|d(e='x}}') }}{# {{ #}{%- if x?.y >= 1.5 -%}{ {"),
            ["text a ", "output b . c | d ( e = 'x}}' )", "comment", "statement if x ?. y >= 1.5", "text { {"]
        );
    }

    #[test]
    fn raw_sections_hide_tags() {
        assert_eq!(shape("{% raw -%}{{ a }}{% b %}{%- endraw %}c"), ["raw {{ a }}{% b %}", "text c"]);
        assert_eq!(shape("{% rawer %}"), ["statement rawer"]);
    }

    #[test]
    fn strings_may_hold_quotes() {
        assert_eq!(shape(r#"{{ "a\"b" ~ `c` }}"#), ["output \"a\\\"b\" ~ `c`"]);
    }

    #[test]
    fn text_that_looks_like_a_comment_is_none() {
        assert_eq!(shape("${#a[@]} #} ${#}{# c #}"), ["text ${#a[@]} #} ${#}", "comment"]);
        assert_eq!(shape("{{ a }}${#b}"), ["output a", "text ${#b}"]);
        assert_eq!(shape("x {#y #}"), ["text x ", "stray 2", "text y #}"]);
        assert_eq!(shape("{#-c-#}{#\n#}{#\t#}"), ["comment", "comment", "comment"]);
        assert_eq!(shape("{##}"), ["stray 0", "text #}"]);
    }

    #[test]
    fn a_broken_source_says_where() {
        assert_eq!(parts("ab{{ ü }}"), Err(LexError(5)));
        assert_eq!(parts("ab{# c"), Err(LexError(2)));
        assert_eq!(parts("{% raw %}x"), Err(LexError(0)));
        assert_eq!(parts("{{ a"), Err(LexError(4)));
        assert_eq!(parts("{{ 'a"), Err(LexError(3)));
    }
}
