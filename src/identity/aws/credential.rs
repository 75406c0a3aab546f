//! A credential of AWS.

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::json::Json;

/// An access key, with a session if it is temporary.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) session: Option<Secret>,
    /// When it ends, if it does.
    pub(crate) expires: Option<Timestamp>,
    /// Where it comes from, for a message.
    pub(crate) source: &'static str,
}

impl Credential {
    /// The credential in the JSON of a container agent, an instance, a program or single sign-on: they have the same fields, in two spellings.
    pub(super) fn read(json: Json<'_>, source: &'static str) -> Option<Self> {
        let field = |names: &[&str]| names.iter().find_map(|name| json.get(name));
        let end = field(&["Expiration", "expiration"]);
        let expires = match end {
            None => None,
            // Single sign-on counts milliseconds.
            Some(end) => match (end.number(), end.text()) {
                (Some(milliseconds), _) => Some(Timestamp(i64::try_from(milliseconds / 1000).ok()?)),
                (None, Some(text)) => Some(Timestamp::from_rfc3339(&text)?),
                (None, None) => None,
            },
        };
        Some(Self {
            id: field(&["AccessKeyId", "accessKeyId"])?.text()?,
            secret: field(&["SecretAccessKey", "secretAccessKey"])?.secret()?,
            session: field(&["Token", "SessionToken", "sessionToken"]).and_then(|token| token.secret()).filter(|token| !token.is_empty()),
            expires,
            source,
        })
    }

    /// Whether `text` holds a part of it that is secret.
    pub(super) fn gives_away(&self, text: &str) -> bool {
        let secrets = [Some(&self.secret), self.session.as_ref()];
        secrets.into_iter().flatten().filter_map(Secret::expose_text).any(|secret| !secret.is_empty() && text.contains(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::Credential;
    use crate::clock::Timestamp;
    use crate::service::json::Json;

    fn read(text: &str) -> Option<Credential> {
        Credential::read(Json::parse(text.as_bytes()).unwrap(), "a test")
    }

    #[test]
    fn every_source_writes_the_same_fields() {
        let instance =
            r#"{"Code": "Success", "AccessKeyId": "i", "SecretAccessKey": "canary", "Token": "t", "Expiration": "1970-01-01T00:01:00Z"}"#;
        let program = r#"{"Version": 1, "AccessKeyId": "i", "SecretAccessKey": "canary", "SessionToken": "t", "Expiration": "1970-01-01T00:01:00+00:00"}"#;
        let sign_on = r#"{"accessKeyId": "i", "secretAccessKey": "canary", "sessionToken": "t", "expiration": 60999}"#;
        for text in [instance, program, sign_on] {
            let credential = read(text).unwrap();
            assert_eq!(
                (credential.id.as_str(), credential.secret.expose(), credential.expires),
                ("i", &b"canary"[..], Some(Timestamp(60)))
            );
            assert!(credential.gives_away("x canary y") && credential.gives_away("t") && !credential.gives_away("i"));
            assert!(!format!("{credential:?}").contains("canary"));
        }
        let plain = read(r#"{"AccessKeyId": "i", "SecretAccessKey": "s"}"#).unwrap();
        assert!(plain.session.is_none() && plain.expires.is_none());
        for none in ["{}", r#"{"AccessKeyId": "i"}"#, r#"{"AccessKeyId": "i", "SecretAccessKey": "s", "Expiration": "soon"}"#] {
            assert!(read(none).is_none(), "{none}");
        }
    }
}
