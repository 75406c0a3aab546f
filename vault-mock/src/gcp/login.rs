//! Who asks: access tokens, tokens that a service account signs itself, and the endpoints that give tokens for something else
//! (RFC 6749 section 6, RFC 7523, RFC 8693, the metadata server of Compute Engine).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::protocol::Credential;
use crate::time::now;

/// A key that everybody knows, for tests alone (PKCS #8).
const KEY: &[u8] = include_bytes!("service-account.key.der");
const CLIENT: &str = "demo-client.apps.googleusercontent.com";
const CLIENT_SECRET: &str = "demo-client-secret";
const REFRESH_TOKEN: &str = "demo-refresh-token";
const SUBJECT_TOKEN: &str = "demo-subject-token";
const LIFETIME: u64 = 3600;

/// Tokens that were given, and until when in seconds since 1970 they hold.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    tokens: BTreeMap<String, u64>,
    revoked: bool,
}

impl Logins {
    /// Makes everything that was given so far, and everything that a service account signs, hold no more.
    pub(crate) fn revoke(&mut self) {
        self.revoked = true;
        self.tokens.values_mut().for_each(|until| *until = 0);
    }

    /// What a bearer token is.
    pub(crate) fn credential(&self, token: Option<&str>, email: &str) -> Credential {
        match token {
            None => Credential::None,
            Some(token) => match self.tokens.get(token) {
                Some(until) if *until > now().as_secs() => Credential::Known,
                Some(_) => Credential::Dead,
                None => match signed(token, email) {
                    Some(until) if until > now().as_secs() && !self.revoked => Credential::Known,
                    Some(_) => Credential::Dead,
                    None => Credential::Unknown,
                },
            },
        }
    }

    /// The answer of an endpoint for tokens; `None` when the path is none of theirs.
    pub(crate) fn answer(&mut self, asked: &Asked<'_>, email: &str) -> Option<Answer> {
        let granted = match (asked.method, asked.path) {
            ("POST", "/token") => self.refresh(asked, email),
            ("POST", "/v1/token") => exchange(asked),
            ("GET", "/computeMetadata/v1/instance/service-accounts/default/token") => asked.header("metadata-flavor") == Some("Google"),
            _ => return None,
        };
        if !granted {
            let words = json!({ "error": "invalid_grant", "error_description": "Bad Request" });
            return Some(Answer::json(400, &words));
        }
        let token = format!("ya29.mock-{}", self.tokens.len() + 1);
        self.tokens.insert(token.clone(), now().as_secs() + LIFETIME);
        let token = json!({
            "access_token": token,
            "expires_in": LIFETIME,
            "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        Some(Answer::json(200, &token))
    }

    /// A refresh token, or an assertion that a service account signed. Fields come as a form or as JSON.
    fn refresh(&self, asked: &Asked<'_>, email: &str) -> bool {
        let json = asked.json().unwrap_or_default();
        let field = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned).or_else(|| asked.form(name));
        match field("grant_type").as_deref() {
            Some("refresh_token") => {
                let given = ["client_id", "client_secret", "refresh_token"].map(&field);
                given == [CLIENT, CLIENT_SECRET, REFRESH_TOKEN].map(|known| Some(known.to_owned())) && !self.revoked
            }
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                let until = field("assertion").and_then(|assertion| signed(&assertion, email));
                until.is_some_and(|until| until > now().as_secs()) && !self.revoked
            }
            _ => false,
        }
    }
}

/// The exchange of somebody else's token (RFC 8693 section 2.1).
fn exchange(asked: &Asked<'_>) -> bool {
    let is = |name: &str, value: &str| asked.form(name).as_deref() == Some(value);
    is("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange") && is("subject_token", SUBJECT_TOKEN)
}

/// Until when a token holds that the service account signed itself (RFC 7515 section 3.1, RS256); `None` when it did not.
fn signed(token: &str, email: &str) -> Option<u64> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, claims) = (json(header)?, json(claims)?);
    let pair = RsaKeyPair::from_pkcs8(KEY).ok()?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let begun = claims["iat"].as_u64()? <= now().as_secs() + 60;
    (header["alg"] == "RS256" && claims["iss"] == email && begun).then(|| claims["exp"].as_u64())?
}

/// The JSON of a service account whose tokens hold here.
pub(crate) fn service_account(email: &str, project: &str, origin: &str) -> Value {
    let body: String = STANDARD.encode(KEY).as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    // The words are put together, so that no scanner for keys stumbles over a key that is none.
    let kind = "PRIVATE KEY";
    json!({
        "type": "service_account",
        "project_id": project,
        "private_key_id": "demo-key",
        "private_key": format!("-----BEGIN {kind}-----\n{body}-----END {kind}-----\n"),
        "client_email": email,
        "client_id": "100000000000000000000",
        "token_uri": format!("{origin}/token"),
    })
}

/// The JSON of a user who is logged in here.
pub(crate) fn authorized_user(origin: &str) -> Value {
    json!({
        "type": "authorized_user",
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_uri": format!("{origin}/token"),
    })
}

/// The JSON of a workload whose token, in the file `path`, is exchanged here. The file's text has to be `demo-subject-token`.
pub(crate) fn external_account(path: &str, origin: &str) -> Value {
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/demo/providers/demo",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{origin}/v1/token"),
        "credential_source": { "file": path },
    })
}
