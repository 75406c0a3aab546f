//! Whose the credential is: the provider that gave it, and what STS says of it
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use tokio::time::Instant;

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
use crate::vault::aws::signer::Signer;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The ARN of a user or of a role's session.
    pub(super) arn: String,
    /// The account's number.
    pub(super) account: String,
}

/// Asks STS, which answers whoever has a credential, whatever that may do.
pub(super) async fn caller(link: &Link, parts: &Parts<'_>, until: Instant) -> Result<Caller, ServiceError> {
    let place = base(&link.sts)?;
    let client = HttpClient::new(place.url(), parts.transport, parts.limits, Arc::clone(parts.entropy))?;
    let (keys, clock) = (Arc::clone(&link.keys), Arc::clone(parts.clock));
    let signer = Signer { keys, region: link.region.clone(), service: "sts", clock };
    let body = Secret::copy_of(b"Action=GetCallerIdentity&Version=2011-06-15");
    let call = Call::post(place.url().clone(), "application/x-www-form-urlencoded; charset=utf-8", body);
    let reply = client.ask(&call, &signer, until).await?;
    if let Some(redirect) = reply.redirect() {
        return Err(redirect);
    }
    let text = reply.body.expose_text().unwrap_or_default();
    if reply.status != 200 {
        let code = element(text, "Code").unwrap_or_default();
        let refusal = Refusal::of_code(&code, reply.status);
        return Err(refusal.error(Subject { service: link.service, action: "sts:GetCallerIdentity", name: None, version: None }));
    }
    let found = element(text, "Arn").zip(element(text, "Account"));
    let (arn, account) = found
        .ok_or_else(|| ServiceError::new(ServiceFault::Unavailable, "the answer is not that of AWS STS", "check the endpoint of STS"))?;
    Ok(Caller { arn, account })
}

/// The text of the first element with this name, fit to be shown.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(words::tame(text, 256)).filter(|text| !text.is_empty())
}

/// Which provider of AWS's chain gave a credential.
pub(super) fn source(credentials: &Credentials) -> &'static str {
    let features = credentials.get_property::<Vec<Feature>>().map(Vec::as_slice).unwrap_or_default();
    let has = |wanted: &[Feature]| features.iter().any(|feature| wanted.contains(feature));
    let sources: [(&[Feature], &'static str); 9] = [
        (
            &[Feature::CredentialsEnvVarsStsWebIdToken, Feature::CredentialsProfileStsWebIdToken, Feature::CredentialsStsAssumeRoleWebId],
            "web identity",
        ),
        (&[Feature::CredentialsStsAssumeRole], "a role that a profile names"),
        (&[Feature::CredentialsProfileSso, Feature::CredentialsSso], "single sign-on"),
        (&[Feature::CredentialsProfileProcess, Feature::CredentialsProcess], "a program that a profile names"),
        (&[Feature::CredentialsImds], "the instance's role"),
        (&[Feature::CredentialsHttp], "the container's role"),
        (&[Feature::CredentialsEnvVars], "the environment"),
        (&[Feature::CredentialsProfile, Feature::CredentialsProfileSourceProfile, Feature::CredentialsProfileNamedProvider], "a profile"),
        (&[Feature::CredentialsCode], "the caller"),
    ];
    sources.into_iter().find(|(wanted, _)| has(wanted)).map_or("AWS's chain", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;

    use super::element;
    use super::source;

    #[test]
    fn elements_are_found() {
        let xml = "<A xmlns=\"x\"><Arn>arn:aws:iam::1:user/a</Arn><Account></Account></A>";
        assert_eq!(element(xml, "Arn").as_deref(), Some("arn:aws:iam::1:user/a"));
        assert_eq!((element(xml, "Account"), element(xml, "Code"), element("<Arn>", "Arn")), (None, None, None));
    }

    #[test]
    fn the_provider_is_named() {
        let of = |features: Vec<Feature>| {
            let mut credentials = Credentials::new("id", "secret", None, None, "test");
            credentials.set_property(features);
            source(&credentials)
        };
        assert_eq!(of(vec![Feature::CredentialsEnvVars]), "the environment");
        assert_eq!(of(vec![Feature::CredentialsProfile, Feature::CredentialsStsAssumeRole]), "a role that a profile names");
        assert_eq!(of(vec![Feature::CredentialsHttp]), "the container's role");
        assert_eq!(of(vec![]), "AWS's chain");
    }
}
