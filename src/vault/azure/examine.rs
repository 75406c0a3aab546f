//! From a vault's address to a permission, step by step.

use tokio::time::Instant;

use crate::identity::renewal::Authenticated;
use crate::identity::signed_jwt;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::connectivity;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::azure::link::Link;
use crate::vault::azure::refusal::refusal;
use crate::vault::name;

/// A name that no secret has, to see whether one that is there could be read.
const ABSENT: &str = "cloze-doctor-asks-for-what-is-not-there";

/// The findings up to the first that is bad.
pub(super) async fn examine(link: &Link, api_version: &str) -> Vec<Diagnostic> {
    let until = link.client.until();
    let mut findings = connectivity(&link.client).await;
    if findings.iter().any(|finding| finding.outcome.is_err()) {
        return findings;
    }
    if let Err((step, error)) = steps(link, api_version, &mut findings, until).await {
        findings.push(Diagnostic::bad(step, error));
    }
    findings
}

async fn steps(
    link: &Link,
    api_version: &str,
    findings: &mut Vec<Diagnostic>,
    until: Instant,
) -> Result<(), (DiagnosticStep, ServiceError)> {
    let challenge = link.challenge(until).await.map_err(|error| (DiagnosticStep::Service, error))?;
    let scope = challenge.scope(link.address.host()).map_err(|error| (DiagnosticStep::Service, error))?;
    let service = format!("a key vault for tokens of {}, asked by version {}", words::tame(&challenge.resource, 64), api_version);
    findings.push(Diagnostic::good(DiagnosticStep::Service, service));
    // The cloud's own scope is what a known vault gets, whatever a challenge says.
    let scope = link.scope.get_or_init(|| async { scope }).await;
    let token = link.login.token(scope, None, until).await.map_err(|error| (DiagnosticStep::Identity, error))?;
    let claims = Claims::of(token.text());
    let shown = claims.as_ref().and_then(|claims| claims.who.clone()).map(|who| format!(" ({who})")).unwrap_or_default();
    findings.push(Diagnostic::good(DiagnosticStep::Identity, format!("{}{shown}", link.login.words())));
    let tenant = claims.and_then(|claims| claims.tenant).or_else(|| link.login.tenant().map(str::to_owned));
    if let (Some(own), Some(other)) = (&tenant, &challenge.tenant)
        && is_id(own)
        && is_id(other)
        && !own.eq_ignore_ascii_case(other)
    {
        let reason = format!("the vault belongs to the tenant {other}, and the token to {own}");
        let next = "use a credential of the vault's tenant, or check the vault's name";
        return Err((DiagnosticStep::Tenant, ServiceError::new(ServiceFault::Unauthenticated, reason, next)));
    }
    findings.push(Diagnostic::good(DiagnosticStep::Tenant, tenant.unwrap_or_else(|| "the token does not say".to_owned())));
    let end = token.expires.map_or_else(|| "the token does not say when it ends".to_owned(), |end| format!("the token lasts until {end}"));
    findings.push(Diagnostic::good(DiagnosticStep::Expiry, end));
    let may = permission(link, until).await.map_err(|error| (DiagnosticStep::Permission, error))?;
    findings.push(Diagnostic::good(DiagnosticStep::Permission, may));
    Ok(())
}

async fn permission(link: &Link, until: Instant) -> Result<String, ServiceError> {
    let url = link.address.secret(ABSENT, None).map_err(name::refused)?;
    let Authenticated { reply, token } = link.ask(url, until).await?;
    if !matches!(reply.status, 200 | 404) {
        return Err(refusal(&reply, "secrets", &*token));
    }
    let url = link.address.list(1).map_err(name::refused)?;
    let Authenticated { reply, .. } = link.ask(url, until).await?;
    Ok(match reply.status {
        200 => "secrets can be read and listed".to_owned(),
        _ => "secrets can be read, and not listed: `vault list` will not work, and a check reads values".to_owned(),
    })
}

/// What a token says of its holder. It is not checked: that is the vault's part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claims {
    tenant: Option<String>,
    who: Option<String>,
}

impl Claims {
    fn of(token: &Secret) -> Option<Self> {
        let claims = signed_jwt::claims(token)?;
        let json = Json::parse(claims.expose()).ok()?;
        let claim = |name: &str| json.get(name).and_then(|claim| claim.text()).map(|claim| words::tame(&claim, 64));
        let who = claim("upn")
            .or_else(|| claim("appid").map(|id| format!("application {id}")))
            .or_else(|| claim("oid").map(|id| format!("object {id}")));
        Some(Self { tenant: claim("tid"), who })
    }
}

/// Whether a tenant is given by its id, which can be compared.
fn is_id(tenant: &str) -> bool {
    tenant.len() == 36 && tenant.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::Claims;
    use crate::secret::Secret;

    #[test]
    fn a_token_tells_who_holds_it() {
        let of = |claims: &str| Claims::of(&Secret::copy_of(format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims)).as_bytes()));
        let claims = of(r#"{"tid": "t", "appid": "a", "oid": "o"}"#).unwrap();
        assert_eq!((claims.tenant.as_deref(), claims.who.as_deref()), (Some("t"), Some("application a")));
        assert_eq!(of(r#"{"upn": "u@x", "appid": "a"}"#).unwrap().who.as_deref(), Some("u@x"));
        assert_eq!(of(r#"{"oid": "o"}"#).unwrap().who.as_deref(), Some("object o"));
        assert_eq!(of("no"), None);
        assert_eq!(Claims::of(&Secret::copy_of(b"opaque")), None);
    }
}
