//! Who asks Google, as far as it shows.

use crate::clock::Timestamp;
use crate::identity::bearer::Bearer;
use crate::identity::signed_jwt;
use crate::service::json::Json;
use crate::service::words;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// What the credentials are.
    kind: &'static str,
    /// Whether the settings gave them.
    given: bool,
    /// The service account, where the token says it.
    email: Option<String>,
    /// When the token ends.
    pub(crate) expires: Option<Timestamp>,
}

impl Who {
    /// What a token says of itself: those that service accounts sign are JSON (RFC 7519).
    pub(super) fn of(kind: &'static str, given: bool, token: &Bearer) -> Self {
        let claims = signed_jwt::claims(token.text());
        let issuer = claims.as_ref().and_then(|claims| Json::parse(claims.expose()).ok()?.get("iss")?.text());
        Self { kind, given, email: issuer.map(|email| words::tame(&email, 128)), expires: token.expires }
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        let source = if self.given { "the credentials given" } else { "application default credentials" };
        let email = self.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
        format!("{source}: {}{email}", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::Who;

    #[test]
    fn it_says_what_it_knows() {
        let who = Who { kind: "a service account's key", given: true, email: Some("a@b".to_owned()), expires: None };
        assert_eq!(who.words(), "the credentials given: a service account's key, a@b");
        assert_eq!(Who { given: false, email: None, ..who }.words(), "application default credentials: a service account's key");
    }
}
