//! The proof of a role at AWS to another service: a signed request to STS, for that service to make
//! (google.aip.dev/auth/4117, "AWS-sourced credentials").

use std::sync::Arc;

use reqwest::Url;
use serde_json::json;
use tokio::time::Instant;

use crate::identity::ToolEnvironment;
use crate::identity::aws::chain::of_environment;
use crate::identity::aws::machine::Instance;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::refused;
use crate::identity::aws::signer::Signer;
use crate::secret::Secret;
use crate::service::ServiceError;

/// The request as JSON, for the pool that `audience` names. `address` is where STS is asked, with `{region}` in it.
///
/// # Errors
/// No credential in the environment or of the instance, no region, an address that is not one.
pub(crate) async fn signed_identity(
    address: &str,
    audience: &str,
    environment: &ToolEnvironment,
    parts: &LoginParts,
    until: Instant,
) -> Result<Secret, ServiceError> {
    let set = environment.text("AWS_REGION").or_else(|| environment.text("AWS_DEFAULT_REGION")).map(str::to_owned);
    let own = of_environment(environment);
    let instance = if set.is_none() || own.is_none() { Instance::open(environment, parts, until).await } else { None };
    let (region, credential) = match &instance {
        None => (set, own),
        Some(instance) => {
            let region = if set.is_some() { set } else { instance.region().await };
            let credential = if own.is_some() { own } else { instance.credential().await? };
            (region, credential)
        }
    };
    let region = region.ok_or_else(|| refused::source("no AWS region is set, and the instance does not say one", "set AWS_REGION"))?;
    let credential = credential.ok_or_else(refused::not_found)?;
    let bad =
        || refused::source("the request to AWS STS cannot be signed", "check `regional_cred_verification_url` in the Google credentials");
    let url = Url::parse(&address.replace("{region}", &region)).map_err(|_| bad())?;
    let signer = Signer { credential: Arc::new(credential), region, service: "sts", clock: Arc::clone(&parts.clock) };
    let target = [("x-goog-cloud-target-resource", audience)];
    let signature = signer.headers("POST", url.as_str(), &target, b"").ok_or_else(bad)?;
    let mut headers =
        vec![json!({"key": "host", "value": url.host_str().unwrap_or_default()}), json!({"key": target[0].0, "value": audience})];
    for (name, value) in &signature {
        headers.push(json!({"key": name.as_str(), "value": value.to_str().unwrap_or_default()}));
    }
    let request = json!({"url": url.as_str(), "method": "POST", "headers": headers, "body": ""});
    Ok(Secret::new(request.to_string().into_bytes()))
}
