//! How old something is, and until when it may be used.

use cloze::clock::Timestamp;
use cloze::stage::ask::NEAR;

/// A time in its largest unit, as kubectl writes ages.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// When something expires, such as `expires in 60d`; `!` marks what is near or over. `None` where `expires` is not RFC 3339.
pub(crate) fn expiry(expires: &str, now: Timestamp) -> Option<String> {
    Some(match Timestamp::from_rfc3339(expires)?.0 - now.0 {
        left if left <= 0 => format!("expired {} ago !", span(-left)),
        left if left <= NEAR => format!("expires in {} !", span(left)),
        left => format!("expires in {}", span(left)),
    })
}

#[cfg(test)]
mod tests {
    use cloze::clock::Timestamp;

    use super::expiry;

    #[test]
    fn an_end_that_is_near_is_marked() {
        let of = |expires: &str| expiry(expires, Timestamp::from_rfc3339("2026-12-01T00:00:00Z").unwrap()).unwrap();
        assert_eq!(of("2026-12-16T00:00:01Z"), "expires in 15d");
        assert_eq!(of("2026-12-15T00:00:00Z"), "expires in 14d !");
        assert_eq!(of("2026-12-01T00:00:00Z"), "expired 0s ago !");
        assert_eq!(of("2026-11-01T00:00:00Z"), "expired 30d ago !");
        assert_eq!(expiry("tomorrow", Timestamp(0)), None);
    }
}
