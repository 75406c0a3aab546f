//! Where the members of an inventory are.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;

/// Where the inventory's members are: each of its kinds, in the version that the server prefers, in each of its namespaces.
pub(super) async fn places(server: &Server, parent: &Parent, there: &Inventory) -> Result<BTreeSet<(Resource, String)>, Refused> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group_kind in &there.kinds {
        let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
        groups.entry(group).or_default().insert(kind);
    }
    let mut places = BTreeSet::new();
    for (group, kinds) in groups {
        let version = match group {
            "" => "v1".to_owned(),
            group => match server.get(&format!("/apis/{group}"), Part::Whole).await {
                Ok(found) => found["preferredVersion"]["groupVersion"].as_str().unwrap_or_default().to_owned(),
                // Its definition was removed, and its objects with it.
                Err(Refused::Absent) => continue,
                Err(refused) => return Err(refused),
            },
        };
        for resource in server.resources(&version).await?.into_iter().filter(|one| kinds.contains(one.kind.as_str())) {
            if resource.namespaced {
                let namespaces = there.namespaces.iter().chain([&parent.namespace]);
                places.extend(namespaces.map(|namespace| (resource.clone(), namespace.clone())));
            } else {
                places.insert((resource, String::new()));
            }
        }
    }
    Ok(places)
}
