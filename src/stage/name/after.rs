//! What objects say of the order in which they are applied.

use crate::manifest::AFTER;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::after_names;
use crate::manifest::circle;
use crate::manifest::named_in;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::name::control::base_name;
use crate::suggest::suggest;

/// Names that mean nothing in the release, where `complete` says that all of it is there, and objects that come after themselves.
pub(super) fn check<B>(objects: &[Object<B>], complete: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let said = |object: &Object<B>| object.root.at(&["metadata", "annotations", AFTER]).and_then(Node::as_text).map(str::to_owned);
    if objects.iter().all(|object| said(object).is_none()) {
        return problems;
    }
    let identity = |object: &Object<B>| Identity { name: base_name(object).to_owned(), ..object.identity.clone() };
    let identities: Vec<Identity> = objects.iter().map(identity).collect();
    let called = |identity: &Identity| format!("{}/{}", identity.kind, identity.name);
    let mut after = vec![Vec::new(); objects.len()];
    for (index, object) in objects.iter().enumerate() {
        let Some(text) = said(object) else { continue };
        let mut complain = |reason: String, next: String| {
            let place = object.place(object.mark_at(&["metadata", "annotations", AFTER]));
            problems.push(Problem::new(Fault::Check, reason, next).at(place));
        };
        if after_names(&text).next().is_none() {
            complain(format!("`{AFTER}` names nothing"), "write KIND/NAME, or remove it".to_owned());
        }
        for name in after_names(&text) {
            let found = named_in(name, &object.identity.namespace, &identities);
            if found.is_empty() && complete {
                let names: Vec<String> = identities.iter().map(called).collect();
                let next = match suggest(name, names.iter().map(String::as_str)) {
                    Some(known) => format!("write `{known}`"),
                    None => "name an object of the same namespace as its template does, such as `Job/migrate`".to_owned(),
                };
                complain(format!("`{AFTER}` names {name}, which is not in the release"), next);
            }
            after[index].extend(found);
        }
    }
    if let Some(circle) = circle(&after) {
        let first = circle[0];
        let names: Vec<String> = circle.iter().chain([&first]).map(|index| called(&identities[*index])).collect();
        let reason = format!("`{AFTER}` goes in a circle: {}", names.join(" after "));
        let place = objects[first].place(objects[first].mark_at(&["metadata", "annotations", AFTER]));
        problems.push(Problem::new(Fault::Check, reason, "remove one of these").at(place));
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::check;
    use crate::manifest::Object;
    use crate::reference::sample::object;

    fn said(objects: &[(&str, &str, &str)], complete: bool) -> Vec<String> {
        let one = |(kind, name, after): &(&str, &str, &str)| {
            let annotations = if after.is_empty() { json!({}) } else { json!({ "cloze.dev/after": after }) };
            object::<Infallible>(&json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "annotations": annotations } }))
        };
        let objects: Vec<Object<Infallible>> = objects.iter().map(one).collect();
        let problems = check(&objects, complete);
        assert!(problems.iter().all(|problem| problem.place.is_some()));
        problems.into_iter().map(|problem| format!("{}; {}", problem.reason, problem.next)).collect()
    }

    #[test]
    fn names_must_be_there() {
        assert_eq!(said(&[("Pod", "web", "Job/migrate"), ("Job", "migrate", "")], true), [""; 0]);
        let wrong = [("Pod", "web", "Job/migrat, Thing/else"), ("Job", "migrate", "")];
        assert_eq!(
            said(&wrong, true),
            [
                "`cloze.dev/after` names Job/migrat, which is not in the release; write `Job/migrate`",
                "`cloze.dev/after` names Thing/else, which is not in the release; name an object of the same namespace as its template does, such \
                 as `Job/migrate`",
            ]
        );
        assert_eq!(said(&wrong, false), [""; 0], "where some could not be read");
        assert_eq!(said(&[("Pod", "web", ",")], true), ["`cloze.dev/after` names nothing; write KIND/NAME, or remove it"]);
    }

    #[test]
    fn nothing_comes_after_itself() {
        assert_eq!(
            said(&[("Pod", "web", "Pod/web")], true),
            ["`cloze.dev/after` goes in a circle: Pod/web after Pod/web; remove one of these"]
        );
        let circle = [("Pod", "web", "Job/a"), ("Job", "a", "Job/b"), ("Job", "b", "Job/a")];
        assert_eq!(said(&circle, true), ["`cloze.dev/after` goes in a circle: Job/a after Job/b after Job/a; remove one of these"]);
    }
}
