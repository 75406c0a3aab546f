//! The token that every request carries, from the crate `google-cloud-auth`. It is asked for when the first request needs one.

use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::sync::Mutex as Lock;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use google_cloud_auth::credentials::Builder;
use google_cloud_auth::credentials::CacheableResource;
use google_cloud_auth::credentials::Credentials;
use google_cloud_auth::credentials::external_account;
use google_cloud_auth::credentials::impersonated;
use google_cloud_auth::credentials::service_account;
use google_cloud_auth::credentials::user_account;
use google_cloud_auth::errors::CredentialsError;
use reqwest::Request;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderMap;
use rustls::crypto::ring;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;
use crate::service::http::is_loopback;
use crate::service::http::safe;
use crate::vault::gcp::kind::Kind;

/// What tokens are asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where credentials go, by what they say themselves.
const ADDRESSES: [&str; 3] = ["token_uri", "token_url", "service_account_impersonation_url"];
/// Who may be asked for a token by what the project's own file says.
const HOSTS: [&str; 2] = ["googleapis.com", "accounts.google.com"];
/// Ways to a workload's token that the project's own file may not name: a program, an address that is asked with headers of its own
/// choice, the machine's role at AWS.
const SOURCES: [&str; 3] = ["executable", "url", "environment_id"];
/// How often a token is asked for, and the wait after the first time; each further one is twice the last.
const ATTEMPTS: u32 = 3;
const BACKOFF: Duration = Duration::from_millis(250);
/// How long all of that may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a login that failed is not tried again: all that wait for it are told the same.
const GRUDGE: Duration = Duration::from_secs(5);

/// A login: the JSON that it is made from, or application default credentials.
pub(super) struct Login {
    given: Option<Secret>,
    state: Mutex<State>,
    /// The latest token, so that it is known when somebody says it.
    token: Lock<Option<Secret>>,
}

enum State {
    New,
    Open(Credentials),
    Failed(ServiceError, Instant),
}

impl Login {
    pub(super) fn new(given: Option<Secret>) -> Self {
        Self { given, state: Mutex::new(State::New), token: Lock::default() }
    }

    /// Whether tokens are made here, without a request.
    pub(super) fn is_local(&self) -> bool {
        self.given.as_ref().is_some_and(|json| read(json).is_ok_and(|json| json["type"] == "service_account"))
    }

    /// Forgets the login.
    pub(super) async fn close(&self) {
        *self.state.lock().await = State::New;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Logs in, and says who that is.
    pub(super) async fn who(&self, until: Instant) -> Result<Kind, ServiceError> {
        self.headers(until).await?;
        let state = self.state.lock().await;
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Open(credentials) => Ok(Kind::of(credentials, token.as_ref())),
            State::New | State::Failed(..) => Ok(Kind::default()),
        }
    }

    /// The headers that show who asks.
    async fn headers(&self, until: Instant) -> Result<HeaderMap, ServiceError> {
        let mut state = self.state.lock().await;
        if let State::Failed(error, when) = &*state
            && when.elapsed() < GRUDGE
        {
            return Err(error.clone());
        }
        let until = until.min(Instant::now() + PATIENCE);
        match self.attempts(&mut state, until).await {
            Ok(headers) => {
                let token = headers.get(AUTHORIZATION).map(|value| value.as_bytes().strip_prefix(b"Bearer ").unwrap_or(value.as_bytes()));
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token.map(Secret::copy_of);
                Ok(headers)
            }
            Err(error) => {
                *state = State::Failed(error.clone(), Instant::now());
                Err(error)
            }
        }
    }

    async fn attempts(&self, state: &mut State, until: Instant) -> Result<HeaderMap, ServiceError> {
        let mut attempt = 0;
        loop {
            let credentials = match state {
                State::Open(credentials) => credentials.clone(),
                State::New | State::Failed(..) => self.open()?,
            };
            *state = State::Open(credentials.clone());
            #[expect(clippy::default_trait_access, reason = "the type is of a crate that is not a direct dependency")]
            let outcome = timeout_at(until, credentials.headers(Default::default())).await;
            attempt += 1;
            let wait = BACKOFF * 2_u32.pow(attempt - 1);
            match outcome {
                Ok(Ok(CacheableResource::New { data, .. })) => return Ok(data),
                // What failed for once is kept by the crate for a while: only new credentials ask anew.
                Ok(Err(error)) if error.is_transient() && attempt < ATTEMPTS && Instant::now() + wait < until => {
                    *state = State::New;
                    sleep(wait).await;
                }
                Ok(Err(error)) => return Err(refused(&Kind::of(&credentials, None), Some(&error))),
                Ok(Ok(CacheableResource::NotModified)) | Err(_) => return Err(refused(&Kind::of(&credentials, None), None)),
            }
        }
    }

    fn open(&self) -> Result<Credentials, ServiceError> {
        // The crate's HTTP client speaks TLS by what the process has; the first to set it wins, and ring is all there is here.
        ring::default_provider().install_default().ok();
        let built = match &self.given {
            None => Builder::default().with_scopes([SCOPE]).build(),
            Some(json) => {
                let json = read(json)?;
                trusted(&json)?;
                match json["type"].as_str() {
                    Some("service_account") => {
                        let scopes = service_account::AccessSpecifier::from_scopes([SCOPE]);
                        service_account::Builder::new(json).with_access_specifier(scopes).build()
                    }
                    Some("authorized_user") => user_account::Builder::new(json).with_scopes([SCOPE]).build(),
                    Some("external_account") => external_account::Builder::new(json).with_scopes([SCOPE]).build(),
                    Some("impersonated_service_account") => impersonated::Builder::new(json).with_scopes([SCOPE]).build(),
                    _ => return Err(unusable("are of no known type")),
                }
            }
        };
        built.map_err(|error| match () {
            () if error.is_loading() => unusable("stand in a file that cannot be read"),
            () if error.is_parsing() => unusable("are not the JSON that they should be"),
            () if error.is_unknown_type() || error.is_not_supported() => unusable("are of no known type"),
            () => unusable("lack a field"),
        })
    }
}

/// The JSON of credentials.
fn read(json: &Secret) -> Result<Value, ServiceError> {
    serde_json::from_slice(json.expose()).map_err(|_| unusable("are not the JSON that they should be"))
}

/// Whether credentials that the project names ask for nothing that is not the project's to choose: whoever may change the file could have
/// any file of the machine sent anywhere, or any program run. At whatever depth, for one login can be the source of another.
fn trusted(json: &Value) -> Result<(), ServiceError> {
    let yours = "name the file in GOOGLE_APPLICATION_CREDENTIALS: that is for whoever runs this to say, and not for the project";
    match json {
        Value::Object(fields) => {
            let source = fields.get("credential_source").and_then(Value::as_object);
            if let Some(way) = SOURCES.iter().find(|way| source.is_some_and(|source| source.contains_key(**way))) {
                return Err(ServiceError { next: yours.to_owned(), ..unusable(&format!("of the project ask for a token by `{way}`")) });
            }
            let mut addresses = ADDRESSES.iter().filter_map(|key| fields.get(*key)?.as_str());
            if addresses.any(|address| Url::parse(address).is_err()) {
                return Err(unusable("name an address that cannot be used: it is no URL"));
            }
            fields.values().try_for_each(trusted)
        }
        Value::Array(list) => list.iter().try_for_each(trusted),
        Value::String(text) => {
            // As the crate's client will read it: `http:\\host` is an address too.
            let Some(url) = Url::parse(text).ok().filter(Url::has_host) else { return Ok(()) };
            safe(&url).map_err(|reason| unusable(&format!("name an address that cannot be used: {reason}")))?;
            let host = url.host_str().unwrap_or_default();
            let is_googles = HOSTS.iter().any(|known| host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
            if is_googles || is_loopback(host) {
                return Ok(());
            }
            Err(ServiceError { next: yours.to_owned(), ..unusable(&format!("of the project name {host}, which is not Google's")) })
        }
        _ => Ok(()),
    }
}

fn unusable(what: &str) -> ServiceError {
    let next = "give the JSON of a service account, a user's login or a workload's federation, as `gcloud` writes it";
    ServiceError::new(ServiceFault::Unauthenticated, format!("the Google credentials {what}"), next)
}

/// Why there is no token, in our words: the crate's own may hold what the server sent.
fn refused(kind: &Kind, error: Option<&CredentialsError>) -> ServiceError {
    if kind.is_metadata_server() {
        let reason = "there are no Google credentials here, and no metadata server gave a token";
        let next = "run `gcloud auth application-default login`, name a credentials file in GOOGLE_APPLICATION_CREDENTIALS, or run on \
                    Google Cloud with a service account";
        return ServiceError::new(ServiceFault::Unauthenticated, reason, next);
    }
    let Some(error) = error else {
        let reason = format!("no token for Google came within {} s", PATIENCE.as_secs());
        return ServiceError::new(ServiceFault::Unavailable, reason, "check the network, and the address in the credentials");
    };
    let status = causes(error).find_map(|cause| cause.downcast_ref::<reqwest::Error>()?.status()).map(|status| status.as_u16());
    let said = status.map(|status| format!(" (status {status})")).unwrap_or_default();
    if causes(error).any(|cause| cause.to_string().contains("invalid_grant")) {
        let reason = format!("the login at Google has expired or was revoked{said}");
        let next = "log in again, as with `gcloud auth application-default login`, or make a new key";
        return ServiceError::new(ServiceFault::Unauthenticated, reason, next);
    }
    match status {
        _ if error.is_transient() => {
            let reason = format!("no token could be had for Google{said}");
            ServiceError::new(ServiceFault::Unavailable, reason, "check the network, and try again later")
        }
        Some(_) => {
            let reason = format!("Google gave no token for these credentials{said}");
            ServiceError::new(ServiceFault::Unauthenticated, reason, "check the credentials, and what the identity provider allows")
        }
        None => {
            let reason = "no token can be made from the Google credentials";
            ServiceError::new(
                ServiceFault::Unauthenticated,
                reason,
                "check the private key, or the file or program that the credentials name",
            )
        }
    }
}

/// An error and what it is made of, outermost first.
fn causes(error: &CredentialsError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(Some(error as &(dyn Error + 'static)), |cause| (*cause).source())
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

#[async_trait]
impl Protocol for Login {
    async fn sign(&self, request: &mut Request, until: Instant) -> Result<(), ServiceError> {
        for (name, mut value) in self.headers(until).await? {
            let Some(name) = name else { continue };
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, text: &str) -> bool {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.as_ref().and_then(Secret::expose_text).is_some_and(|token| text.contains(token))
    }
}
