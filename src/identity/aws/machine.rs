//! The role of a container (ECS, EKS Pod Identity) and of an instance (EC2, by version 2 of its metadata service)
//! (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html, feature-imds-credentials.html).

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderName;
use tokio::time::Instant;

use crate::identity::ToolEnvironment;
use crate::identity::aws::credential::Credential;
use crate::identity::aws::parts::LoginParts;
use crate::identity::aws::refused;
use crate::identity::file;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::http::is_loopback;
use crate::service::json::Json;

const CONTAINER: &str = "the container's credential service";
const INSTANCE: &str = "the instance's metadata service";
/// Where a task's credentials are.
const TASK: &str = "http://169.254.170.2";
/// Hosts to which a token may go without TLS: those of ECS and of EKS Pod Identity.
const NEAR: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
/// How long a machine that may be no instance is asked.
const PATIENCE: Duration = Duration::from_secs(2);
const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// The role of a container, if the environment says that there is one.
pub(super) async fn container(
    environment: &ToolEnvironment,
    parts: &LoginParts,
    until: Instant,
) -> Result<Option<Credential>, ServiceError> {
    let relative = environment.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{TASK}{path}"));
    let Some(address) = relative.or_else(|| environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned)) else {
        return Ok(None);
    };
    let bad = |reason: &str| refused::source(format!("{CONTAINER} {reason}"), "check the variables that begin with AWS_CONTAINER_");
    let near = |url: &Url| url.host_str().is_some_and(|host| NEAR.contains(&host) || is_loopback(host));
    let url = Url::parse(&address).ok().filter(|url| url.scheme() == "https" || url.scheme() == "http" && near(url));
    let mut call = Call::get(url.ok_or_else(|| bad("has an address that no token may be sent to"))?);
    let token = match environment.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => Some(file::read(Path::new(path)).map_err(|reason| bad(&format!("needs the file `{path}`, which {reason}")))?),
        None => environment.secret("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::duplicate),
    };
    if let Some(token) = token {
        let token = Secret::copy_of(token.expose().trim_ascii());
        call = call.with_secret(AUTHORIZATION, &token).ok_or_else(|| bad("needs a token that can be sent"))?;
    }
    let reply = parts.ask(&call, CONTAINER, until).await?;
    if reply.status != 200 {
        return Err(bad(&format!("did not give a credential (status {})", reply.status)));
    }
    let credential = Json::parse(reply.body.expose()).ok().and_then(|json| Credential::read(json, "the container's role"));
    credential.map(Some).ok_or_else(|| bad("answered without a credential"))
}

/// The instance's metadata service.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    parts: &'a LoginParts,
    base: Url,
    token: Secret,
    until: Instant,
}

impl<'a> Instance<'a> {
    /// Opens a session; nothing where the machine is not an instance, or the service is switched off.
    pub(super) async fn open(environment: &ToolEnvironment, parts: &'a LoginParts, until: Instant) -> Option<Self> {
        if environment.is_true("AWS_EC2_METADATA_DISABLED") {
            return None;
        }
        let six = environment.text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        let usual = if six { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
        let base = Url::parse(environment.text("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(usual)).ok()?;
        let call = Call::new(Method::PUT, base.join("latest/api/token").ok()?);
        let call = call.with(HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
        let reply = parts.ask_once(&call, INSTANCE, until.min(Instant::now() + PATIENCE)).await.ok()?;
        (reply.status == 200).then(|| Self { parts, base, token: Secret::copy_of(reply.body.expose().trim_ascii()), until })
    }

    /// The region.
    pub(super) async fn region(&self) -> Option<String> {
        let region = self.get("latest/meta-data/placement/region").await.ok().flatten()?;
        region.expose_text().map(|region| region.trim().to_owned())
    }

    /// The credential of the role that is attached; nothing where none is.
    pub(super) async fn credential(&self) -> Result<Option<Credential>, ServiceError> {
        let Some(roles) = self.get(ROLES).await? else { return Ok(None) };
        let Some(role) = roles.expose_text().and_then(|roles| roles.lines().next()).map(str::trim).filter(|role| !role.is_empty()) else {
            return Ok(None);
        };
        let Some(body) = self.get(&format!("{ROLES}{role}")).await? else { return Ok(None) };
        let credential = Json::parse(body.expose()).ok().and_then(|json| Credential::read(json, "the instance's role"));
        let next = "check the role that is attached to the instance";
        credential.map(Some).ok_or_else(|| refused::source(format!("{INSTANCE} answered without a credential"), next))
    }

    async fn get(&self, path: &str) -> Result<Option<Secret>, ServiceError> {
        let unusable = || refused::source(format!("{INSTANCE} cannot be asked"), "check AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let url = self.base.join(path).map_err(|_| unusable())?;
        let call = Call::get(url).with_secret(HeaderName::from_static("x-aws-ec2-metadata-token"), &self.token).ok_or_else(unusable)?;
        let reply = self.parts.ask(&call, INSTANCE, self.until).await?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            404 => Ok(None),
            status => Err(refused::source(format!("{INSTANCE} failed with status {status}"), "try again later")),
        }
    }
}
