//! Names left behind: strings that no reference rule covers and that name an object whose name will change.

mod mention;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::blank::BlankText;
use crate::blank::Piece;
use crate::manifest::ConfigKind;
use crate::manifest::Mark;
use crate::manifest::Names;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::find_mut;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::reference::FreeText;
use crate::reference::Learned;
use crate::reference::Taught;
use crate::reference::TextPlace;
use crate::reference::Visit;
use crate::reference::walk;
use crate::secret::Secret;
use crate::stage::name::control;
use crate::stage::name::follow::shown;
use crate::stage::name::referent;
use crate::stage::name::stray::mention::TextContext;
use crate::stage::name::stray::mention::mentions;
use crate::stage::name::stray::mention::speaks;

/// Warnings of arguments, literals of variables, annotations, parameters, fields of custom resources and contents of ConfigMaps and Secrets
/// that name a versioned object. Nothing of a Secret's content is said. Nothing changes in `objects`.
pub fn strays(objects: &mut [Object<BlankText>], default: Names, taught: &[Taught<'_>]) -> Vec<Problem> {
    let mut changing = Changing::default();
    for object in &*objects {
        let Some(referent) = referent(object) else {
            changing.others.insert(object.identity.name.clone());
            names_of_parts(&object.root, &mut changing.others);
            continue;
        };
        let control = control::read(object, &mut Vec::new());
        if control::names(object, &control, default, &mut Vec::new()) == Names::Versioned {
            let names = changing.names.entry(object.identity.name.clone()).or_default();
            names.push((object.identity.namespace.clone(), referent));
            changing.namespaces.insert(object.identity.namespace.clone());
        }
    }
    if changing.names.is_empty() {
        return Vec::new();
    }
    let learned = Learned::of(taught.iter().copied(), &*objects);
    find_mut(objects, |object, warnings| {
        let mut search = Search { changing: &changing, namespace: object.identity.namespace.clone(), found: Vec::new() };
        walk(object, &learned, &mut search);
        let mut found = search.found;
        if let Some(referent) = referent(object) {
            found.extend(contents(object, &changing));
            let own = shown(referent, &object.identity.namespace, &object.identity.name);
            found.retain(|found| found.target != own);
        }
        let mut said = BTreeSet::new();
        for StrayName { mark, what, target, next } in found {
            if said.insert((mark, target.clone())) {
                let reason = format!("{what} seems to name {target}, whose name follows its content; cloze leaves it as it is");
                warnings.push(Problem::new(Fault::Check, reason, next).at(object.place(mark)));
            }
        }
    })
}

/// The names that will change.
#[derive(Default)]
struct Changing {
    /// Namespace and kind by name.
    names: HashMap<String, Vec<(String, ConfigKind)>>,
    namespaces: HashSet<String>,
    /// What else in the release has a name: a string that equals it may mean that.
    others: HashSet<String>,
}

struct StrayName {
    mark: Mark,
    what: String,
    target: String,
    next: &'static str,
}

impl Changing {
    /// The object that `text` names in `namespace`, if it does; `context` is what is known of the place.
    fn named(&self, namespace: &str, text: &str, context: TextContext<'_>) -> Option<String> {
        for mention in mentions(text, context) {
            let Some(targets) = self.names.get(mention.name) else { continue };
            let clear = mention.speaks || mention.plain && !self.others.contains(mention.name);
            let namespace = match mention.namespace {
                Some(said) if self.namespaces.contains(said) => said,
                Some(said) if !said.contains('$') && !speaks(said) => continue,
                _ => namespace,
            };
            let target = targets.iter().find(|(home, _)| namespace.is_empty() || home == namespace);
            if let Some((home, referent)) = target.filter(|_| clear) {
                return Some(shown(*referent, home, mention.name));
            }
        }
        None
    }
}

/// Answers for the strings of one object.
struct Search<'a> {
    changing: &'a Changing,
    namespace: String,
    found: Vec<StrayName>,
}

impl Visit for Search<'_> {
    fn text(&mut self, text: &FreeText<'_>) {
        let FreeText { place, parent, key, listed, text, mark } = *text;
        // The name of one of many parts is the part's own, unless what it is part of speaks of secrets.
        let own = key == "name" && (listed && !ANY.contains(&parent) || OWN.contains(&parent));
        if place == TextPlace::Field && own && !speaks(parent) {
            return;
        }
        let label = if key == "name" { parent } else { key };
        let context = TextContext { label, content: false };
        let Some(target) = self.changing.named(&self.namespace, text, context) else { return };
        let (what, next) = match place {
            TextPlace::Argument => ("an argument".to_owned(), STABLE),
            TextPlace::Variable => (format!("variable `{key}`"), STABLE),
            TextPlace::Annotation => (format!("annotation `{key}`"), STABLE),
            TextPlace::Parameter => (format!("parameter `{key}`"), STABLE),
            TextPlace::Field => {
                let field = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
                (
                    format!("field `{field}`"),
                    "list the field under `references:` in the project file, or give the object a stable name by the annotation `cloze.dev/names: stable`",
                )
            }
        };
        self.found.push(StrayName { mark, what, target, next });
    }
}

const STABLE: &str = "give the object a stable name by the annotation `cloze.dev/names: stable`";

/// Mappings whose `name` is that of an object of another kind.
const OWN: [&str; 8] = ["backend", "issuerRef", "parentRefs", "ref", "roleRef", "scaleTargetRef", "service", "serviceAccount"];

/// Lists of no parts in particular: a `name` there is that of an object.
const ANY: [&str; 5] = ["items", "objects", "references", "refs", "sources"];

/// Mentions in the values of a ConfigMap or Secret.
fn contents(object: &Object<BlankText>, changing: &Changing) -> Vec<StrayName> {
    let mut found = Vec::new();
    for section in ["data", "stringData"] {
        for entry in object.root.get(section).and_then(Node::as_map).unwrap_or_default() {
            let mut search = |text: &str| {
                let context = TextContext { label: &entry.key, content: true };
                if let Some(target) = changing.named(&object.identity.namespace, text, context) {
                    let what = format!("key `{}` of {}", entry.key, object.identity);
                    found.push(StrayName { mark: entry.mark, what, target, next: STABLE });
                }
            };
            match &entry.node.value {
                Value::Text(text) if object.is_secret() && section == "data" => {
                    let decoded = STANDARD.decode(text.as_bytes()).map(Secret::new);
                    if let Some(text) = decoded.as_ref().ok().and_then(|decoded| std::str::from_utf8(decoded.expose()).ok()) {
                        search(text);
                    }
                }
                Value::Text(text) => search(text),
                Value::Leaf(text) => {
                    for piece in &text.pieces {
                        if let Piece::Text(text) = piece {
                            search(text);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The names of containers and ports.
fn names_of_parts(node: &Node<BlankText>, names: &mut HashSet<String>) {
    for entry in node.as_map().unwrap_or_default() {
        if matches!(entry.key.as_str(), "containers" | "initContainers" | "ports") {
            let parts = entry.node.as_list().unwrap_or_default();
            names.extend(parts.iter().filter_map(|part| part.get("name")?.as_text()).map(str::to_owned));
        }
        names_of_parts(&entry.node, names);
    }
    for item in node.as_list().unwrap_or_default() {
        names_of_parts(item, names);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

    use super::strays;
    use crate::manifest::Names;
    use crate::reference::sample::object;

    fn map(name: &str, data: &Json) -> Json {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data})
    }

    fn secret(name: &str, data: &Json) -> Json {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, "stringData": data})
    }

    /// What is said of the last object beside ConfigMap edge-settings, Secret front-tls, and ConfigMap redis with its Service.
    fn said(other: Json) -> Vec<String> {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "redis", "namespace": "shop"}});
        let objects = [map("edge-settings", &json!({})), secret("front-tls", &json!({})), map("redis", &json!({})), service, other];
        let mut objects: Vec<_> = objects.iter().map(object).collect();
        let warnings = strays(&mut objects, Names::Versioned, &[]);
        assert!(warnings.iter().all(|warning| warning.place.is_some()));
        warnings.into_iter().map(|warning| warning.reason.split(", whose name").next().unwrap().to_owned()).collect()
    }

    fn pod(container: &Json) -> Json {
        let mut container = container.clone();
        container["name"] = json!("edge");
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "edge", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [container]}}}})
    }

    #[test]
    fn an_argument_may_name_an_object() {
        let map = ["an argument seems to name ConfigMap shop/edge-settings"];
        for argument in
            ["--configmap=$(POD_NAMESPACE)/edge-settings", "--configmap=shop/edge-settings", "edge-settings", "--from=edge-settings"]
        {
            assert_eq!(said(pod(&json!({"args": [argument]}))), map, "{argument}");
        }
        assert_eq!(
            said(pod(&json!({"command": ["sh", "-c", "kubectl get secret front-tls -o yaml"]}))),
            ["an argument seems to name Secret shop/front-tls"]
        );
        for arguments in
            [json!(["--redis-secret=redis"]), json!(["--redis-secret", "redis"]), json!(["sh", "-c", "kubectl get -o yaml cm redis"])]
        {
            assert_eq!(said(pod(&json!({"args": arguments}))), ["an argument seems to name ConfigMap shop/redis"], "{arguments}");
        }
        for argument in [
            "--map=edge-settings:/etc/x",
            "-s:edge-settings",
            "a:b,c:edge-settings",
            "PW=edge-settings=key",
            "x=edge-settings:key",
            "k8s://shop/edge-settings",
            "ref+k8s://v1/ConfigMap/shop/edge-settings/key",
            "/api/v1/namespaces/shop/configmaps/edge-settings",
            "app --config edge-settings; sleep 1",
            "configmap/edge-settings#a",
            "spark.kubernetes.driver.configmaps.edge-settings=/etc",
        ] {
            assert_eq!(said(pod(&json!({"args": [argument]}))), map, "{argument}");
        }
        for other in [
            "/etc/edge-settings",
            "--x=http://edge-settings:80/",
            "--dir=/a/edge-settings/b",
            "edge-settings-2",
            "my-edge-settings",
            "other/edge-settings",
            "--server=redis",
            "redis:6379",
            "redis://redis/0",
            "edge-settings=1",
            "edge-settings:80",
            "edge-settings.shop.svc",
            "/etc/secrets/edge-settings/key",
            "http://edge-settings",
            "--image=edge-settings:v1",
        ] {
            assert_eq!(said(pod(&json!({"args": [other]}))), [] as [&str; 0], "{other}");
        }
    }

    #[test]
    fn a_variable_may_name_an_object() {
        let env = |name: &str, value: &str| pod(&json!({"env": [{"name": name, "value": value}]}));
        assert_eq!(said(env("SETTINGS", "edge-settings")), ["variable `SETTINGS` seems to name ConfigMap shop/edge-settings"]);
        assert_eq!(said(env("TLS_SECRET", "shop/front-tls")), ["variable `TLS_SECRET` seems to name Secret shop/front-tls"]);
        assert_eq!(said(env("REDIS_CONFIGMAP", "redis")), ["variable `REDIS_CONFIGMAP` seems to name ConfigMap shop/redis"]);
        assert!(said(env("REDIS_HOST", "redis")).is_empty());
        assert!(said(env("REDIS_URL", "redis://redis:6379")).is_empty());
    }

    #[test]
    fn an_annotation_may_name_an_object_also_in_json() {
        let annotated = |value: &str| {
            let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "shop"}});
            service["metadata"]["annotations"] = json!({"example.com/note": value});
            said(service)
        };
        let secret = ["annotation `example.com/note` seems to name Secret shop/front-tls"];
        for value in ["front-tls", "shop/front-tls", r#"{"tls":"front-tls"}"#, r#"{"secrets": ["a", "front-tls"]}"#, "set $a front-tls;"] {
            assert_eq!(annotated(value), secret, "{value}");
        }
        for value in ["see the front-tls page", "https://example.com/front-tls", r#"{"front-tls": 1}"#, "redis"] {
            assert!(annotated(value).is_empty(), "{value}");
        }
    }

    #[test]
    fn a_field_of_a_custom_resource_may_name_an_object() {
        let widget = |spec: Json| {
            said(json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"}, "spec": spec}))
        };
        assert_eq!(widget(json!({"tls": {"credential": "front-tls"}})), ["field `tls.credential` seems to name Secret shop/front-tls"]);
        assert_eq!(widget(json!({"secrets": ["front-tls"]})), ["field `spec.secrets` seems to name Secret shop/front-tls"]);
        assert_eq!(
            widget(json!({"mountedSecrets": [{"name": "front-tls"}]})),
            ["field `mountedSecrets.name` seems to name Secret shop/front-tls"]
        );
        for reference in
            [json!({"clone": {"name": "front-tls"}}), json!({"items": [{"name": "front-tls"}]}), json!({"refs": [{"name": "front-tls"}]})]
        {
            assert_eq!(widget(json!({"rules": [reference]})).len(), 1, "{reference}");
        }
        assert!(widget(json!({"host": "redis", "selector": {"app": "front-tls"}, "ports": [{"name": "front-tls"}], "steps": [{"name": "front-tls"}]})).is_empty());
    }

    #[test]
    fn an_expression_of_an_admission_policy_may_name_an_object() {
        let policy = |expression: &str| {
            said(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
                "spec": {"validations": [{"expression": expression}]}}))
        };
        for expression in ["object.metadata.name == 'front-tls'", "object.metadata.name in ['a', 'front-tls']"] {
            assert_eq!(policy(expression), ["field `validations.expression` seems to name Secret shop/front-tls"], "{expression}");
        }
        assert!(policy("object.metadata.name != 'redis'").is_empty());
    }

    #[test]
    fn an_annotation_of_configuration_may_name_another_object() {
        let annotated = |mut object: Json, key: &str, value: &str| {
            object["metadata"]["annotations"] = json!({"cloze.dev/names": "stable", key: value});
            said(object)
        };
        let secret = |key: &str| [format!("annotation `{key}` seems to name Secret shop/front-tls")];
        let (reflects, replicate) = ("reflector.v1.k8s.emberstack.com/reflects", "replicator.v1.mittwald.de/replicate-from");
        assert_eq!(annotated(self::secret("mirror", &json!({})), reflects, "shop/front-tls"), secret(reflects));
        assert_eq!(annotated(map("mirror", &json!({})), replicate, "shop/front-tls"), secret(replicate));
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}});
        assert_eq!(annotated(definition, "example.com/tls", "shop/front-tls"), secret("example.com/tls"));
        assert!(annotated(map("mirror", &json!({})), reflects, "mirror").is_empty());
    }

    #[test]
    fn contents_may_name_an_object() {
        let config = |text: &str| said(map("app", &json!({"app.yaml": text})));
        let expected = ["key `app.yaml` of ConfigMap shop/app seems to name Secret shop/front-tls"];
        for text in [
            "tls:\n  name: front-tls\n",
            "- front-tls\n",
            "tls = front-tls\n",
            "{\"a\": \"front-tls\"}",
            "kubectl get secret front-tls\n",
            "kubectl create secret generic front-tls --from-literal=a=b\n",
            "clientSecret: $front-tls:key\n",
            "executor.secretKeyRef.PW=front-tls:key\n",
            "ssl_certificate front-tls;\n",
        ] {
            assert_eq!(config(text), expected, "{text}");
        }
        for text in [
            "# the front-tls of old\n",
            "front-tls: 1\n",
            "path: /x/front-tls\n",
            "host: redis\n",
            "url: redis://redis:6379\n",
            "image: front-tls:v1\n",
            "proxy_pass http://$front-tls:80;\n",
        ] {
            assert!(config(text).is_empty(), "{text}");
        }
        assert_eq!(
            said(secret("app", &json!({"a": "name: front-tls"}))),
            ["key `a` of Secret shop/app seems to name Secret shop/front-tls"]
        );
        let encoded =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app", "namespace": "shop"}, "data": {"a": "ZnJvbnQtdGxz"}});
        assert_eq!(said(encoded), ["key `a` of Secret shop/app seems to name Secret shop/front-tls"]);
    }

    #[test]
    fn names_of_other_namespaces_mean_other_objects() {
        let mut elsewhere = pod(&json!({"args": ["--configmap=edge-settings"]}));
        elsewhere["metadata"]["namespace"] = json!("other");
        assert!(said(elsewhere.clone()).is_empty());
        elsewhere["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["--configmap=shop/edge-settings"]);
        assert_eq!(said(elsewhere), ["an argument seems to name ConfigMap shop/edge-settings"]);
    }
}
