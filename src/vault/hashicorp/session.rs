//! One login for all requests of a run, got when it is needed and ended at the end.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Reply;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::headers::Namespace;
use crate::vault::hashicorp::headers::Tokenless;
use crate::vault::hashicorp::login::Login;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::refusal::bad_name;
use crate::vault::hashicorp::token::Lease;
use crate::vault::hashicorp::token::Token;

/// What is shared by all requests to one vault.
#[derive(Debug)]
pub(super) struct Session {
    client: HttpClient,
    login: Login,
    namespace: Namespace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    logins: u64,
    /// Why the last login failed, and the deadline of what it was for: whoever wants the same does not ask again.
    failure: Option<(Instant, ServiceError)>,
    /// Tokens of our own that would have ended too early.
    outlived: Vec<Arc<Token>>,
}

/// An answer with the token that it was given to.
#[derive(Debug)]
pub(super) struct Heard {
    reply: Reply,
    token: Arc<Token>,
}

impl Heard {
    pub(super) fn answered(&self) -> Answered<'_> {
        Answered { reply: &self.reply, protocol: &*self.token }
    }
}

impl Session {
    /// # Errors
    /// Credentials that cannot be any.
    pub(super) fn new(client: HttpClient, login: Login, namespace: Namespace) -> Result<Self, ServiceError> {
        login.check()?;
        let mut state = State::default();
        let login = match login {
            Login::Token(token) => {
                state.token = Some(Arc::new(Token::new(token, namespace.clone(), None)?));
                Login::Token(Secret::new(Vec::new()))
            }
            other => other,
        };
        Ok(Self { client, login, namespace, state: Mutex::new(state) })
    }

    pub(super) fn client(&self) -> &HttpClient {
        &self.client
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// How many calls come before the first read: a login, unless there is a token.
    pub(super) fn ahead(&self) -> usize {
        let has_token = self.state.try_lock().is_ok_and(|state| state.token.is_some());
        usize::from(!has_token)
    }

    /// Asks with a token. Where the vault does not know the one of our own any more, once again with a new one.
    pub(super) async fn ask(&self, address: &Address, call: &Call, until: Instant) -> Result<Heard, ServiceError> {
        let token = self.token(address, None, until).await?;
        let reply = self.client.ask(call, &*token, until).await?;
        let heard = Heard { reply, token };
        let dead = heard.answered().is_stranger() || heard.answered().is_ambiguous();
        if heard.token.lease.is_none() || !dead {
            return Ok(heard);
        }
        let token = self.token(address, Some(&heard.token), until).await?;
        if token.number() == heard.token.number() {
            return Ok(heard);
        }
        let reply = self.client.ask(call, &*token, until).await?;
        Ok(Heard { reply, token })
    }

    /// Asks without a token. `once` takes the first answer, whatever it is.
    pub(super) async fn ask_openly(&self, call: &Call, once: bool, until: Instant) -> Result<(Reply, Tokenless), ServiceError> {
        let protocol = Tokenless { once, ..Tokenless::default() };
        let reply = self.client.ask(call, &protocol, until).await?;
        Ok((reply, protocol))
    }

    /// The token, other than the `dead` one: whoever comes first logs in, and all others wait for what comes of it.
    async fn token(&self, address: &Address, dead: Option<&Token>, until: Instant) -> Result<Arc<Token>, ServiceError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token {
            let good = match (token.lease, dead) {
                (None, _) => true,
                (Some(lease), Some(dead)) => lease.number > dead.number() || (lease.number == dead.number() && lease.renewed_for(until)),
                (Some(_), None) => token.lasts(until),
            };
            if good {
                return Ok(Arc::clone(token));
            }
        }
        if let Some((_, error)) = state.failure.as_ref().filter(|(failed, _)| *failed == until) {
            return Err(error.clone());
        }
        state.logins += 1;
        let number = state.logins;
        match self.log_in(address, number, dead.is_some(), until).await {
            Ok(token) => {
                let token = Arc::new(token);
                let old = state.token.replace(Arc::clone(&token));
                // Also one that was refused: a vault may refuse a token that lives, and revoking a dead one harms nothing.
                state.outlived.extend(old);
                state.failure = None;
                Ok(token)
            }
            Err(error) => {
                state.failure = Some((until, error.clone()));
                Err(error)
            }
        }
    }

    async fn log_in(&self, address: &Address, number: u64, again: bool, until: Instant) -> Result<Token, ServiceError> {
        let url = address.login(self.login.mount().unwrap_or_default()).map_err(bad_name)?;
        let audience = address.origin();
        let credentials = timeout_at(until, self.login.credentials(&audience)).await.unwrap_or_else(|_| {
            let reason = "the token for the login did not come in time";
            Err(ServiceError::new(ServiceFault::Unavailable, reason, "try again later, or allow more time"))
        })?;
        let credentials = credentials.ok_or_else(|| ServiceError::new(ServiceFault::Unauthenticated, "there is no token", "give one"))?;
        let call = Call::post(url, "application/json", credentials.body);
        let protocol = Tokenless { namespace: self.namespace.clone(), credentials: credentials.held, once: false };
        let asked = Instant::now();
        let reply = self.client.ask(&call, &protocol, until).await?;
        let grant = self.login.grant(Answered { reply: &reply, protocol: &protocol })?;
        let ends = (grant.seconds > 0).then(|| asked.checked_add(Duration::from_secs(grant.seconds))).flatten();
        let lease = Lease { number, meant_for: until, again, ends, revocable: grant.revocable };
        Token::new(grant.token, self.namespace.clone(), Some(lease))
    }

    /// Revokes the tokens of logins of our own. One that has ended already is as good.
    pub(super) async fn close(&self, address: &Address) -> Result<(), ServiceError> {
        let mut state = self.state.lock().await;
        let own = state.token.take_if(|token| token.lease.is_some());
        let tokens: Vec<Arc<Token>> = own.into_iter().chain(state.outlived.drain(..)).collect();
        state.failure = None;
        drop(state);
        let until = self.client.until();
        let mut outcome = Ok(());
        for token in tokens.iter().filter(|token| token.lease.is_some_and(|lease| lease.revocable)) {
            if let Err(error) = self.revoke(address, token, until).await {
                let reason = format!("the login by {} could not be ended: {}", self.login, error.reason);
                outcome = Err(ServiceError::new(error.fault, reason, "revoke it in the vault, or wait until its time is up"));
            }
        }
        outcome
    }

    async fn revoke(&self, address: &Address, token: &Token, until: Instant) -> Result<(), ServiceError> {
        let url = address.own("auth/token/revoke-self").map_err(bad_name)?;
        let reply = self.client.ask(&Call::new(Method::POST, url), token, until).await?;
        let answered = Answered { reply: &reply, protocol: token };
        match reply.status {
            200..=299 => Ok(()),
            _ if answered.is_stranger() || answered.is_ambiguous() => Ok(()),
            _ => Err(answered.failure()),
        }
    }
}
