//! A request by a login whose token may end in the middle of a run: the token is renewed once, and the request made once more.

use async_trait::async_trait;
use tokio::time::Instant;

use crate::identity::token_cache::CachedToken;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Protocol;
use crate::service::http::Reply;

/// Who asks a service.
#[async_trait]
pub(crate) trait Login: Sync {
    /// What signs a request.
    type Token: Protocol;

    /// A token for a fetch that ends at `until`, other than the `rejected` one, as [`TokenCache::get`](crate::identity::token_cache::TokenCache::get).
    async fn token(&self, rejected: Option<&CachedToken<Self::Token>>, until: Instant) -> Result<CachedToken<Self::Token>, ServiceError>;

    /// Whether `reply` says that the token has ended, or is not known any more, and another one can be had.
    fn is_rejected(&self, token: &Self::Token, reply: &Reply) -> bool;
}

/// An answer with the token that it was given to.
#[derive(Debug)]
pub(crate) struct Authenticated<T> {
    /// The answer.
    pub(crate) reply: Reply,
    /// The token.
    pub(crate) token: CachedToken<T>,
}

/// Makes a call by a login, once more with a new token where the first one is rejected.
pub(crate) async fn ask<L: Login>(
    login: &L,
    client: &HttpClient,
    call: &Call,
    until: Instant,
) -> Result<Authenticated<L::Token>, ServiceError> {
    let token = login.token(None, until).await?;
    let reply = client.ask(call, &*token, until).await?;
    if !login.is_rejected(&token, &reply) {
        return Ok(Authenticated { reply, token });
    }
    let newer = login.token(Some(&token), until).await?;
    if newer.is(&token) {
        return Ok(Authenticated { reply, token });
    }
    let reply = client.ask(call, &*newer, until).await?;
    Ok(Authenticated { reply, token: newer })
}
