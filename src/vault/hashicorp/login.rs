//! The ways in: a token of the user's, `AppRole`, Kubernetes, and the JWT of a CI system (developer.hashicorp.com/vault/api-docs/auth).

use std::fmt;

use crate::blank::Filter;
use crate::identity::id_token::IdToken;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::refusal::LOGIN;

/// How one gets in.
#[derive(Debug)]
pub enum AuthMethod {
    /// A token that somebody got. It is never revoked here.
    Token(Secret),
    /// A role's id and, unless the role wants none, its secret id.
    AppRole {
        /// The auth mount, such as `approle`.
        mount: String,
        /// The role's id.
        role_id: Secret,
        /// The secret id.
        secret_id: Option<Secret>,
    },
    /// A service account's token.
    Kubernetes {
        /// The auth mount, such as `kubernetes`.
        mount: String,
        /// The role's name.
        role: String,
        /// The token. Where its audience can be chosen, it is the vault's origin, such as `https://vault.example.com:8200`.
        token: IdToken,
    },
    /// The token of a CI system's job.
    Jwt {
        /// The auth mount, such as `jwt`.
        mount: String,
        /// The role's name; the mount's default role without one.
        role: Option<String>,
        /// The audience of the token, where that can be chosen; the vault's origin, such as `https://vault.example.com:8200`, if none is given.
        audience: Option<String>,
        /// The token.
        token: IdToken,
    },
}

/// The body of a login, and what in it must not be shown.
#[derive(Debug)]
pub(super) struct LoginBody {
    pub(super) body: Secret,
    pub(super) held: Vec<Secret>,
}

/// What a login gave.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: Secret,
    /// How many seconds it holds; 0 is for ever.
    pub(super) seconds: u64,
    pub(super) revocable: bool,
}

impl AuthMethod {
    /// The auth mount of a login of our own.
    pub(super) fn mount(&self) -> Option<&str> {
        match self {
            Self::Token(_) => None,
            Self::AppRole { mount, .. } | Self::Kubernetes { mount, .. } | Self::Jwt { mount, .. } => Some(mount.trim_matches('/')),
        }
    }

    /// What is wrong with it, as far as can be seen here.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let Self::AppRole { role_id, secret_id, .. } = self else { return Ok(()) };
        for (name, value) in [("role_id", Some(role_id)), ("secret_id", secret_id.as_ref())] {
            if value.is_some_and(|value| value.is_empty() || !value.expose().iter().all(u8::is_ascii_graphic)) {
                let reason = format!("the {name} is empty or has characters that it cannot have");
                return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, format!("give the {name} alone, without a line end")));
            }
        }
        Ok(())
    }

    /// The body of the login; nothing for a token. A token of the platform is made for `audience` where that can be chosen.
    pub(super) async fn credentials(&self, audience: &str) -> Result<Option<LoginBody>, ServiceError> {
        let (fields, held): (Vec<(&str, Secret)>, Vec<Secret>) = match self {
            Self::Token(_) => return Ok(None),
            Self::AppRole { role_id, secret_id, .. } => {
                let fields = [("role_id", Some(role_id)), ("secret_id", secret_id.as_ref())];
                let given = || fields.iter().filter_map(|(name, value)| Some((*name, (*value)?.duplicate())));
                (given().collect(), given().map(|(_, value)| value).collect())
            }
            Self::Kubernetes { role, token, .. } => with_token(Some(role), token.obtain(audience).await?),
            Self::Jwt { role, token, audience: own, .. } => {
                with_token(role.as_deref(), token.obtain(own.as_deref().unwrap_or(audience)).await?)
            }
        };
        let body = object(&fields).ok_or_else(|| {
            ServiceError::new(ServiceFault::Unauthenticated, "a credential of the login is not text", "give it as the vault made it")
        })?;
        Ok(Some(LoginBody { body, held }))
    }

    /// The token in the answer to a login, or why there is none.
    pub(super) fn grant(&self, answered: Answered<'_>) -> Result<Grant, ServiceError> {
        if answered.reply.status != 200 {
            return Err(self.refused(answered));
        }
        let json = LOGIN.object(&answered.reply.body)?;
        let auth = json.get("auth").filter(|auth| auth.kind() == JsonKind::Object).ok_or_else(|| LOGIN.unexpected("no `auth`"))?;
        if auth.get("mfa_requirement").is_some_and(|mfa| mfa.kind() == JsonKind::Object) {
            let reason = format!("the login by {self} asks for a second factor");
            return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "use a login that needs no person"));
        }
        let token = auth.get("client_token").and_then(|token| token.secret()).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| LOGIN.unexpected("no `auth.client_token`"))?;
        if !token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(LOGIN.unexpected("a token with characters that a token cannot have"));
        }
        let seconds = auth.get("lease_duration").and_then(|seconds| seconds.number());
        let seconds = seconds.ok_or_else(|| LOGIN.unexpected("no `auth.lease_duration`"))?;
        let revocable = !auth.get("token_type").is_some_and(|kind| kind.is("batch"));
        Ok(Grant { token, seconds, revocable })
    }

    /// Which of the many reasons. The statuses overlap: the words tell more.
    fn refused(&self, answered: Answered<'_>) -> ServiceError {
        use ServiceFault::{Denied, NotFound, Unauthenticated};
        let status = answered.reply.status;
        if !matches!(status, 400 | 401 | 403 | 404) {
            return answered.failure();
        }
        let shown = answered.words().map(|said| format!(": {said}")).unwrap_or_default();
        let lower = answered.unshown();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
        let path = format!("auth/{}", words::tame(self.mount().unwrap_or_default(), 64));
        if status == 404 || says(&["no handler for route", "unsupported path"]) {
            let reason = format!("there is no login at `{path}`{shown}");
            return ServiceError::new(NotFound, reason, "check the mount of the login, and the namespace");
        }
        let cidr = says(&["cidr", "source address", "remote address"]);
        let (fault, reason, next) = match self {
            _ if cidr => {
                (Denied, "the vault lets nobody log in from this address".to_owned(), "allow the address in the role's bound CIDRs")
            }
            Self::AppRole { .. } if says(&["role or secret"]) => (
                Unauthenticated,
                "the vault does not accept this role_id with this secret_id".to_owned(),
                "check that both are of the same role, and make a new secret_id: one can be used up or have ended",
            ),
            Self::AppRole { .. } if says(&["secret id", "secret_id"]) => (
                Unauthenticated,
                "the vault does not accept the secret_id".to_owned(),
                "make a new one for the role: a secret_id can be used up or have ended",
            ),
            Self::AppRole { .. } if says(&["role id", "role_id"]) => {
                (Unauthenticated, "the vault does not accept the role_id".to_owned(), "read it again from the role")
            }
            Self::Kubernetes { role, .. } if is_role(&lower) => unknown(Some(role), &path),
            Self::Jwt { role, .. } if is_role(&lower) => unknown(role.as_deref(), &path),
            Self::Kubernetes { .. } if says(&["not authorized"]) => (
                Denied,
                "the role is not for this service account".to_owned(),
                "add the service account and its namespace to the role's bound names",
            ),
            Self::Kubernetes { .. } | Self::Jwt { .. } if says(&["audience", "(aud)"]) => (
                Unauthenticated,
                "the vault refuses the token for its audience".to_owned(),
                "let the token's audience be one of the role's bound audiences",
            ),
            // These too are claims to the vault, and no matter of the role.
            Self::Kubernetes { .. } | Self::Jwt { .. } if says(&["(exp)", "(nbf)", "(iat)", "(iss)"]) => untrusted(),
            Self::Kubernetes { .. } | Self::Jwt { .. } if says(&["claim"]) => (
                Denied,
                "the token's claims are not those of the role".to_owned(),
                "compare the role's bound subject and claims with what the platform says in the token",
            ),
            Self::Kubernetes { .. } | Self::Jwt { .. } if says(&["jwt", "token", "signature", "issuer", "expired"]) => untrusted(),
            _ => (
                Denied,
                format!("the vault lets nobody in at `{path}` with these credentials"),
                "check the mount of the login, the role, the credentials and the namespace",
            ),
        };
        ServiceError::new(fault, format!("{reason}{shown}"), next)
    }
}

fn is_role(said: &str) -> bool {
    said.contains("role")
        && ["invalid role", "could not be found", "missing role", "unknown role"].iter().any(|phrase| said.contains(phrase))
}

fn untrusted() -> (ServiceFault, String, &'static str) {
    let next = "check that the login's mount trusts who issued the token, and that the token has not ended";
    (ServiceFault::Unauthenticated, "the vault refuses the token".to_owned(), next)
}

fn unknown(role: Option<&str>, path: &str) -> (ServiceFault, String, &'static str) {
    let reason = match role {
        Some(role) => format!("there is no role `{}` at `{path}`", words::tame(role, 64)),
        None => format!("the login at `{path}` has no default role"),
    };
    (ServiceFault::Unauthenticated, reason, "name a role that is there, and check the mount of the login and the namespace")
}

fn with_token(role: Option<&str>, token: Secret) -> (Vec<(&'static str, Secret)>, Vec<Secret>) {
    let held = vec![token.duplicate()];
    let role = role.map(|role| ("role", Secret::copy_of(role.as_bytes())));
    (role.into_iter().chain([("jwt", token)]).collect(), held)
}

/// A JSON object of texts; nothing where a value is no text.
fn object(fields: &[(&str, Secret)]) -> Option<Secret> {
    let values: Vec<Secret> = fields.iter().map(|(_, value)| Filter::Json.apply(value)).collect::<Result<_, _>>().ok()?;
    let length = fields.iter().zip(&values).map(|((name, _), value)| name.len() + value.len() + 4).sum::<usize>();
    let mut out = SecretBuffer::with_capacity(length + 2);
    out.push(b'{');
    for (index, ((name, _), value)) in fields.iter().zip(&values).enumerate() {
        out.extend(if index == 0 { b"\"" } else { b",\"" });
        out.extend(name.as_bytes());
        out.extend(b"\":");
        out.extend(value.expose());
    }
    out.push(b'}');
    Some(out.into())
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, mount) = match self {
            Self::Token(_) => return f.write_str("the token that was given"),
            Self::AppRole { mount, .. } => ("AppRole", mount),
            Self::Kubernetes { mount, .. } => ("Kubernetes", mount),
            Self::Jwt { mount, .. } => ("JWT", mount),
        };
        write!(f, "{kind} at `auth/{}`", words::tame(mount.trim_matches('/'), 64))
    }
}

#[cfg(test)]
mod tests {
    use super::AuthMethod;
    use super::object;
    use crate::secret::Secret;

    fn secret(text: &str) -> Secret {
        Secret::copy_of(text.as_bytes())
    }

    fn approle(role_id: &str, secret_id: &str) -> AuthMethod {
        AuthMethod::AppRole { mount: "/approle/".to_owned(), role_id: secret(role_id), secret_id: Some(secret(secret_id)) }
    }

    #[test]
    fn a_body_is_json_whatever_the_credential() {
        let fields = [("role_id", secret("a\"\\")), ("secret_id", secret("é\n"))];
        let body = object(&fields).unwrap();
        let read: serde_json::Value = serde_json::from_slice(body.expose()).unwrap();
        assert_eq!(read, serde_json::json!({"role_id": "a\"\\", "secret_id": "é\n"}));
        assert!(object(&[("jwt", Secret::copy_of(b"\xff"))]).is_none());
    }

    #[test]
    fn credentials_that_are_none_are_refused_and_not_shown() {
        let error = approle("canary", "canary\n").check().unwrap_err();
        assert_eq!(error.reason, "the secret_id is empty or has characters that it cannot have");
        assert_eq!(approle("", "s").check().unwrap_err().reason, "the role_id is empty or has characters that it cannot have");
        assert!(!format!("{error:?}{:?}", approle("canary", "canary")).contains("canary"));
        assert!(approle("r", "s").check().is_ok());
    }

    #[test]
    fn a_login_has_a_name() {
        assert_eq!(approle("r", "s").to_string(), "AppRole at `auth/approle`");
        assert_eq!(AuthMethod::Token(secret("t")).to_string(), "the token that was given");
    }
}
