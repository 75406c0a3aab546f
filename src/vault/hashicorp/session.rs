//! One login for all requests of a run, made when it is needed and ended at the end.

use std::mem;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use tokio::time::Instant;

use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::identity::token_cache::CachedToken;
use crate::identity::token_cache::Granted;
use crate::identity::token_cache::TokenCache;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Reply;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::headers::Namespace;
use crate::vault::hashicorp::headers::Tokenless;
use crate::vault::hashicorp::login::AuthMethod;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::token::VaultToken;
use crate::vault::name;

/// What is shared by all requests to one vault.
#[derive(Debug)]
pub(super) struct VaultSession {
    client: HttpClient,
    address: Address,
    login: AuthMethod,
    namespace: Namespace,
    /// The user's token, which is neither renewed nor revoked.
    given: Option<VaultToken>,
    tokens: TokenCache<VaultToken>,
    /// Tokens of logins of our own, for the end of the run.
    revocable: Mutex<Vec<VaultToken>>,
}

impl Authenticated<VaultToken> {
    /// For the words of a refusal.
    pub(super) fn answered(&self) -> Answered<'_> {
        Answered { reply: &self.reply, protocol: &*self.token }
    }
}

impl VaultSession {
    /// # Errors
    /// Credentials that cannot be used.
    pub(super) fn new(client: HttpClient, address: Address, login: AuthMethod, namespace: Namespace) -> Result<Self, ServiceError> {
        login.check()?;
        let (given, login) = match login {
            AuthMethod::Token(token) => {
                (Some(VaultToken::new(token, namespace.clone(), false)?), AuthMethod::Token(Secret::new(Vec::new())))
            }
            other => (None, other),
        };
        Ok(Self { client, address, login, namespace, given, tokens: TokenCache::new(Duration::ZERO), revocable: Mutex::default() })
    }

    pub(super) fn client(&self) -> &HttpClient {
        &self.client
    }

    pub(super) fn login(&self) -> &AuthMethod {
        &self.login
    }

    /// How many calls come before the first read: a login, unless there is a token.
    pub(super) fn ahead(&self) -> usize {
        usize::from(self.given.is_none() && !self.tokens.is_ready(Instant::now()))
    }

    /// Asks with a token. Where the vault does not know the one of our own any more, once again with a new one.
    pub(super) async fn ask(&self, call: &Call, until: Instant) -> Result<Authenticated<VaultToken>, ServiceError> {
        renewal::ask(self, &self.client, call, until).await
    }

    /// Asks without a token. `once` takes the first answer, whatever it is.
    pub(super) async fn ask_openly(&self, call: &Call, once: bool, until: Instant) -> Result<(Reply, Tokenless), ServiceError> {
        let protocol = Tokenless { once, ..Tokenless::default() };
        let reply = self.client.ask(call, &protocol, until).await?;
        Ok((reply, protocol))
    }

    async fn obtain(&self, until: Instant) -> Result<Granted<VaultToken>, ServiceError> {
        if let Some(given) = &self.given {
            return Ok(Granted { token: given.duplicate(), ends: None });
        }
        let url = self.address.login(self.login.mount().unwrap_or_default()).map_err(name::refused)?;
        let credentials = self.login.credentials(&self.address.origin()).await?;
        let credentials = credentials.ok_or_else(|| ServiceError::new(ServiceFault::Unauthenticated, "there is no token", "give one"))?;
        let call = Call::post(url, "application/json", credentials.body);
        let protocol = Tokenless { namespace: self.namespace.clone(), credentials: credentials.held, once: false };
        let asked = Instant::now();
        let reply = self.client.ask(&call, &protocol, until).await?;
        let grant = self.login.grant(Answered { reply: &reply, protocol: &protocol })?;
        let token = VaultToken::new(grant.token, self.namespace.clone(), true)?;
        if grant.revocable {
            // Also one that is refused later: a vault may refuse a token that lives, and revoking a dead one harms nothing.
            self.revocable.lock().unwrap_or_else(PoisonError::into_inner).push(token.duplicate());
        }
        let ends = (grant.seconds > 0).then(|| asked.checked_add(Duration::from_secs(grant.seconds))).flatten();
        Ok(Granted { token, ends })
    }

    /// Revokes the tokens of logins of our own. One that has ended already is as good.
    pub(super) async fn close(&self) -> Result<(), ServiceError> {
        self.tokens.clear();
        let tokens = mem::take(&mut *self.revocable.lock().unwrap_or_else(PoisonError::into_inner));
        let until = self.client.until();
        let mut outcome = Ok(());
        for token in &tokens {
            if let Err(error) = self.revoke(token, until).await {
                let reason = format!("the login by {} could not be ended: {}", self.login, error.reason);
                outcome = Err(ServiceError::new(error.fault, reason, "revoke it in the vault, or wait until its time is up"));
            }
        }
        outcome
    }

    async fn revoke(&self, token: &VaultToken, until: Instant) -> Result<(), ServiceError> {
        let url = self.address.own("auth/token/revoke-self").map_err(name::refused)?;
        let reply = self.client.ask(&Call::new(Method::POST, url), token, until).await?;
        let answered = Answered { reply: &reply, protocol: token };
        match reply.status {
            200..=299 => Ok(()),
            _ if answered.is_stranger() || answered.is_ambiguous() => Ok(()),
            _ => Err(answered.failure()),
        }
    }
}

#[async_trait]
impl renewal::Login for VaultSession {
    type Token = VaultToken;

    async fn token(&self, rejected: Option<&CachedToken<VaultToken>>, until: Instant) -> Result<CachedToken<VaultToken>, ServiceError> {
        self.tokens.get(rejected, until, self.obtain(until)).await
    }

    fn is_rejected(&self, token: &VaultToken, reply: &Reply) -> bool {
        let answered = Answered { reply, protocol: token };
        token.is_own() && (answered.is_stranger() || answered.is_ambiguous())
    }
}
