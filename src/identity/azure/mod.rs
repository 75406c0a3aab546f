//! Tokens of Microsoft Entra ID for the services of Azure.

mod certificate;
mod cli;
mod credential;
mod entra;
mod managed;
mod parts;

pub use credential::Credential;
pub(crate) use parts::LoginParts;

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::identity::azure::certificate::Certificate;
use crate::identity::bearer::Bearer;
use crate::identity::id_token::IdToken;
use crate::identity::token_cache::CachedToken;
use crate::identity::token_cache::Granted;
use crate::identity::token_cache::TokenCache;
use crate::identity::token_service;
use crate::identity::token_service::TokenService;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::Reply;
use crate::service::json::Json;

/// A token is renewed so long before its end, as Azure's own clients do.
const MARGIN: Duration = Duration::from_mins(5);
/// How messages name Entra ID.
const ENTRA: &str = "the login service";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who asks, and the token that shows it.
pub(crate) struct Login {
    source: TokenSource,
    words: String,
    tenant: Option<String>,
    parts: LoginParts,
    tokens: TokenCache<Bearer>,
}

/// Where tokens come from.
enum TokenSource {
    /// Entra ID, by something that an application shows.
    Application { endpoint: Url, client: String, proof: Proof },
    /// The machine's own service.
    Managed { client: Option<String> },
    /// The program `az`.
    Cli { tenant: Option<String> },
}

/// What an application shows.
enum Proof {
    Secret(Secret),
    Certificate(Certificate),
    Token(IdToken),
}

impl Login {
    /// Sets up who asks; nothing is sent.
    ///
    /// # Errors
    /// An authority, a tenant or a credential that cannot be used.
    pub(crate) fn new(credential: Credential, parts: LoginParts) -> Result<Self, ServiceError> {
        let bad = |reason: String, next: &str| ServiceError::new(ServiceFault::Unauthenticated, reason, next);
        let base = Base::new(&parts.authority)
            .map_err(|reason| bad(format!("the authority's address cannot be used: {reason}"), "correct the authority"))?;
        if base.url().path() != "/" {
            return Err(bad("the authority's address cannot be used: it has a path".to_owned(), "give it without the tenant"));
        }
        if credential.client().is_some_and(|client| client.is_empty() || !client.bytes().all(|byte| byte.is_ascii_graphic())) {
            let reason = "the client's id is empty or has characters that an id cannot have";
            return Err(bad(reason.to_owned(), "give the application's client id"));
        }
        let fits =
            |tenant: &str| !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if credential.tenant().is_some_and(|tenant| !fits(tenant)) {
            let reason = "the tenant is empty or has characters that a tenant cannot have";
            return Err(bad(reason.to_owned(), "give the tenant's id or domain"));
        }
        let (words, tenant) = (credential.words(), credential.tenant().map(str::to_owned));
        let endpoint = |tenant: &str| {
            base.place(&[tenant, "oauth2", "v2.0", "token"], None)
                .map_err(|_| bad("the tenant cannot be used".to_owned(), "give the tenant's id or domain"))
        };
        let source = match credential {
            Credential::ClientSecret { tenant, client, secret } => {
                let Some(text) = secret.expose_text().map(str::trim).filter(|text| !text.is_empty()) else {
                    return Err(bad("the client secret is empty or not text".to_owned(), "give the client secret's value"));
                };
                let proof = Proof::Secret(Secret::copy_of(text.as_bytes()));
                TokenSource::Application { endpoint: endpoint(&tenant)?, client, proof }
            }
            Credential::ClientCertificate { tenant, client, pem } => {
                let proof = Proof::Certificate(Certificate::new(&pem)?);
                TokenSource::Application { endpoint: endpoint(&tenant)?, client, proof }
            }
            Credential::Federated { tenant, client, token } => {
                TokenSource::Application { endpoint: endpoint(&tenant)?, client, proof: Proof::Token(token) }
            }
            Credential::ManagedIdentity { client } => {
                managed::check(&parts.environment)?;
                TokenSource::Managed { client }
            }
            Credential::AzureCli { tenant } => TokenSource::Cli { tenant },
        };
        Ok(Self { source, words, tenant, parts, tokens: TokenCache::new(MARGIN) })
    }

    /// Who asks, for a message.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// The tenant that was given.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether a fetch that ends at `until` needs no new token first.
    pub(crate) fn is_ready(&self, until: Instant) -> bool {
        self.tokens.is_ready(until)
    }

    /// A token for `scope`, which is always the same, for a fetch that ends at `until`.
    pub(crate) async fn token(
        &self,
        scope: &str,
        rejected: Option<&CachedToken<Bearer>>,
        until: Instant,
    ) -> Result<CachedToken<Bearer>, ServiceError> {
        self.tokens.get(rejected, until, self.obtain(scope, until)).await
    }

    /// Forgets the token.
    pub(crate) fn forget(&self) {
        self.tokens.clear();
    }

    async fn obtain(&self, scope: &str, until: Instant) -> Result<Granted<Bearer>, ServiceError> {
        let (text, expires) = match &self.source {
            TokenSource::Application { endpoint, client, proof } => {
                let reply = self.of_entra(endpoint, client, proof, scope, until).await?;
                self.granted(&reply)?
            }
            TokenSource::Managed { client } => self.granted(&managed::token(&self.parts, client.as_deref(), scope, until).await?)?,
            TokenSource::Cli { tenant } => cli::token(scope, tenant.as_deref()).await?,
        };
        let token = Bearer::new(text, expires).ok_or_else(|| {
            let reason = format!("the token for {} has characters that a token cannot have", self.words);
            ServiceError::new(ServiceFault::Unauthenticated, reason, "check the authority's address")
        })?;
        let ends = expires.and_then(|expires| token_service::moment(expires, &*self.parts.clock));
        Ok(Granted { token, ends })
    }

    /// The answer of Entra ID with a token.
    async fn of_entra(&self, endpoint: &Url, client: &str, proof: &Proof, scope: &str, until: Instant) -> Result<Reply, ServiceError> {
        let assertion = match proof {
            Proof::Secret(_) => None,
            Proof::Certificate(certificate) => Some(certificate.assertion(client, endpoint, &*self.parts.clock, &*self.parts.entropy)?),
            Proof::Token(token) => Some(token.obtain(self.parts.audience).await?),
        };
        let mut fields = vec![("grant_type", &b"client_credentials"[..]), ("client_id", client.as_bytes()), ("scope", scope.as_bytes())];
        if let Proof::Secret(secret) = proof {
            fields.push(("client_secret", secret.expose()));
        }
        if let Some(assertion) = &assertion {
            fields.extend([("client_assertion_type", ASSERTION.as_bytes()), ("client_assertion", assertion.expose())]);
        }
        let body = token_service::form(&fields);
        let call = Call::post(endpoint.clone(), "application/x-www-form-urlencoded", body.duplicate());
        let LoginParts { transport, meter, .. } = &self.parts;
        let service = TokenService { name: ENTRA, transport, meter, attempts: token_service::ATTEMPTS };
        let reply = service.ask(&call, until).await?;
        if reply.status == 200 { Ok(reply) } else { Err(entra::refusal(&reply, ENTRA, body.expose())) }
    }

    /// The token in an answer, and its end.
    fn granted(&self, reply: &Reply) -> Result<(Secret, Option<Timestamp>), ServiceError> {
        let json = Json::parse(reply.body.expose()).ok();
        let token = json.and_then(|json| token_service::token(json, "access_token"));
        let expires = json.and_then(|json| token_service::expiry(json, &*self.parts.clock));
        token.map(|token| (token, expires)).ok_or_else(|| {
            let reason = format!("the answer for {} does not contain a token", self.words);
            ServiceError::new(ServiceFault::Unauthenticated, reason, "check the authority's address")
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("words", &self.words).finish_non_exhaustive()
    }
}
