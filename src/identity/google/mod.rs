//! Tokens of Google Cloud: the JSON that the settings give, or application default credentials
//! (docs.cloud.google.com/docs/authentication/application-default-credentials).

mod credentials;
mod exchange;
mod external;
mod field;
#[cfg(test)]
mod fuzz;
mod refusal;
mod trusted;
mod who;

pub(crate) use exchange::LoginParts;
pub(crate) use who::Who;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use serde_json::json;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::identity::bearer::Bearer;
use crate::identity::file;
use crate::identity::google::credentials::Credentials;
use crate::identity::google::credentials::TokenSource;
use crate::identity::google::exchange::Exchange;
use crate::identity::google::exchange::LIFE;
use crate::identity::google::exchange::SCOPE;
use crate::identity::google::exchange::TokenWithEnd;
use crate::identity::google::exchange::form;
use crate::identity::google::field::unusable;
use crate::identity::google::refusal::Granting;
use crate::identity::google::refusal::no_metadata_server;
use crate::identity::renewal;
use crate::identity::token_cache::CachedToken;
use crate::identity::token_cache::Granted;
use crate::identity::token_cache::TokenCache;
use crate::identity::token_service;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::Reply;
use crate::service::json::Json;

/// A token is renewed so long before its end.
const MARGIN: Duration = Duration::from_mins(4);
/// How far the clocks of two machines may differ, in seconds.
const SKEW: i64 = 10;
/// The metadata server, which is `metadata.google.internal`: its address is that of this machine's network alone, and no proxy's.
const METADATA: &str = "169.254.169.254";
const USER_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// A login: the JSON that it is made from, or application default credentials.
pub(crate) struct Login {
    given: Option<Secret>,
    parts: LoginParts,
    tokens: TokenCache<Bearer>,
}

impl Login {
    /// Sets up who asks; nothing is read or sent.
    pub(crate) fn new(given: Option<Secret>, parts: LoginParts) -> Self {
        Self { given, parts, tokens: TokenCache::new(MARGIN) }
    }

    /// Whether a fetch needs no request first: there is a token, or it is made here.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_local() || self.tokens.is_ready(Instant::now())
    }

    /// Whether tokens are made here, so that another one would fare no better.
    pub(crate) fn is_local(&self) -> bool {
        let is_local =
            |json: &Secret| Json::parse(json.expose()).is_ok_and(|json| json.get("type").is_some_and(|kind| kind.is("service_account")));
        self.given.as_ref().is_some_and(is_local)
    }

    /// A token for a fetch that ends at `until`, other than the `rejected` one.
    pub(crate) async fn token(&self, rejected: Option<&CachedToken<Bearer>>, until: Instant) -> Result<CachedToken<Bearer>, ServiceError> {
        self.tokens.get(rejected, until, self.obtain(until)).await
    }

    /// Who asks.
    pub(crate) async fn who(&self, until: Instant) -> Result<Who, ServiceError> {
        let token = self.token(None, until).await?;
        Ok(Who::of(self.credentials()?.source.words(), self.given.is_some(), &token))
    }

    /// Forgets the token.
    pub(crate) fn forget(&self) {
        self.tokens.clear();
    }

    async fn obtain(&self, until: Instant) -> Result<Granted<Bearer>, ServiceError> {
        let credentials = self.credentials()?;
        let exchange = Exchange { parts: &self.parts, until };
        let (text, expires) = token(exchange, &credentials.source).await?;
        let bearer = Bearer::new(text, expires).ok_or_else(|| {
            let reason = "the token for Google has characters that a token cannot have";
            ServiceError::new(ServiceFault::Unauthenticated, reason, "check the credentials")
        })?;
        let project = self.parts.environment.text("GOOGLE_CLOUD_QUOTA_PROJECT").or(credentials.quota_project.as_deref());
        let header = project.and_then(|project| HeaderValue::from_str(project).ok());
        let bearer = match header {
            Some(value) => bearer.with(USER_PROJECT, value),
            None => bearer,
        };
        let ends = expires.and_then(|expires| token_service::moment(expires, &*self.parts.clock));
        Ok(Granted { token: bearer, ends })
    }

    /// The credentials that are given, those of a file, or the metadata server's.
    fn credentials(&self) -> Result<Credentials, ServiceError> {
        if let Some(json) = &self.given {
            trusted::check(json, self.parts.local)?;
            return Credentials::read(json);
        }
        let environment = &self.parts.environment;
        let named = environment.text("GOOGLE_APPLICATION_CREDENTIALS").map(Into::into);
        let usual = || {
            let folder = environment.text("CLOUDSDK_CONFIG").map(Into::into).or_else(|| environment.at_home(".config/gcloud"))?;
            Some(folder.join("application_default_credentials.json")).filter(|path| path.is_file())
        };
        match named.or_else(usual) {
            Some(path) => {
                let json =
                    file::read(&path).map_err(|reason| unusable(&format!("in `{}` cannot be used: the file {reason}", path.display())))?;
                Credentials::read(&json)
            }
            None => Ok(Credentials::of_metadata_server()),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// A token by `source`.
async fn token(exchange: Exchange<'_>, source: &TokenSource) -> Result<TokenWithEnd, ServiceError> {
    match source {
        TokenSource::ServiceAccount { email, key_id, signer } => {
            let now = exchange.parts.clock.now().0;
            let claims = json!({"iss": email, "sub": email, "scope": SCOPE, "iat": now - SKEW, "exp": now + LIFE});
            let header = json!({"alg": "RS256", "typ": "JWT", "kid": key_id});
            let signed = signer.sign(&header, &claims).ok_or_else(|| unusable("have a private key that cannot be used"))?;
            Ok((signed, Some(Timestamp(now + LIFE))))
        }
        TokenSource::User { token_uri, client_id, client_secret, refresh_token } => {
            let fields = [
                ("grant_type", &b"refresh_token"[..]),
                ("client_id", client_id.as_bytes()),
                ("client_secret", client_secret.expose()),
                ("refresh_token", refresh_token.expose()),
            ];
            exchange.granted(form(token_uri, &fields)?, Granting::Token).await
        }
        TokenSource::External(external) => {
            let own = external.token(exchange).await?;
            match &external.impersonation_url {
                Some(url) => exchange.impersonated(url, &[], &own.0).await,
                None => Ok(own),
            }
        }
        TokenSource::Impersonated { url, delegates, source } => {
            let (own, _) = Box::pin(token(exchange, source)).await?;
            exchange.impersonated(url, delegates, &own).await
        }
        TokenSource::MetadataServer => {
            let host = exchange.parts.environment.text("GCE_METADATA_HOST").unwrap_or(METADATA);
            let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}");
            let url = Url::parse(&url).map_err(|_| no_metadata_server())?;
            let call = Call::get(url).with(HeaderName::from_static("metadata-flavor"), "Google");
            exchange.granted(call, Granting::Metadata).await
        }
    }
}

#[async_trait]
impl renewal::Login for Login {
    type Token = Bearer;

    async fn token(&self, rejected: Option<&CachedToken<Bearer>>, until: Instant) -> Result<CachedToken<Bearer>, ServiceError> {
        Self::token(self, rejected, until).await
    }

    fn is_rejected(&self, _: &Bearer, reply: &Reply) -> bool {
        reply.status == 401 && !self.is_local()
    }
}
