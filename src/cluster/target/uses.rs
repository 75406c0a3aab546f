//! What the workloads of namespaces use: the ConfigMaps, Secrets and service accounts that they name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde_json::Value as Json;

use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::root;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::reference::Learned;
use crate::reference::ReferenceSite;
use crate::reference::Visit;
use crate::reference::pod_specs;
use crate::reference::walk;

/// Objects that workloads use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// Kind, namespace and name; whether more than a revision uses it.
    used: BTreeMap<(String, String, String), bool>,
    namespace: String,
    is_revision: bool,
}

/// The kinds whose pods may still start or restart: what is running, and the revisions that it can go back to.
const WORKLOADS: [(&str, &str, &str); 9] = [
    ("v1", "Pod", "pods"),
    ("v1", "ReplicationController", "replicationcontrollers"),
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "ReplicaSet", "replicasets"),
    ("apps/v1", "StatefulSet", "statefulsets"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("apps/v1", "ControllerRevision", "controllerrevisions"),
    ("batch/v1", "Job", "jobs"),
    ("batch/v1", "CronJob", "cronjobs"),
];

impl Uses {
    /// What the workloads of these namespaces use: all but those with a uid in `doomed`, and what belongs to these. Nine lists for
    /// each namespace.
    pub(super) async fn of(server: &Server, namespaces: BTreeSet<&str>, doomed: BTreeSet<String>) -> Result<Self, Refused> {
        let list = |(namespace, (api_version, kind, plural)): (&str, (&str, &str, &str))| {
            let path = format!("{}/namespaces/{namespace}/{plural}", root(api_version));
            let (api_version, kind) = (api_version.to_owned(), kind.to_owned());
            async move {
                let mut items = server.list(&path, "", Part::Whole).await?;
                for item in &mut items {
                    (item["apiVersion"], item["kind"]) = (api_version.as_str().into(), kind.as_str().into());
                }
                Ok(items)
            }
        };
        let asked = namespaces.into_iter().flat_map(|namespace| WORKLOADS.map(|workload| (namespace, workload)));
        let asked: Vec<_> = asked.map(list).collect();
        let found: Vec<Vec<Json>> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self::by(found.iter().flatten().collect(), doomed))
    }

    fn by(mut workloads: Vec<&Json>, mut doomed: BTreeSet<String>) -> Self {
        loop {
            let before = workloads.len();
            workloads.retain(|workload| {
                let uid = workload["metadata"]["uid"].as_str().unwrap_or_default();
                let mut owners = workload["metadata"]["ownerReferences"].as_array().into_iter().flatten();
                let goes = doomed.contains(uid) || owners.any(|owner| owner["uid"].as_str().is_some_and(|uid| doomed.contains(uid)));
                if goes {
                    doomed.insert(uid.to_owned());
                }
                !goes
            });
            if workloads.len() == before {
                break;
            }
        }
        let mut uses = Self::default();
        workloads.into_iter().filter(|workload| !is_over(workload)).for_each(|workload| uses.add(workload));
        uses
    }

    /// Adds what a live object uses, as the server gave it, with its `apiVersion` and `kind`.
    pub(super) fn add(&mut self, object: &Json) {
        let text = |place: &str| object.pointer(place).and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut identity =
            Identity { api_version: text("/apiVersion"), kind: text("/kind"), namespace: text("/metadata/namespace"), name: String::new() };
        let mut spec = object;
        if identity.kind == "ControllerRevision" {
            // What it keeps is a part of its owner.
            spec = &object["data"];
            identity.kind = text("/metadata/ownerReferences/0/kind");
        }
        self.is_revision = is_revision(object);
        self.namespace.clone_from(&identity.namespace);
        let mut root = Node::made(Value::Map(Vec::new()));
        for (key, value) in spec.as_object().into_iter().flatten().filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status")) {
            root.set(key, node(value));
        }
        let annotations = node(&object["metadata"]["annotations"]);
        root.set("metadata", Node::made(Value::Map(vec![Entry { key: "annotations".into(), mark: Mark::default(), node: annotations }])));
        for pod in pod_specs(&root) {
            for key in ["serviceAccountName", "serviceAccount"] {
                if let Some(name) = pod.get(key).and_then(Node::as_text) {
                    self.insert("ServiceAccount", &identity.namespace, name);
                }
            }
        }
        walk(&mut Object { file: "".into(), identity, root }, &Learned::default(), self);
    }

    fn insert(&mut self, kind: &str, namespace: &str, name: &str) {
        *self.used.entry((kind.to_owned(), namespace.to_owned(), name.to_owned())).or_default() |= !self.is_revision;
    }

    /// Whether something uses the object, be it a revision alone, where `revisions` count.
    pub(super) fn has(&self, object: &Identity, revisions: bool) -> bool {
        let used = self.used.get(&(object.kind.clone(), object.namespace.clone(), object.name.clone()));
        object.group().is_empty() && used.is_some_and(|runs| *runs || revisions)
    }
}

impl Visit for Uses {
    fn reference(&mut self, site: &ReferenceSite<'_>) -> Option<String> {
        let namespace = site.namespace.unwrap_or(&self.namespace).to_owned();
        self.insert(site.referent.word(), &namespace, site.name);
        None
    }
}

/// Whether it starts no container any more.
fn is_over(workload: &Json) -> bool {
    match workload["kind"].as_str() {
        Some("Pod") => {
            let goes = workload["metadata"].get("deletionTimestamp").is_some();
            goes || matches!(workload["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
        }
        Some("Job") => workload["status"]["conditions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| (one["type"] == "Complete" || one["type"] == "Failed") && one["status"] == "True")),
        _ => false,
    }
}

/// Whether it is what a workload was before, and nothing runs of it.
fn is_revision(workload: &Json) -> bool {
    match workload["kind"].as_str() {
        Some("ControllerRevision") => true,
        Some("ReplicaSet") => workload["spec"]["replicas"] == 0,
        _ => false,
    }
}

fn node(value: &Json) -> Node<Infallible> {
    Node::made(match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Number(Number::Float(number.as_f64().unwrap_or_default())),
        Json::String(text) => return Node::text(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(node).collect()),
        Json::Object(entries) => {
            let one = |(key, value): (&String, &Json)| Entry { key: key.as_str().into(), mark: Mark::default(), node: node(value) };
            Value::Map(entries.iter().map(one).collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use serde_json::json;

    use super::Uses;
    use crate::manifest::Identity;

    fn workload(kind: &str, uid: &str, owner: &str, secret: &str) -> Value {
        let template = json!({ "spec": { "serviceAccountName": format!("{secret}-account"), "containers": [
            { "name": "a", "envFrom": [{ "secretRef": { "name": secret } }] },
        ] } });
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": { "namespace": "shop", "name": uid, "uid": uid, "ownerReferences": [{ "kind": "StatefulSet", "uid": owner }] },
        });
        match kind {
            "Pod" => object["spec"] = template["spec"].clone(),
            "ControllerRevision" => object["data"] = json!({ "spec": { "template": template } }),
            _ => object["spec"] = json!({ "template": template }),
        }
        object
    }

    fn object(kind: &str, name: &str) -> Identity {
        Identity { api_version: "v1".into(), kind: kind.into(), namespace: "shop".into(), name: name.into() }
    }

    fn has(uses: &Uses, kind: &str, name: &str) -> bool {
        uses.has(&object(kind, name), true)
    }

    #[test]
    fn what_can_still_start_uses_what_it_names() {
        let mut over = workload("Pod", "p", "s", "over");
        over["status"] = json!({ "phase": "Succeeded" });
        let mut failed = workload("Job", "j", "x", "failed");
        failed["status"] = json!({ "conditions": [{ "type": "Failed", "status": "True" }] });
        let all = [
            workload("Pod", "q", "s", "running"),
            workload("ReplicaSet", "r", "d", "revision"),
            workload("ControllerRevision", "c", "s", "old"),
            over,
            failed,
        ];
        let uses = Uses::by(all.iter().collect(), BTreeSet::new());
        for used in ["running", "revision", "old"] {
            assert!(has(&uses, "Secret", used) && has(&uses, "ServiceAccount", &format!("{used}-account")), "{used}: {uses:?}");
        }
        for unused in ["over", "failed", "other"] {
            assert!(!has(&uses, "Secret", unused), "{unused}");
        }
        assert!(!has(&uses, "ConfigMap", "running"));
        let runs = |name: &str| uses.has(&object("Secret", name), false);
        assert!(runs("running") && runs("revision") && !runs("old"), "{uses:?}");
    }

    #[test]
    fn what_is_removed_with_its_owner_uses_nothing() {
        // A pod before its owner, as lists come in any order.
        let all = [workload("Pod", "p", "r", "pod"), workload("ReplicaSet", "r", "d", "set"), workload("Pod", "q", "other", "stays")];
        let uses = Uses::by(all.iter().collect(), BTreeSet::from(["d".to_owned()]));
        assert!(!has(&uses, "Secret", "pod") && !has(&uses, "Secret", "set") && has(&uses, "Secret", "stays"), "{uses:?}");
    }
}
