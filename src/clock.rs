//! Time and randomness: the one file that asks the machine for either.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::Serialize;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Says what time it is. Nothing is ever ordered by it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// A clock that stopped at this time.
impl Clock for Timestamp {
    fn now(&self) -> Self {
        *self
    }
}

/// Fills buffers with bytes that nobody can guess.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// A text of 16 letters and digits that nobody else has.
    pub fn token(&self) -> String {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        format!("{:016x}", u64::from_be_bytes(bytes))
    }
}

/// The machine's clock and the operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

#[expect(clippy::disallowed_methods, reason = "this file is where they are allowed")]
impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

#[expect(clippy::disallowed_methods, reason = "this file is where they are allowed")]
impl Entropy for Machine {
    /// # Panics
    /// When the operating system has no randomness to give; going on would be worse.
    fn fill(&self, buffer: &mut [u8]) {
        assert!(getrandom::fill(buffer).is_ok(), "the operating system gave no randomness");
    }
}

impl Timestamp {
    /// The time of an RFC 3339 text, fractions of a second cut off; `None` when the text is anything else.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let digits = |from: usize, length: usize| -> Option<i64> {
            let part = text.get(from..from + length)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let marks = text.get(4..5)? == "-" && text.get(7..8)? == "-" && text.get(13..14)? == ":" && text.get(16..17)? == ":";
        let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
        let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
        let mut zone = text.get(19..)?;
        if let Some(fraction) = zone.strip_prefix('.') {
            zone = fraction.trim_start_matches(|character: char| character.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
        }
        let offset = match zone.as_bytes() {
            b"Z" | b"z" => 0,
            [sign @ (b'+' | b'-'), ..] if zone.len() == 6 && &zone[3..4] == ":" => {
                let at = text.len() - 5;
                let seconds = digits(at, 2)? * 3600 + digits(at + 3, 2)? * 60;
                if *sign == b'+' { seconds } else { -seconds }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day);
        let real = marks && matches!(text.as_bytes()[10], b'T' | b't') && civil_from_days(days) == (year, month, day);
        (real && hour < 24 && minute < 60 && second <= 60).then_some(Self(days * 86_400 + hour * 3600 + minute * 60 + second - offset))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// The proleptic Gregorian date of a day count from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`], from the same source.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn prints_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(951_827_696).to_string(), "2000-02-29T12:34:56Z");
        assert_eq!(Timestamp(1_795_392_000).to_string(), "2026-11-23T00:00:00Z");
    }
    #[test]
    fn reads_rfc_3339() {
        for seconds in [0, 951_827_696, 1_795_392_000, 253_402_300_799, -1] {
            assert_eq!(Timestamp::from_rfc3339(&Timestamp(seconds).to_string()), Some(Timestamp(seconds)));
        }
        assert_eq!(Timestamp::from_rfc3339("2018-03-22T02:24:06.945319214Z"), Some(Timestamp(1_521_685_446)));
        assert_eq!(Timestamp::from_rfc3339("2018-03-22T03:24:06+01:00"), Some(Timestamp(1_521_685_446)));
        let wrong = ["", "2018-02-29T00:00:00Z", "2018-01-01", "2018-01-01T24:00:00Z", "2018-01-01T00:00:00", "2018-01-01T00:00:00.Z"];
        for text in wrong.into_iter().chain(["2018-13-01T00:00:00Z", "+018-01-01T00:00:00Z", "2018-01-01T00:00:00\u{e9}"]) {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
    }
}
