//! A value written on the command line, typed as the same text is in a values file.

use serde_json::Number;
use serde_json::Value;

/// `text` as a plain scalar of YAML 1.2's core schema (section 10.3.2), with binary numbers, as values files are read.
/// The empty text is an empty string. `None` for what is a number and fits none: `.inf`, or an integer beyond 64 bits.
pub(super) fn typed(text: &str) -> Option<Value> {
    match text {
        "null" | "Null" | "NULL" | "~" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN" | ".NAN" => return None,
        _ => {}
    }
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some((radix, figures)) = integer(digits) {
        let magnitude = i128::from_str_radix(figures, radix).ok()?;
        return if negative { i64::try_from(-magnitude).ok().map(Value::from) } else { u64::try_from(magnitude).ok().map(Value::from) };
    }
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !leading_zero
        && digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && let Ok(float) = digits.parse::<f64>()
        && let Some(number) = Number::from_f64(if negative { -float } else { float })
    {
        return Some(Value::Number(number));
    }
    Some(Value::from(text))
}

/// The radix and figures of an integer without its sign.
fn integer(digits: &str) -> Option<(u32, &str)> {
    let (radix, figures) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => return None,
        _ => (10, digits),
    };
    (!figures.is_empty() && figures.chars().all(|figure| figure.is_digit(radix))).then_some((radix, figures))
}

#[cfg(test)]
mod tests {
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use serde_json::Value;
    use serde_json::json;

    use super::typed;
    use crate::project::values::budget::ValuesLimits;
    use crate::project::values::read::read;
    use crate::project::values::spelling::keeps;

    /// What a values file makes of the same text.
    fn in_a_file(text: &str) -> Option<Value> {
        read("values.yaml", &format!("key: {text}\n"), ValuesLimits::default()).ok().map(|mut values| values["key"].take())
    }

    /// The same of the command line.
    fn on_the_line(text: &str) -> Option<Value> {
        typed(text).filter(|value| value.as_number().is_none_or(|number| keeps(number, text)))
    }

    #[test]
    fn words_and_numbers() {
        assert_eq!(typed(""), Some(json!("")));
        assert_eq!(typed("yes"), Some(json!("yes")));
        assert_eq!(typed("0755"), Some(json!("0755")));
        assert_eq!(typed("-0"), Some(json!(0)));
        assert_eq!(typed("18446744073709551615"), Some(json!(u64::MAX)));
        assert_eq!(typed("-9223372036854775808"), Some(json!(i64::MIN)));
        assert_eq!(typed("18446744073709551616"), None);
        assert_eq!(typed("-.inf"), None);
    }

    #[test]
    fn typed_as_in_a_file() {
        for text in [
            "~",
            "Null",
            "TRUE",
            "False",
            "1",
            "-1",
            "+1",
            "00",
            "0",
            "-0",
            "-00",
            "1.5",
            "-1.5e3",
            "1e3",
            "1E-3",
            ".5",
            "5.",
            "+.5",
            "0x1F",
            "-0x1f",
            "+0x1F",
            "0X1F",
            "0o17",
            "0b101",
            "0b2",
            "0x",
            "0o8",
            "1_000",
            "1:30",
            "2026-11-23",
            "inf",
            "nan",
            "1e400",
            "0.10",
            "007.5",
            ".",
            "+",
            ".inf",
            "-.INF",
            ".nan",
            "+.nan",
            "1e",
            "e1",
            "0x1.8",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999999",
            "v1.10",
            "+-1",
            "--1",
            "0x-1",
            "-0b11",
            "-0o7",
            "1.2.3",
            "infinity",
            "NaN",
        ] {
            assert_eq!(on_the_line(text), in_a_file(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn typed_as_in_any_file(text in "[+0-9.][0-9a-fA-Fxobe.+_-]{0,12}") {
            prop_assert_eq!(on_the_line(&text), in_a_file(&text));
        }
    }
}
