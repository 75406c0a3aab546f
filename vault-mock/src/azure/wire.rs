//! The data plane of Key Vault on the wire: places, answers, errors.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::azure::seed::Version;
use crate::azure::store::Store;

/// How many items a page has at most.
const PAGE: usize = 25;

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Token(&'a str),
    Discovery(&'a str),
    Managed,
    Secrets,
    Secret(&'a str, Option<&'a str>),
    Versions(&'a str),
    Deleted(&'a str),
    /// A key, a version of it, and what it does.
    Key(&'a str, Option<&'a str>, &'a str),
    Graves,
    Elsewhere,
}

impl<'a> Place<'a> {
    pub(crate) fn of(asked: &Asked<'a>) -> Self {
        let segments: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method, segments.as_slice()) {
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => Self::Token(tenant),
            ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => Self::Discovery(tenant),
            ("GET", ["metadata", "identity", "oauth2", "token"] | ["msi", "token"]) => Self::Managed,
            ("GET", ["secrets" | ""] | ["secrets", ""]) => Self::Secrets,
            ("GET", ["secrets", name, "versions"]) if is_name(name) => Self::Versions(name),
            ("GET", ["secrets", name, version]) if is_name(name) && is_name(version) => Self::Secret(name, Some(version)),
            ("GET" | "PUT" | "DELETE", ["secrets", name] | ["secrets", name, ""]) if is_name(name) => Self::Secret(name, None),
            ("GET", ["deletedsecrets"] | ["deletedsecrets", ""]) => Self::Graves,
            ("GET", ["deletedsecrets", name]) if is_name(name) => Self::Deleted(name),
            ("POST", ["keys", name, verb @ ("wrapkey" | "unwrapkey")]) if is_name(name) => Self::Key(name, None, verb),
            ("POST", ["keys", name, version, verb @ ("wrapkey" | "unwrapkey")]) if is_name(name) => Self::Key(name, Some(version), verb),
            _ => Self::Elsewhere,
        }
    }

    pub(crate) fn operation(self, method: &str) -> &'static str {
        match (self, method) {
            (Self::Token(_), _) => "Token",
            (Self::Discovery(_), _) => "Discovery",
            (Self::Managed, _) => "ManagedIdentityToken",
            (Self::Secrets, _) => "ListSecrets",
            (Self::Secret(..), "PUT") => "SetSecret",
            (Self::Secret(..), "DELETE") => "DeleteSecret",
            (Self::Secret(..), _) => "GetSecret",
            (Self::Versions(_), _) => "ListSecretVersions",
            (Self::Deleted(_), _) => "GetDeletedSecret",
            (Self::Key(_, _, "wrapkey"), _) => "WrapKey",
            (Self::Key(..), _) => "UnwrapKey",
            (Self::Graves, _) => "ListDeletedSecrets",
            (Self::Elsewhere, _) => "",
        }
    }

    pub(crate) fn name(self) -> Option<&'a str> {
        match self {
            Self::Secret(name, _) | Self::Versions(name) | Self::Deleted(name) | Self::Key(name, ..) => Some(name),
            _ => None,
        }
    }
}

/// Whether a secret may have this name: `^[0-9a-zA-Z-]{1,127}$`.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The right that an operation needs.
pub(crate) fn right(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "ListSecrets" | "ListSecretVersions" | "ListDeletedSecrets" => "list",
        "GetSecret" | "GetDeletedSecret" => "get",
        "SetSecret" => "set",
        "DeleteSecret" => "delete",
        "WrapKey" => "wrapKey",
        "UnwrapKey" => "unwrapKey",
        _ => return None,
    })
}

/// `https://` and the domain that a vault belongs to: `shop.vault.test` belongs to `vault.test`, an address to itself.
pub(crate) fn domain(origin: &str) -> String {
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let labels = host.split('.').count();
    let address = host.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    let domain = host.split_once('.').filter(|_| labels > 2 && !address).map_or(host, |(_, domain)| domain);
    format!("https://{domain}")
}

/// Carries out what the caller may do.
pub(crate) fn answer(store: &mut Store, asked: &Asked<'_>) -> Answer {
    let version = asked.parameter("api-version").unwrap_or_default();
    if !(version.starts_with("7.") || version.starts_with("20")) {
        return error(400, "BadParameter", None, "api-version must be specified");
    }
    let origin = asked.origin;
    match (Place::of(asked), asked.method) {
        (Place::Secrets, _) => page(asked, store.all().map(|secret| secret.item(origin)).collect(), &version),
        (Place::Versions(name), _) => {
            let secret = store.get(name).filter(|secret| secret.alive());
            page(asked, secret.map(|secret| secret.items(origin)).unwrap_or_default(), &version)
        }
        (Place::Secret(name, _), "PUT") => {
            let body = asked.json().unwrap_or_default();
            let Some(value) = body.get("value").and_then(Value::as_str) else {
                return error(400, "BadParameter", None, "Property value is required");
            };
            let content_type = body.get("contentType").and_then(Value::as_str).map(str::to_owned);
            if store.put(name, Version { value: value.to_owned(), content_type, ..Version::default() }).is_some() {
                return read(store, name, None, origin);
            }
            let words = format!("Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused.");
            error(409, "Conflict", Some("ObjectIsDeletedButRecoverable"), &words)
        }
        (Place::Secret(name, _), "DELETE") => {
            let grave = store.delete(name).and_then(|secret| secret.grave(origin));
            grave.map_or_else(|| missing(name), |grave| Answer::json(200, &grave))
        }
        (Place::Secret(name, version), _) => read(store, name, version, origin),
        (Place::Graves, _) => page(asked, store.deleted().filter_map(|secret| secret.buried(origin)).collect(), &version),
        (Place::Deleted(name), _) => {
            let grave = store.get(name).and_then(|secret| secret.grave(origin));
            grave.map_or_else(
                || error(404, "SecretNotFound", None, &format!("Deleted Secret not found: {name}")),
                |grave| Answer::json(200, &grave),
            )
        }
        _ => error(404, "NotFound", None, "The requested resource was not found."),
    }
}

fn read(store: &Store, name: &str, version: Option<&str>, origin: &str) -> Answer {
    let secret = store.get(name).filter(|secret| secret.alive());
    match secret.and_then(|secret| Some((secret, secret.version(version)?))) {
        None => missing(&version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"))),
        Some((_, stored)) if stored.disabled => failure(403, Some("disabled"), None),
        Some((secret, stored)) => Answer::json(200, &secret.bundle(origin, stored)),
    }
}

fn page(asked: &Asked<'_>, items: Vec<Value>, version: &str) -> Answer {
    let size = asked.parameter("maxresults").map_or(Ok(PAGE), |text| text.parse());
    let Some(size) = size.ok().filter(|size| (1..=PAGE).contains(size)) else {
        return error(400, "BadParameter", None, "The maxresults parameter is not in the valid range of 1 to 25");
    };
    let start: usize = asked.parameter("$skiptoken").and_then(|text| text.parse().ok()).unwrap_or(0);
    let next = (start + size < items.len())
        .then(|| format!("{}{}?api-version={version}&$skiptoken={}&maxresults={size}", asked.origin, asked.path, start + size));
    Answer::json(200, &json!({"value": items.into_iter().skip(start).take(size).collect::<Vec<_>>(), "nextLink": next}))
}

fn missing(name: &str) -> Answer {
    let words = format!(
        "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover it."
    );
    error(404, "SecretNotFound", None, &words)
}

/// The 401 that tells where tokens come from and what for.
pub(crate) fn challenge(asked: &Asked<'_>, tenant: &str, resource: &str) -> Answer {
    let words = "AKV10000: Request is missing a Bearer or PoP token, or has one that is not valid.";
    let value = format!("Bearer authorization=\"{}/{tenant}\", resource=\"{resource}\"", asked.origin);
    error(401, "Unauthorized", None, words).with("www-authenticate", value)
}

/// The 403 of an access policy.
pub(crate) fn denied(right: &str) -> Answer {
    let words = format!("The user, group or application does not have secrets {right} permission on the key vault.");
    error(403, "Forbidden", Some("AccessDenied"), &words)
}

/// The usual errors; `variant` is `disabled`, `firewall`, `connection`, `rbac` or `policy`.
pub(crate) fn failure(code: u16, variant: Option<&str>, words: Option<&str>) -> Answer {
    let (name, inner, usual) = match (code, variant) {
        (403, Some("disabled")) => ("Forbidden", Some("SecretDisabled"), "Operation get is not allowed on a disabled secret."),
        (403, Some("firewall")) => {
            ("Forbidden", Some("ForbiddenByFirewall"), "Client address is not authorized and caller is not a trusted service.")
        }
        (403, Some("connection")) => {
            ("Forbidden", Some("ForbiddenByConnection"), "Public network access is disabled and request is not from a private link.")
        }
        (403, Some("rbac")) => ("Forbidden", Some("ForbiddenByRbac"), "Caller is not authorized to perform action on resource."),
        (403, _) => ("Forbidden", Some("AccessDenied"), "The application does not have secrets get permission on the key vault."),
        (401, _) => ("Unauthorized", None, "AKV10032: Invalid issuer."),
        (404, _) => ("SecretNotFound", None, "A secret with this name was not found in this key vault."),
        (429, _) => {
            ("Throttled", None, "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached")
        }
        (503, _) => ("ServiceUnavailable", None, "The service is unavailable."),
        (500.., _) => ("InternalServerError", None, "An error occurred."),
        _ => ("BadParameter", None, "The request is not valid."),
    };
    error(code, name, inner, words.unwrap_or(usual))
}

/// An error in Key Vault's form. `SecretDisabled` has the spelling that was seen with it.
pub(crate) fn error(status: u16, code: &str, inner: Option<&str>, words: &str) -> Answer {
    let mut error = json!({"code": code, "message": words});
    if let Some(inner) = inner {
        let spelling = if inner == "SecretDisabled" { "innerError" } else { "innererror" };
        error[spelling] = json!({"code": inner});
    }
    Answer::json(status, &json!({"error": error}))
}

#[cfg(test)]
mod tests {
    use super::domain;

    #[test]
    fn a_vault_belongs_to_a_domain() {
        assert_eq!(domain("https://shop.vault.test:8443"), "https://vault.test");
        assert_eq!(domain("http://127.0.0.1:1"), "https://127.0.0.1");
        assert_eq!(domain("http://localhost:1"), "https://localhost");
    }
}
