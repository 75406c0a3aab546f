//! The inventory: one object per environment after the `ApplySet` specification (KEP-3659), by which kubectl and others see what belongs together.
//!
//! It is the fence, too: it says which release the cluster holds, and is changed with its resourceVersion only.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Claim;

/// The label of members, whose value is the inventory's id.
pub(super) const PART_OF: &str = "applyset.kubernetes.io/part-of";

const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const STORE: &str = "cloze.dev/store";
const RELEASE: &str = "cloze.dev/release";
const TOUCHED: &str = "cloze.dev/prunes";

/// Where the inventory of an environment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    /// Its namespace.
    pub(super) namespace: String,
    /// Its name: a ConfigMap's.
    pub(super) name: String,
}

/// An inventory as the cluster has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inventory {
    /// The object, without what only the server sets.
    object: Value,
    /// The kinds of its members, as `Kind.group`.
    pub(super) kinds: BTreeSet<String>,
    /// The namespaces of its members beside its own.
    pub(super) namespaces: BTreeSet<String>,
}

impl Parent {
    /// That of an environment.
    pub(super) fn of(project: &str, environment: &str, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: format!("cloze.{project}.{environment}") }
    }

    /// The URL's path of the inventories of its namespace.
    pub(super) fn folder(&self) -> String {
        format!("/api/v1/namespaces/{}/configmaps", self.namespace)
    }

    /// The URL's path of it.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.folder(), self.name)
    }

    /// What it is called in messages.
    pub(super) fn words(&self) -> String {
        format!("ConfigMap {}/{}", self.namespace, self.name)
    }

    /// What Kubernetes knows it by.
    pub(super) fn identity(&self) -> Identity {
        Identity { api_version: "v1".to_owned(), kind: "ConfigMap".to_owned(), namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// The id of the set.
    pub(super) fn id(&self) -> String {
        let known_by = format!("{}.{}.ConfigMap.", self.name, self.namespace);
        format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(known_by.as_bytes())))
    }

    /// An inventory without members.
    pub(super) fn inventory(&self) -> Inventory {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": { ID: self.id(), "app.kubernetes.io/managed-by": "cloze" },
                "annotations": { TOOLING: concat!("cloze/v", env!("CARGO_PKG_VERSION")) },
            },
        });
        Inventory { object, kinds: BTreeSet::new(), namespaces: BTreeSet::new() }
    }

    /// The inventory in what the server has.
    ///
    /// # Errors
    /// An object of another tool, or of that name by chance.
    pub(super) fn read(&self, mut object: Value) -> Result<Inventory, Problem> {
        let metadata = &object["metadata"];
        let tool = metadata["annotations"][TOOLING].as_str().unwrap_or_default();
        if metadata["labels"][ID].as_str() != Some(&self.id()) || !tool.starts_with("cloze/") {
            let reason = format!("the ConfigMap {}/{} is not an inventory of cloze", self.namespace, self.name);
            return Err(Problem::new(Fault::Check, reason, "remove it, or set another `namespace` in `cluster:`"));
        }
        let list = |key: &str| -> BTreeSet<String> {
            let said = metadata["annotations"][key].as_str().unwrap_or_default();
            said.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let (kinds, namespaces) = (list(KINDS), list(NAMESPACES));
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        Ok(Inventory { object, kinds, namespaces })
    }
}

impl Inventory {
    /// That `claim` may write: it is of the history that wrote last, not older than what that wrote, and means this very inventory.
    ///
    /// # Errors
    /// Another history, another inventory, or a newer release.
    pub(super) fn admits(&self, claim: &Claim) -> Result<(), Problem> {
        let annotation = |key: &str| self.object["metadata"]["annotations"][key].as_str();
        if let Some(store) = annotation(STORE).filter(|store| *store != claim.store && !claim.store.is_empty()) {
            let reason =
                format!("the cluster holds releases of another history: its store id is {store}, and this one's is {}", claim.store);
            return Err(Problem::new(Fault::History, reason, "name the history that was used before, or the cluster that this one is for"));
        }
        if let Some(meant) = claim.inventory.as_ref().filter(|meant| *meant != self.uid()) {
            let name = self.object["metadata"]["name"].as_str().unwrap_or_default();
            let reason = format!(
                "the cluster's inventory `{name}` is not the one that earlier releases are in: its uid is {}, and theirs is {meant}",
                self.uid()
            );
            let next = format!(
                "name the cluster that is meant with `--context`; if this is it, take the inventory over with `--adopt ConfigMap/{name}`"
            );
            return Err(Problem::new(Fault::History, reason, next));
        }
        let newest = self.release().unwrap_or(0);
        if newest > claim.release {
            let reason = format!("the cluster holds release {newest}, which is newer than release {}", claim.release);
            return Err(Problem::new(Fault::History, reason, format!("inspect it with `cloze show {newest}`, then deploy again")));
        }
        Ok(())
    }

    /// Which object of its name it is.
    pub(super) fn uid(&self) -> &str {
        self.object["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// The release that the cluster holds.
    pub(super) fn release(&self) -> Option<u64> {
        self.object["metadata"]["annotations"][RELEASE].as_str()?.parse().ok()
    }

    /// The same for `claim`, with these kinds and namespaces beside those that it has. A hint that is too wide does no harm.
    #[must_use]
    pub(super) fn widened(mut self, claim: &Claim, own: &str, mut kinds: BTreeSet<String>, mut namespaces: BTreeSet<String>) -> Self {
        kinds.extend(std::mem::take(&mut self.kinds));
        namespaces.extend(std::mem::take(&mut self.namespaces));
        let mut wider = self.narrowed(own, kinds, namespaces);
        for (key, value) in [(STORE, claim.store.clone()), (RELEASE, claim.release.to_string())] {
            wider.object["metadata"]["annotations"][key] = value.into();
        }
        wider
    }

    /// The same with these kinds and namespaces and no others.
    #[must_use]
    pub(super) fn narrowed(mut self, own: &str, kinds: BTreeSet<String>, mut namespaces: BTreeSet<String>) -> Self {
        namespaces.remove(own);
        for (key, set) in [(KINDS, &kinds), (NAMESPACES, &namespaces)] {
            self.object["metadata"]["annotations"][key] = set.iter().cloned().collect::<Vec<_>>().join(",").into();
        }
        Self { kinds, namespaces, ..self }
    }

    /// The same, changed in what nothing reads: replacing it refuses every run that has read it before.
    #[must_use]
    pub(super) fn touched(mut self) -> Self {
        let annotation = &mut self.object["metadata"]["annotations"][TOUCHED];
        let count: u64 = annotation.as_str().and_then(|count| count.parse().ok()).unwrap_or_default();
        *annotation = count.wrapping_add(1).to_string().into();
        self
    }

    /// The object, to be sent.
    pub(super) fn object(&self) -> &Value {
        &self.object
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::Parent;
    use crate::target::Claim;

    fn claim(store: &str, release: u64) -> Claim {
        Claim { store: store.to_owned(), release, ..Claim::default() }
    }

    fn set(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn the_id_is_that_of_the_specification() {
        // SHA-256 of `cloze.shop.prod.shop.ConfigMap.` by another program, in base64url without padding.
        assert_eq!(Parent::of("shop", "prod", "shop").id(), "applyset-3Jg_SOVYxhVqhZbIn7m4JXET4sOateaGvAJFPmRzhjI-v1");
    }

    #[test]
    fn an_inventory_goes_both_ways() {
        let parent = Parent::of("shop", "prod", "shop");
        let made = parent.inventory().widened(&claim("s", 3), "shop", set(&["Secret", "Deployment.apps"]), set(&["shop", "jobs"]));
        let annotations = &made.object()["metadata"]["annotations"];
        assert_eq!(annotations["applyset.kubernetes.io/contains-group-kinds"], "Deployment.apps,Secret");
        assert_eq!(annotations["applyset.kubernetes.io/additional-namespaces"], "jobs");
        let read = parent.read(made.object().clone()).unwrap();
        assert_eq!(read, made);
        assert_eq!(read.release(), Some(3));
        let wider = read.widened(&claim("s", 4), "shop", set(&["Job.batch"]), set(&[]));
        assert_eq!(wider.kinds, set(&["Deployment.apps", "Job.batch", "Secret"]), "what it had stays");
        let narrower = wider.clone().narrowed("shop", set(&["Secret"]), set(&["shop"]));
        assert_eq!(narrower.object()["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"], "");
        assert_eq!((parent.read(narrower.object().clone()).unwrap(), narrower.release()), (narrower.clone(), Some(4)));
        let (one, two) = (wider.clone().touched(), wider.clone().touched().touched());
        assert!(one != wider && two != one && parent.read(two.object().clone()).unwrap() == two);
    }

    #[test]
    fn only_the_same_history_and_no_older_release_may_write() {
        let parent = Parent::of("shop", "prod", "shop");
        let there = parent.inventory().widened(&claim("one", 7), "shop", set(&[]), set(&[]));
        assert!(there.admits(&claim("one", 7)).is_ok() && there.admits(&claim("one", 8)).is_ok());
        let refused = |claim: &Claim| there.admits(claim).unwrap_err().reason;
        assert_eq!(refused(&claim("one", 6)), "the cluster holds release 7, which is newer than release 6");
        assert_eq!(refused(&claim("two", 8)), "the cluster holds releases of another history: its store id is one, and this one's is two");
        let other = Claim { inventory: Some("theirs".to_owned()), ..claim("one", 7) };
        assert_eq!(
            refused(&other),
            "the cluster's inventory `cloze.shop.prod` is not the one that earlier releases are in: its uid is , and theirs is theirs"
        );
        for object in [
            json!({}),
            json!({ "metadata": { "labels": { "applyset.kubernetes.io/id": parent.id() }, "annotations": { "applyset.kubernetes.io/tooling": "kubectl/v1.36.0" } } }),
        ] {
            assert_eq!(parent.read(object).unwrap_err().reason, "the ConfigMap shop/cloze.shop.prod is not an inventory of cloze");
        }
    }
}
