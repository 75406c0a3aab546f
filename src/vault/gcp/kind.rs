//! Who asks, as far as it shows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use google_cloud_auth::credentials::Credentials;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::words;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kind {
    /// What the credentials are; empty when that is not known.
    name: &'static str,
    /// The service account, where the token tells.
    email: Option<String>,
    /// Until when the token holds, where it tells.
    pub(super) expires: Option<Timestamp>,
}

/// How the crate's types print, which carries no credential, and what they are.
const NAMES: [(&str, &str); 5] = [
    ("UserCredentials", "a user's login"),
    ("Impersonated", "an impersonated service account"),
    ("ExternalAccountCredentials", "a federated workload"),
    ("ServiceAccountCredentials", "a service account's key"),
    ("MDSCredentials", METADATA_SERVER),
];
const METADATA_SERVER: &str = "the metadata server's service account";

impl Kind {
    /// What the crate chose, and what the token that it gave says of itself. Tokens that service accounts sign are JSON (RFC 7519).
    pub(super) fn of(credentials: &Credentials, token: Option<&Secret>) -> Self {
        let printed = format!("{credentials:?}");
        let name = NAMES.iter().find(|(part, _)| printed.contains(part)).map(|(_, name)| *name).unwrap_or_default();
        let claims = token.and_then(Secret::expose_text).and_then(claims);
        let email = claims.as_ref().and_then(|claims| claims["iss"].as_str()).map(|email| words::tame(email, 128));
        let expires = claims.as_ref().and_then(|claims| claims["exp"].as_i64()).map(Timestamp);
        Self { name, email, expires }
    }

    /// Whether it is the metadata server's, which is also what is left when there are no others.
    pub(super) fn is_metadata_server(&self) -> bool {
        self.name == METADATA_SERVER
    }

    /// In words.
    pub(super) fn words(&self, given: bool) -> String {
        let source = if given { "the credentials given" } else { "application default credentials" };
        let name = if self.name.is_empty() { String::new() } else { format!(": {}", self.name) };
        let email = self.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
        format!("{source}{name}{email}")
    }
}

/// The claims of a token that has any.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn says_what_it_knows() {
        let kind = Kind { name: "a service account's key", email: Some("a@b".to_owned()), expires: None };
        assert_eq!(kind.words(true), "the credentials given: a service account's key, a@b");
        assert_eq!(Kind::default().words(false), "application default credentials");
    }
}
