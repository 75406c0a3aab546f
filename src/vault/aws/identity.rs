//! Whose the credential is, as STS says
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).

use std::sync::Arc;

use tokio::time::Instant;

use crate::identity::aws::FORM;
use crate::identity::aws::Signer;
use crate::identity::aws::element;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::words;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::Parts;
use crate::vault::aws::link::base;
use crate::vault::aws::refusal::Refusal;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::settings::Settings;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The ARN of a user or of a role's session.
    pub(super) arn: String,
    /// The account's number.
    pub(super) account: String,
}

/// Asks STS, which answers every holder of a credential, whatever that may do.
pub(super) async fn caller(
    link: &Link,
    signer: &Signer,
    settings: &Settings,
    parts: &Parts<'_>,
    until: Instant,
) -> Result<Caller, ServiceError> {
    let place = base(&link.sts)?;
    let client = HttpClient::new(place.url(), &settings.transport, &settings.limits, Arc::clone(parts.entropy))?;
    let Signer { credential, region, clock, .. } = signer;
    let signer = Signer { credential: Arc::clone(credential), region: region.clone(), service: "sts", clock: Arc::clone(clock) };
    let body = Secret::copy_of(b"Action=GetCallerIdentity&Version=2011-06-15");
    let call = Call::post(place.url().clone(), FORM, body);
    let reply = client.ask(&call, &signer, until).await?;
    if let Some(redirect) = reply.redirect() {
        return Err(redirect);
    }
    let text = reply.body.expose_text().unwrap_or_default();
    if reply.status != 200 {
        let code = element(text, "Code").unwrap_or_default();
        let refusal = Refusal::of_code(code, reply.status);
        return Err(refusal.error(Subject { service: link.service, action: "sts:GetCallerIdentity", name: None, version: None }));
    }
    let shown = |name| element(text, name).map(|text| words::tame(text, 256));
    let (arn, account) = shown("Arn")
        .zip(shown("Account"))
        .ok_or_else(|| ServiceError::new(ServiceFault::Unavailable, "the answer is not that of AWS STS", "check the endpoint of STS"))?;
    Ok(Caller { arn, account })
}
