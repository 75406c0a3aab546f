//! What the cluster has of an inventory.

use std::collections::BTreeSet;
use std::collections::HashMap;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde_json::Value;

use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;

/// The members of an inventory, by their URLs' paths.
#[derive(Debug, Default)]
pub(super) struct Members {
    found: HashMap<String, Value>,
    bases: BTreeSet<String>,
}

/// The annotation that keeps an object's name without the content's suffix.
const BASE: &str = "cloze.dev/base-name";

impl Members {
    /// Those of the set `id` among the objects of these kinds in these namespaces: a listing for each. Of Secrets the metadata alone.
    pub(super) async fn of(server: &Server, id: &str, places: BTreeSet<(Resource, String)>) -> Result<Self, Refused> {
        let selector = format!("{PART_OF}={id}");
        let asked: Vec<_> = places.into_iter().map(|(resource, namespace)| list(server, &selector, resource, namespace)).collect();
        let listed: Vec<(String, Vec<Value>)> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut members = Self::default();
        for (folder, items) in listed {
            for item in items {
                let Some(name) = item["metadata"]["name"].as_str() else { continue };
                let base = item["metadata"]["annotations"][BASE].as_str().unwrap_or(name);
                members.bases.insert(format!("{folder}/{base}"));
                members.found.insert(format!("{folder}/{name}"), item);
            }
        }
        Ok(members)
    }

    /// The one at that path.
    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.found.get(path)
    }

    /// What each of them is.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> {
        let text = |object: &Value, place: &str| object.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.found.values().map(move |object| Identity {
            api_version: text(object, "/apiVersion"),
            kind: text(object, "/kind"),
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
        })
    }

    /// Of those that have one name without suffix in one folder the newest, with its path, by folder and that name.
    pub(super) fn newest_by_base(&self) -> HashMap<String, (String, &Value)> {
        let made = |object: &Value| object["metadata"]["creationTimestamp"].as_str().map(str::to_owned);
        let mut newest: HashMap<String, (String, &Value)> = HashMap::new();
        for (path, object) in &self.found {
            let (Some((folder, _)), Some(base)) = (path.rsplit_once('/'), object["metadata"]["annotations"][BASE].as_str()) else {
                continue;
            };
            let key = format!("{folder}/{base}");
            if newest.get(&key).is_none_or(|(known, other)| (made(other), known) < (made(object), path)) {
                newest.insert(key, (path.clone(), object));
            }
        }
        newest
    }

    /// Whether one in that folder has that name without suffix.
    pub(super) fn has_base(&self, folder: &str, base: &str) -> bool {
        self.bases.contains(&format!("{folder}/{base}"))
    }
}

/// The path of the objects of a kind in a namespace, and those that the selector selects.
async fn list(server: &Server, selector: &str, resource: Resource, namespace: String) -> Result<(String, Vec<Value>), Refused> {
    let part = if resource.is_secret() { Part::Listed } else { Part::Whole };
    let folder = resource.path(&namespace);
    let mut items = server.list(&folder, selector, part).await?;
    // The items of a list do not say what they are.
    for item in &mut items {
        item["apiVersion"] = resource.api_version.clone().into();
        item["kind"] = resource.kind.clone().into();
    }
    Ok((folder, items))
}
