//! Objects of an earlier release are removed, if they are still members.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cluster::target::adopt::holder;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;

/// Removes these objects, each if it is a member of the set `id` and nothing protects it. What depends on one goes with it. Gives what did not work.
pub(super) async fn remove(server: &Server, id: &str, objects: &[Identity]) -> Vec<Problem> {
    let versions: BTreeSet<&str> = objects.iter().map(|object| object.api_version.as_str()).collect();
    let Ok(kinds) = Kinds::of(server, versions).await else { return Vec::new() };
    let mut warnings = Vec::new();
    for object in objects.iter().filter(|object| !is_kept(object)) {
        let Some(path) = kinds.find(object).map(|resource| resource.path_of(object)) else { continue };
        if let Err(refused) = remove_one(server, id, &path).await {
            let words = refused.words();
            warnings.push(Problem::new(Fault::Rollout, format!("{object} was not removed: {}", words.reason), words.next));
        }
    }
    warnings
}

async fn remove_one(server: &Server, id: &str, path: &str) -> Result<(), Refused> {
    let object = match server.get(path, Part::Metadata).await {
        Err(Refused::Absent | Refused::NoNamespace) => return Ok(()),
        object => object?,
    };
    match object["metadata"]["uid"].as_str() {
        Some(uid) if holder(&object["metadata"], id).is_none() && !is_protected(&object) => server.delete(path, uid).await,
        _ => Ok(()),
    }
}

/// Kinds that hold what cannot be made again: they go only when somebody removes them by name.
fn is_kept(object: &Identity) -> bool {
    matches!(
        (object.group(), object.kind.as_str()),
        ("", "Namespace" | "PersistentVolumeClaim" | "PersistentVolume") | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// Whether somebody says that it must not go.
fn is_protected(object: &Value) -> bool {
    object["metadata"]["annotations"]["cloze.dev/prune"] == "never"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_kept;
    use super::is_protected;
    use crate::manifest::Identity;

    #[test]
    fn what_holds_data_stays() {
        let object = |api_version: &str, kind: &str| Identity {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: String::new(),
            name: "a".into(),
        };
        for (version, kind, expected) in [
            ("v1", "Namespace", true),
            ("v1", "PersistentVolumeClaim", true),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", true),
            ("v1", "ConfigMap", false),
            ("example.com/v1", "Namespace", false),
        ] {
            assert_eq!(is_kept(&object(version, kind)), expected, "{version} {kind}");
        }
        assert!(is_protected(&json!({ "metadata": { "annotations": { "cloze.dev/prune": "never" } } })));
        assert!(!is_protected(&json!({ "metadata": {} })));
    }
}
