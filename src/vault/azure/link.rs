//! The way to a key vault: who asks, and what a token has to be for.

use async_trait::async_trait;
use reqwest::Url;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::identity::azure::Login;
use crate::identity::bearer::Bearer;
use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::identity::token_cache::CachedToken;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Reply;
use crate::vault::azure::address::Address;
use crate::vault::azure::anonymous::Anonymous;
use crate::vault::azure::cloud::Challenge;
use crate::vault::azure::refusal;
use crate::vault::name;

/// The way to a key vault.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: Address,
    /// What a token has to be for, once that is known.
    pub(super) scope: OnceCell<String>,
    pub(super) login: Login,
    pub(super) client: HttpClient,
}

impl Link {
    /// The answer at `url`; a token that has ended is renewed once.
    pub(super) async fn ask(&self, url: Url, until: Instant) -> Result<Authenticated<Bearer>, ServiceError> {
        renewal::ask(self, &self.client, &Call::get(url), until).await
    }

    /// What the vault says to a request without a token.
    pub(super) async fn challenge(&self, until: Instant) -> Result<Challenge, ServiceError> {
        let url = self.address.list(1).map_err(name::refused)?;
        let reply = self.client.ask(&Call::get(url), &Anonymous, until).await?;
        if let Some(challenge) = reply.challenge.as_deref().filter(|_| reply.status == 401).and_then(Challenge::read) {
            return Ok(challenge);
        }
        if matches!(reply.status, 300..=399 | 403 | 429 | 500..) {
            return Err(refusal::refusal(&reply, "its list", &Anonymous));
        }
        let reason = format!("what answers there is not a key vault: it asks for no token (status {})", reply.status);
        Err(ServiceError::new(ServiceFault::Unavailable, reason, "check the vault's address"))
    }
}

#[async_trait]
impl renewal::Login for Link {
    type Token = Bearer;

    /// What a token has to be for is known by the cloud, or else the vault is asked, without a credential.
    async fn token(&self, rejected: Option<&CachedToken<Bearer>>, until: Instant) -> Result<CachedToken<Bearer>, ServiceError> {
        let scope = self.scope.get_or_try_init(|| async { self.challenge(until).await?.scope(self.address.host()) }).await?;
        self.login.token(scope, rejected, until).await
    }

    fn is_rejected(&self, _: &Bearer, reply: &Reply) -> bool {
        reply.status == 401
    }
}
