//! The forms that programs give a value when they write it into a log.

use std::io::Write as _;

use crate::blank::Filter;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::json::Json;

/// The forms of a value, of what it is when it is decoded, and of each line of these.
pub(crate) fn forms(value: &Secret) -> impl Iterator<Item = Secret> {
    let mut found = Vec::new();
    for value in
        [Some(value.duplicate()), unquoted(value), Filter::B64decode.apply(value).ok(), percent_decoded(value)].into_iter().flatten()
    {
        let lines = value.expose_text().filter(|text| text.contains('\n')).into_iter().flat_map(str::lines);
        let lines = lines.map(|line| line.trim().as_bytes()).filter(|line| line.len() >= SHORTEST_LINE).map(Secret::copy_of);
        for part in lines.collect::<Vec<_>>().into_iter().chain([value]) {
            encoded(&part, &mut found);
            found.push(part);
        }
    }
    found.into_iter()
}

/// Bytes of a line that is looked for by itself.
const SHORTEST_LINE: usize = 4;

/// The value in the encodings in which it looks otherwise.
fn encoded(value: &Secret, found: &mut Vec<Secret>) {
    let bytes = value.expose();
    let mut add = |form: Secret| {
        if form.expose() != bytes && form.len() >= SHORTEST_LINE {
            found.push(form);
        }
    };
    if let Ok(padded) = Filter::B64encode.apply(value) {
        add(padded);
    }
    for shift in 0..3 {
        let base64 = in_base64(bytes, shift);
        add(replaced(&base64, |byte| match byte {
            b'+' => b"-",
            b'/' => b"_",
            _ => &[],
        }));
        add(base64);
    }
    for case in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let hex = |byte: u8| [case[usize::from(byte >> 4)], case[usize::from(byte & 15)]];
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let (mut plain, mut percent) = (SecretBuffer::with_capacity(bytes.len() * 2), SecretBuffer::with_capacity(bytes.len() * 3));
        for byte in bytes.iter().copied() {
            plain.extend(&hex(byte));
            if is_plain(byte) {
                percent.push(byte);
            } else {
                percent.push(b'%');
                percent.extend(&hex(byte));
            }
        }
        add(plain.into());
        add(percent.into());
    }
    // cloze's own JSON escapes more: what YAML does not take.
    if let Ok(json) = Filter::Json.apply(value) {
        add(Secret::copy_of(&json.expose()[1..json.len() - 1]));
    }
    let json = in_json(value);
    // As Go's `encoding/json` writes it.
    add(replaced(&json, |byte| match byte {
        b'<' => br"\u003c",
        b'>' => br"\u003e",
        b'&' => br"\u0026",
        _ => &[],
    }));
    add(in_ascii(&json));
    add(json);
    add(replaced(value, |byte| match byte {
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'&' => b"&amp;",
        b'"' => b"&quot;",
        _ => &[],
    }));
}

/// The characters of base64 that depend on `bytes` alone where these begin `shift` bytes after a group of three (RFC 4648 section 4).
fn in_base64(bytes: &[u8], shift: usize) -> Secret {
    let mut shifted = SecretBuffer::with_capacity(bytes.len() + shift);
    shifted.extend(&[0; 2][..shift]);
    shifted.extend(bytes);
    let text = Filter::B64encode.apply(&shifted.into()).unwrap_or(Secret::new(Vec::new()));
    let (first, last) = ((shift * 8).div_ceil(6), (shift + bytes.len()) * 8 / 6);
    Secret::copy_of(text.expose().get(first..last).unwrap_or_default())
}

/// The value with other bytes in the place of those for which there are some.
fn replaced(value: &Secret, other: impl Fn(u8) -> &'static [u8]) -> Secret {
    let mut buffer = SecretBuffer::with_capacity(value.len() * 6);
    for byte in value.expose() {
        match other(*byte) {
            [] => buffer.push(*byte),
            other => buffer.extend(other),
        }
    }
    buffer.into()
}

/// The inside of a JSON string with nothing escaped but what must be (RFC 8259 section 7).
fn in_json(value: &Secret) -> Secret {
    let mut buffer = SecretBuffer::with_capacity(value.len() * 6);
    for byte in value.expose().iter().copied() {
        match byte {
            b'"' | b'\\' => buffer.extend(&[b'\\', byte]),
            b'\n' => buffer.extend(br"\n"),
            b'\r' => buffer.extend(br"\r"),
            b'\t' => buffer.extend(br"\t"),
            0x08 => buffer.extend(br"\b"),
            0x0c => buffer.extend(br"\f"),
            0..=0x1f => {
                // Writing to memory does not fail.
                let _ = write!(buffer, "\\u{byte:04x}");
            }
            _ => buffer.push(byte),
        }
    }
    buffer.into()
}

/// The inside of a JSON string with all but ASCII escaped, as Python's `json` writes it.
fn in_ascii(json: &Secret) -> Secret {
    let text = json.expose_text().unwrap_or_default();
    let mut buffer = SecretBuffer::with_capacity(text.len() * 6);
    for character in text.chars() {
        if character.is_ascii() {
            buffer.push(u8::try_from(character).unwrap_or_default());
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to memory does not fail.
            let _ = write!(buffer, "\\u{unit:04x}");
        }
    }
    buffer.into()
}

/// What a JSON string with this inside says, where that is something else.
fn unquoted(value: &Secret) -> Option<Secret> {
    let text = value.expose_text().filter(|text| text.contains('\\'))?;
    let mut quoted = SecretBuffer::with_capacity(text.len() + 2);
    for part in ["\"", text, "\""] {
        quoted.extend(part.as_bytes());
    }
    Json::parse(quoted.expose()).ok()?.secret()
}

/// What it is in a URL, where that is something else.
fn percent_decoded(value: &Secret) -> Option<Secret> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let bytes = value.expose();
    let mut buffer = SecretBuffer::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                buffer.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                buffer.push(byte);
                at += 1;
            }
        }
    }
    (buffer.len() < bytes.len()).then(|| buffer.into())
}
