//! Environment variables that two sources give to one container.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;

use crate::manifest::ConfigKind;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::parallel::find;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::reference::pod_specs;
use crate::stage::check::dns;

/// One warning for each pair of sources of a container.
pub(super) fn check<B: Sync>(objects: &[Object<B>]) -> Vec<Problem> {
    let known: Known<'_> = objects
        .iter()
        .filter(|object| object.is_config_map() || object.is_secret())
        .filter_map(|object| {
            let (identity, referent) = (&object.identity, ConfigKind::of(&object.identity.kind)?);
            Some(((referent, identity.namespace.as_str(), identity.name.as_str()), keys(object)))
        })
        .collect();
    find(objects, |object, warnings| {
        if object.is_config_map() || object.is_secret() {
            return;
        }
        for pod in pod_specs(&object.root) {
            for container in ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|list| items(pod, list)) {
                let hidden = hidden(container, &object.identity.namespace, &known);
                warnings.extend(hidden.into_iter().map(|((mark, hider, source), names)| {
                    let verb = if names.len() == 1 { "is" } else { "are" };
                    let reason = format!("{} of {source} {verb} hidden by {hider}", listed(&names));
                    Problem::new(Fault::Check, reason, ADVICE).at(object.place(mark))
                }));
            }
        }
    })
}

const ADVICE: &str = "leave it in one of the two; `env` beats `envFrom`, a later `envFrom` an earlier one";

type Known<'a> = HashMap<(ConfigKind, &'a str, &'a str), Vec<&'a str>>;

/// Where a variable comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum VariableSource<'a> {
    /// An entry of `envFrom`.
    From(ConfigKind, &'a str),
    /// An entry of `env`.
    Env,
}

impl fmt::Display for VariableSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(referent, name) => write!(f, "{referent} {name}"),
            Self::Env => f.write_str("`env`"),
        }
    }
}

/// The hidden variables by the place of what hides them, what that is, and where they came from.
fn hidden<'a, B>(
    container: &'a Node<B>,
    namespace: &str,
    known: &Known<'_>,
) -> BTreeMap<(Mark, VariableSource<'a>, VariableSource<'a>), Vec<String>> {
    let mut hidden: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let sources = items(container, "envFrom").count() + items(container, "env").count();
    if sources < 2 {
        return hidden;
    }
    let mut given: HashMap<String, VariableSource<'a>> = HashMap::new();
    let mut give = |name: String, source: VariableSource<'a>, mark: Mark| {
        if let Some(before) = given.insert(name.clone(), source) {
            hidden.entry((mark, source, before)).or_default().push(name);
        }
    };
    for entry in items(container, "envFrom") {
        let prefix = entry.get("prefix").and_then(Node::as_text).unwrap_or_default();
        for (referent, field) in [(ConfigKind::ConfigMap, "configMapRef"), (ConfigKind::Secret, "secretRef")] {
            let Some(name) = entry.at(&[field, "name"]).and_then(Node::as_text) else { continue };
            for key in known.get(&(referent, namespace, name)).into_iter().flatten() {
                let variable = format!("{prefix}{key}");
                if dns::is_variable(&variable) {
                    give(variable, VariableSource::From(referent, name), entry.mark);
                }
            }
        }
    }
    for entry in items(container, "env") {
        if let Some(name) = entry.get("name").and_then(Node::as_text) {
            give(name.to_owned(), VariableSource::Env, entry.mark);
        }
    }
    hidden
}

/// The keys that can become variables; `binaryData` cannot.
fn keys<B>(object: &Object<B>) -> Vec<&str> {
    let entries = ["data", "stringData"].into_iter().filter_map(|section| object.root.get(section)?.as_map()).flatten();
    let mut keys: Vec<&str> = entries.map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let noun = if names.len() == 1 { "variable" } else { "variables" };
    let rest = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{noun} {}{rest}", shown.join(", "))
}

fn items<'a, B>(node: &'a Node<B>, key: &str) -> impl Iterator<Item = &'a Node<B>> {
    node.get(key).and_then(Node::as_list).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use crate::reference::sample::object;
    use crate::stage::check::hidden_variables;

    fn warnings(env_from: &Json, env: &Json) -> Vec<String> {
        let source = |kind: &str, name: &str, keys: &[&str]| {
            let data: serde_json::Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), json!(""))).collect();
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "data": data})
        };
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [{"name": "a", "envFrom": env_from, "env": env}]}});
        let objects = [
            source("ConfigMap", "one", &["A", "B", "C", "D", "E", "F", "1X"]),
            source("ConfigMap", "two", &["A", "1X"]),
            source("Secret", "one", &["B", "C", "D", "E", "F", "A"]),
            pod,
        ];
        let objects: Vec<_> = objects.iter().map(object::<Infallible>).collect();
        let problems = hidden_variables(&objects);
        assert!(problems.iter().all(|problem| problem.place.is_some() && problem.next.contains("`env` beats `envFrom`")));
        problems.into_iter().map(|problem| problem.reason).collect()
    }

    fn map(name: &str) -> Json {
        json!({"configMapRef": {"name": name}})
    }

    #[test]
    fn a_later_source_hides_an_earlier_one() {
        assert_eq!(warnings(&json!([map("one"), map("two")]), &json!([])), ["variable `A` of ConfigMap one is hidden by ConfigMap two"]);
        assert_eq!(
            warnings(&json!([map("one"), {"secretRef": {"name": "one"}}]), &json!([])),
            ["variables `A`, `B`, `C`, `D`, `E` and 1 more of ConfigMap one are hidden by Secret one"]
        );
    }

    #[test]
    fn env_hides_env_from_and_earlier_env() {
        let env = json!([{"name": "B", "value": "x"}, {"name": "Z", "value": "x"}]);
        assert_eq!(warnings(&json!([map("one")]), &env), ["variable `B` of ConfigMap one is hidden by `env`"]);
        let twice = json!([{"name": "Z", "value": "x"}, {"name": "Z", "value": "y"}]);
        assert_eq!(warnings(&json!([]), &twice), ["variable `Z` of `env` is hidden by `env`"]);
    }

    #[test]
    fn what_does_not_meet_is_not_warned_about() {
        let prefixed = json!({"prefix": "P_", "configMapRef": {"name": "two"}});
        assert!(warnings(&json!([map("one"), prefixed]), &json!([])).is_empty());
        assert!(warnings(&json!([map("one")]), &json!([{"name": "Z", "value": "x"}])).is_empty());
        assert!(warnings(&json!([map("unknown"), map("one")]), &json!([])).is_empty());
    }
}
