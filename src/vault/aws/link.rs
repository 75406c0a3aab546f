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
use crate::identity::aws::Config;
use crate::identity::aws::Login;
use crate::identity::aws::LoginParts;
use crate::identity::aws::Signer;
use crate::identity::aws::check_region;
use crate::identity::aws::endpoint_of;
use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Rate;
use crate::service::http::RateLimiter;
use crate::vault::aws::refusal::Refusal;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::settings::Service;
use crate::vault::aws::settings::Settings;

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
    pub(super) login: Login,
    pub(super) client: HttpClient,
    /// Where STS is.
    pub(super) sts: String,
    /// Whether a batch was refused as a whole, so that there is no point in another.
    pub(super) alone: AtomicBool,
    url: Url,
    batches: RateLimiter,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// AWS refused it.
    Refused(Refusal),
    /// Anything else.
    Error(ServiceError),
}

impl RequestFailure {
    /// The error of what was asked for.
    pub(super) fn of(&self, subject: Subject<'_>) -> ServiceError {
        match self {
            Self::Refused(refusal) => refusal.error(subject),
            Self::Error(error) => error.clone(),
        }
    }
}

/// What a link is made of, besides the settings.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) entropy: &'a Arc<dyn Entropy>,
    pub(super) clock: &'a Arc<dyn Clock>,
}

impl Link {
    /// The way that the settings, and else AWS's own, describe.
    pub(super) async fn new(settings: &Settings, parts: &Parts<'_>, until: Instant) -> Result<Self, ServiceError> {
        let Settings { service, limits, transport, .. } = settings;
        let config = Config::read(&settings.environment, settings.profile.as_deref())?;
        let own = || LoginParts { transport: transport.anonymous(), meter: Arc::clone(&limits.meter), clock: Arc::clone(parts.clock) };
        let region = Login::region(settings.region.as_deref(), &config, &own(), until).await.ok_or_else(|| {
            let next = "set `region` in the project file, or AWS_REGION, or `region` in the profile";
            ServiceError::new(ServiceFault::Unavailable, "no AWS region is set", next)
        })?;
        let unusable = |reason: String| ServiceError::new(ServiceFault::Unavailable, reason, "correct the region, or the setting for IPv6");
        check_region(&region).map_err(unusable)?;
        let public = |service: &str| endpoint_of(service, &region, config.kind()).map_err(unusable);
        let address = settings.endpoint.as_deref().or(config.endpoint(service.id()));
        let address = address.map_or_else(|| public(service.code()), |address| Ok(address.to_owned()))?;
        let base = base(&address)?;
        // A stand-in on this machine stands in for STS too.
        let sts = config.endpoint("STS").map(str::to_owned).or_else(|| base.is_local().then_some(address));
        let sts = sts.map_or_else(|| public("sts"), Ok)?;
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
        Ok(Self {
            service: *service,
            client: HttpClient::new(base.url(), transport, &limits, Arc::clone(parts.entropy))?,
            login: Login::new(config, own(), region.clone(), service.code()),
            region,
            sts,
            alone: AtomicBool::new(false),
            url: base.url().clone(),
            batches: RateLimiter::new(batches),
        })
    }

    /// One call of an operation, such as `secretsmanager.GetSecretValue`.
    pub(super) async fn call(
        &self,
        operation: &'static str,
        body: &Value,
        until: Instant,
    ) -> Result<Authenticated<Signer>, RequestFailure> {
        let body = Secret::new(body.to_string().into_bytes());
        let call = Call::post(self.url.clone(), "application/x-amz-json-1.1", body);
        let call = call.with(HeaderName::from_static("x-amz-target"), operation);
        let answered = renewal::ask(&self.login, &self.client, &call, until).await.map_err(RequestFailure::Error)?;
        match answered.reply.redirect() {
            Some(redirect) => Err(RequestFailure::Error(redirect)),
            None if answered.reply.status == 200 => Ok(answered),
            None => Err(RequestFailure::Refused(Refusal::of(&answered.reply, &*answered.token))),
        }
    }

    /// Waits for the turn of a batch, of which Secrets Manager takes fewer than of other calls.
    pub(super) async fn batch_turn(&self) {
        self.batches.turn().await;
    }
}

/// The address, if it can be one. It is not shown: somebody may have put a password into it.
pub(super) fn base(address: &str) -> Result<Base, ServiceError> {
    Base::new(address).map_err(|reason| {
        let next = "give an address such as `https://vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com`, or leave it out";
        ServiceError::new(ServiceFault::Unavailable, format!("the endpoint cannot be used: {reason}"), next)
    })
}
