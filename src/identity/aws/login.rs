//! The credential of a run: obtained when the first request is about to be made, renewed before its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::identity::aws::chain::Chain;
use crate::identity::aws::code::CodeKind;
use crate::identity::aws::code::code;
use crate::identity::aws::code::kind;
use crate::identity::aws::config::Config;
use crate::identity::aws::machine::Instance;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::signer::Signer;
use crate::identity::renewal;
use crate::identity::token_cache::CachedToken;
use crate::identity::token_cache::Granted;
use crate::identity::token_cache::TokenCache;
use crate::identity::token_service;
use crate::service::ServiceError;
use crate::service::http::Reply;

/// A credential is renewed so long before its end.
const MARGIN: Duration = Duration::from_mins(5);

/// Who asks one service in one region.
#[derive(Debug)]
pub(crate) struct Login {
    config: Config,
    parts: LoginParts,
    region: String,
    service: &'static str,
    signers: TokenCache<Signer>,
}

impl Login {
    /// Sets up who asks; nothing is sent.
    pub(crate) fn new(config: Config, parts: LoginParts, region: String, service: &'static str) -> Self {
        Self { config, parts, region, service, signers: TokenCache::new(MARGIN) }
    }

    /// The region: the one that is `said`, else that of AWS's own settings, else the one that the instance is in.
    pub(crate) async fn region(said: Option<&str>, config: &Config, parts: &LoginParts, until: Instant) -> Option<String> {
        match said.or(config.region()) {
            Some(region) => Some(region.to_owned()),
            None => Instance::open(&config.environment, parts, until).await?.region().await,
        }
    }

    /// What signs requests of a fetch that ends at `until`, with another credential than the `rejected` one.
    pub(crate) async fn signer(&self, rejected: Option<&CachedToken<Signer>>, until: Instant) -> Result<CachedToken<Signer>, ServiceError> {
        let obtain = async {
            let chain = Chain { config: &self.config, parts: &self.parts, region: &self.region, until };
            let credential = chain.credential().await?;
            let ends = credential.expires.and_then(|expires| token_service::moment(expires, &*self.parts.clock));
            let clock = Arc::clone(&self.parts.clock);
            let token = Signer { credential: Arc::new(credential), region: self.region.clone(), service: self.service, clock };
            Ok(Granted { token, ends })
        };
        self.signers.get(rejected, until, obtain).await
    }

    /// Forgets the credential.
    pub(crate) fn forget(&self) {
        self.signers.clear();
    }
}

#[async_trait]
impl renewal::Login for Login {
    type Token = Signer;

    async fn token(&self, rejected: Option<&CachedToken<Signer>>, until: Instant) -> Result<CachedToken<Signer>, ServiceError> {
        self.signer(rejected, until).await
    }

    /// An access key without an end is the same when it is read again.
    fn is_rejected(&self, token: &Signer, reply: &Reply) -> bool {
        token.credential.expires.is_some() && matches!(kind(&code(reply)), CodeKind::Expired | CodeKind::Credential)
    }
}
