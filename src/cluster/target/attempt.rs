//! One object on its way to the server: applied, or tried, until it is there or there is a reason why not.

use serde_json::Value;

use crate::cluster::target::adopt::Adoption;
use crate::cluster::target::adopt::Holder;
use crate::cluster::target::adopt::holder;
use crate::cluster::target::adopt::without;
use crate::cluster::target::fence::Fence;
use crate::cluster::target::going::going;
use crate::cluster::target::item::Item;
use crate::cluster::target::item::NOT_THERE;
use crate::cluster::target::mark::mark;
use crate::cluster::target::mark::marked;
use crate::cluster::target::once::JobState;
use crate::cluster::target::once::clear;
use crate::cluster::target::once::content_of;
use crate::cluster::target::refused::Contested;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::Words;
use crate::cluster::target::server::Mode;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::target::RolloutObserver;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It was not there; what the server answered.
    Created(Value),
    /// It was there otherwise; what the server answered. A dry run cannot tell it from what was there already.
    Changed(Value),
    /// It was there already.
    Unchanged,
    /// The server did not take it.
    Refused(Refused),
    /// It belongs to somebody else.
    Foreign(Words),
    /// A newer release came first.
    Overtaken(Problem),
}

/// The rules of an attempt.
pub(super) struct Rules<'a> {
    /// The server.
    pub(super) server: &'a Server,
    /// The id of the set.
    pub(super) id: &'a str,
    /// The objects to take over, as `KIND/NAME`; twice where a tool holds one.
    pub(super) adopt: &'a [String],
    /// Whether fields that other managers hold are taken.
    pub(super) force: bool,
    /// Whether it is done.
    pub(super) mode: Mode,
    /// Whether the logs of containers that crashed are asked for.
    pub(super) logs: bool,
    /// Who hears what is waited for.
    pub(super) observer: Option<&'a dyn RolloutObserver>,
}

/// How often an object that others change meanwhile is read again.
const TRIES: usize = 5;

/// Applies `item`; `live` is what was read of it under the fence. Before an object that has changed since is applied to, `fence` says whether the release
/// may still write.
pub(super) async fn attempt(rules: &Rules<'_>, item: &mut Item<'_>, live: Option<&Value>, fence: Option<&Fence<'_>>) -> Attempt {
    let path = item.path();
    let mut version = live.and_then(version_of).unwrap_or(NOT_THERE).to_owned();
    if let Some(live) = live {
        // A Job that is named by its content runs once, and one that has failed is made again.
        match content_of(item.manifest).map(|_| JobState::of(live)) {
            Some(JobState::Failed) if rules.mode != Mode::Real => return Attempt::Changed(live.clone()),
            Some(JobState::Failed) => match clear(rules.server, &path, live).await {
                Ok(()) => NOT_THERE.clone_into(&mut version),
                Err(refused) => return Attempt::Refused(refused),
            },
            None if let Some(words) = going(&live["metadata"]) => return Attempt::Refused(Refused::Never(words)),
            run => match unmarked(rules, &path, &live["metadata"]).await {
                Ok(_) if run.is_some() || item.is_in(live) => return Attempt::Unchanged,
                Ok(unmarked) => version = unmarked,
                // Where it is gone already, or others change it, it is read again below.
                Err(_) => {}
            },
        }
    }
    let (mut last, mut adopted) = (Refused::Stale, None);
    for _ in 0..TRIES {
        // What is not a member is never taken by force.
        let force = adopted.is_some() || rules.force && version != NOT_THERE;
        // Whether pods are replaced, the whole says.
        let mode = if adopted.is_some() && item.replaces_pods() { Mode::Preview } else { rules.mode };
        let refused = match rules.server.apply(&path, item.body(&version), mode, force).await {
            Ok((true, object)) => return Attempt::Created(object),
            Ok((false, object)) if rules.mode == Mode::Real && version_of(&object) == Some(&version) => return Attempt::Unchanged,
            Ok((false, object)) => match &adopted {
                Some(removed) if mode == Mode::Preview => {
                    return without(rules.server, &path, object, removed).await.map_or_else(Attempt::Refused, Attempt::Changed);
                }
                _ => return Attempt::Changed(object),
            },
            Err(refused) => refused,
        };
        match &refused {
            Refused::Stale => {}
            Refused::Contested(fields) if is_scaling(fields) && is_scaled(rules.server, item.identity()).await => {
                item.give_up_replicas();
                continue;
            }
            // Of what is not a member, it comes first to whom it belongs.
            Refused::Contested(_) if live.is_none() && version == NOT_THERE => {}
            _ => return Attempt::Refused(refused),
        }
        last = refused;
        (version, adopted) = match rules.server.get(&path, Part::Metadata).await {
            Err(Refused::Absent) => (NOT_THERE.to_owned(), None),
            Err(refused) => return Attempt::Refused(refused),
            Ok(object) => match going(&object["metadata"]) {
                Some(words) => return Attempt::Refused(Refused::Never(words)),
                None => match adopt(rules, item, &path, &object["metadata"]).await {
                    Ok(found) => found,
                    Err(attempt) => return attempt,
                },
            },
        };
        if let Some(fence) = fence
            && let Err(overtaken) = fence.check().await
        {
            return Attempt::Overtaken(overtaken);
        }
    }
    Attempt::Refused(last)
}

/// The resourceVersion of a live object that is a member, or was made one. Where it would only have been made one, the fields that an apply removes then: a
/// dry run takes the fields of others by force, which an apply has by then.
async fn adopt(rules: &Rules<'_>, item: &Item<'_>, path: &str, metadata: &Value) -> Result<(String, Option<Value>), Attempt> {
    let Some(holder) = holder(metadata, rules.id) else {
        return Ok((unmarked(rules, path, metadata).await.unwrap_or_else(|_| version(metadata)), None));
    };
    let adoption = || Adoption::of(metadata, &item.identity().api_version, item.root());
    let identity = item.identity();
    let named = rules.adopt.iter().filter(|named| identity.is_called(named)).count();
    let flag = format!("--adopt {}/{}", identity.kind, identity.name);
    let words = match holder {
        Holder::OtherSet => (
            "it belongs to another inventory: of another project, environment or namespace".to_owned(),
            "rename it, or remove it there".to_owned(),
        ),
        Holder::Tool(tool) if named < 2 => (
            format!("it exists already, and {tool} manages it"),
            format!("take it out of {tool} first, then take it over with `{flag} {flag}`: {tool} would put it back otherwise"),
        ),
        Holder::Nobody if named < 1 => {
            ("it exists already and does not belong to this project".to_owned(), format!("take it over with `{flag}`, or rename yours"))
        }
        Holder::Tool(_) | Holder::Nobody if rules.mode != Mode::Real => return Ok((version(metadata), Some(adoption().removed))),
        Holder::Tool(_) | Holder::Nobody => {
            let moved = rules.server.patch(path, &adoption().patch).await.map_err(Attempt::Refused)?;
            return Ok((version(&moved["metadata"]), None));
        }
    };
    Err(Attempt::Foreign(Words { reason: words.0, next: words.1 }))
}

/// The version of a member that no prune is about to remove any more.
async fn unmarked(rules: &Rules<'_>, path: &str, metadata: &Value) -> Result<String, Refused> {
    let read = version(metadata);
    if marked(metadata).is_none() || rules.mode != Mode::Real { Ok(read) } else { mark(rules.server, path, &read, None).await }
}

fn version(metadata: &Value) -> String {
    metadata["resourceVersion"].as_str().unwrap_or_default().to_owned()
}

fn version_of(object: &Value) -> Option<&str> {
    object["metadata"]["resourceVersion"].as_str()
}

/// Whether the number of pods alone is contested.
fn is_scaling(fields: &[Contested]) -> bool {
    !fields.is_empty() && fields.iter().all(|contested| contested.field == ".spec.replicas")
}

/// Whether a HorizontalPodAutoscaler scales the object.
async fn is_scaled(server: &Server, object: &Identity) -> bool {
    let path = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", object.namespace);
    let scalers = server.list(&path, "", Part::Whole).await.unwrap_or_default();
    let is_it = |scaler: &Value| {
        let target = &scaler["spec"]["scaleTargetRef"];
        target["kind"] == object.kind.as_str() && target["name"] == object.name.as_str()
    };
    scalers.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::is_scaling;
    use crate::cluster::target::refused::Contested;
    use crate::manifest::Identity;

    #[test]
    fn an_object_is_named_by_kind_and_name() {
        let object = Identity { api_version: "apps/v1".into(), kind: "Deployment".into(), namespace: "shop".into(), name: "web".into() };
        for (named, expected) in
            [("Deployment/web", true), ("deployment/web", true), ("Deployment/Web", false), ("web", false), ("StatefulSet/web", false)]
        {
            assert_eq!(object.is_called(named), expected, "{named}");
        }
    }

    #[test]
    fn only_replicas_are_given_up() {
        let contested = |field: &str| Contested { field: field.to_owned(), manager: "m".to_owned() };
        assert!(is_scaling(&[contested(".spec.replicas")]));
        assert!(!is_scaling(&[]));
        assert!(!is_scaling(&[contested(".spec.replicas"), contested(".spec.paused")]));
    }
}
