//! The token that every request carries: asked for once for each audience, whoever asks meanwhile waits, and kept until shortly before its end.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CloudConfiguration;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_core::http::ExponentialRetryOptions;
use azure_core::http::HttpClient;
use azure_core::http::RetryOptions;
use azure_identity::AzureCliCredential;
use azure_identity::AzureCliCredentialOptions;
use azure_identity::ClientAssertionCredential;
use azure_identity::ClientAssertionCredentialOptions;
use azure_identity::ClientSecretCredential;
use azure_identity::ClientSecretCredentialOptions;
use azure_identity::ManagedIdentityCredential;
use azure_identity::ManagedIdentityCredentialOptions;
use azure_identity::UserAssignedId;
use reqwest::Request;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;
use crate::service::http::Transport;
use crate::vault::azure::assertion::Certificate;
use crate::vault::azure::assertion::Foreign;
use crate::vault::azure::channel::Channel;
use crate::vault::azure::cli::Cli;
use crate::vault::azure::note::Note;
use crate::vault::azure::settings::Credential;

/// A token is not used any more so many seconds before its end, as `azure_identity` has it.
const MARGIN: i64 = 300;

/// Who asks, and the token that shows it.
pub(super) struct Login {
    source: Arc<dyn TokenCredential>,
    words: String,
    tenant: Option<String>,
    note: Arc<Note>,
    held: Mutex<Option<Arc<Token>>>,
    clock: Arc<dyn Clock>,
}

/// A token.
#[derive(Debug)]
pub(super) struct Token {
    text: Secret,
    scope: String,
    /// When it ends.
    pub(super) expires: Timestamp,
}

/// Where tokens come from, and what the way there needs.
#[derive(Debug)]
pub(super) struct Gatehouse<'a> {
    /// The authority.
    pub(super) authority: &'a str,
    /// The audience of other issuers' tokens.
    pub(super) exchange: &'static str,
    pub(super) transport: &'a Transport,
    pub(super) meter: Arc<Meter>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Login {
    /// Sets up who asks; nothing is sent.
    ///
    /// # Errors
    /// An authority, a tenant or a credential that cannot be used.
    pub(super) fn new(credential: Credential, house: Gatehouse<'_>) -> Result<Self, ServiceError> {
        let Gatehouse { authority, exchange, transport, meter, entropy, clock } = house;
        let bad = |reason: String, next: &str| ServiceError::new(ServiceFault::Unauthenticated, reason, next);
        let base = Base::new(authority)
            .map_err(|reason| bad(format!("the authority's address cannot be used: {reason}"), "correct the authority"))?;
        let url = base.url().clone();
        if url.path() != "/" {
            return Err(bad("the authority's address cannot be used: it has a path".to_owned(), "give it without the tenant"));
        }
        let (note, words) = (Arc::<Note>::default(), credential.words());
        let managed = matches!(credential, Credential::ManagedIdentity { .. });
        let channel = Channel::new((!managed).then(|| url.clone()), transport, Arc::clone(&note), meter)?;
        let options = || options(&url, Arc::new(channel));
        let tenant = match &credential {
            Credential::ClientSecret { tenant, client, .. }
            | Credential::ClientCertificate { tenant, client, .. }
            | Credential::Federated { tenant, client, .. } => {
                if client.is_empty() || !client.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(bad(
                        "the client's id is empty or has characters that no id has".to_owned(),
                        "give the application's client id",
                    ));
                }
                Some(tenant.clone())
            }
            Credential::AzureCli { tenant } => tenant.clone(),
            Credential::ManagedIdentity { .. } => None,
        };
        if tenant.as_ref().is_some_and(|tenant| {
            tenant.is_empty() || !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        }) {
            return Err(bad("the tenant is empty or has characters that no tenant has".to_owned(), "give the tenant's id or domain"));
        }
        // What remains to go wrong was checked above.
        let unusable = |_: azure_core::Error| bad(format!("{words} cannot be used"), "check the credential in the project file");
        let source: Arc<dyn TokenCredential> = match credential {
            Credential::ClientSecret { tenant, client, secret } => {
                let Some(text) = secret.expose_text().map(str::trim).filter(|text| !text.is_empty()) else {
                    return Err(bad("the client secret is empty or no text".to_owned(), "give the client secret's value"));
                };
                let secret = azure_core::credentials::Secret::new(text.to_owned());
                let options = ClientSecretCredentialOptions { client_options: options() };
                ClientSecretCredential::new(&tenant, client, secret, Some(options)).map_err(unusable)?
            }
            Credential::ClientCertificate { tenant, client, pem } => {
                let endpoint = format!("{}{tenant}/oauth2/v2.0/token", url.as_str());
                let certificate = Certificate::new(&pem, &client, endpoint, Arc::clone(&clock), entropy)?;
                let options = ClientAssertionCredentialOptions { client_options: options() };
                ClientAssertionCredential::new(tenant, client, certificate, Some(options)).map_err(unusable)?
            }
            Credential::Federated { tenant, client, token } => {
                let foreign = Foreign { token, audience: exchange, note: Arc::clone(&note) };
                let options = ClientAssertionCredentialOptions { client_options: options() };
                ClientAssertionCredential::new(tenant, client, foreign, Some(options)).map_err(unusable)?
            }
            Credential::ManagedIdentity { client } => {
                let user_assigned_id = client.map(UserAssignedId::ClientId);
                let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options: options() };
                ManagedIdentityCredential::new(Some(options)).map_err(|_| {
                    let reason = "the managed identity of this kind of machine is not supported".to_owned();
                    bad(reason, "choose another credential")
                })?
            }
            Credential::AzureCli { tenant } => {
                let executor: Arc<dyn azure_identity::Executor> = Arc::new(Cli { note: Arc::clone(&note) });
                let options =
                    AzureCliCredentialOptions { tenant_id: tenant, executor: Some(executor), ..AzureCliCredentialOptions::default() };
                AzureCliCredential::new(Some(options)).map_err(unusable)?
            }
        };
        Ok(Self { source, words, tenant, note, held: Mutex::default(), clock })
    }

    /// Who asks, for a message.
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// The tenant that was given.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether the next request needs a new token first.
    pub(super) fn is_out(&self) -> bool {
        self.held.try_lock().is_ok_and(|held| !held.as_ref().is_some_and(|token| self.lasts(token)))
    }

    /// A token for `scope`, by `until`.
    pub(super) async fn token(&self, scope: &str, until: Instant) -> Result<Arc<Token>, ServiceError> {
        let late = || {
            let before = self.note.take().map(|error| format!("; before that: {}", error.reason)).unwrap_or_default();
            let reason = format!("{} got no token in time{before}", self.words);
            ServiceError::new(ServiceFault::Unavailable, reason, "check the network, or allow more time")
        };
        let obtain = async {
            let mut held = self.held.lock().await;
            if let Some(token) = held.as_ref().filter(|token| token.scope == scope && self.lasts(token)) {
                return Ok(Arc::clone(token));
            }
            drop(self.note.take());
            let given = self.source.get_token(&[scope], None).await.map_err(|_| {
                self.note.take().unwrap_or_else(|| {
                    let reason = format!("{} got an answer that is no token", self.words);
                    ServiceError::new(ServiceFault::Unauthenticated, reason, "check the authority's address")
                })
            })?;
            let text = Secret::copy_of(given.token.secret().as_bytes());
            if text.is_empty() || !text.expose().iter().all(u8::is_ascii_graphic) {
                let reason = format!("{} got a token with characters that no token has", self.words);
                return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "check the authority's address"));
            }
            let token = Arc::new(Token { text, scope: scope.to_owned(), expires: Timestamp(given.expires_on.unix_timestamp()) });
            *held = Some(Arc::clone(&token));
            Ok(token)
        };
        timeout_at(until, obtain).await.unwrap_or_else(|_| Err(late()))
    }

    /// Forgets the token. The copy in the crate's own cache lasts as long as this login.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }

    fn lasts(&self, token: &Token) -> bool {
        token.expires.0 > self.clock.now().0 + MARGIN
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("words", &self.words).finish_non_exhaustive()
    }
}

/// What all credentials have in common: our channel, few attempts, and the authority.
fn options(authority: &Url, channel: Arc<dyn HttpClient>) -> ClientOptions {
    let mut written = authority.clone();
    // The crate takes https only; the channel puts it right for an authority on the loopback.
    if written.scheme() == "http" {
        let port = written.port_or_known_default();
        written.set_scheme("https").unwrap_or_default();
        written.set_port(port).unwrap_or_default();
    }
    let mut custom = CustomConfiguration::default();
    written.as_str().clone_into(&mut custom.authority_host);
    let retry = ExponentialRetryOptions { max_retries: 3, ..ExponentialRetryOptions::default() };
    ClientOptions {
        transport: Some(azure_core::http::Transport::new(channel)),
        retry: RetryOptions::exponential(retry),
        cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
        ..ClientOptions::default()
    }
}

impl Token {
    /// The token itself.
    pub(super) fn text(&self) -> &Secret {
        &self.text
    }
}

/// Without a token, to see what the vault asks for.
#[derive(Debug)]
pub(super) struct Nobody;

#[async_trait]
impl Protocol for Nobody {
    async fn sign(&self, _: &mut Request, _: Instant) -> Result<(), ServiceError> {
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, _: &str) -> bool {
        false
    }
}

#[async_trait]
impl Protocol for Token {
    async fn sign(&self, request: &mut Request, _: Instant) -> Result<(), ServiceError> {
        let mut value = SecretBuffer::with_capacity(self.text.len() + 7);
        value.extend(b"Bearer ");
        value.extend(self.text.expose());
        let mut value = HeaderValue::from_bytes(value.expose()).unwrap_or_else(|_| unreachable!("the token was checked"));
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, text: &str) -> bool {
        self.text.expose_text().is_some_and(|token| text.contains(token))
    }
}
