//! Times in answers of AWS.

use crate::clock::Timestamp;
use crate::service::json::Json;

/// Seconds since 1970, with a fraction; `None` for what is not a number.
pub(super) fn time(number: Json<'_>) -> Option<Timestamp> {
    let text = number.source();
    let whole = text.expose_text()?.split('.').next()?.parse().ok()?;
    Some(Timestamp(whole))
}
