//! A request, read to its end.

use http::HeaderMap;
use serde_json::{Map, Value};

/// A request, read to its end.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it came, percent-encoded.
    pub path: &'a str,
    /// The query as it came, without `?`; empty when there is none.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
    /// `scheme://host:port` that the client reached the server at.
    pub origin: &'a str,
}

impl Asked<'_> {
    /// The path, percent-decoded once as a whole; `None` when that is not UTF-8.
    #[must_use]
    pub fn decoded_path(&self) -> Option<String> {
        decoded(self.path)
    }

    /// The first query parameter with this name, decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        field(self.query, name)
    }

    /// The first field of an `application/x-www-form-urlencoded` body with this name, decoded.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<String> {
        field(str::from_utf8(self.body).ok()?, name)
    }

    /// A header that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The body as a JSON object.
    #[must_use]
    pub fn json(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(self.body).ok()
    }
}

/// A field of a text such as `a=1&b=2%20x+y`.
fn field(text: &str, name: &str) -> Option<String> {
    let plain = |part: &str| decoded(&part.replace('+', " "));
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| plain(key).as_deref() == Some(name))
        .and_then(|(_, value)| plain(value))
}

/// Percent-decodes a text (RFC 3986 section 2.1); `None` when that is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = |digit: u8| char::from(digit).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?);
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{decoded, field};

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decoded("/a%2520b%2Fc").as_deref(), Some("/a%20b/c"));
        assert_eq!(decoded("/a+b").as_deref(), Some("/a+b"));
        assert_eq!(decoded("/%ff"), None);
        assert_eq!(decoded("/%zz"), None);
    }

    #[test]
    fn fields_are_decoded() {
        assert_eq!(field("a=1&b%20c=x+y%2B&d", "b c").as_deref(), Some("x y+"));
        assert_eq!(field("a=1&d", "d").as_deref(), Some(""));
        assert_eq!(field("a=1", "b"), None);
    }
}
