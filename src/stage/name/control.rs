//! The annotations by which an object says how it is to be named.

use crate::digest::ALPHABET;
use crate::manifest::AFTER;
use crate::manifest::Entry;
use crate::manifest::Names;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::literal::ACCEPTED;
use crate::stage::literal::LITERALS;
use crate::stage::name::naming::BASE_NAME;
use crate::stage::name::naming::CHECKSUM;
use crate::stage::name::naming::CONTENT;
use crate::stage::name::naming::PLACEHOLDER;
use crate::stage::policy::EXEMPT;
use crate::suggest::suggest;

/// What the annotations of an object ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    /// `cloze.dev/names`.
    pub(super) names: Option<Names>,
    /// `cloze.dev/restart`.
    pub(super) restart: bool,
    /// `cloze.dev/rerun`: whether a Job that is named by its content runs again when a secret that it names changes.
    pub(super) rerun: bool,
}

/// Reads the `cloze.dev/` annotations of an object. Those of cloze's own making pass.
pub(super) fn read<B>(object: &Object<B>, problems: &mut Vec<Problem>) -> Control {
    let mut control = Control::default();
    let annotations = object.root.at(&["metadata", "annotations"]).and_then(Node::as_map).unwrap_or_default();
    let control_names = object.root.at(&["metadata", "annotations", NAMES]).and_then(Node::as_text);
    for entry in annotations.iter().filter(|entry| entry.key.starts_with("cloze.dev/")) {
        let mut complain = |reason: String, next: String| {
            problems.push(Problem::new(Fault::Check, reason, next).at(object.place(entry.mark)));
        };
        let known = [NAMES, RESTART, RERUN].contains(&entry.key.as_str()) || (entry.key == LITERALS && !object.is_config_map());
        let named = match entry.key.as_str() {
            RERUN => is_job(object),
            key => object.is_config_map() || object.is_secret() || key == NAMES && is_job(object),
        };
        if known && !named {
            let reason = format!("`{}` has no effect on a {}", entry.key, object.identity.kind);
            let owner = if entry.key == RERUN { "Job" } else { "ConfigMap or Secret" };
            complain(reason, format!("write it on the {owner}, or remove it"));
            continue;
        }
        match (entry.key.as_str(), entry.node.as_text()) {
            (NAMES, Some("stable")) => control.names = Some(Names::Stable),
            (NAMES, Some("versioned")) => control.names = Some(Names::Versioned),
            (NAMES, _) => complain(format!("`{NAMES}` must be `stable` or `versioned`"), "write one of the two".to_owned()),
            (RESTART, Some("true")) => control.restart = true,
            (RESTART, Some("false"))
            | (BASE_NAME | CHECKSUM | CONTENT | AFTER | EXEMPT, _)
            | (LITERALS, Some(ACCEPTED))
            | (PRUNE, Some("never")) => {}
            (RESTART, _) => {
                complain(format!("`{RESTART}` must be \"true\" or \"false\""), "write one of the two, in quotes".to_owned());
            }
            (LITERALS, _) => complain(format!("`{LITERALS}` is not `{ACCEPTED}`"), format!("write `{ACCEPTED}`, or remove it")),
            (RERUN, Some("secrets")) if control_names == Some("versioned") => control.rerun = true,
            (RERUN, Some("secrets")) => complain(
                format!("`{RERUN}` has no effect on a Job whose name does not follow its content"),
                "write `cloze.dev/names: versioned`, or remove it".to_owned(),
            ),
            (RERUN, _) => complain(format!("`{RERUN}` is not `secrets`"), "write `secrets`, or remove it".to_owned()),
            (PRUNE, _) => complain(format!("`{PRUNE}` is not `never`"), "write `never`, or remove it".to_owned()),
            (unknown, _) => {
                let next = match suggest(unknown, [NAMES, RESTART, LITERALS, PRUNE, AFTER, RERUN, EXEMPT]) {
                    Some(known) => format!("write `{known}`"),
                    None => format!("write `{NAMES}` or `{RESTART}`, or remove it"),
                };
                complain(format!("unknown annotation `{unknown}`"), next);
            }
        }
    }
    control
}

/// Whether the object is a Job, which can be named by its content as ConfigMaps and Secrets are.
pub(super) fn is_job<B>(object: &Object<B>) -> bool {
    object.identity.kind == "Job" && object.identity.group() == "batch"
}

/// Whether each content makes another object of a Job, because it is named by that.
pub(super) fn is_renewed<B>(object: &Object<B>, control: &Control) -> bool {
    is_job(object) && control.names == Some(Names::Versioned)
}

/// How a ConfigMap or Secret is named, and what contradicts it.
pub(super) fn names<B>(object: &Object<B>, control: &Control, default: Names, problems: &mut Vec<Problem>) -> Names {
    let kind = object.root.get("type").and_then(Node::as_text).filter(|_| object.is_secret()).unwrap_or_default();
    let fixed = FIXED.contains(&kind);
    let names = control.names.unwrap_or(if fixed { Names::Stable } else { default });
    let mut complain = |entry: Option<&Entry<B>>, reason: String, next: &str| {
        let mark = entry.map_or(object.root.mark, |entry| entry.mark);
        problems.push(Problem::new(Fault::Check, reason, next).at(object.place(mark)));
    };
    let annotation = |key: &str| {
        let annotations = object.root.at(&["metadata", "annotations"]).and_then(Node::as_map).unwrap_or_default();
        annotations.iter().find(|entry| entry.key == key)
    };
    if fixed && names == Names::Versioned {
        complain(
            annotation(NAMES),
            format!("a Secret of type `{kind}` is written to by the cluster and cannot be named by its content"),
            "write `cloze.dev/names: stable`, or remove the annotation",
        );
    }
    if control.restart && names == Names::Versioned {
        complain(
            annotation(RESTART),
            format!("`{RESTART}` has no effect on an object whose name follows its content: a new name restarts its pods"),
            "remove it, or write `cloze.dev/names: stable`",
        );
    }
    let immutable = object.root.as_map().unwrap_or_default().iter().find(|entry| entry.key == "immutable");
    match (immutable.map(|entry| &entry.node.value), names) {
        (Some(Value::Bool(true)), Names::Stable) => complain(
            immutable,
            "`immutable: true` on an object with a stable name: no later release can change it".to_owned(),
            "remove it, or write `cloze.dev/names: versioned`",
        ),
        (Some(Value::Bool(false)), Names::Versioned) => complain(
            immutable,
            "`immutable: false` on an object whose name follows its content, which makes it immutable".to_owned(),
            "remove it, or write `cloze.dev/names: stable`",
        ),
        _ => {}
    }
    names
}

/// The name without the suffix that an earlier naming gave it, recognized by the annotation that came with it.
pub(super) fn base_name<B>(object: &Object<B>) -> &str {
    let name = object.identity.name.as_str();
    let base = object.root.at(&["metadata", "annotations", BASE_NAME]).and_then(Node::as_text);
    let is_suffix =
        |rest: &str| rest.len() == PLACEHOLDER.len() && (rest == PLACEHOLDER || rest.bytes().all(|byte| ALPHABET.contains(&byte)));
    base.filter(|base| name.strip_prefix(base).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_suffix)).unwrap_or(name)
}

const NAMES: &str = "cloze.dev/names";
const RESTART: &str = "cloze.dev/restart";
const RERUN: &str = "cloze.dev/rerun";
/// What keeps an object in the cluster when no release has it any more.
const PRUNE: &str = "cloze.dev/prune";

/// Types of Secrets whose name means something to the cluster, or whose content it writes.
const FIXED: [&str; 2] = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use super::Control;
    use super::base_name;
    use super::names;
    use super::read;
    use crate::manifest::Names;
    use crate::problem::Problem;
    use crate::reference::sample::object;

    fn control(kind: &str, annotations: &Json) -> (Control, Vec<Problem>) {
        let json = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "app", "annotations": annotations}});
        let mut problems = Vec::new();
        (read(&object::<Infallible>(&json), &mut problems), problems)
    }

    fn complaint(kind: &str, annotations: &Json) -> (String, String) {
        let (_, problems) = control(kind, annotations);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].place.is_some());
        (problems[0].reason.clone(), problems[0].next.clone())
    }

    #[test]
    fn reads_what_is_documented() {
        let (read, problems) = control("ConfigMap", &json!({"cloze.dev/names": "stable", "cloze.dev/restart": "true", "other/x": "1"}));
        assert_eq!(read, Control { names: Some(Names::Stable), restart: true, rerun: false });
        assert!(problems.is_empty());
        let (read, problems) = control("Secret", &json!({"cloze.dev/names": "versioned", "cloze.dev/restart": "false"}));
        assert_eq!(read, Control { names: Some(Names::Versioned), ..Control::default() });
        assert!(problems.is_empty());
        assert!(control("Secret", &json!({"cloze.dev/base-name": "app"})).1.is_empty());
        assert!(control("Service", &json!({"cloze.dev/prune": "never"})).1.is_empty());
    }

    #[test]
    fn anything_else_is_a_problem() {
        let (reason, next) = complaint("ConfigMap", &json!({"cloze.dev/name": "stable"}));
        assert_eq!((reason.as_str(), next.as_str()), ("unknown annotation `cloze.dev/name`", "write `cloze.dev/names`"));
        let (_, next) = complaint("ConfigMap", &json!({"cloze.dev/entirely-different": "x"}));
        assert_eq!(next, "write `cloze.dev/names` or `cloze.dev/restart`, or remove it");
        assert_eq!(complaint("ConfigMap", &json!({"cloze.dev/names": "fixed"})).0, "`cloze.dev/names` must be `stable` or `versioned`");
        assert_eq!(complaint("ConfigMap", &json!({"cloze.dev/restart": true})).0, "`cloze.dev/restart` must be \"true\" or \"false\"");
        assert_eq!(complaint("Pod", &json!({"cloze.dev/names": "stable"})).0, "`cloze.dev/names` has no effect on a Pod");
        assert_eq!(complaint("Pod", &json!({"cloze.dev/rerun": "secrets"})).1, "write it on the Job, or remove it");
        assert_eq!(complaint("Pod", &json!({"cloze.dev/prune": "false"})).0, "`cloze.dev/prune` is not `never`");
    }

    fn verdict(fields: &Json, control: &Control, default: Names) -> (Names, Vec<String>) {
        let mut json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app"}});
        for (key, value) in fields.as_object().unwrap() {
            json[key] = value.clone();
        }
        let mut problems = Vec::new();
        let names = names(&object::<Infallible>(&json), control, default, &mut problems);
        (names, problems.into_iter().map(|problem| problem.reason).collect())
    }

    #[test]
    fn the_object_overrides_the_default() {
        let none = Control::default();
        assert_eq!(verdict(&json!({}), &none, Names::Versioned).0, Names::Versioned);
        assert_eq!(verdict(&json!({}), &none, Names::Stable).0, Names::Stable);
        let versioned = Control { names: Some(Names::Versioned), ..Control::default() };
        assert_eq!(verdict(&json!({"immutable": true}), &versioned, Names::Stable), (Names::Versioned, Vec::new()));
    }

    #[test]
    fn what_the_cluster_writes_to_is_stable() {
        let token = json!({"type": "kubernetes.io/service-account-token"});
        assert_eq!(verdict(&token, &Control::default(), Names::Versioned), (Names::Stable, Vec::new()));
        let (_, problems) = verdict(&token, &Control { names: Some(Names::Versioned), ..Control::default() }, Names::Versioned);
        assert!(problems[0].contains("is written to by the cluster and cannot be named by its content"));
    }

    #[test]
    fn contradictions_are_problems() {
        let none = Control::default();
        let (_, problems) = verdict(&json!({"immutable": true}), &none, Names::Stable);
        assert_eq!(problems, ["`immutable: true` on an object with a stable name: no later release can change it"]);
        let (_, problems) = verdict(&json!({"immutable": false}), &none, Names::Versioned);
        assert_eq!(problems, ["`immutable: false` on an object whose name follows its content, which makes it immutable"]);
        let (_, problems) = verdict(&json!({}), &Control { restart: true, ..Control::default() }, Names::Versioned);
        assert!(problems[0].starts_with("`cloze.dev/restart` has no effect on an object whose name follows its content"));
    }

    #[test]
    fn a_name_that_was_given_before_is_known_by_its_annotation() {
        let base = |name: &str, base: &str| {
            let json = json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "annotations": {"cloze.dev/base-name": base}}});
            base_name(&object::<Infallible>(&json)).to_owned()
        };
        assert_eq!(base("app-7kq2m9xw4c", "app"), "app");
        assert_eq!(base("app-xxxxxxxxxx", "app"), "app");
        assert_eq!(base("app-production", "app"), "app-production");
        assert_eq!(base("app", "app"), "app");
        assert_eq!(base("web-7kq2m9xw4c", "app"), "web-7kq2m9xw4c");
    }
}
