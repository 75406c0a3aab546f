//! The way to one service: where it is, who signs, how fast.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderName;
use serde_json::Value;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Limits;
use crate::service::http::Rate;
use crate::service::http::RateLimiter;
use crate::service::http::Reply;
use crate::service::http::Transport;
use crate::vault::aws::chain::Chain;
use crate::vault::aws::endpoint;
use crate::vault::aws::keys::Keys;
use crate::vault::aws::settings::Service;
use crate::vault::aws::signer::Signer;

/// The largest answer of Secrets Manager: 20 secrets of 64 KiB, each character of them escaped as `\u0000`.
const BODY: usize = 8 << 20;
/// What Secrets Manager takes of batches, of other calls, and what Parameter Store takes, in a second
/// (docs.aws.amazon.com/general/latest/gr/asm.html, ssm.html).
const BATCHES: u32 = 100;
const GETS: u32 = 10_000;
const PARAMETERS: u32 = 40;

/// The way to one service.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) service: Service,
    pub(super) region: String,
    pub(super) keys: Arc<Keys>,
    pub(super) client: HttpClient,
    pub(super) signer: Signer,
    /// Where STS is.
    pub(super) sts: String,
    /// Whether a batch was refused as a whole, so that there is no point in another.
    pub(super) alone: AtomicBool,
    url: Url,
    batches: RateLimiter,
}

/// What a link is made of, beside the chain.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) service: Service,
    pub(super) region: Option<&'a str>,
    pub(super) endpoint: Option<&'a str>,
    pub(super) transport: &'a Transport,
    pub(super) limits: &'a Limits,
    pub(super) entropy: &'a Arc<dyn Entropy>,
    pub(super) clock: &'a Arc<dyn Clock>,
}

impl Link {
    /// The way that the settings, and else the chain, describe.
    pub(super) fn new(chain: Chain, parts: &Parts<'_>) -> Result<Self, ServiceError> {
        let Parts { service, limits, .. } = *parts;
        let region = parts.region.or(chain.region.as_deref()).ok_or_else(|| {
            let next = "set `region` in the project file, or AWS_REGION, or `region` in the profile";
            ServiceError::new(ServiceFault::Unavailable, "no AWS region is set", next)
        })?;
        let unusable = |reason: String| ServiceError::new(ServiceFault::Unavailable, reason, "correct the region, or the setting for IPv6");
        endpoint::check(region).map_err(unusable)?;
        let public = |service: &str| endpoint::of(service, region, chain.kind).map_err(unusable);
        let address = parts.endpoint.map(str::to_owned).or(chain.endpoint).map_or_else(|| public(service.code()), Ok)?;
        let base = base(&address)?;
        // A stand-in on this machine stands in for STS too.
        let sts = chain.sts.or_else(|| base.is_local().then_some(address)).map_or_else(|| public("sts"), Ok)?;
        let mut limits = limits.clone();
        let per_second = |calls| Some(Rate { calls, per: Duration::from_secs(1) });
        let batches = limits.rate.or(per_second(BATCHES));
        match service {
            Service::SecretsManager => {
                limits.rate = limits.rate.or(per_second(GETS));
                limits.body = limits.body.max(BODY);
            }
            Service::ParameterStore => limits.rate = limits.rate.or(per_second(PARAMETERS)),
        }
        let keys = Arc::new(Keys::new(chain.provider, Arc::clone(parts.clock)));
        let signer = Signer { keys: Arc::clone(&keys), region: region.to_owned(), service: service.code(), clock: Arc::clone(parts.clock) };
        Ok(Self {
            service,
            region: region.to_owned(),
            client: HttpClient::new(base.url(), parts.transport, &limits, Arc::clone(parts.entropy))?,
            keys,
            signer,
            sts,
            alone: AtomicBool::new(false),
            url: base.url().clone(),
            batches: RateLimiter::new(batches),
        })
    }

    /// One call of an operation, such as `secretsmanager.GetSecretValue`.
    pub(super) async fn call(&self, operation: &'static str, body: &Value, until: Instant) -> Result<Reply, ServiceError> {
        let body = Secret::new(body.to_string().into_bytes());
        let call = Call::post(self.url.clone(), "application/x-amz-json-1.1", body);
        self.client.ask(&call.with(HeaderName::from_static("x-amz-target"), operation), &self.signer, until).await
    }

    /// Waits for the turn of a batch, of which Secrets Manager takes fewer than of other calls.
    pub(super) async fn batch_turn(&self) {
        self.batches.turn().await;
    }
}

/// The address, if it can be one. It is not shown: somebody may have put a password into it.
pub(super) fn base(address: &str) -> Result<Base, ServiceError> {
    Base::new(address).map_err(|reason| {
        let next = "give an address such as `https://vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com`, or none";
        ServiceError::new(ServiceFault::Unavailable, format!("the endpoint cannot be used: {reason}"), next)
    })
}
