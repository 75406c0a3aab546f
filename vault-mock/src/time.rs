//! The server's clock, and the time as RFC 3339 writes it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time since 1970.
#[expect(clippy::disallowed_methods, reason = "the server's clock is read here only")]
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A clock that only goes forward.
#[expect(clippy::disallowed_methods, reason = "the server's clock is read here only")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// A time since 1970 as RFC 3339 in UTC with nanoseconds. Texts of this shape sort by time.
pub(crate) fn rfc3339(elapsed: Duration) -> String {
    let (days, seconds) = (elapsed.as_secs() / 86_400, elapsed.as_secs() % 86_400);
    let (mut year, mut left) = (1970, days);
    while left >= days_of(year) {
        left -= days_of(year);
        year += 1;
    }
    let mut month = 0;
    let lengths = [31, days_of(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:09}Z", month + 1, left + 1, elapsed.subsec_nanos())
}

/// A time since 1970 as AWS writes it in signatures, such as `20180322T022406Z`.
pub(crate) fn compact(elapsed: Duration) -> String {
    let text = rfc3339(elapsed);
    format!("{}Z", text[..19].replace(['-', ':'], ""))
}

/// The time that [`compact`] writes so; `None` for every other text.
pub(crate) fn of_compact(text: &str) -> Option<Duration> {
    let number = |from: usize, length: usize| -> Option<u64> { text.get(from..from + length)?.parse().ok() };
    let (year, month, day) = (number(0, 4)?, number(4, 2)?, number(6, 2)?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let lengths = [31, days_of(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: u64 = lengths[..usize::try_from(month).ok()? - 1].iter().sum();
    let days = (1970..year).map(days_of).sum::<u64>() + months + day.checked_sub(1)?;
    let elapsed = Duration::from_secs(days * 86_400 + number(9, 2)? * 3600 + number(11, 2)? * 60 + number(13, 2)?);
    (compact(elapsed) == text).then_some(elapsed)
}

fn days_of(year: u64) -> u64 {
    if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{compact, days_of, now, of_compact, rfc3339};

    #[test]
    fn has_the_shape_of_rfc_3339() {
        assert_eq!(rfc3339(Duration::new(1_521_685_446, 945_319_214)), "2018-03-22T02:24:06.945319214Z");
        let now = rfc3339(now());
        assert!(now.as_str() > "2025-01-01T00:00:00Z" && now.as_str() < "2100-01-01T00:00:00Z");
    }

    #[test]
    fn the_compact_form_goes_both_ways() {
        assert_eq!(compact(Duration::new(1_521_685_446, 945_319_214)), "20180322T022406Z");
        for seconds in [0, 951_827_696, 1_521_685_446, 1_795_392_000] {
            assert_eq!(of_compact(&compact(Duration::from_secs(seconds))), Some(Duration::from_secs(seconds)));
        }
        for wrong in ["", "20180230T000000Z", "2018-03-22T02:24:06Z", "20180322T022406", "20181322T022406Z", "20180322T022406+"] {
            assert_eq!(of_compact(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn leap_years() {
        assert_eq!([1900, 2000, 2024, 2026].map(days_of), [365, 366, 366, 365]);
    }
}
