//! Policies: which paths, and what may be done there.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What may be done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Write what is not there. Here, `update` does as well.
    Create,
    /// Remove.
    Delete,
    /// Nothing, whatever else is allowed.
    Deny,
    /// See names.
    List,
    /// Change in part.
    Patch,
    /// Read.
    Read,
    /// Write what is there. Here, `create` does as well.
    Update,
}

/// What may be done below a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A prefix of whole segments, without `/v1/`, within the policy's namespace; empty for everything.
    pub path: String,
    /// What may be done there.
    pub can: Vec<Capability>,
}

impl Rule {
    /// A rule.
    #[must_use]
    pub fn new(path: &str, can: &[Capability]) -> Self {
        Self { path: path.to_owned(), can: can.to_vec() }
    }
}

/// What a token may do; everything when it is root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    Root,
    Rules(Vec<Rule>),
}

impl Access {
    /// What may be done at `path`: what the rules with the longest prefix say, as one.
    pub(crate) fn at(&self, path: &str) -> BTreeSet<Capability> {
        let Self::Rules(rules) = self else {
            return [Capability::Create, Capability::Delete, Capability::List, Capability::Patch, Capability::Read, Capability::Update]
                .into();
        };
        let matching = || rules.iter().filter(|rule| is_below(path, &rule.path));
        let longest = matching().map(|rule| rule.path.trim_matches('/').len()).max();
        let said: BTreeSet<_> = matching()
            .filter(|rule| Some(rule.path.trim_matches('/').len()) == longest)
            .flat_map(|rule| rule.can.iter().copied())
            .collect();
        if said.contains(&Capability::Deny) { BTreeSet::new() } else { said }
    }

    pub(crate) fn allows(&self, path: &str, any: &[Capability]) -> bool {
        let said = self.at(path);
        any.iter().any(|capability| said.contains(capability))
    }

    /// Whether anything may be done at `mount` or below it.
    pub(crate) fn knows(&self, mount: &str) -> bool {
        let below = |rule: &Rule| is_below(&rule.path, mount) && rule.can.iter().any(|can| *can != Capability::Deny);
        !self.at(mount).is_empty() || matches!(self, Self::Rules(rules) if rules.iter().any(below))
    }
}

/// Whether `path` is `prefix` or is below it, in whole segments.
fn is_below(path: &str, prefix: &str) -> bool {
    let (path, prefix) = (path.trim_matches('/'), prefix.trim_matches('/'));
    prefix.is_empty() || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{Access, Capability, Rule, is_below};

    #[test]
    fn a_path_is_matched_in_whole_segments() {
        assert!(is_below("secret/data/shop/db", "secret/data/shop") && is_below("secret/data/shop/", "secret/data/shop"));
        assert!(!is_below("secret/data/shopping", "secret/data/shop"));
        assert!(is_below("anything", ""));
    }

    #[test]
    fn structure_without_values_can_be_allowed() {
        let rules = ["secret/subkeys", "secret/metadata"].map(|path| Rule::new(path, &[Capability::Read]));
        let access = Access::Rules(rules.to_vec());
        assert!(access.allows("secret/subkeys/a", &[Capability::Read]) && access.allows("secret/metadata/a", &[Capability::Read]));
        assert!(!access.allows("secret/data/a", &[Capability::Read]) && !access.allows("secret/metadata/a", &[Capability::List]));
        assert!(access.knows("secret") && !access.knows("kv"));
    }

    #[test]
    fn the_longest_prefix_decides_and_denial_wins() {
        let access = Access::Rules(vec![
            Rule::new("secret", &[Capability::Read, Capability::List]),
            Rule::new("secret/data/own", &[Capability::Update]),
            Rule::new("secret/data/none", &[Capability::Read]),
            Rule::new("secret/data/none/", &[Capability::Deny]),
        ]);
        assert!(access.allows("secret/data/a", &[Capability::Read]));
        assert!(!access.allows("secret/data/own/a", &[Capability::Read]));
        assert!(access.at("secret/data/none/a").is_empty());
        assert!(Access::Root.allows("sys/anything", &[Capability::Delete]) && Access::Root.knows("x"));
    }
}
