//! What `cloze doctor` asks: is it a vault and awake, who are we, where, for how long, and what for.

use std::time::Duration;

use tokio::time::Instant;

use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::connectivity;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::hashicorp::AuthMethod;
use crate::vault::hashicorp::answer;
use crate::vault::hashicorp::mount::About;
use crate::vault::hashicorp::mount::Mount;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::refusal::VAULT;
use crate::vault::hashicorp::rights::Rights;
use crate::vault::name;

/// A token that lasts for less is warned about.
const SHORT: Duration = Duration::from_mins(1);

/// The walk. The first step that fails is the last.
pub(super) async fn examine(mount: &Mount, namespace: Option<&str>, prefixes: &[String]) -> Vec<Diagnostic> {
    let mut findings = connectivity(mount.session.client()).await;
    if findings.last().is_none_or(|finding| finding.outcome.is_err()) {
        return findings;
    }
    let until = mount.session.client().until();
    let walk = async |findings: &mut Vec<Diagnostic>| -> Result<(), Diagnostic> {
        let service = service(mount, until).await.map_err(|error| Diagnostic::bad(DiagnosticStep::Service, error))?;
        findings.push(Diagnostic::good(DiagnosticStep::Service, service));
        let owner = identity(mount, until).await.map_err(|error| Diagnostic::bad(DiagnosticStep::Identity, error))?;
        findings.push(Diagnostic::good(DiagnosticStep::Identity, owner.words));
        let namespace = owner.namespace.as_deref().or(namespace).map(|name| words::tame(name.trim_matches('/'), 64));
        let namespace = namespace.filter(|name| !name.is_empty()).map(|name| format!("namespace `{name}`"));
        findings.push(Diagnostic::good(DiagnosticStep::Tenant, namespace.unwrap_or_else(|| "the root namespace".to_owned())));
        findings.push(Diagnostic { step: DiagnosticStep::Expiry, outcome: expiry(owner.seconds, mount.session.login()) });
        if findings.last().is_some_and(|finding| finding.outcome.is_err()) {
            return Ok(());
        }
        let permission = permission(mount, prefixes, until).await;
        findings.push(Diagnostic { step: DiagnosticStep::Permission, outcome: permission });
        Ok(())
    };
    if let Err(finding) = walk(&mut findings).await {
        findings.push(finding);
    }
    findings
}

/// `sys/health`, whose status tells as much as its body; `sys/seal-status` where that is not let through.
async fn service(mount: &Mount, until: Instant) -> Result<String, ServiceError> {
    let unavailable = |reason: &str, next: &str| Err(ServiceError::new(ServiceFault::Unavailable, reason, next));
    for path in ["sys/health", "sys/seal-status"] {
        let url = mount.address.own(path).map_err(name::refused)?;
        let (reply, protocol) = mount.session.ask_openly(&Call::get(url), true, until).await?;
        let json = Json::parse(reply.body.expose()).ok();
        let is = |name: &str| json.and_then(|json| json.get(name)).map(|flag| flag.is_true());
        let (Some(initialized), Some(sealed)) = (is("initialized"), is("sealed")) else {
            if matches!(reply.status, 400 | 403 | 404 | 405) {
                continue;
            }
            let answered = Answered { reply: &reply, protocol: &protocol };
            return Err(if reply.status < 300 { VAULT.unexpected(&format!("no health under `{path}`")) } else { answered.failure() });
        };
        let version = json.and_then(|json| json.get("version")).and_then(|version| version.text());
        let version = version.map_or_else(|| "version not shown".to_owned(), |version| format!("version {}", words::tame(&version, 40)));
        return match reply.status {
            _ if !initialized => unavailable("the vault is not initialised", "initialise it with `vault operator init`"),
            _ if sealed => unavailable("the vault is sealed", "unseal it"),
            472 => unavailable(
                "the server is of a cluster for disaster recovery, which serves no secret",
                "give the primary cluster's address",
            ),
            429 | 473 => Ok(format!("{version}, a standby that passes requests on")),
            _ => Ok(version),
        };
    }
    unavailable(
        "neither `sys/health` nor `sys/seal-status` can be read",
        "check that the address is that of a vault, and the proxy before it",
    )
}

/// Whose token it is.
struct TokenOwner {
    words: String,
    namespace: Option<String>,
    /// How many seconds are left; nothing where that is not known, 0 where there is no end.
    seconds: Option<u64>,
}

async fn identity(mount: &Mount, until: Instant) -> Result<TokenOwner, ServiceError> {
    let url = mount.address.own("auth/token/lookup-self").map_err(name::refused)?;
    let heard = mount.session.ask(&Call::get(url), until).await?;
    let answered = heard.answered();
    let by = mount.session.login();
    match answered.reply.status {
        200 => {}
        403 if !answered.is_stranger() && !answered.is_ambiguous() => {
            let words = format!("by {by}; the token may not look itself up");
            return Ok(TokenOwner { words, namespace: None, seconds: None });
        }
        403 if answered.is_ambiguous() => {
            let reason = "the vault does not accept the token, or does not let it look itself up";
            let next = "get a new token, and check that it is for this vault and this namespace";
            return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, next));
        }
        _ => return Err(answered.failure()),
    }
    let json = Json::parse(answered.reply.body.expose()).ok();
    let data = json.and_then(|json| json.get("data")).ok_or_else(|| VAULT.unexpected("a token without `data`"))?;
    let text = |name: &str| data.get(name).and_then(|value| value.text()).filter(|text| !answered.protocol.gives_away(text));
    let name = text("display_name").map_or_else(|| "a token without a name".to_owned(), |name| format!("`{}`", words::tame(&name, 64)));
    let policies =
        data.get("policies").map(|list| words::names(list.members().filter_map(|(_, policy)| policy.text()))).unwrap_or_default();
    let policies = if policies.is_empty() { "no policy".to_owned() } else { format!("the policies {policies}") };
    let seconds = data.get("ttl").and_then(|seconds| seconds.number());
    Ok(TokenOwner { words: format!("{name} with {policies}, by {by}"), namespace: text("namespace_path"), seconds })
}

fn expiry(seconds: Option<u64>, login: &AuthMethod) -> Result<String, ServiceError> {
    match seconds {
        None => Ok("not known".to_owned()),
        Some(0) => Ok("the token has no end".to_owned()),
        Some(seconds) if seconds < SHORT.as_secs() && matches!(login, AuthMethod::Token(_)) => {
            let reason = format!("the token ends in {seconds} s");
            Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "renew it, or get a new one"))
        }
        Some(seconds) => Ok(format!("the token ends in {}", lasting(seconds))),
    }
}

/// A time in its largest whole unit.
fn lasting(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What the mount is, and whether the token may read and list below the prefixes as a whole.
async fn permission(mount: &Mount, prefixes: &[String], until: Instant) -> Result<String, ServiceError> {
    let (engine, name) = (mount.address.engine(), mount.address.mount());
    let kind = match mount.about(until).await {
        Ok(About::Kv(found)) if found != engine => return Err(answer::other_kind(engine, name)),
        Ok(About::Kv(found)) => found.to_string(),
        Ok(About::Other(kind)) => {
            let reason = format!("the mount `{name}` is not a KV engine but `{}`", words::tame(&kind, 40));
            return Err(ServiceError::new(ServiceFault::NotFound, reason, "give the path of a KV engine; `vault secrets list` shows them"));
        }
        Err(error) if error.fault == ServiceFault::Denied || error.fault == ServiceFault::NotFound => {
            let reason = format!("there is no mount `{name}`, or the token may do nothing there");
            let next = format!(
                "check the mount and the namespace, and allow `read` on `{}` in the token's policy",
                mount.address.path("data", "*")
            );
            return Err(ServiceError::new(ServiceFault::Denied, reason, next));
        }
        Err(error) => return Err(error),
    };
    let below: Vec<&str> = if prefixes.is_empty() { vec![""] } else { prefixes.iter().map(String::as_str).collect() };
    let path = |verb: &str, prefix: &str| mount.address.path(verb, &if prefix.is_empty() { String::new() } else { format!("{prefix}/") });
    let paths: Vec<String> = below.iter().flat_map(|prefix| [path("data", prefix), path("metadata", prefix)]).collect();
    let rights = Rights::of(&mount.address, &mount.session, &paths, until).await;
    let shown: Vec<String> = below
        .iter()
        .map(|prefix| {
            let (data, metadata) = (path("data", prefix), path("metadata", prefix));
            let list = if rights.may(&metadata, "list") == Some(true) { "read and list" } else { "read" };
            match rights.may(&data, "read") {
                Some(true) => format!("may {list} below `{data}`"),
                Some(false) => format!("not all below `{data}` may be read: `cloze check --online` checks each secret"),
                None => format!("the vault does not say what may be read below `{data}`"),
            }
        })
        .collect();
    Ok(format!("{kind}; {}", shown.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::expiry;
    use super::lasting;
    use crate::secret::Secret;
    use crate::vault::hashicorp::AuthMethod;

    #[test]
    fn an_end_is_told_in_its_largest_unit() {
        let shown: Vec<String> = [119, 120, 7199, 7200, 172_799, 172_800].into_iter().map(lasting).collect();
        assert_eq!(shown, ["119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }

    #[test]
    fn a_short_life_is_bad_for_a_token_that_was_given() {
        let given = AuthMethod::Token(Secret::copy_of(b"t"));
        let own = AuthMethod::AppRole { mount: "approle".into(), role_id: Secret::copy_of(b"r"), secret_id: None };
        assert_eq!(expiry(Some(59), &given).unwrap_err().reason, "the token ends in 59 s");
        assert_eq!(expiry(Some(59), &own).unwrap(), "the token ends in 59 s");
        assert_eq!(expiry(Some(0), &given).unwrap(), "the token has no end");
        assert_eq!(expiry(None, &given).unwrap(), "not known");
    }
}
