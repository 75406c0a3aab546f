//! What a release would change of what is live, as the server's own dry run says.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::convert::Infallible;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde_json::Value as Json;
use zeroize::Zeroize as _;

use crate::cluster::target::Cluster;
use crate::cluster::target::adopt::LAST_APPLIED;
use crate::cluster::target::check::DryRunAnswer;
use crate::cluster::target::check::Tried;
use crate::cluster::target::check::check;
use crate::cluster::target::item::Item;
use crate::cluster::target::members::Members;
use crate::cluster::target::places::places;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::group_kind;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Mode;
use crate::cluster::target::server::Part;
use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;
use crate::problem::Problems;
use crate::target::Claim;
use crate::target::LiveDifference;
use crate::target::LiveObject;
use crate::target::ManifestSet;

impl Cluster {
    /// The objects of `set` that an apply would change, after each was checked; and the members of the inventory that `set` does not have. What is
    /// there already is not sent.
    pub(super) async fn difference(&self, claim: &Claim, set: &ManifestSet<'_>) -> Result<LiveDifference, Problems> {
        let kinds = self.kinds(set).await?;
        let warnings = self.permitted(set, &kinds).await?;
        let there = self.admitted(claim).await?;
        let mut beside = BTreeSet::new();
        if let Some(there) = &there {
            beside = places(&self.server, &self.parent, there).await.map_err(|refused| unanswered(refused, "list its objects"))?;
        }
        let Tried { differing, late, members } = check(&self.rules(Mode::Preview), &self.external, set, &kinds, beside).await?;
        let before = members.newest_by_base();
        let asked: Vec<_> = differing.into_iter().map(|(item, answer)| self.object(item, answer, &members, &before)).collect();
        let found: Vec<Option<LiveObject>> =
            stream::iter(asked).buffered(AT_ONCE).try_collect().await.map_err(|refused| unanswered(refused, "read its objects"))?;
        let mut objects: Vec<LiveObject> = found.into_iter().flatten().collect();
        objects.extend(late.into_iter().map(|manifest| LiveObject { identity: manifest.identity.clone(), change: None }));
        let known = |object: &Identity| (group_kind(object), object.namespace.clone(), object.name.clone());
        let wanted: HashSet<_> = set.manifests.iter().map(|manifest| known(manifest.identity)).collect();
        let mut left: Vec<Identity> = members.identities().filter(|object| !wanted.contains(&known(object))).collect();
        left.sort_unstable_by_key(known);
        left.dedup_by_key(|object| known(object));
        Ok(LiveDifference { release: there.and_then(|there| there.release()), objects, left, warnings })
    }

    /// The object of `item` as it is and would be; `None` where that is the same. What would be created in the place of one whose name had another
    /// suffix is compared with the newest of those.
    async fn object(
        &self,
        item: Item<'_>,
        answer: Option<DryRunAnswer>,
        members: &Members,
        before: &HashMap<String, (String, &Json)>,
    ) -> Result<Option<LiveObject>, Refused> {
        let added = || Ok(Some(LiveObject { identity: item.identity().clone(), change: None }));
        let (path, live, after) = match answer {
            None => return added(),
            Some(DryRunAnswer::Changed(after)) => {
                let path = item.path();
                let live = members.get(&path);
                (path, live, after)
            }
            Some(DryRunAnswer::Created(after)) => {
                let base = format!("{}/{}", item.resource.path(&item.identity().namespace), item.manifest.base);
                match before.get(&base) {
                    Some((path, live)) => (path.clone(), Some(*live), after),
                    None => return added(),
                }
            }
        };
        let live = match live.filter(|_| !item.resource.is_secret()) {
            Some(live) => live.clone(),
            None => match self.server.get(&path, Part::Whole).await {
                Ok(live) => live,
                Err(Refused::Absent) => return added(),
                Err(refused) => return Err(refused),
            },
        };
        let (live, after) = (node(stripped(live)), node(stripped(after)));
        let object = LiveObject { identity: item.identity().clone(), change: Some((live, after)) };
        let is_same = object.change.as_ref().is_some_and(|(live, after)| live.is_same(after));
        Ok((!is_same).then_some(object))
    }
}

/// The object without what only the server sets, and without the copy that kubectl keeps in an annotation.
fn stripped(mut object: Json) -> Json {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
            metadata.remove(key);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    object
}

/// The same as a tree; the texts of what it was are wiped.
fn node(json: Json) -> Node<Infallible> {
    Node::made(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Number::Int(number),
            (None, Some(number)) => Number::Uint(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Json::String(mut text) => {
            let value = Value::Text(text.as_str().into());
            text.zeroize();
            value
        }
        Json::Array(items) => Value::List(items.into_iter().map(node).collect()),
        Json::Object(fields) => {
            let one = |(key, value): (String, Json)| Entry { key: key.into(), mark: Mark::default(), node: node(value) };
            Value::Map(fields.into_iter().map(one).collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::node;
    use super::stripped;
    use crate::manifest::write_json;
    use crate::secret::SecretBuffer;

    #[test]
    fn what_only_the_server_sets_is_not_compared() {
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        let object = json!({
            "kind": "ConfigMap", "data": { "a": "1" }, "status": { "x": 1 },
            "metadata": { "name": "a", "uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": "t", "managedFields": [], "annotations": { last: "{}" } },
        });
        let mut out = SecretBuffer::with_capacity(64);
        write_json(&node(stripped(object)), &mut out);
        let kept: serde_json::Value = serde_json::from_slice(out.expose()).unwrap();
        assert_eq!(kept, json!({ "kind": "ConfigMap", "data": { "a": "1" }, "metadata": { "name": "a" } }));
    }

    #[test]
    fn a_number_keeps_its_digits() {
        let mut out = SecretBuffer::with_capacity(64);
        write_json(&node(json!([1, -1, u64::MAX, 0.5, null, true, "a\u{85}"])), &mut out);
        assert_eq!(std::str::from_utf8(out.expose()).unwrap(), "[1,-1,18446744073709551615,0.5,null,true,\"a\\u0085\"]\n");
    }
}
