//! Signature Version 4 as a server checks it, written from "Create a signed AWS API request" of the IAM User Guide.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::asked::Asked;
use crate::time::{compact, of_compact};

/// How far the clocks may be apart.
const SKEW: Duration = Duration::from_mins(5);

/// What is in the header `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    pub(crate) key: &'a str,
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// Why a signature does not hold, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The header is not of this form.
    Incomplete(String),
    /// It is of this form and does not hold.
    Wrong(String),
}

impl<'a> Authorization<'a> {
    /// Reads the header; `None` when there is none.
    pub(crate) fn of(asked: &Asked<'a>) -> Option<Result<Self, Flaw>> {
        let headers = asked.headers;
        let text = headers.get("authorization")?.to_str().ok().unwrap_or_default();
        Some(Self::parse(text).ok_or_else(|| Flaw::Incomplete("Authorization header requires 'Credential' parameter.".to_owned())))
    }

    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let scope: Vec<&str> = part("Credential")?.split('/').collect();
        let [key, date, region, service, "aws4_request"] = scope[..] else { return None };
        let headers = part("SignedHeaders")?.split(';').collect();
        Some(Self { key, date, region, service, headers, signature: part("Signature")? })
    }

    /// Whether `secret` made this signature of this request, not long before or after `now`.
    pub(crate) fn check(&self, asked: &Asked<'_>, secret: &str, now: Duration) -> Result<(), Flaw> {
        let time = asked.header("x-amz-date").ok_or_else(|| {
            Flaw::Incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned())
        })?;
        let signed = of_compact(time).filter(|_| time.starts_with(self.date));
        let signed = signed.ok_or_else(|| Flaw::Incomplete("Date must be in ISO-8601 'basic format'.".to_owned()))?;
        if signed + SKEW < now {
            return Err(Flaw::Wrong(format!(
                "Signature expired: {time} is now earlier than {} ({} - 5 min.)",
                compact(now.saturating_sub(SKEW)),
                compact(now)
            )));
        }
        if signed > now + SKEW {
            return Err(Flaw::Wrong(format!(
                "Signature not yet current: {time} is still later than {} ({} + 5 min.)",
                compact(now + SKEW),
                compact(now)
            )));
        }
        let must = |name: &str| name == "host" || name.starts_with("x-amz-");
        let forgotten = asked.headers.keys().map(http::HeaderName::as_str).find(|name| must(name) && !self.headers.contains(name));
        if let Some(name) = forgotten {
            return Err(Flaw::Wrong(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
        let canonical = self.canonical(asked);
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let key = [self.region, self.service, "aws4_request"]
            .iter()
            .fold(mac(format!("AWS4{secret}").as_bytes(), self.date), |key, part| mac(&key, part));
        if hex(&mac(&key, &text)) == self.signature {
            return Ok(());
        }
        let words = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
        Err(Flaw::Wrong(words.to_owned()))
    }

    /// The canonical request.
    fn canonical(&self, asked: &Asked<'_>) -> String {
        let mut text = format!("{}\n{}\n{}\n", asked.method, path(asked.path), query(asked.query));
        let sorted: BTreeMap<&str, String> = self.headers.iter().map(|name| (*name, values(asked, name))).collect();
        for (name, value) in &sorted {
            // Writing to a text does not fail.
            writeln!(text, "{name}:{value}").unwrap_or_default();
        }
        text + "\n" + &self.headers.join(";") + "\n" + &hex(&Sha256::digest(asked.body))
    }
}

/// A header's values, trimmed, with single spaces, joined by commas.
fn values(asked: &Asked<'_>, name: &str) -> String {
    let one = |value: &http::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    asked.headers.get_all(name).iter().map(one).collect::<Vec<_>>().join(",")
}

/// The path as it came, each segment encoded once more.
fn path(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { path.split('/').map(encoded).collect::<Vec<_>>().join("/") }
}

/// The parameters as they came, sorted.
fn query(query: &str) -> String {
    let mut list: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    list.sort();
    list.join("&")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};

    use super::{Authorization, Flaw};
    use crate::asked::Asked;
    use crate::time::of_compact;

    /// The example of the AWS General Reference, "Examples of the complete Signature Version 4 signing process".
    const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn headers(signature: &str) -> HeaderMap {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        let list = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", &authorization),
        ];
        list.iter().map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn checked(headers: &HeaderMap, query: &str, seconds: i64) -> Result<(), Flaw> {
        let asked = Asked { method: "GET", path: "/", query, headers, body: b"", origin: "https://iam.amazonaws.com" };
        let then = of_compact("20150830T123600Z").unwrap();
        let now = Duration::from_secs(then.as_secs().checked_add_signed(seconds).unwrap());
        Authorization::of(&asked).unwrap().unwrap().check(&asked, SECRET, now)
    }

    const QUERY: &str = "Action=ListUsers&Version=2010-05-08";

    #[test]
    fn the_published_example_holds() {
        assert_eq!(checked(&headers(SIGNATURE), QUERY, 0), Ok(()));
        assert_eq!(checked(&headers(SIGNATURE), "Version=2010-05-08&Action=ListUsers", 299), Ok(()));
    }

    #[test]
    fn everything_else_does_not() {
        let wrong = |result: Result<(), Flaw>| match result.unwrap_err() {
            Flaw::Wrong(words) | Flaw::Incomplete(words) => words,
        };
        assert!(wrong(checked(&headers(&SIGNATURE.replace('5', "6")), QUERY, 0)).starts_with("The request signature we calculated"));
        assert!(wrong(checked(&headers(SIGNATURE), "Action=ListUsers", 0)).starts_with("The request signature we calculated"));
        assert_eq!(
            wrong(checked(&headers(SIGNATURE), QUERY, 301)),
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
        );
        assert!(wrong(checked(&headers(SIGNATURE), QUERY, -301)).starts_with("Signature not yet current"));
        let mut more = headers(SIGNATURE);
        more.insert("x-amz-target", HeaderValue::from_static("a.b"));
        assert_eq!(wrong(checked(&more, QUERY, 0)), "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
        more.insert("authorization", HeaderValue::from_static("Bearer x"));
        let asked = Asked { method: "GET", path: "/", query: "", headers: &more, body: b"", origin: "" };
        assert!(matches!(Authorization::of(&asked), Some(Err(Flaw::Incomplete(_)))));
    }
}
