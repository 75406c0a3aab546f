//! Single sign-on, by the token that `aws sso login` leaves
//! (<https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>).

use std::path::PathBuf;

use reqwest::Url;
use reqwest::header::HeaderName;
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
use ring::digest::digest;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::identity::aws::config::Config;
use crate::identity::aws::credential::Credential;
use crate::identity::aws::endpoint;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::profiles::Section;
use crate::identity::aws::refused;
use crate::identity::file;
use crate::identity::token_service;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::json::Json;

const NAME: &str = "AWS's sign-on service";
const LOG_IN: &str = "run `aws sso login`, with `--profile` if the profile is not the usual one";

/// A role of an account, as a profile names it.
#[derive(Debug)]
pub(super) struct SignOn<'a> {
    /// By what the token's file is named: the session, or the start URL of older profiles.
    key: &'a str,
    region: &'a str,
    account: &'a str,
    role: &'a str,
}

impl<'a> SignOn<'a> {
    /// What a profile says of single sign-on, if it does.
    pub(super) fn read(config: &'a Config, name: &str, profile: &'a Section) -> Result<Option<Self>, ServiceError> {
        let session = profile.get("sso_session");
        let start = profile.get("sso_start_url");
        let Some(key) = session.or(start) else { return Ok(None) };
        let lacks = |key: &str| refused::profile(name, &format!("lacks `{key}`"));
        let region = match session {
            Some(session) => config.profiles.section("sso-session", session).ok_or_else(|| lacks(&format!("[sso-session {session}]")))?,
            None => profile,
        };
        Ok(Some(Self {
            key,
            region: region.get("sso_region").ok_or_else(|| lacks("sso_region"))?,
            account: profile.get("sso_account_id").ok_or_else(|| lacks("sso_account_id"))?,
            role: profile.get("sso_role_name").ok_or_else(|| lacks("sso_role_name"))?,
        }))
    }

    /// A credential of the role.
    pub(super) async fn credential(&self, config: &Config, parts: &LoginParts, until: Instant) -> Result<Credential, ServiceError> {
        let token = self.token(config, parts.clock.now())?;
        let address = config.endpoint("SSO").map(str::to_owned);
        let usual = || endpoint::of("portal.sso", self.region, endpoint::EndpointKind::default()).ok();
        let url = address.or_else(usual).and_then(|address| Url::parse(&address).ok()?.join("federation/credentials").ok());
        let mut url = url.ok_or_else(|| refused::source(format!("the address of {NAME} cannot be used"), "correct `sso_region`"))?;
        url.query_pairs_mut().append_pair("role_name", self.role).append_pair("account_id", self.account);
        let call = Call::get(url).with_secret(HeaderName::from_static("x-amz-sso_bearer_token"), &token);
        let call = call.ok_or_else(|| refused::source("the token of single sign-on cannot be sent", LOG_IN))?;
        let reply = parts.ask(&call, NAME, until).await?;
        if reply.status != 200 {
            let reason = format!("{NAME} did not give a credential for this account and role (status {})", reply.status);
            return Err(refused::source(reason, LOG_IN));
        }
        let json = Json::parse(reply.body.expose()).ok().and_then(|json| json.get("roleCredentials"));
        let credential = json.and_then(|json| Credential::read(json, "single sign-on"));
        credential.ok_or_else(|| refused::source(format!("{NAME} answered without a credential"), LOG_IN))
    }

    /// The token that `aws sso login` left.
    fn token(&self, config: &Config, now: Timestamp) -> Result<Secret, ServiceError> {
        let text = self.path(config).and_then(|path| file::read(&path).ok());
        let json = text.as_ref().and_then(|text| Json::parse(text.expose()).ok());
        let token = json.and_then(|json| token_service::token(json, "accessToken"));
        let token = token.ok_or_else(|| refused::source("there is no login by AWS single sign-on", LOG_IN))?;
        let end = json.and_then(|json| Timestamp::from_rfc3339(&json.get("expiresAt")?.text()?));
        if end.is_some_and(|end| end.0 <= now.0) {
            return Err(refused::source("the login by AWS single sign-on has ended", LOG_IN));
        }
        Ok(token)
    }

    fn path(&self, config: &Config) -> Option<PathBuf> {
        let name: String =
            digest(&SHA1_FOR_LEGACY_USE_ONLY, self.key.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        config.environment.at_home(format!(".aws/sso/cache/{name}.json"))
    }
}
