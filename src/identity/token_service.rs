//! One question to a service that gives out tokens: no redirect, few attempts, a deadline.

use std::time::Duration;

use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::Client;
use crate::service::http::Reply;
use crate::service::http::Transport;
use crate::service::json::Json;

/// How often a service is asked that may answer later.
pub(crate) const ATTEMPTS: u32 = 3;
/// The first wait between two attempts; each further one is twice the last.
const BACKOFF: Duration = Duration::from_millis(250);

/// A service that gives out tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenService<'a> {
    /// As messages name it.
    pub(crate) name: &'static str,
    /// The way there. A client's certificate is not shown: that is the vault's alone.
    pub(crate) transport: &'a Transport,
    /// Counts the requests.
    pub(crate) meter: &'a Meter,
    /// How often it is asked at most.
    pub(crate) attempts: u32,
}

impl TokenService<'_> {
    /// The answer to `call`, whatever its status, after a few attempts if need be.
    ///
    /// # Errors
    /// No answer by `until`, or a redirect.
    pub(crate) async fn ask(&self, call: &Call, until: Instant) -> Result<Reply, ServiceError> {
        let client = Client::new(self.name, call.url(), &self.transport.anonymous(), 1)?;
        let mut before = String::new();
        timeout_at(until, self.attempts(&client, call, until, &mut before)).await.unwrap_or_else(|_| {
            let reason = format!("{} did not answer in time{before}", self.name);
            Err(ServiceError::new(ServiceFault::Unavailable, reason, "check the network, or allow more time"))
        })
    }

    async fn attempts(&self, client: &Client, call: &Call, until: Instant, before: &mut String) -> Result<Reply, ServiceError> {
        let mut wait = BACKOFF;
        for attempt in 1.. {
            self.meter.send();
            let outcome = client.send_once(call.request()).await;
            let (outcome, again, at_least) = match outcome {
                Ok(reply) => {
                    self.meter.answer();
                    let again = matches!(reply.status, 408 | 429 | 500 | 502..=504);
                    *before = format!("; before that: status {}", reply.status);
                    let at_least = reply.retry_after.unwrap_or_default();
                    (Ok(reply), again, at_least)
                }
                Err(failure) => {
                    *before = format!("; before that: {}", failure.error.reason);
                    (Err(failure.error), failure.again, Duration::ZERO)
                }
            };
            let pause = wait.max(at_least);
            if !again || attempt >= self.attempts || Instant::now() + pause >= until {
                return outcome;
            }
            sleep(pause).await;
            wait *= 2;
        }
        unreachable!("the last attempt returns")
    }
}

/// `application/x-www-form-urlencoded` of these fields.
pub(crate) fn form(fields: &[(&str, &[u8])]) -> Secret {
    let size: usize = fields.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut body = SecretBuffer::with_capacity(size);
    for (index, (name, value)) in fields.iter().enumerate() {
        body.extend(if index == 0 { b"" } else { b"&" });
        body.extend(name.as_bytes());
        body.push(b'=');
        encode(value, &mut body);
    }
    body.into()
}

/// Percent-encodes everything but what RFC 3986 section 2.3 reserves for nothing.
pub(crate) fn encode(text: &[u8], into: &mut SecretBuffer) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(*byte);
        } else {
            into.extend(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// A token from the field `name` of a JSON answer, if there is one that is not empty.
pub(crate) fn token(json: Json<'_>, name: &str) -> Option<Secret> {
    json.get(name)?.secret().filter(|token| !token.is_empty())
}

/// When what was answered ends, by `expires_in` (RFC 6749 section 5.1) or the absolute `expires_on`; services write both as numbers and as texts.
pub(crate) fn expiry(json: Json<'_>, clock: &dyn Clock) -> Option<Timestamp> {
    let number = |name: &str| {
        let value = json.get(name)?;
        let number = value.number().or_else(|| value.text()?.parse().ok())?;
        i64::try_from(number).ok()
    };
    let absolute = || number("expires_on").map(Timestamp);
    number("expires_in").map(|seconds| Timestamp(clock.now().0.saturating_add(seconds))).or_else(absolute)
}

/// The moment of a time by the machine's clock.
pub(crate) fn moment(time: Timestamp, clock: &dyn Clock) -> Option<Instant> {
    let left = u64::try_from(time.0.saturating_sub(clock.now().0)).unwrap_or_default();
    Instant::now().checked_add(Duration::from_secs(left))
}

#[cfg(test)]
mod tests {
    use super::expiry;
    use super::form;
    use crate::clock::Timestamp;
    use crate::service::json::Json;

    #[test]
    fn a_form_holds_any_bytes() {
        let body = form(&[("grant_type", b"a b"), ("secret", "ä&=+%~\0".as_bytes())]);
        assert_eq!(body.expose_text(), Some("grant_type=a%20b&secret=%C3%A4%26%3D%2B%25~%00"));
    }

    #[test]
    fn an_end_is_relative_or_absolute_and_a_number_or_a_text() {
        let of = |text: &str| expiry(Json::parse(text.as_bytes()).unwrap(), &Timestamp(1000)).map(|time| time.0);
        assert_eq!(of(r#"{"expires_in": 60}"#), Some(1060));
        assert_eq!(of(r#"{"expires_in": "60", "expires_on": "5"}"#), Some(1060));
        assert_eq!(of(r#"{"expires_on": "1234"}"#), Some(1234));
        assert_eq!((of(r#"{"expires_in": -1}"#), of(r#"{"expires_on": "soon"}"#), of("{}")), (None, None, None));
    }
}
