//! Entra ID: tokens for applications (OAuth 2.0 client credentials, RFC 6749 section 4.4) and for managed identities.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::azure::assertion::{self, Assertion};
use crate::azure::seed::{Client, Federated};
use crate::protocol::Credential;
use crate::time;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A tenant with its applications and the tokens that it gave out.
#[derive(Debug)]
pub(crate) struct Entra {
    pub(crate) tenant: String,
    pub(crate) clients: Vec<Client>,
    lasts: u64,
    issued: BTreeMap<String, Issued>,
    serial: u64,
}

#[derive(Debug)]
struct Issued {
    client: usize,
    audience: String,
    expires: u64,
    revoked: bool,
}

/// Why there is no token: a status, the error of OAuth 2.0, and Entra ID's number.
type Refusal = (u16, &'static str, u32, String);

impl Entra {
    pub(crate) fn new(tenant: String, clients: Vec<Client>, lasts: u64) -> Self {
        Self { tenant, clients, lasts, issued: BTreeMap::new(), serial: 0 }
    }

    /// Answers `POST /TENANT/oauth2/v2.0/token`.
    pub(crate) fn login(&mut self, asked: &Asked<'_>, tenant: &str, resource: &str) -> Answer {
        match self.client(asked, tenant, resource) {
            Ok(client) => {
                let token = self.issue(client, resource);
                Answer::json(
                    200,
                    &json!({"token_type": "Bearer", "expires_in": self.lasts, "ext_expires_in": self.lasts, "access_token": token}),
                )
            }
            Err((status, error, number, words)) => refusal(status, error, number, &words),
        }
    }

    /// Answers the metadata service and the endpoint of App Service, for the first application.
    pub(crate) fn managed(&mut self, asked: &Asked<'_>) -> Answer {
        let marked = asked.header("metadata") == Some("true") || asked.header("x-identity-header").is_some();
        let known = asked.parameter("client_id").is_none_or(|id| self.clients[0].id == id);
        let Some(resource) = asked.parameter("resource").filter(|_| marked && known) else {
            return Answer::json(400, &json!({"error": "invalid_request", "error_description": "Identity not found"}));
        };
        let token = self.issue(0, &resource);
        let expires = (time::now().as_secs() + self.lasts).to_string();
        Answer::json(200, &json!({"access_token": token, "expires_on": expires, "resource": resource, "token_type": "Bearer"}))
    }

    /// What is thought of a token for `audience`, and whose it is.
    pub(crate) fn holder(&self, token: &str, audience: &str) -> (Credential, Option<&Client>) {
        match self.issued.get(token) {
            None => (Credential::Unknown, None),
            Some(issued) if issued.audience != audience => (Credential::Unknown, None),
            Some(issued) if issued.revoked || issued.expires <= time::now().as_secs() => (Credential::Dead, None),
            Some(issued) => (Credential::Known, Some(&self.clients[issued.client])),
        }
    }

    /// Ends all tokens so far.
    pub(crate) fn revoke(&mut self) {
        self.issued.values_mut().for_each(|issued| issued.revoked = true);
    }

    fn issue(&mut self, client: usize, audience: &str) -> String {
        self.serial += 1;
        let (now, id) = (time::now().as_secs(), &self.clients[client].id);
        let expires = now + self.lasts;
        let claims = json!({
            "aud": audience, "iss": format!("https://sts.windows.net/{}/", self.tenant), "tid": self.tenant, "appid": id,
            "oid": format!("oid-of-{id}"), "iat": now, "nbf": now, "exp": expires, "jti": self.serial.to_string(),
        });
        let token = assertion::unsigned(&claims);
        self.issued.insert(token.clone(), Issued { client, audience: audience.to_owned(), expires, revoked: false });
        token
    }

    fn client(&self, asked: &Asked<'_>, tenant: &str, resource: &str) -> Result<usize, Refusal> {
        let form = |name: &str| asked.form(name).unwrap_or_default();
        if !tenant.eq_ignore_ascii_case(&self.tenant) {
            return Err((
                400,
                "invalid_request",
                90002,
                format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."),
            ));
        }
        if asked.header("content-type").is_none_or(|kind| !kind.starts_with("application/x-www-form-urlencoded")) {
            return Err((
                400,
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'grant_type'.".to_owned(),
            ));
        }
        if form("grant_type") != "client_credentials" {
            return Err((400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.".to_owned()));
        }
        let id = form("client_id");
        let Some(index) = self.clients.iter().position(|client| client.id == id) else {
            let words = format!("Application with identifier '{id}' was not found in the directory '{tenant}'. It may not be installed.");
            return Err((400, "unauthorized_client", 700_016, words));
        };
        if form("scope") != format!("{resource}/.default") {
            return Err((
                400,
                "invalid_resource",
                500_011,
                format!("The resource principal named {} was not found in the tenant.", form("scope")),
            ));
        }
        let client = &self.clients[index];
        if form("client_assertion").is_empty() {
            let right = client.secret.is_some() && asked.form("client_secret") == client.secret;
            let words = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.";
            return if right { Ok(index) } else { Err((401, "invalid_client", 7_000_215, words.to_owned())) };
        }
        if form("client_assertion_type") != ASSERTION_TYPE {
            return Err((400, "invalid_request", 900_144, "The request body must contain 'client_assertion_type'.".to_owned()));
        }
        asserted(client, &form("client_assertion"), &format!("{}{}", asked.origin, asked.path)).map(|()| index)
    }
}

/// Whether an assertion speaks for `client`.
fn asserted(client: &Client, text: &str, endpoint: &str) -> Result<(), Refusal> {
    let invalid = |words: &str| (401, "invalid_client", 700_027, format!("Client assertion failed signature validation. {words}"));
    let assertion = Assertion::read(text).ok_or((400, "invalid_request", 50027, "JWT token is invalid or malformed.".to_owned()))?;
    let claim = |name: &str| assertion.claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = |name: &str| assertion.claims.get(name).and_then(Value::as_u64);
    let now = time::now().as_secs();
    if time("exp").is_none_or(|end| end <= now) || time("nbf").is_some_and(|start| start > now + 300) {
        return Err((401, "invalid_client", 700_024, "Client assertion is not within its valid time range.".to_owned()));
    }
    if let Some(Federated { issuer, subject, audience }) = &client.federated {
        if (claim("iss"), claim("sub"), claim("aud")) == (issuer, subject, audience) {
            return Ok(());
        }
        let words = format!("No matching federated identity record found for presented assertion subject '{}'.", claim("sub"));
        return Err((400, "invalid_request", 700_213, words));
    }
    let Some(certificate) = &client.certificate else { return Err(invalid("The client has no key.")) };
    // A proxy may have taken TLS off, and an emulator is known by other names.
    let right = claim("aud").split_once("://").map(|(_, place)| place) == endpoint.split_once("://").map(|(_, place)| place);
    match (claim("iss") == client.id && claim("sub") == client.id, right, claim("jti").is_empty()) {
        (true, true, false) => assertion.signed_by(certificate).map_err(invalid),
        _ => Err(invalid("The claims are not those of the client.")),
    }
}

/// Where a tenant's doors are (`OpenID` Connect Discovery 1.0 section 4): Microsoft's libraries ask before they log in.
pub(crate) fn discovery(origin: &str, tenant: &str) -> Answer {
    let base = format!("{origin}/{tenant}");
    let body = json!({
        "issuer": format!("{base}/v2.0"), "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"), "jwks_uri": format!("{base}/discovery/v2.0/keys"),
    });
    Answer::json(200, &body)
}

/// An error in Entra ID's form.
pub(crate) fn refusal(status: u16, error: &str, number: u32, words: &str) -> Answer {
    let trace = "00000000-0000-0000-0000-000000000000";
    let words = format!("AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {trace} Timestamp: {}", time::rfc3339(time::now()));
    let body = json!({"error": error, "error_description": words, "error_codes": [number], "trace_id": trace, "correlation_id": trace});
    Answer::json(status, &body)
}
