//! An object of a release on its way to the cluster: a tree that becomes the bytes of each request.

use std::convert::Infallible;

use bytes::Bytes;

use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::unchanged::is_unchanged;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Phase;
use crate::manifest::Value;
use crate::manifest::read;
use crate::manifest::write;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::target::Manifest;

/// An object of a release as a member of its inventory.
pub(super) struct Item<'a> {
    /// The manifest that it comes from.
    pub(super) manifest: &'a Manifest<'a>,
    /// Its kind.
    pub(super) resource: Resource,
    root: Node<Infallible>,
}

/// The resourceVersion of an object that must not exist: kube-apiserver ignores it where it creates, and refuses it (409) where there is an object.
pub(super) const NOT_THERE: &str = "1";

/// The field of a Job's spec that says when Kubernetes removes it (`batch/v1`, TTL-after-finished).
pub(super) const TTL: &str = "ttlSecondsAfterFinished";

impl<'a> Item<'a> {
    /// The manifest, labelled as a member of the set `id`.
    ///
    /// # Errors
    /// A manifest that brings that label itself, and one that cannot be read, which is a bug.
    pub(super) fn new(manifest: &'a Manifest<'a>, resource: Resource, id: &str) -> Result<Self, Problem> {
        let broken = || Problem::new(Fault::Internal, "a manifest of the release cannot be read", "report this as a bug of cloze");
        let text = std::str::from_utf8(manifest.bytes).map_err(|_| broken())?;
        let root = read(text, Limits::default()).map_err(|_| broken())?.pop().ok_or_else(broken)?;
        let mut item = Self { manifest, resource, root };
        let metadata = item.root.get_mut("metadata").ok_or_else(broken)?;
        if metadata.at(&["labels", PART_OF]).is_some() {
            let reason = format!("{} has the label `{PART_OF}`, which cloze sets", manifest.identity);
            return Err(item.problem(Fault::Check, reason, "remove the label"));
        }
        if metadata.get("labels").is_none_or(|labels| labels.as_map().is_none()) {
            metadata.set("labels", Node::made(Value::Map(Vec::new())));
        }
        if let Some(labels) = metadata.get_mut("labels") {
            labels.set(PART_OF, Node::text(id));
        }
        Ok(item)
    }

    /// What Kubernetes knows it by.
    pub(super) fn identity(&self) -> &'a Identity {
        self.manifest.identity
    }

    /// The URL's path of it.
    pub(super) fn path(&self) -> String {
        self.resource.path_of(self.manifest.identity)
    }

    /// The YAML document that applies it to the object of that resourceVersion.
    pub(super) fn body(&mut self, version: &str) -> Bytes {
        if let Some(metadata) = self.root.get_mut("metadata") {
            metadata.set("resourceVersion", Node::text(version));
        }
        let mut text = SecretBuffer::with_capacity(self.manifest.bytes.len() + 512);
        write(&self.root, &mut text);
        if let Some(metadata) = self.root.get_mut("metadata") {
            metadata.take("resourceVersion");
        }
        Bytes::from_owner(Wiped(Secret::from(text)))
    }

    /// Whether applying it to the live object `live`, as the server gave it, would change nothing.
    pub(super) fn is_in(&self, live: &serde_json::Value) -> bool {
        is_unchanged(&self.root, live)
    }

    /// Whether it makes pods that are replaced when their template is another one: a Job never does.
    pub(super) fn replaces_pods(&self) -> bool {
        self.root.at(&["spec", "template", "spec", "containers"]).is_some() && self.manifest.identity.kind != "Job"
    }

    /// Leaves out after which time Kubernetes removes a Job that has ended.
    pub(super) fn stay(&mut self) {
        if let Some(spec) = self.root.get_mut("spec") {
            spec.take(TTL);
        }
    }

    /// Leaves `spec.replicas` to who scales it.
    pub(super) fn give_up_replicas(&mut self) {
        if let Some(spec) = self.root.get_mut("spec") {
            spec.take("replicas");
        }
    }

    /// All of it.
    pub(super) fn root(&self) -> &Node<Infallible> {
        &self.root
    }

    /// The value at a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node<Infallible>> {
        self.root.at(path)
    }

    /// A problem at its template, where that is known.
    pub(super) fn problem(&self, fault: Fault, reason: impl Into<String>, next: impl Into<String>) -> Problem {
        problem_of(self.manifest, fault, reason, next)
    }
}

/// Namespaces, definitions, configuration, bindings of roles, workloads with custom resources, the rest.
pub(super) fn stage_of(phase: Phase) -> u8 {
    match phase.number() {
        0..5 => 0,
        5..10 => 1,
        10..24 | 25..60 => 2,
        // RBAC looks into the role that is bound.
        24 => 3,
        60..90 => 4,
        _ => LAST_STAGE,
    }
}

/// The last of these.
pub(super) const LAST_STAGE: u8 = 5;

/// A problem at the template of `manifest`, where that is known.
pub(super) fn problem_of(manifest: &Manifest<'_>, fault: Fault, reason: impl Into<String>, next: impl Into<String>) -> Problem {
    let problem = Problem::new(fault, reason, next);
    match manifest.file {
        Some(file) => problem.at(Place::file(file)),
        None => problem,
    }
}

impl Drop for Item<'_> {
    fn drop(&mut self) {
        self.root.wipe();
    }
}

/// Bytes of a request that are wiped when it has been sent.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::Item;
    use crate::cluster::target::resource::Resource;
    use crate::manifest::Identity;
    use crate::target::Manifest;

    #[test]
    fn a_member_is_labelled_and_carries_the_version_that_was_read() {
        let identity = Identity { api_version: "apps/v1".into(), kind: "Deployment".into(), namespace: "shop".into(), name: "web".into() };
        let resource =
            Resource { api_version: "apps/v1".into(), kind: "Deployment".into(), plural: "deployments".into(), namespaced: true };
        let bytes = b"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n  paused: true\n";
        let manifest = Manifest::new(&identity, "web", bytes).of_template("templates/web.yaml");
        let mut item = Item::new(&manifest, resource.clone(), "set").unwrap();
        item.give_up_replicas();
        let expected = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels:\n    applyset.kubernetes.io/part-of: set\n  resourceVersion: \"12\"\nspec:\n  paused: true\n";
        for _ in 0..2 {
            assert_eq!(std::str::from_utf8(&item.body("12")).unwrap(), expected);
        }
        let bytes = b"kind: Deployment\nmetadata:\n  labels:\n    applyset.kubernetes.io/part-of: other\n";
        let manifest = Manifest::new(&identity, "web", bytes).of_template("templates/web.yaml");
        let refused = Item::new(&manifest, resource, "set").err().unwrap();
        assert_eq!(
            refused.to_string(),
            "templates/web.yaml: Deployment shop/web has the label `applyset.kubernetes.io/part-of`, which cloze sets"
        );
    }
}
