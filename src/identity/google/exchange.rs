//! A question to a service of Google's that gives out tokens.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use serde_json::json;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::identity::ToolEnvironment;
use crate::identity::bearer::authorization;
use crate::identity::google::field::unusable;
use crate::identity::google::refusal::Granting;
use crate::identity::token_service;
use crate::identity::token_service::TokenService;
use crate::secret::Secret;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::http::Reply;
use crate::service::http::Transport;
use crate::service::http::safe;
use crate::service::json::Json;

/// What tokens are asked for.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long a token lasts that is signed or asked for here, in seconds.
pub(super) const LIFE: i64 = 3600;

/// What a login needs besides the credentials.
#[derive(Debug)]
pub(crate) struct LoginParts {
    /// The variables of Google's own tools.
    pub(crate) environment: Arc<ToolEnvironment>,
    /// Whether credentials that are given may name an address of this machine, as a stand-in for Google.
    pub(crate) local: bool,
    /// The way to Google.
    pub(crate) transport: Transport,
    /// Counts the requests.
    pub(crate) meter: Arc<Meter>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// A token and its end.
pub(super) type TokenWithEnd = (Secret, Option<Timestamp>);

/// The exchanges of one fetch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) parts: &'a LoginParts,
    pub(super) until: Instant,
}

impl Exchange<'_> {
    /// A token of the service account that `url` names, for another token that may ask for it.
    pub(super) async fn impersonated(self, url: &str, delegates: &[String], token: &Secret) -> Result<TokenWithEnd, ServiceError> {
        let body = json!({"scope": [SCOPE], "lifetime": format!("{LIFE}s"), "delegates": delegates});
        let call = Call::post(address(url)?, "application/json", Secret::new(body.to_string().into_bytes()));
        let value = authorization(token).map(|value| Secret::copy_of(value.as_bytes()));
        let call = value.and_then(|value| call.with_secret(AUTHORIZATION, &value));
        self.granted(call.ok_or_else(|| unusable("give a token that cannot be sent"))?, Granting::Impersonation).await
    }

    /// The token in the answer to `call`.
    pub(super) async fn granted(self, call: Call, granting: Granting) -> Result<TokenWithEnd, ServiceError> {
        let reply = self.ask(&call, granting.name()).await.map_err(|error| granting.failed(error))?;
        if reply.status != 200 {
            return Err(granting.refused(&reply));
        }
        let json = Json::parse(reply.body.expose()).ok();
        let (token, expires) = match granting {
            Granting::Impersonation => (
                json.and_then(|json| token_service::token(json, "accessToken")),
                json.and_then(|json| Timestamp::from_rfc3339(&json.get("expireTime")?.text()?)),
            ),
            Granting::Token | Granting::Metadata => (
                json.and_then(|json| token_service::token(json, "access_token")),
                json.and_then(|json| token_service::expiry(json, &*self.parts.clock)),
            ),
        };
        Ok((token.ok_or_else(|| granting.senseless())?, expires))
    }

    /// The answer to `call`, whatever its status.
    pub(super) async fn ask(self, call: &Call, name: &'static str) -> Result<Reply, ServiceError> {
        let service = TokenService { name, transport: &self.parts.transport, meter: &self.parts.meter, attempts: token_service::ATTEMPTS };
        service.ask(call, self.until).await
    }
}

/// `POST url` with a form.
pub(super) fn form(url: &str, fields: &[(&str, &[u8])]) -> Result<Call, ServiceError> {
    Ok(Call::post(address(url)?, "application/x-www-form-urlencoded", token_service::form(fields)))
}

/// An address that a credential may be sent to.
fn address(url: &str) -> Result<Url, ServiceError> {
    let checked = Url::parse(url).map_err(|_| "it is not a URL".to_owned()).and_then(|url| safe(&url).map(|()| url));
    checked.map_err(|reason| unusable(&format!("name an address that cannot be used: {reason}")))
}
