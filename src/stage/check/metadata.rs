//! Names, namespaces, labels and annotations.

use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::reference::pod_templates;
use crate::stage::check::dns;
use crate::stage::check::say::Say;

/// Checks the metadata of an object and of the pod templates in it.
pub(super) fn check<B>(say: &mut Say<'_, B>) {
    let object = say.object;
    let mark = |path: &[&str]| object.root.at(path).map_or(object.root.mark, |node| node.mark);
    let identity = &object.identity;
    if let Some((rule, next)) = broken(identity) {
        let reason = format!("`{}` cannot name a {}: {rule}", identity.name, identity.kind);
        say.problem(mark(&["metadata", "name"]), reason, next);
    }
    if !identity.namespace.is_empty() && !dns::is_label(&identity.namespace) {
        let reason = format!("`{}` cannot name a namespace: it is not a DNS label", identity.namespace);
        say.problem(mark(&["metadata", "namespace"]), reason, LABEL);
    }
    let templates = pod_templates(&object.root).into_iter().filter_map(|template| template.get("metadata"));
    for metadata in object.root.get("metadata").into_iter().chain(templates) {
        labels(metadata.get("labels"), say);
        annotations(metadata.get("annotations"), say);
    }
}

const SUBDOMAIN: &str = "use lower-case letters, digits, `-` and `.`, at most 253, with a letter or digit at both ends of each part";
const LABEL: &str = "use lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends";
const VALUE: &str = "use letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends";

/// The total size of annotations (`TotalAnnotationSizeLimitB`).
const ANNOTATIONS: usize = 256 * 1024;

/// The rule of its kind that a name breaks.
fn broken(identity: &Identity) -> Option<(&'static str, &'static str)> {
    let name = identity.name.as_str();
    match (identity.group(), identity.kind.as_str()) {
        ("rbac.authorization.k8s.io", _) | ("certificates.k8s.io", "ClusterTrustBundle") | ("networking.k8s.io", "IPAddress") => {
            (!dns::is_path_segment(name)).then_some(("it does not fit into a URL", "leave out `/` and `%`"))
        }
        // OpenShift's users and groups have names like `system:admin`.
        (group, _) if group.ends_with(".openshift.io") => {
            (!dns::is_path_segment(name)).then_some(("it does not fit into a URL", "leave out `/` and `%`"))
        }
        ("", "Namespace" | "Service") => (!dns::is_label(name)).then_some(("it is not a DNS label", LABEL)),
        ("batch", "CronJob") if name.len() > 52 => Some(("it has more than 52 characters", "shorten it: its Jobs get eleven more")),
        _ => (!dns::is_subdomain(name)).then_some(("it is not a DNS name", SUBDOMAIN)),
    }
}

fn labels<B>(node: Option<&Node<B>>, say: &mut Say<'_, B>) {
    for Entry { key, mark, node } in node.and_then(Node::as_map).unwrap_or_default() {
        if !dns::is_qualified(key) {
            say.problem(*mark, format!("`{key}` cannot be a label's key"), QUALIFIED);
        }
        if node.as_text().is_some_and(|value| !dns::is_label_value(value)) {
            say.problem(node.mark, format!("the value of label `{key}` is not valid for a label"), VALUE);
        }
    }
}

const QUALIFIED: &str = "write `name` or `prefix/name`, the name of letters, digits, `-`, `_` and `.`, at most 63, the prefix a DNS name";

fn annotations<B>(node: Option<&Node<B>>, say: &mut Say<'_, B>) {
    let entries = node.and_then(Node::as_map).unwrap_or_default();
    let mut size = 0;
    for Entry { key, mark, node } in entries {
        if !dns::is_qualified(&key.to_lowercase()) {
            say.problem(*mark, format!("`{key}` cannot be an annotation's key"), QUALIFIED);
        }
        size += key.len() + if let Value::Text(text) = &node.value { text.len() } else { 0 };
    }
    if size > ANNOTATIONS {
        let mark = node.map(|node| node.mark).unwrap_or_default();
        say.problem(mark, format!("the annotations have {size} bytes; Kubernetes allows {ANNOTATIONS}"), "move some into a ConfigMap");
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::Value as Json;
    use serde_json::json;

    use crate::reference::sample::object;
    use crate::stage::check::shape;

    fn reasons(json: &Json) -> Vec<String> {
        let problems = shape(&[object::<Infallible>(json)]);
        assert!(problems.iter().all(|problem| problem.place.is_some() && !problem.next.is_empty()));
        problems.into_iter().map(|problem| problem.reason).collect()
    }

    fn named(api: &str, kind: &str, name: &str) -> Vec<String> {
        reasons(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}}))
    }

    #[test]
    fn names_follow_the_rule_of_their_kind() {
        assert_eq!(named("v1", "ConfigMap", "App"), ["`App` cannot name a ConfigMap: it is not a DNS name"]);
        assert_eq!(named("v1", "Namespace", "a.b"), ["`a.b` cannot name a Namespace: it is not a DNS label"]);
        assert_eq!(named("rbac.authorization.k8s.io/v1", "Role", "a/b"), ["`a/b` cannot name a Role: it does not fit into a URL"]);
        let long = "a".repeat(53);
        assert_eq!(named("batch/v1", "CronJob", &long), [format!("`{long}` cannot name a CronJob: it has more than 52 characters")]);
        assert_eq!(named("batch/v1", "CronJob", "A"), ["`A` cannot name a CronJob: it is not a DNS name"]);
        for (api, kind, name) in [
            ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:shop"),
            ("user.openshift.io/v1", "Group", "system:admins"),
            ("v1", "ConfigMap", "a.b"),
            ("batch/v1", "CronJob", "a"),
        ] {
            assert!(named(api, kind, name).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_namespace_is_a_label() {
        let json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "Shop"}});
        assert_eq!(reasons(&json), ["`Shop` cannot name a namespace: it is not a DNS label"]);
    }

    #[test]
    fn labels_are_checked_on_objects_and_templates() {
        let json = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "labels": {"good.io/a": "b", "bad key": "c", "e": "not good"}},
            "spec": {"template": {"metadata": {"labels": {"f": "-"}}, "spec": {"containers": [{"name": "a"}]}}}});
        assert_eq!(
            reasons(&json),
            [
                "`bad key` cannot be a label's key",
                "the value of label `e` is not valid for a label",
                "the value of label `f` is not valid for a label"
            ]
        );
    }

    #[test]
    fn annotations_are_bounded() {
        let annotated =
            |annotations: Json| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": annotations}});
        assert!(reasons(&annotated(json!({"Example.io/a": "any thing"}))).is_empty());
        assert_eq!(reasons(&annotated(json!({"a b": "x"}))), ["`a b` cannot be an annotation's key"]);
        let reasons = reasons(&annotated(json!({"a": "x".repeat(256 * 1024)})));
        assert_eq!(reasons, ["the annotations have 262145 bytes; Kubernetes allows 262144"]);
    }
}
