//! The type of a scalar, by the rules of go-yaml v2 (`resolve.go`).

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use zeroize::Zeroizing;

use crate::manifest::Number;
use crate::manifest::read::number;

/// What a scalar is. Floats are kept as go-yaml sees them: what JSON makes of them depends on whether they are a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer: [`Number::Int`] or [`Number::Uint`].
    Integer(Number),
    /// A float, perhaps not finite.
    Float(f64),
    /// The scalar's own text.
    Text,
    /// What the text of a `!!binary` decodes to.
    Decoded(String),
}

/// Why a scalar with a tag cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagFault {
    /// The text is not of the tag's type.
    Mismatch,
    /// The text of a `!!binary` is not standard base64.
    NotBase64,
    /// What a `!!binary` decodes to is not UTF-8; Kubernetes' reader would put replacement characters.
    NotText,
    /// A `!!timestamp`, which means nothing to Kubernetes.
    Timestamp,
}

/// A plain scalar without a tag.
pub(super) fn plain(text: &str) -> Resolved {
    match text.as_bytes().first() {
        None => Resolved::Null,
        Some(b'+' | b'-' | b'0'..=b'9') => word(text).unwrap_or_else(|| signed_or_digit(text)),
        Some(b'.') => word(text).unwrap_or_else(|| dotted(text)),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text).unwrap_or(Resolved::Text),
        Some(_) => Resolved::Text,
    }
}

fn word(text: &str) -> Option<Resolved> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn signed_or_digit(text: &str) -> Resolved {
    let without_underscores;
    let text = if text.contains('_') {
        without_underscores = Zeroizing::new(text.replace('_', ""));
        &without_underscores
    } else {
        text
    };
    if let Some(integer) = number::integer(text) {
        Resolved::Integer(integer)
    } else {
        number::float(text).map_or(Resolved::Text, Resolved::Float)
    }
}

fn dotted(text: &str) -> Resolved {
    if !number::underscores_between_digits(text) {
        return Resolved::Text;
    }
    number::float(&Zeroizing::new(text.replace('_', ""))).map_or(Resolved::Text, Resolved::Float)
}

/// A scalar with a tag, plain or quoted: go-yaml makes no difference between the two then.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Resolved, TagFault> {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("bool") => matching(plain(text), |resolved| matches!(resolved, Resolved::Bool(_))),
        Some("int") => matching(plain(text), |resolved| matches!(resolved, Resolved::Integer(_))),
        Some("null") => matching(plain(text), |resolved| matches!(resolved, Resolved::Null)),
        Some("float") => match plain(text) {
            #[expect(clippy::cast_precision_loss, reason = "Go converts it so")]
            Resolved::Integer(Number::Int(integer)) => Ok(Resolved::Float(integer as f64)),
            resolved => matching(resolved, |resolved| matches!(resolved, Resolved::Float(_))),
        },
        Some("timestamp") => Err(TagFault::Timestamp),
        Some("binary") => binary(text).map(Resolved::Decoded),
        // `!!str`, and whatever go-yaml has no rule for.
        _ => Ok(Resolved::Text),
    }
}

fn matching(resolved: Resolved, is_of_type: impl Fn(&Resolved) -> bool) -> Result<Resolved, TagFault> {
    if is_of_type(&resolved) { Ok(resolved) } else { Err(TagFault::Mismatch) }
}

/// Standard base64 as Go's `StdEncoding` takes it: padded, line breaks skipped, trailing bits of any value.
fn binary(text: &str) -> Result<String, TagFault> {
    const GO: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let bytes = GO.decode(text.replace(['\r', '\n'], "")).map_err(|_| TagFault::NotBase64)?;
    String::from_utf8(bytes).map_err(|_| TagFault::NotText)
}

#[cfg(test)]
mod tests {
    use super::Resolved;
    use super::TagFault;
    use super::plain;
    use super::tagged;
    use crate::manifest::Number;

    #[test]
    fn plain_scalars_have_the_types_of_yaml_1_1_as_go_sees_it() {
        for text in ["y", "Yes", "ON", "true"] {
            assert_eq!(plain(text), Resolved::Bool(true), "{text}");
        }
        for text in ["n", "No", "OFF", "false"] {
            assert_eq!(plain(text), Resolved::Bool(false), "{text}");
        }
        for text in ["", "~", "null", "NULL"] {
            assert_eq!(plain(text), Resolved::Null, "{text}");
        }
        for (text, value) in [("0400", 256), ("1_000", 1000), ("0o17", 15), ("-_1", -1), ("0x_1F", 31)] {
            assert_eq!(plain(text), Resolved::Integer(Number::Int(value)), "{text}");
        }
        for (text, value) in [("08", 8.0), ("1e3", 1000.0), (".5", 0.5), (".5_0", 0.5), ("+.inf", f64::INFINITY)] {
            assert_eq!(plain(text), Resolved::Float(value), "{text}");
        }
        for text in ["1:30", "2001-01-01", "=", "<<", "yEs", "nULL", "._5", "_1", "1e999", "0x1p3", "-", "v1", "1.2.3"] {
            assert_eq!(plain(text), Resolved::Text, "{text}");
        }
    }

    #[test]
    fn tags_say_the_type() {
        let tag = |name: &str, text: &str| tagged(&format!("tag:yaml.org,2002:{name}"), text);
        assert_eq!(tag("str", "012"), Ok(Resolved::Text));
        assert_eq!(tag("int", "012"), Ok(Resolved::Integer(Number::Int(10))));
        assert_eq!(tag("int", "1.5"), Err(TagFault::Mismatch));
        assert_eq!(tag("float", "2"), Ok(Resolved::Float(2.0)));
        assert_eq!(tag("float", "18446744073709551615"), Err(TagFault::Mismatch));
        assert_eq!(tag("bool", "on"), Ok(Resolved::Bool(true)));
        assert_eq!(tag("null", ""), Ok(Resolved::Null));
        assert_eq!(tag("binary", "aG\nk="), Ok(Resolved::Decoded("hi".to_owned())));
        assert_eq!(tag("binary", "aGk"), Err(TagFault::NotBase64));
        assert_eq!(tag("binary", "//8="), Err(TagFault::NotText));
        assert_eq!(tag("timestamp", "2001-01-01"), Err(TagFault::Timestamp));
        assert_eq!(tagged("!", "012"), Ok(Resolved::Text));
    }
}
