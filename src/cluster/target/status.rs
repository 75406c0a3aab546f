//! How the objects of an environment are: what its inventory lists, and the health of each.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde_json::Value;

use crate::cluster::health::Health;
use crate::cluster::health::Neighbors;
use crate::cluster::health::Related;
use crate::cluster::health::health;
use crate::cluster::health::is_ready_when_applied;
use crate::cluster::target::Cluster;
use crate::cluster::target::fence::inventory;
use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::places::places;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::manifest::Identity;
use crate::problem::Problem;

/// What a cluster has of an environment.
#[derive(Debug)]
pub struct ClusterStatus {
    /// The release that was applied last.
    pub release: Option<u64>,
    /// The objects whose health shows only after they were applied, in order of kind, namespace and name.
    pub objects: Vec<(Identity, Health)>,
    /// How many objects there are beside them: those that are ready as soon as they are there.
    pub others: usize,
    /// All objects, each with its `managedFields`.
    pub(super) fields: Vec<(Identity, Value)>,
}

/// The objects of an inventory.
struct Listed {
    /// Those with a health of their own.
    objects: Vec<(Identity, Value)>,
    /// How many others there are.
    others: usize,
    /// All of them, each with its `managedFields`.
    fields: Vec<(Identity, Value)>,
}

/// What tells more of objects of a namespace that are not ready: pods, ReplicaSets and events.
type Surroundings = [Vec<Value>; 3];

impl Cluster {
    /// What the cluster has of the environment; `None` where nothing was applied yet.
    ///
    /// A list for each kind in each namespace, and three more for each namespace where something is not ready. Of Secrets and ConfigMaps the metadata
    /// alone is read.
    pub async fn status(&self) -> Result<Option<ClusterStatus>, Problem> {
        let Some(there) = inventory(&self.server, &self.parent).await? else { return Ok(None) };
        let Listed { objects, others, mut fields } =
            self.objects(&there).await.map_err(|refused| unanswered(refused, "list its objects"))?;
        let mut namespaces: BTreeMap<String, Surroundings> = BTreeMap::new();
        for (identity, object) in &objects {
            let is_known = identity.namespace.is_empty() || namespaces.contains_key(&identity.namespace);
            if !is_known && health(object, &Related::default()) != Health::Ready {
                namespaces.insert(identity.namespace.clone(), self.surroundings(&identity.namespace).await);
            }
        }
        let neighbors: BTreeMap<&str, Neighbors<'_>> =
            namespaces.iter().map(|(namespace, [pods, sets, events])| (namespace.as_str(), Neighbors::of(pods, sets, events))).collect();
        let judged = |(identity, object): (Identity, Value)| {
            let related = neighbors.get(identity.namespace.as_str()).map(|neighbors| neighbors.related(&object)).unwrap_or_default();
            let health = health(&object, &related);
            (identity, health)
        };
        let mut objects: Vec<(Identity, Health)> = objects.into_iter().map(judged).collect();
        let order = |identity: &Identity| (identity.kind.clone(), identity.namespace.clone(), identity.name.clone());
        objects.sort_by_cached_key(|(identity, _)| order(identity));
        fields.sort_by_cached_key(|(identity, _)| order(identity));
        Ok(Some(ClusterStatus { release: there.release(), objects, others, fields }))
    }

    async fn objects(&self, there: &Inventory) -> Result<Listed, Refused> {
        let places = places(&self.server, &self.parent, there).await?;
        let asked: Vec<_> = places.into_iter().map(|(resource, namespace)| self.members(resource, namespace)).collect();
        let listed: Vec<(Resource, Vec<Value>)> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let (mut objects, mut others, mut fields) = (Vec::new(), 0, Vec::new());
        for (resource, items) in listed {
            for mut object in items {
                let text = |place: &str| object.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
                let identity = Identity {
                    api_version: resource.api_version.clone(),
                    kind: resource.kind.clone(),
                    namespace: text("/metadata/namespace"),
                    name: text("/metadata/name"),
                };
                // What has an owner is as its owner makes it.
                if object["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty) {
                    fields.push((identity.clone(), object["metadata"]["managedFields"].take()));
                }
                if is_plain(&resource) {
                    others += 1;
                    continue;
                }
                object["apiVersion"] = resource.api_version.clone().into();
                object["kind"] = resource.kind.clone().into();
                objects.push((identity, object));
            }
        }
        Ok(Listed { objects, others, fields })
    }

    async fn members(&self, resource: Resource, namespace: String) -> Result<(Resource, Vec<Value>), Refused> {
        let part = if is_plain(&resource) { Part::Listed } else { Part::Whole };
        let items = self.server.list(&resource.path(&namespace), &format!("{PART_OF}={}", self.id), part).await?;
        Ok((resource, items))
    }

    /// Pods, ReplicaSets and events of a namespace. What may not be read leaves verdicts shorter.
    async fn surroundings(&self, namespace: &str) -> Surroundings {
        let list = |api: &str, plural: &str| format!("{api}/namespaces/{namespace}/{plural}");
        let (pods, sets, events) = (list("/api/v1", "pods"), list("/apis/apps/v1", "replicasets"), list("/api/v1", "events"));
        let (pods, sets, events) = futures::join!(
            self.server.list(&pods, "", Part::Whole),
            self.server.list(&sets, "", Part::Whole),
            self.server.list(&events, "", Part::Whole)
        );
        [pods, sets, events].map(Result::unwrap_or_default)
    }
}

/// Whether objects of the kind are ready as soon as they are there.
fn is_plain(resource: &Resource) -> bool {
    is_ready_when_applied(resource.group(), &resource.kind)
}
