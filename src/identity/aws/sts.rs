//! Roles, by AWS STS (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>, and the same with web identity).

use std::path::Path;
use std::sync::Arc;

use reqwest::Url;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::identity::aws::credential::Credential;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::refused;
use crate::identity::aws::signer::Signer;
use crate::identity::file;
use crate::identity::token_service;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::Protocol as _;
use crate::service::words;

const NAME: &str = "AWS STS";
const SESSION: &str = "cloze";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// AWS STS in one region.
#[derive(Debug)]
pub(super) struct Sts<'a> {
    pub(super) parts: &'a LoginParts,
    pub(super) address: String,
    pub(super) region: String,
    pub(super) until: Instant,
}

/// A role, as a profile or the environment names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssumedRole<'a> {
    pub(super) arn: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
    pub(super) seconds: Option<&'a str>,
}

impl Sts<'_> {
    /// A credential of the role, for whose token is in the file.
    pub(super) async fn web_identity(&self, role: AssumedRole<'_>, token: &Path) -> Result<Credential, ServiceError> {
        let text = file::read(token).map_err(|reason| {
            refused::source(format!("the web identity token's file `{}` {reason}", token.display()), "check the path of the token")
        })?;
        let mut fields = role.fields("AssumeRoleWithWebIdentity");
        fields.push(("WebIdentityToken", text.expose().trim_ascii()));
        let call = Call::post(self.url()?, FORM, token_service::form(&fields));
        self.role(&call, role, "web identity").await
    }

    /// A credential of the role, for another credential that may assume it.
    pub(super) async fn assume(&self, role: AssumedRole<'_>, own: Credential) -> Result<Credential, ServiceError> {
        let call = Call::post(self.url()?, FORM, token_service::form(&role.fields("AssumeRole")));
        let signer =
            Signer { credential: Arc::new(own), region: self.region.clone(), service: "sts", clock: Arc::clone(&self.parts.clock) };
        let mut request = call.request();
        signer.sign(&mut request, self.until).await?;
        self.role(&call.with_headers(request.headers()), role, "a role that a profile names").await
    }

    fn url(&self) -> Result<Url, ServiceError> {
        let base = Base::new(&self.address).map_err(|reason| {
            refused::source(format!("the endpoint of {NAME} cannot be used: {reason}"), "correct AWS_ENDPOINT_URL_STS, or unset it")
        })?;
        Ok(base.url().clone())
    }

    async fn role(&self, call: &Call, role: AssumedRole<'_>, source: &'static str) -> Result<Credential, ServiceError> {
        let reply = self.parts.ask(call, NAME, self.until).await?;
        let text = reply.body.expose_text().unwrap_or_default();
        let arn = words::tame(role.arn, 128);
        if reply.status != 200 {
            let code: String = element(text, "Code").unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
            let reason = format!("{NAME} did not give a credential for the role {arn} (status {} {code})", reply.status);
            let next = "check the role's trust policy, and the token or the profile that it is assumed by";
            return Err(refused::source(reason.replace(" )", ")"), next));
        }
        let credential = || {
            Some(Credential {
                id: element(text, "AccessKeyId")?.to_owned(),
                secret: Secret::copy_of(element(text, "SecretAccessKey")?.as_bytes()),
                session: element(text, "SessionToken").map(|token| Secret::copy_of(token.as_bytes())),
                expires: element(text, "Expiration").and_then(Timestamp::from_rfc3339),
                source,
            })
        };
        credential().ok_or_else(|| refused::source(format!("{NAME} answered without a credential"), "check the endpoint of STS"))
    }
}

impl<'a> AssumedRole<'a> {
    fn fields(self, action: &'static str) -> Vec<(&'static str, &'a [u8])> {
        let mut fields = vec![
            ("Action", action.as_bytes()),
            ("Version", b"2011-06-15"),
            ("RoleArn", self.arn.as_bytes()),
            ("RoleSessionName", self.session.unwrap_or(SESSION).as_bytes()),
        ];
        let more = [("ExternalId", self.external_id), ("DurationSeconds", self.seconds)];
        fields.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes()))));
        fields
    }
}

/// The text of the first element with this name; nothing where it is empty.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn elements_are_found() {
        let xml = "<A xmlns=\"x\"><Arn>arn:aws:iam::1:user/a</Arn><Account></Account></A>";
        assert_eq!(element(xml, "Arn"), Some("arn:aws:iam::1:user/a"));
        assert_eq!((element(xml, "Account"), element(xml, "Code"), element("<Arn>", "Arn")), (None, None, None));
    }
}
