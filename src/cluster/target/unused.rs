//! Which members of an inventory nothing needs: the one rule by which a prune removes.
//!
//! A member stays that the release has which the cluster holds, that is kept for other releases, or that a workload uses: a pod, what makes pods, and the
//! revisions that it can go back to. What holds data stays, and what says that it must.

use std::collections::HashSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde_json::Value;

use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::places::places;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::cluster::target::uses::Uses;
use crate::manifest::Identity;
use crate::target::Needed;

/// A member of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// What Kubernetes knows it by.
    pub(super) identity: Identity,
    /// The URL's path of it.
    pub(super) path: String,
    /// Which object of that name it is.
    pub(super) uid: String,
    /// The version of it that was read.
    pub(super) version: String,
    /// Whether it was deleted already.
    is_going: bool,
    is_protected: bool,
}

/// The members that nothing needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unused {
    /// Those to be removed.
    pub(super) removable: Vec<Member>,
    /// Those that stay all the same.
    pub(super) protected: Vec<Identity>,
    /// All members.
    pub(super) members: Vec<Identity>,
}

/// What nothing needs of the inventory `there`. A list of each kind in each namespace, which reads the metadata alone; and where ConfigMaps, Secrets
/// or service accounts are among what no release needs, lists of the namespaces' workloads.
pub(super) async fn unused(server: &Server, parent: &Parent, there: &Inventory, needed: &Needed) -> Result<Unused, Refused> {
    let mut members = every_member(server, parent, there).await?;
    members.retain(|member| !member.is_going);
    let identities = members.iter().map(|member| member.identity.clone()).collect();
    let (protected, mut removable) = split(members, needed);
    if removable.iter().any(|member| is_used_by_name(&member.identity)) {
        let doomed = removable.iter().map(|member| member.uid.clone()).collect();
        let namespaces = there.namespaces.iter().map(String::as_str).chain([parent.namespace.as_str()]);
        let mut uses = Uses::of(server, namespaces.collect(), doomed).await?;
        for member in protected.iter().filter(|member| !is_kept(&member.identity)) {
            // Of a Secret no value is read.
            let part = if member.identity.kind == "Secret" { Part::Metadata } else { Part::Whole };
            uses.add(&server.get(&member.path, part).await?);
        }
        let failed: HashSet<ObjectKey> = needed.failed.iter().map(key).collect();
        removable.retain(|member| !uses.has(&member.identity, !failed.contains(&key(&member.identity))));
    }
    Ok(Unused { removable, protected: protected.into_iter().map(|member| member.identity).collect(), members: identities })
}

/// The members that belong to no other object.
pub(super) async fn every_member(server: &Server, parent: &Parent, there: &Inventory) -> Result<Vec<Member>, Refused> {
    let selector = format!("{PART_OF}={}", parent.id());
    let list = |(resource, namespace): (Resource, String)| {
        let path = resource.path(&namespace);
        let selector = &selector;
        async move { Ok::<_, Refused>((resource, server.list(&path, selector, Part::Listed).await?)) }
    };
    let asked: Vec<_> = places(server, parent, there).await?.into_iter().map(list).collect();
    let found: Vec<(Resource, Vec<Value>)> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let members = found.iter().flat_map(|(resource, items)| items.iter().filter_map(|item| member(resource, &item["metadata"])));
    Ok(members.collect())
}

/// A member by its metadata. What has an owner goes with that: `EndpointSlice`s have the labels of their Service, too.
fn member(resource: &Resource, metadata: &Value) -> Option<Member> {
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
    if metadata["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty()) {
        return None;
    }
    let identity = Identity {
        api_version: resource.api_version.clone(),
        kind: resource.kind.clone(),
        namespace: text("namespace"),
        name: text("name"),
    };
    let is_going = metadata["deletionTimestamp"].is_string();
    let is_protected = is_kept(&identity) || is_protected(metadata);
    Some(Member { path: resource.path_of(&identity), identity, uid: text("uid"), version: text("resourceVersion"), is_going, is_protected })
}

/// The members that no release needs: those that are protected, and the others.
pub(super) fn split(members: Vec<Member>, Needed { current, kept, failed, only_failed }: &Needed) -> (Vec<Member>, Vec<Member>) {
    let needed: HashSet<ObjectKey> = current.iter().chain(kept).map(key).collect();
    let failed: HashSet<ObjectKey> = failed.iter().map(key).collect();
    let is_left = |member: &Member| {
        let key = key(&member.identity);
        !needed.contains(&key) && (!only_failed || failed.contains(&key))
    };
    members.into_iter().filter(is_left).partition(|member| member.is_protected)
}

/// Group, kind, namespace and name: the server may prefer another version than that of the manifest.
type ObjectKey = (String, String, String, String);

fn key(identity: &Identity) -> ObjectKey {
    (identity.group().to_owned(), identity.kind.clone(), identity.namespace.clone(), identity.name.clone())
}

/// Whether workloads name objects of the kind, so that one may need what no release does.
fn is_used_by_name(object: &Identity) -> bool {
    object.group().is_empty() && matches!(object.kind.as_str(), "ConfigMap" | "Secret" | "ServiceAccount")
}

/// Kinds that hold what cannot be made again: they go only when somebody removes them by name.
pub(super) fn is_kept(object: &Identity) -> bool {
    matches!(
        (object.group(), object.kind.as_str()),
        ("", "Namespace" | "PersistentVolumeClaim" | "PersistentVolume") | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// Whether somebody says that it must not go, to cloze or to Helm.
fn is_protected(metadata: &Value) -> bool {
    metadata["annotations"]["cloze.dev/prune"] == "never" || metadata["annotations"]["helm.sh/resource-policy"] == "keep"
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::is_kept;
    use super::member;
    use super::split;
    use crate::cluster::target::resource::Resource;
    use crate::manifest::Identity;
    use crate::target::Needed;

    fn identity(api_version: &str, kind: &str, name: &str) -> Identity {
        Identity { api_version: api_version.into(), kind: kind.into(), namespace: "shop".into(), name: name.into() }
    }

    fn found(kind: &str, metadata: &Value) -> Option<super::Member> {
        let resource = Resource { api_version: "v1".into(), kind: kind.into(), plural: "things".into(), namespaced: true };
        let mut metadata = metadata.clone();
        metadata["namespace"] = "shop".into();
        metadata["uid"] = "u".into();
        member(&resource, &metadata)
    }

    #[test]
    fn what_no_release_has_is_left() {
        let all =
            |kind: &str| ["a", "b", "c", "d"].into_iter().filter_map(|name| found(kind, &json!({ "name": name }))).collect::<Vec<_>>();
        let needed =
            Needed { current: vec![identity("v1", "ConfigMap", "a")], kept: vec![identity("v1", "ConfigMap", "b")], ..Needed::default() };
        let names = |needed: &Needed, kind: &str| -> [Vec<String>; 2] {
            let (protected, removable) = split(all(kind), needed);
            [protected, removable].map(|members| members.into_iter().map(|member| member.identity.name).collect())
        };
        assert_eq!(names(&needed, "ConfigMap"), [vec![], vec!["c".to_owned(), "d".to_owned()]]);
        assert_eq!(names(&needed, "PersistentVolumeClaim")[0].len(), 4, "what holds data stays");
        let failed = vec![identity("v1", "ConfigMap", "a"), identity("v1", "ConfigMap", "d")];
        let only = Needed { failed, only_failed: true, ..needed };
        assert_eq!(names(&only, "ConfigMap"), [vec![], vec!["d".to_owned()]]);
        // The version in which the server gives it is another than that of the manifest.
        let core = Resource { api_version: "apps/v1".into(), kind: "Deployment".into(), plural: "deployments".into(), namespaced: true };
        let web = member(&core, &json!({ "name": "web", "namespace": "shop" })).unwrap();
        let older = Needed { current: vec![identity("apps/v1beta2", "Deployment", "web")], ..Needed::default() };
        assert_eq!(split(vec![web], &older).1, []);
    }

    #[test]
    fn what_belongs_to_another_object_is_not_looked_at() {
        assert!(found("EndpointSlice", &json!({ "name": "web-1", "ownerReferences": [{ "uid": "s" }] })).is_none());
        assert!(found("ConfigMap", &json!({ "name": "web-1", "deletionTimestamp": "2026-01-01T00:00:00Z" })).unwrap().is_going);
        assert!(found("ConfigMap", &json!({ "name": "web-1", "ownerReferences": [] })).is_some());
    }

    #[test]
    fn what_holds_data_or_says_so_is_protected() {
        for (version, kind, expected) in [
            ("v1", "Namespace", true),
            ("v1", "PersistentVolumeClaim", true),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", true),
            ("v1", "ConfigMap", false),
            ("example.com/v1", "Namespace", false),
        ] {
            assert_eq!(is_kept(&identity(version, kind, "a")), expected, "{version} {kind}");
        }
        for (annotations, expected) in [
            (json!({ "cloze.dev/prune": "never" }), true),
            (json!({ "helm.sh/resource-policy": "keep" }), true),
            (json!({ "helm.sh/resource-policy": "delete" }), false),
            (json!(null), false),
        ] {
            assert_eq!(
                found("Service", &json!({ "name": "a", "annotations": annotations })).unwrap().is_protected,
                expected,
                "{annotations}"
            );
        }
    }
}
