//! The filters that know blanks: they are noted while the template renders and applied when the value is known.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use zeroize::Zeroize;

use crate::blank::connection::ConnectionStyle;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// A filter that can follow a blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Percent-encodes all but the unreserved characters of RFC 3986.
    Urlencode,
    /// Standard base64 with padding (RFC 4648 section 4).
    B64encode,
    /// Decodes standard base64; white space in it is passed over, as `base64 -d -i` does.
    B64decode,
    /// A JSON string with its quotes (RFC 8259).
    Json,
    /// SHA-256 as 64 hexadecimal characters.
    Sha256,
    /// Cuts white space at both ends.
    Trim,
    /// Puts `width` spaces before each line but the first, or before each line.
    Indent {
        /// How many spaces.
        width: u16,
        /// Whether the first line too.
        first: bool,
    },
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Replaces each occurrence of a literal text.
    Replace {
        /// What to look for, not empty.
        from: String,
        /// What to put there.
        to: String,
    },
    /// Quoted as one value of a connection string.
    Connstr(ConnectionStyle),
    /// The value unchanged; allowed outside a Secret, and every review says so.
    Reveal,
    /// The value unchanged; not escaped for the format of the file that it is in.
    Raw,
}

/// Why a filter cannot be applied to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFault {
    /// The filter works on text and the value is not UTF-8.
    NotText,
    /// The value is not standard base64.
    NotBase64,
    /// The value has a NUL, which the filter's result cannot carry.
    Nul,
}

impl Filter {
    /// The filtered value, written into a buffer of its own.
    pub fn apply(&self, value: &Secret) -> Result<Secret, FilterFault> {
        let bytes = value.expose();
        let text = || value.expose_text().ok_or(FilterFault::NotText);
        match self {
            Self::Urlencode => Ok(urlencode(bytes)),
            Self::B64encode => Ok(b64encode(bytes)),
            Self::B64decode => b64decode(bytes),
            Self::Json => Ok(json(text()?)),
            Self::Sha256 => Ok(sha256(bytes)),
            Self::Trim => Ok(Secret::copy_of(text()?.trim().as_bytes())),
            Self::Indent { width, first } => Ok(indent(text()?, usize::from(*width), *first)),
            Self::Upper => Ok(upper(text()?)),
            Self::Lower => Ok(lower(text()?)),
            Self::Replace { from, to } => Ok(replace(text()?, from, to)),
            Self::Connstr(style) => style.quote(text()?).ok_or(FilterFault::Nul),
            Self::Reveal | Self::Raw => Ok(value.duplicate()),
        }
    }
}

fn urlencode(bytes: &[u8]) -> Secret {
    let mut out = SecretBuffer::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend(&[b'%', UPPER_HEX[usize::from(byte >> 4)], UPPER_HEX[usize::from(byte & 15)]]);
        }
    }
    out.into()
}

fn b64encode(bytes: &[u8]) -> Secret {
    let length = bytes.len().div_ceil(3) * 4;
    let mut out = SecretBuffer::with_capacity(length);
    let written = STANDARD.encode_slice(bytes, out.extend_zeroed(length)).unwrap_or_default();
    out.truncate(written);
    out.into()
}

fn b64decode(bytes: &[u8]) -> Result<Secret, FilterFault> {
    let mut joined = SecretBuffer::with_capacity(bytes.len());
    bytes.split(u8::is_ascii_whitespace).for_each(|part| joined.extend(part));
    let length = joined.len().div_ceil(4) * 3;
    let mut out = SecretBuffer::with_capacity(length);
    let written = STANDARD.decode_slice(joined.expose(), out.extend_zeroed(length)).map_err(|_| FilterFault::NotBase64)?;
    out.truncate(written);
    Ok(out.into())
}

fn json(text: &str) -> Secret {
    let length: usize = text.chars().map(json_length).sum();
    let mut out = SecretBuffer::with_capacity(length + 2);
    out.push(b'"');
    let mut utf8 = [0; 4];
    for char in text.chars() {
        match char {
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            '\u{8}' => out.extend(b"\\b"),
            '\u{c}' => out.extend(b"\\f"),
            _ if is_escaped(char) => {
                let digit = |shift: u32| LOWER_HEX[(u32::from(char) >> shift & 15) as usize];
                out.extend(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
            _ => out.extend(char.encode_utf8(&mut utf8).as_bytes()),
        }
    }
    utf8.zeroize();
    out.push(b'"');
    out.into()
}

fn json_length(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        _ if is_escaped(char) => 6,
        _ => char.len_utf8(),
    }
}

/// What JSON cannot hold raw, and what YAML cannot: characters that it forbids, breaks lines at or ignores (YAML 1.1 and 1.2, `c-printable`).
/// All are below U+10000, so none becomes a pair of surrogates, which YAML has no escape for.
fn is_escaped(char: char) -> bool {
    matches!(char, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn sha256(bytes: &[u8]) -> Secret {
    let mut digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut out = SecretBuffer::with_capacity(64);
    for byte in &digest {
        out.extend(&[LOWER_HEX[usize::from(byte >> 4)], LOWER_HEX[usize::from(byte & 15)]]);
    }
    digest.zeroize();
    out.into()
}

/// As Tera's `indent`: empty lines stay empty, and a carriage return before a line feed goes.
fn indent(text: &str, width: usize, first: bool) -> Secret {
    let mut out = SecretBuffer::with_capacity(text.len() + width * (text.lines().count() + 1));
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        if if index == 0 { first } else { !line.is_empty() } {
            out.extend_zeroed(width).fill(b' ');
        }
        out.extend(line.as_bytes());
    }
    if text.ends_with('\n') {
        out.push(b'\n');
    }
    out.into()
}

fn upper(text: &str) -> Secret {
    let mapped = || text.chars().flat_map(char::to_uppercase);
    collect(mapped().map(char::len_utf8).sum(), mapped())
}

fn lower(text: &str) -> Secret {
    if text.contains('Σ') {
        // The form of a sigma depends on its neighbours; only the standard library's whole-text mapping knows the rule.
        let mut lowered = text.to_lowercase();
        let out = Secret::copy_of(lowered.as_bytes());
        lowered.zeroize();
        return out;
    }
    let mapped = || text.chars().flat_map(char::to_lowercase);
    collect(mapped().map(char::len_utf8).sum(), mapped())
}

fn collect(length: usize, chars: impl Iterator<Item = char>) -> Secret {
    let mut out = SecretBuffer::with_capacity(length);
    let mut utf8 = [0; 4];
    for char in chars {
        out.extend(char.encode_utf8(&mut utf8).as_bytes());
    }
    utf8.zeroize();
    out.into()
}

fn replace(text: &str, from: &str, to: &str) -> Secret {
    let found = text.matches(from).count();
    let mut out = SecretBuffer::with_capacity(text.len() + found * to.len() - found * from.len());
    let mut rest = 0;
    for (start, part) in text.match_indices(from) {
        out.extend(&text.as_bytes()[rest..start]);
        out.extend(to.as_bytes());
        rest = start + part.len();
    }
    out.extend(&text.as_bytes()[rest..]);
    out.into()
}

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Urlencode => "urlencode",
            Self::B64encode => "b64encode",
            Self::B64decode => "b64decode",
            Self::Json => "json",
            Self::Sha256 => "sha256",
            Self::Trim => "trim",
            Self::Indent { .. } => "indent",
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Replace { .. } => "replace",
            Self::Connstr(ConnectionStyle::AdoNet) => "connstr",
            Self::Connstr(ConnectionStyle::Libpq) => "connstr(style=\"libpq\")",
            Self::Connstr(ConnectionStyle::Odbc) => "connstr(style=\"odbc\")",
            Self::Reveal => "reveal",
            Self::Raw => "raw",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::Filter;
    use super::FilterFault;
    use crate::secret::Secret;

    fn apply(filter: &Filter, value: &[u8]) -> String {
        filter.apply(&Secret::copy_of(value)).unwrap().expose_text().unwrap().to_owned()
    }

    #[test]
    fn urlencode_keeps_the_unreserved_characters_only() {
        assert_eq!(apply(&Filter::Urlencode, "aZ09-._~ /+%ü".as_bytes()), "aZ09-._~%20%2F%2B%25%C3%BC");
        assert_eq!(apply(&Filter::Urlencode, &[0xff, 0]), "%FF%00");
    }

    #[test]
    fn base64_goes_both_ways_with_padding() {
        // RFC 4648 section 10
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(apply(&Filter::B64encode, plain.as_bytes()), encoded);
            assert_eq!(apply(&Filter::B64decode, encoded.as_bytes()), plain);
        }
        for wrong in ["Zg", "Zg=", "Z!==", "Zm9v_-=="] {
            assert_eq!(Filter::B64decode.apply(&Secret::copy_of(wrong.as_bytes())).unwrap_err(), FilterFault::NotBase64);
        }
    }

    #[test]
    fn wrapped_base64_is_decoded() {
        for wrapped in ["Zm9v\nYmFy\n", "Zm9v\r\nYmFy\r\n", " Zm9v\tYmFy ", "Zm9vYm\nFyZg\n=\n=\n"] {
            assert!(apply(&Filter::B64decode, wrapped.as_bytes()).starts_with("foobar"), "{wrapped:?}");
        }
    }

    #[test]
    fn json_escapes_what_yaml_cannot_hold_raw() {
        let text = "\u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}\u{a0}\u{1f511}é";
        assert_eq!(apply(&Filter::Json, text.as_bytes()), "\"\\u007f\\u0085\\u009f\\u2028\\u2029\\ufeff\\ufffe\\uffff\u{a0}\u{1f511}é\"");
    }

    #[test]
    fn sha256_is_lowercase_hexadecimal() {
        // FIPS 180-4 example "abc"
        assert_eq!(apply(&Filter::Sha256, b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn text_filters_refuse_what_is_not_text() {
        let replace = Filter::Replace { from: "a".to_owned(), to: "b".to_owned() };
        for filter in [Filter::Json, Filter::Trim, Filter::Indent { width: 2, first: false }, Filter::Upper, Filter::Lower, replace] {
            assert_eq!(filter.apply(&Secret::copy_of(&[0xff])).unwrap_err(), FilterFault::NotText);
        }
    }

    #[test]
    fn reveal_and_raw_change_nothing() {
        for filter in [Filter::Reveal, Filter::Raw] {
            assert_eq!(filter.apply(&Secret::copy_of(&[0, 0xff])).unwrap().expose(), [0, 0xff]);
        }
    }

    #[test]
    fn indent_leaves_the_first_and_the_empty_lines() {
        assert_eq!(apply(&Filter::Indent { width: 2, first: false }, b"a\n\nb\r\nc\n"), "a\n\n  b\n  c\n");
        assert_eq!(apply(&Filter::Indent { width: 1, first: true }, b"a\nb"), " a\n b");
    }

    #[test]
    fn lower_knows_the_final_sigma() {
        assert_eq!(apply(&Filter::Lower, "ΟΔΟΣ ΣΑΣ İ".as_bytes()), "ΟΔΟΣ ΣΑΣ İ".to_lowercase());
    }

    proptest! {
        #[test]
        fn case_follows_the_standard_library(text in any::<String>()) {
            prop_assert_eq!(apply(&Filter::Upper, text.as_bytes()), text.to_uppercase());
            prop_assert_eq!(apply(&Filter::Lower, text.as_bytes()), text.to_lowercase());
            prop_assert_eq!(apply(&Filter::Trim, text.as_bytes()), text.trim());
        }

        #[test]
        fn json_follows_serde_json(text in any::<String>()) {
            let written = apply(&Filter::Json, text.as_bytes());
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }

        #[test]
        fn replace_follows_the_standard_library(text in "[ab]{0,20}", from in "[ab]{1,3}", to in "[abc]{0,3}") {
            let filter = Filter::Replace { from: from.clone(), to: to.clone() };
            prop_assert_eq!(apply(&filter, text.as_bytes()), text.replace(&from, &to));
        }
    }
}
