//! Numbers that every reader takes for the same number.

use std::io::Write as _;

use crate::manifest::Number;
use crate::secret::SecretBuffer;

/// Writes `number`. A float has a point and, where it has an exponent, the exponent's sign, which YAML 1.1 demands.
pub(super) fn write(number: Number, out: &mut SecretBuffer) {
    // A buffer takes all that it is given.
    let _ = match number {
        Number::Int(value) => write!(out, "{value}"),
        Number::Uint(value) => write!(out, "{value}"),
        Number::Float(value) => out.write_all(float(value).as_bytes()),
    };
}

fn float(value: f64) -> String {
    if !value.is_finite() {
        // Kubernetes refuses it, as it should.
        return if value.is_nan() { ".nan" } else { ".inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    if matches!(exponent.parse(), Ok(-4..=14)) {
        // `Debug` prints a point and no exponent in this range.
        return format!("{value:?}");
    }
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::manifest::Number;
    use crate::secret::SecretBuffer;

    fn written(number: Number) -> String {
        let mut out = SecretBuffer::with_capacity(32);
        write(number, &mut out);
        String::from_utf8(out.expose().to_vec()).expect("ASCII")
    }

    #[test]
    fn numbers_look_like_numbers() {
        assert_eq!(written(Number::Int(i64::MIN)), "-9223372036854775808");
        assert_eq!(written(Number::Uint(u64::MAX)), "18446744073709551615");
        for (value, text) in [
            (0.5, "0.5"),
            (-1000.0, "-1000.0"),
            (0.0001, "0.0001"),
            (1e-5, "1.0e-5"),
            (1e14, "100000000000000.0"),
            (1e15, "1.0e+15"),
            (1.5e300, "1.5e+300"),
            (f64::NAN, ".nan"),
        ] {
            assert_eq!(written(Number::Float(value)), text);
        }
    }
}
