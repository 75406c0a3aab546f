//! What an object is: its version, kind, namespace and name.

use std::sync::Arc;

use crate::blank::BlankText;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::reference::Scopes;

/// The object whose tree `root` is, in `namespace` where it is of a namespaced kind and says none; `None` where a problem says why.
pub(super) fn identify(
    file: Arc<str>,
    mut root: Node<BlankText>,
    namespace: &str,
    scopes: &Scopes,
    problems: &mut Vec<Problem>,
) -> Option<Object<BlankText>> {
    let before = problems.len();
    let mut complain = |mark: Mark, reason: String, next: &str| {
        problems.push(Problem::new(Fault::Check, reason, next).at(Place::rendered(Arc::clone(&file), mark.line, mark.column)));
    };
    if root.as_map().is_none() {
        complain(root.mark, format!("a manifest must be a mapping, not {}", root.kind()), "write apiVersion, kind and metadata");
        return None;
    }
    if is_kustomization(&file, &root) {
        let next = "leave it out of `templates:`, and list a file that `kustomize build` writes";
        complain(root.mark, "a kustomization is not a manifest".to_owned(), next);
        return None;
    }
    let mut text_at = |path: &[&str]| {
        let shown = path.join(".");
        match root.at(path) {
            None if path == NAME && root.at(&["metadata", "generateName"]).is_some() => {
                complain(
                    root.at(&["metadata", "generateName"]).map_or(root.mark, |node| node.mark),
                    "`metadata.generateName` gives the object another name each time; a release needs to know the name".to_owned(),
                    "write `metadata.name`; for a Job that runs once for each content, add the annotation `cloze.dev/names: versioned`",
                );
            }
            None => {
                complain(
                    root.mark,
                    format!("the manifest has no `{shown}`"),
                    "add it; every object has apiVersion, kind and metadata.name",
                );
            }
            Some(Node { value: Value::Text(text), .. }) if !text.is_empty() => return text.to_string(),
            Some(Node { value: Value::Leaf(_), mark }) => {
                complain(*mark, format!("`{shown}` holds a blank"), "write it in the template; only values of a Secret can be secret");
            }
            Some(Node { value: Value::Text(_), mark }) => complain(*mark, format!("`{shown}` is empty"), "write a name"),
            Some(node) => complain(node.mark, format!("`{shown}` is {}, not a name", node.kind()), "write it as a string; quote it"),
        }
        String::new()
    };
    let api_version = text_at(&["apiVersion"]);
    let kind = text_at(&["kind"]);
    let name = text_at(NAME);
    let said = root.at(&["metadata", "namespace"]).is_some().then(|| text_at(&["metadata", "namespace"]));
    if problems.len() > before {
        return None;
    }
    let namespace = if scopes.is_cluster(&api_version, &kind) {
        String::new()
    } else if let Some(said) = said {
        said
    } else {
        if let Some(metadata) = root.get_mut("metadata") {
            metadata.set("namespace", Node::text(namespace));
        }
        namespace.to_owned()
    };
    Some(Object { file, identity: Identity { api_version, kind, namespace, name }, root })
}

/// Whether a document is for kustomize: its API version says so, or it says none and its file has the name that kustomize looks for.
fn is_kustomization(file: &str, root: &Node<BlankText>) -> bool {
    match root.get("apiVersion").and_then(Node::as_text) {
        Some(version) => version.starts_with("kustomize.config.k8s.io/"),
        None => ["kustomization.yaml", "kustomization.yml"].contains(&file.rsplit('/').next().unwrap_or_default()),
    }
}

const NAME: &[&str] = &["metadata", "name"];
