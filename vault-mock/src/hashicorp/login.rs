//! The ways in: `AppRole`, Kubernetes and JWT (`OpenBao`'s `internal/builtin/credential`).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::hashicorp::said::Said;

/// A role that one can log in to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The role's id for `AppRole`, its name for the others.
    pub role: String,
    /// Secret ids for `AppRole`, JWTs for the others.
    #[serde(default)]
    pub accepts: Vec<Accepted>,
    /// What a JWT's audience may be.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Whether it is taken when a JWT login names no role.
    #[serde(default)]
    pub default: bool,
    /// The auth mount; `approle`, `kubernetes` or `jwt` when absent.
    #[serde(default)]
    pub mount: Option<String>,
    /// The auth mount's namespace; the root when empty.
    #[serde(default)]
    pub namespace: String,
    /// The policies of its tokens; with none they may do everything.
    #[serde(default)]
    pub policies: Vec<String>,
    /// How many seconds its tokens hold.
    #[serde(default = "hour")]
    pub ttl: u64,
}

fn hour() -> u64 {
    3600
}

/// A credential that a role takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The secret id or the JWT itself.
    pub id: String,
    /// How often it can be used; always when absent.
    #[serde(default)]
    pub uses: Option<u32>,
    /// The audience that a JWT was made for; none when absent.
    #[serde(default)]
    pub audience: Option<String>,
}

impl Role {
    /// A role that takes `id`, with these policies and tokens that hold for an hour.
    #[must_use]
    pub fn new(role: &str, id: &str, policies: &[&str]) -> Self {
        let accepts = vec![Accepted { id: id.to_owned(), uses: None, audience: None }];
        let policies = policies.iter().map(|&policy| policy.to_owned()).collect();
        Self { role: role.to_owned(), accepts, policies, ttl: hour(), ..Self::default() }
    }

    pub(crate) fn lasts(&self) -> Duration {
        Duration::from_secs(self.ttl)
    }

    fn accepted(&mut self, id: &str) -> Option<&mut Accepted> {
        self.accepts.iter_mut().find(|accepted| accepted.id == id && accepted.uses != Some(0))
    }
}

/// How a role is logged in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AppRole,
    Kubernetes,
    Jwt,
}

impl Kind {
    pub(crate) fn mount(self) -> &'static str {
        match self {
            Self::AppRole => "approle",
            Self::Kubernetes => "kubernetes",
            Self::Jwt => "jwt",
        }
    }
}

/// All roles of all auth mounts.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    list: Vec<(Kind, Role)>,
}

impl Roles {
    pub(crate) fn add(&mut self, kind: Kind, role: Role) {
        self.list.push((kind, role));
    }

    /// The kind of an auth mount.
    pub(crate) fn kind(&self, namespace: &str, mount: &str) -> Option<Kind> {
        self.list.iter().find(|(kind, role)| stands(*kind, role, namespace, mount)).map(|(kind, _)| *kind)
    }

    /// The role that a login's body opens, or how it is refused. With `use_up`, one use of its credential is gone.
    pub(crate) fn open(&mut self, (namespace, mount): (&str, &str), body: &Map<String, Value>, use_up: bool) -> Result<Role, Said> {
        let Some(kind) = self.kind(namespace, mount) else { return Err(Said::error(403, &["permission denied"])) };
        let mut roles: Vec<&mut Role> =
            self.list.iter_mut().filter(|(kind, role)| stands(*kind, role, namespace, mount)).map(|(_, role)| role).collect();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (role, id) = match kind {
            Kind::AppRole => (text("role_id"), text("secret_id")),
            Kind::Kubernetes | Kind::Jwt => (text("role"), text("jwt")),
        };
        let refused = |words: &str| Err(Said::error(400, &[words]));
        match kind {
            Kind::AppRole if role.is_empty() => return refused("missing role_id"),
            Kind::Kubernetes if role.is_empty() => return refused("missing role"),
            Kind::Kubernetes if id.is_empty() => return refused("missing jwt"),
            _ => {}
        }
        let elsewhere = roles.iter().any(|other| other.accepts.iter().any(|accepted| accepted.id == id));
        let found = roles.iter_mut().find(|other| if role.is_empty() { other.default } else { other.role == role });
        let Some(found) = found else {
            return match kind {
                Kind::AppRole => refused("invalid role or secret ID"),
                Kind::Kubernetes => refused(&format!("invalid role name \"{role}\"")),
                Kind::Jwt if role.is_empty() => refused("missing role"),
                Kind::Jwt => refused(&format!("role \"{role}\" could not be found")),
            };
        };
        if id.is_empty() {
            return refused(if kind == Kind::AppRole { "missing secret_id" } else { "missing token" });
        }
        let audiences = found.audiences.clone();
        let Some(accepted) = found.accepted(id) else {
            return match kind {
                Kind::AppRole => refused("invalid role or secret ID"),
                Kind::Kubernetes if elsewhere => Err(Said::error(403, &["service account name not authorized"])),
                Kind::Kubernetes => Err(Said::error(403, &["permission denied"])),
                Kind::Jwt => refused(
                    "error validating token: error verifying token signature: no known key successfully validated the token signature",
                ),
            };
        };
        match (&accepted.audience, audiences.is_empty()) {
            (Some(_), true) if kind == Kind::Jwt => return refused("audience claim found in JWT but no audiences bound to the role"),
            (audience, false) if !audience.as_ref().is_some_and(|audience| audiences.contains(audience)) => {
                let words = "invalid audience (aud) claim: audience claim does not match any expected audience";
                return match kind {
                    Kind::Jwt => refused(&format!("error validating token: {words}")),
                    _ => Err(Said::error(403, &[words])),
                };
            }
            _ => {}
        }
        if let (true, Some(uses)) = (use_up, &mut accepted.uses) {
            *uses -= 1;
        }
        Ok(found.clone())
    }
}

fn stands(kind: Kind, role: &Role, namespace: &str, mount: &str) -> bool {
    role.namespace == namespace && role.mount.as_deref().unwrap_or(kind.mount()) == mount
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Kind, Role, Roles};

    /// The status and words of a login, 200 when it succeeds.
    fn open(roles: &mut Roles, mount: &str, body: &Value) -> (u16, String) {
        match roles.open(("", mount), body.as_object().unwrap(), true) {
            Ok(role) => (200, role.role),
            Err(said) => (said.status, said.body.unwrap()["errors"][0].as_str().unwrap().to_owned()),
        }
    }

    #[test]
    fn approle_refuses_without_telling_which_was_wrong() {
        let mut roles = Roles::default();
        let mut role = Role::new("r", "s", &[]);
        role.accepts[0].uses = Some(2);
        roles.add(Kind::AppRole, role);
        let mut ask = |role: &str, secret: &str| open(&mut roles, "approle", &json!({"role_id": role, "secret_id": secret}));
        let wrong = (400, "invalid role or secret ID".to_owned());
        assert_eq!(ask("", "s"), (400, "missing role_id".to_owned()));
        assert_eq!(ask("r", ""), (400, "missing secret_id".to_owned()));
        assert_eq!(ask("x", "s"), wrong);
        assert_eq!(ask("r", "x"), wrong);
        assert_eq!(ask("r", "s").0, 200);
        assert_eq!(ask("r", "s").0, 200);
        assert_eq!(ask("r", "s"), wrong);
    }

    #[test]
    fn kubernetes_tells_a_wrong_role_from_a_wrong_account() {
        let mut roles = Roles::default();
        roles.add(Kind::Kubernetes, Role::new("app", "jwt-a", &[]));
        roles.add(Kind::Kubernetes, Role::new("other", "jwt-b", &[]));
        let mut ask = |role: &str, jwt: &str| open(&mut roles, "kubernetes", &json!({"role": role, "jwt": jwt}));
        assert_eq!(ask("app", "jwt-a").0, 200);
        assert_eq!(ask("", "jwt-a"), (400, "missing role".to_owned()));
        assert_eq!(ask("app", ""), (400, "missing jwt".to_owned()));
        assert_eq!(ask("x", "jwt-a"), (400, "invalid role name \"x\"".to_owned()));
        assert_eq!(ask("app", "jwt-b"), (403, "service account name not authorized".to_owned()));
        assert_eq!(ask("app", "jwt-c"), (403, "permission denied".to_owned()));
        assert_eq!(open(&mut roles, "approle", &json!({})), (403, "permission denied".to_owned()));
    }

    #[test]
    fn jwt_looks_at_the_audience() {
        let mut roles = Roles::default();
        let mut role = Role::new("ci", "jwt-a", &[]);
        role.accepts[0].audience = Some("vault".to_owned());
        role.accepts.push(super::Accepted { id: "jwt-b".to_owned(), uses: None, audience: Some("other".to_owned()) });
        roles.add(Kind::Jwt, Role { role: "unbound".to_owned(), ..role.clone() });
        roles.add(Kind::Jwt, Role { audiences: vec!["vault".to_owned()], default: true, ..role });
        let mut ask = |body: Value| open(&mut roles, "jwt", &body);
        assert_eq!(ask(json!({"role": "ci", "jwt": "jwt-a"})), (200, "ci".to_owned()));
        assert_eq!(ask(json!({"jwt": "jwt-a"})), (200, "ci".to_owned()));
        let words = "error validating token: invalid audience (aud) claim: audience claim does not match any expected audience";
        assert_eq!(ask(json!({"role": "ci", "jwt": "jwt-b"})), (400, words.to_owned()));
        let words = "audience claim found in JWT but no audiences bound to the role";
        assert_eq!(ask(json!({"role": "unbound", "jwt": "jwt-a"})), (400, words.to_owned()));
        assert_eq!(ask(json!({"role": "ci"})), (400, "missing token".to_owned()));
        assert_eq!(ask(json!({"role": "x", "jwt": "jwt-a"})), (400, "role \"x\" could not be found".to_owned()));
        let words = "error validating token: error verifying token signature: no known key successfully validated the token signature";
        assert_eq!(ask(json!({"role": "ci", "jwt": "x"})), (400, words.to_owned()));
    }
}
