//! JSON (RFC 8259) read in place: nothing is copied but what is asked for, so that a vault's answer leaves no plaintext behind.

use std::fmt;
use std::str::Chars;

use zeroize::Zeroize;

use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// How deep values may nest.
const DEPTH: u32 = 64;

/// One JSON value inside a text that is known to be well-formed. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    text: &'a str,
}

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

/// Why a text is not JSON. Carries the place only, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonFault {
    /// The byte at which the text stops being JSON, from 0.
    pub(crate) offset: usize,
}

impl<'a> Json<'a> {
    /// The value that the whole of `bytes` is. Lone surrogates and nesting beyond 64 levels are refused.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, JsonFault> {
        let text = std::str::from_utf8(bytes).map_err(|error| JsonFault { offset: error.valid_up_to() })?;
        let start = space(bytes, 0);
        let end = value(bytes, start, 0)?;
        let rest = space(bytes, end);
        if rest < bytes.len() { Err(JsonFault { offset: rest }) } else { Ok(Self { text: &text[start..end] }) }
    }

    /// What it is.
    pub(crate) fn kind(&self) -> JsonKind {
        match self.text.as_bytes().first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::Text,
            Some(b't' | b'f') => JsonKind::Boolean,
            Some(b'n') => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// The members of an object with their keys, or the elements of an array with none; nothing for other values.
    pub(crate) fn members(&self) -> Members<'a> {
        let at = if matches!(self.kind(), JsonKind::Object | JsonKind::Array) { 1 } else { self.text.len() };
        Members { text: self.text, at, keyed: self.kind() == JsonKind::Object }
    }

    /// Every value that is under `key` in an object: one, if the object is sane.
    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = Json<'a>> {
        self.members().filter(move |(name, _)| name.is_some_and(|name| name.is(key))).map(|(_, value)| value)
    }

    /// The first value that is under `key` in an object.
    pub(crate) fn get(&self, key: &str) -> Option<Json<'a>> {
        self.all(key).next()
    }

    /// The text of a string, copied into a wiped buffer.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let mut buffer = SecretBuffer::with_capacity(self.text.len());
        let mut bytes = [0; 4];
        for character in self.unescaped()? {
            buffer.extend(character.encode_utf8(&mut bytes).as_bytes());
        }
        bytes.zeroize();
        Some(Secret::from(buffer))
    }

    /// The JSON text itself, copied into a wiped buffer.
    pub(crate) fn source(&self) -> Secret {
        Secret::copy_of(self.text.as_bytes())
    }

    /// The JSON text without the white space between its tokens; numbers, escapes and the order of keys stay as they are.
    pub(crate) fn compact(&self) -> Secret {
        let mut buffer = SecretBuffer::with_capacity(self.text.len());
        let (mut quoted, mut escaped) = (false, false);
        for byte in self.text.bytes() {
            if quoted || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                buffer.push(byte);
            }
            quoted ^= byte == b'"' && !escaped;
            escaped = quoted && byte == b'\\' && !escaped;
        }
        Secret::from(buffer)
    }

    /// The text of a string that is no secret.
    pub(crate) fn text(&self) -> Option<String> {
        self.unescaped().map(Iterator::collect)
    }

    /// The value of a whole number.
    pub(crate) fn number(&self) -> Option<u64> {
        self.text.parse().ok()
    }

    /// Whether it is the string `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.unescaped().is_some_and(|characters| characters.eq(text.chars()))
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        self.text == "true"
    }

    fn unescaped(&self) -> Option<Unescaped<'a>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(Unescaped { rest: inner.chars() })
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

impl JsonKind {
    /// The kind in words, such as `a number`.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Null => "null",
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// The members of an object, or the elements of an array.
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
    keyed: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Option<Json<'a>>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut start = space(bytes, self.at);
        if bytes.get(start) == Some(&b',') {
            start = space(bytes, start + 1);
        }
        if matches!(bytes.get(start)?, b'}' | b']') {
            return None;
        }
        let mut key = None;
        if self.keyed {
            let end = string(bytes, start).ok()?;
            key = Some(Json { text: &self.text[start..end] });
            start = space(bytes, space(bytes, end) + 1);
        }
        self.at = value(bytes, start, 0).ok()?;
        Some((key, Json { text: &self.text[start..self.at] }))
    }
}

/// The characters that a well-formed string stands for.
struct Unescaped<'a> {
    rest: Chars<'a>,
}

impl Unescaped<'_> {
    fn unit(&mut self) -> Option<u32> {
        let hex = self.rest.as_str().get(..4)?;
        self.rest = self.rest.as_str()[4..].chars();
        u32::from_str_radix(hex, 16).ok()
    }
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.rest.next()?;
        if first != '\\' {
            return Some(first);
        }
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = self.unit()?;
                if (0xd800..0xdc00).contains(&code) {
                    self.rest = self.rest.as_str().get(2..)?.chars();
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (self.unit()? - 0xdc00);
                }
                char::from_u32(code)?
            }
            plain => plain,
        })
    }
}

/// The first place from `at` on that is not white space.
fn space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The end of the value that begins at `at`.
fn value(bytes: &[u8], at: usize, depth: u32) -> Result<usize, JsonFault> {
    let fault = JsonFault { offset: at };
    match bytes.get(at) {
        Some(b'{' | b'[') if depth == DEPTH => Err(fault),
        Some(b'{') => collection(bytes, at, depth, true),
        Some(b'[') => collection(bytes, at, depth, false),
        Some(b'"') => string(bytes, at),
        Some(b't') => word(bytes, at, b"true"),
        Some(b'f') => word(bytes, at, b"false"),
        Some(b'n') => word(bytes, at, b"null"),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        _ => Err(fault),
    }
}

fn collection(bytes: &[u8], start: usize, depth: u32, keyed: bool) -> Result<usize, JsonFault> {
    let close = if keyed { b'}' } else { b']' };
    let mut at = space(bytes, start + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        if keyed {
            at = space(bytes, string(bytes, at)?);
            if bytes.get(at) != Some(&b':') {
                return Err(JsonFault { offset: at });
            }
            at = space(bytes, at + 1);
        }
        at = space(bytes, value(bytes, at, depth + 1)?);
        match bytes.get(at) {
            Some(b',') => at = space(bytes, at + 1),
            Some(byte) if *byte == close => return Ok(at + 1),
            _ => return Err(JsonFault { offset: at }),
        }
    }
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, JsonFault> {
    if bytes[at..].starts_with(word) { Ok(at + word.len()) } else { Err(JsonFault { offset: at }) }
}

fn number(bytes: &[u8], start: usize) -> Result<usize, JsonFault> {
    let digits = |at: usize| -> Result<usize, JsonFault> {
        let count = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { Err(JsonFault { offset: at }) } else { Ok(at + count) }
    };
    let whole = if bytes[start] == b'-' { start + 1 } else { start };
    let mut at = if bytes.get(whole) == Some(&b'0') { whole + 1 } else { digits(whole)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += if matches!(bytes.get(at + 1), Some(b'+' | b'-')) { 2 } else { 1 };
        at = digits(at)?;
    }
    Ok(at)
}

fn string(bytes: &[u8], start: usize) -> Result<usize, JsonFault> {
    if bytes.get(start) != Some(&b'"') {
        return Err(JsonFault { offset: start });
    }
    let mut at = start + 1;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => return Ok(at + 1),
            (Some(b'\\'), Some(b'u')) => at = unicode(bytes, at)?,
            (Some(b'\\'), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
            (Some(b'\\' | ..=0x1f) | None, _) => return Err(JsonFault { offset: at }),
            _ => at += 1,
        }
    }
}

/// The end of the `\uNNNN` at `at`, or of the two that are a surrogate pair.
fn unicode(bytes: &[u8], at: usize) -> Result<usize, JsonFault> {
    let fault = JsonFault { offset: at };
    let unit = |at: usize| -> Option<u32> {
        let escape = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        escape.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
    };
    match unit(at).ok_or(fault)? {
        0xd800..0xdc00 => match unit(at + 6) {
            Some(0xdc00..0xe000) => Ok(at + 12),
            _ => Err(fault),
        },
        0xdc00..0xe000 => Err(fault),
        _ => Ok(at + 6),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::Just;
    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use serde_json::Value;

    use super::Json;
    use super::JsonKind;

    /// The same value through our reader.
    fn rebuilt(json: Json<'_>) -> Value {
        match json.kind() {
            JsonKind::Object => Value::Object(json.members().map(|(key, value)| (key.unwrap().text().unwrap(), rebuilt(value))).collect()),
            JsonKind::Array => Value::Array(json.members().map(|(_, value)| rebuilt(value)).collect()),
            JsonKind::Text => Value::String(String::from_utf8(json.secret().unwrap().expose().to_vec()).unwrap()),
            JsonKind::Number => json.number().map_or_else(|| serde_json::from_str(json.text).unwrap(), Value::from),
            JsonKind::Boolean => Value::Bool(json.is_true()),
            JsonKind::Null => Value::Null,
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                proptest::collection::btree_map(any::<String>(), inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_writes(value in values()) {
            prop_assert_eq!(rebuilt(Json::parse(value.to_string().as_bytes()).unwrap()), value.clone());
            prop_assert_eq!(rebuilt(Json::parse(serde_json::to_string_pretty(&value).unwrap().as_bytes()).unwrap()), value);
        }

        #[test]
        fn accepts_exactly_what_serde_json_accepts(value in values(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = value.to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            // Numbers beyond f64 are well-formed; serde_json refuses them for their size alone.
            let theirs = serde_json::from_slice::<Value>(&bytes);
            let sized = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            prop_assert_eq!(Json::parse(&bytes).is_ok(), theirs.is_ok() || sized);
        }

        #[test]
        fn compact_is_the_same_value_on_one_line(value in values()) {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let compact = Json::parse(pretty.as_bytes()).unwrap().compact();
            prop_assert_eq!(str::from_utf8(compact.expose()).unwrap(), value.to_string());
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            Json::parse(&bytes).ok();
        }
    }

    #[test]
    fn escapes_are_undone() {
        let json = Json::parse(br#" "\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00" "#).unwrap();
        assert_eq!(json.text().unwrap(), "\"\\/\u{8}\u{c}\n\r\té😀");
    }

    #[test]
    fn compact_changes_no_token() {
        let compact = |text: &str| Json::parse(text.as_bytes()).unwrap().compact().expose().to_vec();
        assert_eq!(
            compact(" {\"b\\\" \\\\\" :\n[ 5432.0 , 1e400,\t-0 ], \"a\": \"\\u0020 é\" } "),
            "{\"b\\\" \\\\\":[5432.0,1e400,-0],\"a\":\"\\u0020 é\"}".as_bytes()
        );
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        let cases: [(&[u8], usize); 12] = [
            (b"", 0),
            (b"{", 1),
            (b"{\"a\":1,}", 7),
            (b"[1,]", 3),
            (b"01", 1),
            (b"1.", 2),
            (b"\"\\ud800\"", 1),
            (b"\"\\udc00\"", 1),
            (b"\"a\nb\"", 2),
            (b"nul", 0),
            (b"{} x", 3),
            (b"\"\xff\"", 1),
        ];
        for (text, offset) in cases {
            assert_eq!(Json::parse(text).unwrap_err().offset, offset, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn nesting_ends_at_its_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(nested(64).as_bytes()).is_ok());
        assert!(Json::parse(nested(65).as_bytes()).is_err());
        assert!(Json::parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn debug_prints_a_constant() {
        assert_eq!(format!("{:?}", Json::parse(b"\"hunter2\"").unwrap()), "Json(…)");
    }
}
