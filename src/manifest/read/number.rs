//! Numbers as Go's strconv reads and prints them.

use crate::manifest::Number;

/// An integer in the syntax of Go (`ParseInt` and `ParseUint` with base 0, underscores taken out): decimal, `0x`, `0o`, `0b`,
/// and octal for a leading zero. go-yaml adds `0b-1` and `0b+1`.
pub(super) fn integer(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = unsigned.len() != text.len();
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if let Some(value) = magnitude(digits, radix) {
        return number(negative, value, !signed);
    }
    // What is left of `0b…` is parsed once more by go-yaml itself, with a sign of its own.
    match text.strip_prefix("0b")?.as_bytes() {
        [b'-', rest @ ..] => number(true, magnitude(str::from_utf8(rest).ok()?, 2)?, false),
        [b'+', rest @ ..] => number(false, magnitude(str::from_utf8(rest).ok()?, 2)?, false),
        _ => None,
    }
}

fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    // The standard library takes a sign, which has been dealt with.
    digits.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| u64::from_str_radix(digits, radix).ok())?
}

fn number(negative: bool, magnitude: u64, may_be_unsigned: bool) -> Option<Number> {
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Number::Int);
    }
    match i64::try_from(magnitude) {
        Ok(value) => Some(Number::Int(value)),
        Err(_) => may_be_unsigned.then_some(Number::Uint(magnitude)),
    }
}

/// A decimal float within range, in go-yaml's syntax: digits, a point, digits, an exponent.
pub(super) fn float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let digits = |at: &mut usize| {
        let start = *at;
        while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
            *at += 1;
        }
        *at - start
    };
    let whole = digits(&mut at);
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        fraction = digits(&mut at);
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        if digits(&mut at) == 0 {
            return None;
        }
    }
    if at < bytes.len() {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether each underscore is between two digits, as Go demands where go-yaml does not take them out first.
pub(super) fn underscores_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        *byte != b'_' || digit(at.checked_sub(1)) && digit(Some(at + 1))
    })
}

/// The number that Kubernetes' JSON reader makes of a finite float that went through Go's JSON: whole numbers become integers.
pub(super) fn through_json(value: f64) -> Number {
    // Go writes whole numbers below 1e21 as their shortest digits, padded with zeros, as `Display` does. Kubernetes reads
    // them as an integer where they fit 64 bits with sign.
    let whole = value.fract() == 0.0 && value.abs() < 1e21;
    match whole.then(|| value.to_string().parse()) {
        Some(Ok(integer)) => Number::Int(integer),
        _ => Number::Float(value),
    }
}

/// A float as a mapping key: `FormatFloat(value, 'g', -1, 32)`, with YAML's names for what is not finite.
pub(super) fn float_key(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "Go narrows the key to 32 bits too")]
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        value.to_string()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::float;
    use super::float_key;
    use super::integer;
    use super::through_json;
    use super::underscores_between_digits;
    use crate::manifest::Number;

    #[test]
    fn integers_have_the_bases_of_go() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("0400", 256),
            ("0o17", 15),
            ("0O17", 15),
            ("0x1F", 31),
            ("-0X1f", -31),
            ("0b1", 1),
            ("+0b1", 1),
            ("0b-1", -1),
            ("0b+1", 1),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text), Some(Number::Int(value)), "{text}");
        }
        assert_eq!(integer("18446744073709551615"), Some(Number::Uint(u64::MAX)));
        for text in
            ["", "-", "+", "08", "0x", "0b", "0b2", "-0b-1", "--1", "0x-1", "1 ", "1e3", "+18446744073709551615", "99999999999999999999"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_decimal() {
        assert_eq!(float("1.5e-3"), Some(0.0015));
        assert_eq!(float("1."), Some(1.0));
        assert_eq!(float("-.5"), Some(-0.5));
        for text in ["", ".", "-", "e1", "1e", "1e+", "inf", "nan", "0x1p3", "1e999", "1.2.3", "1 "] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn underscores_stand_between_digits() {
        assert!(underscores_between_digits(".5_0e1_0"));
        for text in ["._5", ".5_", ".5_e1", "_.5", ".5__0"] {
            assert!(!underscores_between_digits(text), "{text}");
        }
    }

    #[test]
    fn whole_floats_become_integers() {
        assert_eq!(through_json(1e3), Number::Int(1000));
        assert_eq!(through_json(-0.0), Number::Int(0));
        assert_eq!(through_json(1.234_567_890_123_456_7e18), Number::Int(1_234_567_890_123_456_800));
        assert_eq!(through_json(0.5), Number::Float(0.5));
        assert_eq!(through_json(1e19), Number::Float(1e19));
        assert_eq!(through_json(-9_223_372_036_854_775_808.0), Number::Float(-9_223_372_036_854_775_808.0));
    }

    #[test]
    fn float_keys_are_those_of_go() {
        for (value, key) in [
            (1.5, "1.5"),
            (0.1, "0.1"),
            (100_000.0, "100000"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e39, ".inf"),
            (3.0, "3"),
            (f64::NAN, ".nan"),
        ] {
            assert_eq!(float_key(value), key);
        }
    }
}
