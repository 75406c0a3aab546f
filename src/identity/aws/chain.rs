//! Where a credential comes from, in the order of AWS's own clients: the environment, a profile, web identity, a container, an instance
//! (docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).

use std::path::Path;

use tokio::time::Instant;

use crate::identity::ToolEnvironment;
use crate::identity::aws::config::Config;
use crate::identity::aws::credential::Credential;
use crate::identity::aws::endpoint;
use crate::identity::aws::machine;
use crate::identity::aws::machine::Instance;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::profiles::Section;
use crate::identity::aws::refused;
use crate::identity::aws::sso::SignOn;
use crate::identity::aws::sts::AssumedRole;
use crate::identity::aws::sts::Sts;
use crate::identity::program;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::json::Json;

/// How many profiles may name each other.
const DEPTH: usize = 8;

/// One walk along the chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain<'a> {
    pub(super) config: &'a Config,
    pub(super) parts: &'a LoginParts,
    /// The region, where STS has no other.
    pub(super) region: &'a str,
    pub(super) until: Instant,
}

impl Chain<'_> {
    /// The first credential.
    pub(super) async fn credential(self) -> Result<Credential, ServiceError> {
        let environment = &*self.config.environment;
        if let Some(named) = &self.config.named {
            return self.profile(named, 0).await?.ok_or_else(|| refused::profile(named, "does not give a credential"));
        }
        if let Some(credential) = of_environment(environment) {
            return Ok(credential);
        }
        let name = self.config.profile_name();
        let is_meant = environment.text("AWS_PROFILE").is_some();
        if (is_meant || self.config.profiles.profile(name).is_some())
            && let Some(credential) = self.profile(name, 0).await?
        {
            return Ok(credential);
        }
        if let (Some(arn), Some(token)) = (environment.text("AWS_ROLE_ARN"), environment.text("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            let session = environment.text("AWS_ROLE_SESSION_NAME");
            let role = AssumedRole { arn, session, external_id: None, seconds: None };
            return self.sts()?.web_identity(role, Path::new(token)).await;
        }
        match self.machine(None).await? {
            Some(credential) => Ok(credential),
            None => Err(refused::not_found()),
        }
    }

    /// What a profile gives, if it gives anything.
    async fn profile(self, name: &str, depth: usize) -> Result<Option<Credential>, ServiceError> {
        let bad = |reason: &str| refused::profile(name, reason);
        let profile = self.config.profiles.profile(name).ok_or_else(|| bad("is not in AWS's files `config` and `credentials`"))?;
        if depth > DEPTH {
            return Err(bad("is reached through too many others, or by itself"));
        }
        // What a profile is the source of takes its own keys first.
        if depth > 0
            && let Some(credential) = of_profile(profile)
        {
            return Ok(Some(credential));
        }
        let role = profile.get("role_arn").filter(|_| profile.get("web_identity_token_file").is_none());
        let Some(arn) = role else { return self.base(name, profile).await };
        if profile.get("mfa_serial").is_some() {
            return Err(bad("asks for a second factor"));
        }
        let own = match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(source), None) if source == name => self.base(name, profile).await?,
            (Some(source), None) => Box::pin(self.profile(source, depth + 1)).await?,
            (None, Some(_)) => self.base(name, profile).await?,
            _ => return Err(bad("needs either `source_profile` or `credential_source` for its role")),
        };
        let own = own.ok_or_else(|| bad("names a source that does not give a credential"))?;
        let role = AssumedRole {
            arn,
            session: profile.get("role_session_name"),
            external_id: profile.get("external_id"),
            seconds: profile.get("duration_seconds"),
        };
        self.sts()?.assume(role, own).await.map(Some)
    }

    /// What a profile gives without a role of another.
    async fn base(self, name: &str, profile: &Section) -> Result<Option<Credential>, ServiceError> {
        if let Some(source) = profile.get("credential_source") {
            return self.machine(Some(source)).await;
        }
        if let (Some(arn), Some(token)) = (profile.get("role_arn"), profile.get("web_identity_token_file")) {
            let role = AssumedRole { arn, session: profile.get("role_session_name"), external_id: None, seconds: None };
            return self.sts()?.web_identity(role, Path::new(token)).await.map(Some);
        }
        if let Some(sign_on) = SignOn::read(self.config, name, profile)? {
            return sign_on.credential(self.config, self.parts, self.until).await.map(Some);
        }
        if let Some(command) = profile.get("credential_process") {
            let ran = program::run(program::shell(command)).await.ok().filter(|ran| ran.code == Some(0));
            let credential = ran.and_then(|ran| Credential::read(Json::parse(ran.stdout.expose()).ok()?, "a program that a profile names"));
            return credential
                .map(Some)
                .ok_or_else(|| refused::profile(name, "names a `credential_process` that did not give a credential"));
        }
        Ok(of_profile(profile))
    }

    /// What the machine gives: all of it in order, or the one source that a profile names.
    async fn machine(self, source: Option<&str>) -> Result<Option<Credential>, ServiceError> {
        let environment = &*self.config.environment;
        if source == Some("Environment") {
            return Ok(of_environment(environment));
        }
        if source.is_none_or(|source| source == "EcsContainer")
            && let Some(credential) = machine::container(environment, self.parts, self.until).await?
        {
            return Ok(Some(credential));
        }
        if source.is_some_and(|source| source != "Ec2InstanceMetadata") {
            return Ok(None);
        }
        match Instance::open(environment, self.parts, self.until).await {
            Some(instance) => instance.credential().await,
            None => Ok(None),
        }
    }

    fn sts(&self) -> Result<Sts<'_>, ServiceError> {
        let usual = || {
            endpoint::of("sts", self.region, self.config.kind())
                .map_err(|reason| refused::source(format!("the address of AWS STS cannot be found: {reason}"), "correct the region"))
        };
        let address = self.config.endpoint("STS").map_or_else(usual, |address| Ok(address.to_owned()))?;
        Ok(Sts { parts: self.parts, address, region: self.region.to_owned(), until: self.until })
    }
}

/// The access key of the environment.
pub(super) fn of_environment(environment: &ToolEnvironment) -> Option<Credential> {
    Some(Credential {
        id: environment.text("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret: environment.secret("AWS_SECRET_ACCESS_KEY")?.duplicate(),
        session: environment.secret("AWS_SESSION_TOKEN").map(Secret::duplicate),
        expires: None,
        source: "the environment",
    })
}

/// The access key of a profile.
fn of_profile(profile: &Section) -> Option<Credential> {
    let secret = |key: &str| profile.get(key).map(|text| Secret::copy_of(text.as_bytes()));
    Some(Credential {
        id: profile.get("aws_access_key_id")?.to_owned(),
        secret: secret("aws_secret_access_key")?,
        session: secret("aws_session_token"),
        expires: None,
        source: "a profile",
    })
}
