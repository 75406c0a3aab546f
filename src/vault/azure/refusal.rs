//! The errors of a key vault, told apart by their codes: one status stands for many reasons.

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;

/// How much of the vault's own words is shown.
const LONGEST: usize = 200;

/// The error of an answer that brings nothing about `subject`, a secret's name or the list.
pub(super) fn refusal(reply: &Reply, subject: &str, protocol: &dyn Protocol) -> ServiceError {
    if let Some(redirect) = reply.redirect() {
        return redirect;
    }
    let json = Json::parse(reply.body.expose()).ok();
    let error = json.and_then(|json| json.get("error"));
    let text = |json: Option<Json<'_>>, key: &str| json.and_then(|json| json.get(key)?.text()).map(|text| words::tame(&text, LONGEST));
    let inner = error.and_then(|error| error.get("innererror").or_else(|| error.get("innerError")));
    let inner = text(inner, "code").unwrap_or_default();
    let code = text(error, "code").unwrap_or_default();
    let said = text(error, "message").filter(|said| !said.is_empty() && !protocol.gives_away(said));
    let shown = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
    let says = |word: &str| said.as_ref().is_some_and(|said| said.contains(word));
    let name = words::tame(subject, 64);
    let denied = |reason: String, next: &str| ServiceError::new(ServiceFault::Denied, format!("{reason}{shown}"), next);
    match (reply.status, inner.as_str()) {
        (401, _) => {
            let next = if says("AKV10032") {
                "the credential is of another tenant: use one of the vault's own"
            } else {
                "check that the credential is for this vault's tenant and cloud"
            };
            ServiceError::new(ServiceFault::Unauthenticated, format!("the vault does not accept the token{shown}"), next)
        }
        (403, "SecretDisabled") => disabled(subject),
        (403, "ForbiddenByFirewall") => denied(
            "the vault's firewall does not let this machine in".to_owned(),
            "allow its address in the vault's networking, or run inside the vault's network",
        ),
        (403, "ForbiddenByConnection") => {
            denied("the vault is not open to public networks".to_owned(), "go there by its private link, from inside its network")
        }
        (403, "ForbiddenByRbac") => denied(
            format!("no role allows to read {name}"),
            "assign the identity the role `Key Vault Secrets User` on the vault; that takes some minutes to hold",
        ),
        (403, "AccessDenied") => denied(
            format!("the vault's access policy does not allow to read {name}"),
            "allow the identity `get` and `list` on secrets in the vault's access policies",
        ),
        (403, _) => denied(
            format!("the vault does not allow to read {name}"),
            "assign the identity the role `Key Vault Secrets User` on the vault, or allow `get` in its access policies",
        ),
        (404, _) if code.is_empty() || code == "SecretNotFound" => {
            let reason = format!("`{name}` or the version asked for is not in the vault");
            ServiceError::new(ServiceFault::NotFound, reason, "check the name, the version and the vault")
        }
        (404, _) => ServiceError::new(ServiceFault::NotFound, format!("the vault has no such place{shown}"), "check the vault's address"),
        (429, _) => {
            let next = "try again later, or read fewer secrets at once: a vault takes 4,000 requests in 10 seconds";
            ServiceError::new(ServiceFault::RateLimited, format!("the vault is rate limiting requests{shown}"), next)
        }
        (status @ 500.., _) => {
            ServiceError::new(ServiceFault::Unavailable, format!("the vault failed with status {status}{shown}"), "try again later")
        }
        (status, _) => {
            let reason = format!("the vault refused the request with status {status}{shown}");
            ServiceError::new(ServiceFault::Unavailable, reason, "check the vault's address and `apiVersion`")
        }
    }
}

/// The error of a version that is switched off.
pub(super) fn disabled(name: &str) -> ServiceError {
    let reason = format!("`{}` is disabled", words::tame(name, 64));
    ServiceError::new(ServiceFault::Gone, reason, "enable it in the vault, or ask for another version")
}
