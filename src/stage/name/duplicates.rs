//! Two objects that Kubernetes would take for one.

use std::collections::HashMap;

use crate::manifest::ConfigKind;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::name::index::IndexedConfig;

/// Objects that Kubernetes would take for one.
pub(super) fn duplicates<B>(objects: &[Object<B>]) -> Vec<Problem> {
    let mut seen: HashMap<(&str, &str, &str, &str), &Object<B>> = HashMap::with_capacity(objects.len());
    let mut problems = Vec::new();
    for object in objects {
        let identity = &object.identity;
        let key = (identity.group(), identity.kind.as_str(), identity.namespace.as_str(), identity.name.as_str());
        if let Some(first) = seen.get(&key) {
            let reason = format!("{identity} is defined twice, first in {}", first.file);
            problems.push(Problem::new(Fault::Check, reason, "rename or remove one of the two").at(object.place(object.root.mark)));
        } else {
            seen.insert(key, object);
        }
    }
    problems
}

/// Objects that get one name although they were written with two.
pub(super) fn clashes<B>(objects: &[Object<B>], targets: &[IndexedConfig]) -> Vec<Problem> {
    let mut seen: HashMap<(ConfigKind, &str, &str), &IndexedConfig> = HashMap::with_capacity(targets.len());
    let mut problems = Vec::new();
    for target in targets {
        let twin = seen.insert((target.referent, &target.namespace, &target.name), target);
        if let Some(first) = twin.filter(|first| first.given != target.given) {
            let (one, other) = (&objects[first.object], &objects[target.object]);
            let reason = format!(
                "{} and the object at {} get the same name {}",
                other.identity,
                one.place(one.mark_at(&["metadata", "name"])),
                target.name
            );
            problems
                .push(Problem::new(Fault::Check, reason, "rename one of the two").at(other.place(other.mark_at(&["metadata", "name"]))));
        }
    }
    problems
}
