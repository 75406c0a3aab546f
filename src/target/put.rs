//! What putting manifests did.

use crate::manifest::Identity;
use crate::problem::Problem;
use crate::target::ContainerLog;

const WORDS: [&str; 5] = ["created", "changed", "unchanged", "removed", "failed"];

/// What a target did with the manifests of a release.
#[derive(Debug, Default)]
pub struct Put {
    /// What happened to each object: those of the release in apply order, then those that were removed.
    pub objects: Vec<ObjectEffect>,
    /// What did not stop it.
    pub warnings: Vec<Problem>,
    /// What stopped it before every object was tried, other than the failure of one.
    pub stopped: Option<Problem>,
    /// What containers said last, of objects that others come after and that do not become ready.
    pub logs: Vec<ContainerLog>,
}

/// What happened to an object in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEffect {
    /// What it is, under the name that its template gives it.
    pub object: Identity,
    /// What happened.
    pub effect: Effect,
}

/// What can happen to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It was not there.
    Created,
    /// It was there with another content or name.
    Changed,
    /// It was there already.
    Unchanged,
    /// It was there and is not part of the release.
    Removed,
    /// The target did not take it.
    Failed {
        /// Why; a lowercase fragment.
        reason: String,
    },
}

impl Put {
    /// What happened in numbers, such as `2 created, 1 changed, 7 unchanged`.
    pub fn summary(&self) -> String {
        let mut counts = [0_usize; 5];
        for object in &self.objects {
            counts[object.effect.index()] += 1;
        }
        let parts: Vec<String> =
            counts.iter().zip(WORDS).filter(|(count, _)| **count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        parts.join(", ")
    }

    /// Whether all of it was there already, and nothing else.
    pub fn is_unchanged(&self) -> bool {
        self.objects.iter().all(|object| object.effect == Effect::Unchanged)
    }

    /// The objects that the target did not take, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&Identity, &str)> {
        self.objects.iter().filter_map(|object| match &object.effect {
            Effect::Failed { reason } => Some((&object.object, reason.as_str())),
            _ => None,
        })
    }
}

impl Effect {
    /// It in a word.
    pub fn word(&self) -> &'static str {
        WORDS[self.index()]
    }

    fn index(&self) -> usize {
        match self {
            Self::Created => 0,
            Self::Changed => 1,
            Self::Unchanged => 2,
            Self::Removed => 3,
            Self::Failed { .. } => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Effect;
    use super::ObjectEffect;
    use super::Put;
    use crate::manifest::Identity;

    #[test]
    fn counts_what_happened_and_names_what_failed() {
        let object = |name: &str, effect| {
            let object = Identity { api_version: "v1".into(), kind: "Service".into(), namespace: "shop".into(), name: name.into() };
            ObjectEffect { object, effect }
        };
        let failed = Effect::Failed { reason: "the quota is used up".into() };
        let objects =
            vec![object("a", Effect::Unchanged), object("b", failed), object("c", Effect::Unchanged), object("d", Effect::Removed)];
        let put = Put { objects, ..Put::default() };
        assert_eq!(put.summary(), "2 unchanged, 1 removed, 1 failed");
        assert_eq!(
            put.failures().map(|(object, reason)| format!("{object}: {reason}")).collect::<Vec<_>>(),
            ["Service shop/b: the quota is used up"]
        );
        assert_eq!(Put::default().summary(), "");
    }
}
