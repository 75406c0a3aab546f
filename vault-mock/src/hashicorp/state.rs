//! All that changes while a server runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::hashicorp::login::{Kind, Role, Roles};
use crate::hashicorp::namespace::canonical;
use crate::hashicorp::policy::{Access, Capability, Rule};
use crate::hashicorp::secret::Change;
use crate::hashicorp::seed::{Place, Seed, Token};
use crate::hashicorp::store::{Mount, Store};
use crate::hashicorp::token::{Issued, Tokens};
use crate::seed::SeedError;
use crate::time;

/// All that changes while a server runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sealed: bool,
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) roles: Roles,
    policies: BTreeMap<String, Vec<Rule>>,
    /// How far the server's clock is ahead.
    pub(crate) ahead: Duration,
}

impl State {
    /// What `seed` says. Its namespaces are canonical.
    pub(crate) fn new(seed: Seed, namespaces: &[String]) -> Result<Self, SeedError> {
        let mut state = Self { sealed: seed.sealed, policies: seed.policies, ..Self::default() };
        let default = || vec![Place::Path("secret".to_owned())];
        for place in if seed.mounts.is_empty() { default() } else { seed.mounts } {
            let (path, version) = match place {
                Place::Path(path) => (path, 2),
                Place::Versioned { path, version } => (path, version),
            };
            let mount = Mount::new(version).ok_or_else(|| SeedError::new(format!("the KV engine has no version {version}")))?;
            state.store.add(&path, mount);
        }
        let demo = || vec![Token { id: "demo-token".to_owned(), ..Token::default() }];
        for token in if seed.tokens.is_empty() { demo() } else { seed.tokens } {
            let token = state.seeded(token)?;
            known(namespaces, &token.namespace)?;
            state.tokens.add(token);
        }
        let roles = [(Kind::AppRole, seed.approle), (Kind::Kubernetes, seed.kubernetes), (Kind::Jwt, seed.jwt)];
        for (kind, mut role) in roles.into_iter().flat_map(|(kind, roles)| roles.into_iter().map(move |role| (kind, role))) {
            role.namespace = canonical(&role.namespace);
            known(namespaces, &role.namespace)?;
            state.access(&role.policies)?;
            state.roles.add(kind, role);
        }
        for (path, versions) in seed.secrets {
            for data in versions {
                let put = state.store.put(&path, data, &time::rfc3339(time::now()));
                put.ok_or_else(|| SeedError::new(format!("no mount has the path {path}")))?;
            }
        }
        for removal in seed.removed {
            if let Some(time) = removal.deletion_time {
                state.store.change(&removal.path, &[removal.version], &Change::Delete(time));
            }
            if removal.destroyed {
                state.store.change(&removal.path, &[removal.version], &Change::Destroy);
            }
        }
        Ok(state)
    }

    /// The server's clock: the time since 1970.
    pub(crate) fn now(&self) -> Duration {
        time::now() + self.ahead
    }

    /// Gives a token for a role.
    pub(crate) fn issue(&mut self, role: &Role, path: &str) -> Result<Issued, SeedError> {
        let now = self.now();
        let token = Issued {
            id: self.tokens.next_id(),
            namespace: role.namespace.clone(),
            policies: with_default(&role.policies),
            access: self.access(&role.policies)?,
            path: path.to_owned(),
            ttl: Some(role.lasts()),
            since: now,
            expires: Some(now + role.lasts()),
            revoked: false,
        };
        self.tokens.add(token.clone());
        Ok(token)
    }

    fn seeded(&self, token: Token) -> Result<Issued, SeedError> {
        let all = [Capability::Create, Capability::Delete, Capability::List, Capability::Patch, Capability::Read, Capability::Update];
        let access = match token.paths {
            None => self.access(&token.policies)?,
            Some(paths) => {
                let mut rules: Vec<Rule> = paths.iter().map(|path| Rule::new(path, &all)).collect();
                for name in &token.policies {
                    rules.extend_from_slice(self.policy(name)?);
                }
                Access::Rules(rules)
            }
        };
        let (now, ttl) = (self.now(), token.ttl.map(Duration::from_secs));
        Ok(Issued {
            id: token.id,
            namespace: canonical(&token.namespace),
            policies: if access == Access::Root { vec!["root".to_owned()] } else { with_default(&token.policies) },
            access,
            path: "auth/token/create".to_owned(),
            ttl,
            since: now,
            expires: ttl.map(|ttl| now + ttl),
            revoked: false,
        })
    }

    /// What policies allow together; no policies are those of root.
    fn access(&self, policies: &[String]) -> Result<Access, SeedError> {
        if policies.is_empty() {
            return Ok(Access::Root);
        }
        let mut rules = Vec::new();
        for name in policies {
            rules.extend_from_slice(self.policy(name)?);
        }
        Ok(Access::Rules(rules))
    }

    fn policy(&self, name: &str) -> Result<&[Rule], SeedError> {
        let rules = self.policies.get(name).ok_or_else(|| SeedError::new(format!("there is no policy {name}")))?;
        match rules.iter().find(|rule| rule.path.contains(['*', '+'])) {
            Some(rule) => Err(SeedError::new(format!("the rule {} of the policy {name} is a pattern; rules are prefixes here", rule.path))),
            None => Ok(rules),
        }
    }
}

fn known(namespaces: &[String], namespace: &String) -> Result<(), SeedError> {
    if namespace.is_empty() || namespaces.contains(namespace) {
        return Ok(());
    }
    Err(SeedError::new(format!("there is no namespace {namespace}")))
}

fn with_default(policies: &[String]) -> Vec<String> {
    let mut all = vec!["default".to_owned()];
    all.extend_from_slice(policies);
    all
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::hashicorp::login::Role;
    use crate::hashicorp::policy::Capability;
    use crate::hashicorp::seed::{Seed, Token};

    #[test]
    fn a_seed_that_contradicts_itself_is_refused() {
        let reason = |seed: Seed| State::new(seed, &["team/".to_owned()]).unwrap_err().reason;
        assert_eq!(reason(Seed::default().secret("kv/a", &[])), "no mount has the path kv/a");
        assert_eq!(reason(Seed::default().secret("secret", &[])), "no mount has the path secret");
        assert_eq!(reason(Seed::default().mount("kv", 3)), "the KV engine has no version 3");
        assert_eq!(reason(Seed::default().policed("t", &["p"])), "there is no policy p");
        assert_eq!(reason(Seed::default().jwt(Role::new("r", "jwt", &["p"]))), "there is no policy p");
        let token = Token { id: "t".to_owned(), namespace: "other".to_owned(), ..Token::default() };
        assert_eq!(reason(Seed { tokens: vec![token], ..Seed::default() }), "there is no namespace other/");
        let pattern = Seed::default().rule("p", "secret/*", &[Capability::Read]).policed("t", &["p"]);
        assert_eq!(reason(pattern), "the rule secret/* of the policy p is a pattern; rules are prefixes here");
    }
}
