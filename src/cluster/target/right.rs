//! The rights that a deployer needs: which they are for the objects of a project, and which of them the API server does not grant.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use serde_json::json;

use crate::cluster::health::is_ready_when_applied;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Server;
use crate::cluster::target::unused::is_kept;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;

/// A right on objects of a kind, as RBAC knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Right {
    /// Where; empty for kinds that belong to the cluster.
    pub(super) namespace: String,
    /// The group of the kind; empty for the core group.
    pub(super) group: String,
    /// The kind's name in URLs, or that of a part of its objects, such as `pods/log`.
    pub(super) plural: String,
    /// The one object that it is about; `None` for all.
    pub(super) name: Option<String>,
    /// What is done.
    pub(super) verb: Cow<'static, str>,
}

/// What a right is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RightPurpose {
    /// A deploy fails without it.
    Deploy,
    /// A role of the release grants it, which RBAC lets nobody do who does not have it (`rbac/validation.ConfirmNoEscalation`).
    Granting,
    /// Leaving `replicas` to who scales.
    Scaling,
    /// Knowing what running pods use, before anything is removed.
    Prune,
    /// Saying why a rollout fails.
    Reasons,
    /// Showing what a container that crashed said last.
    Logs,
    /// `cloze destroy`, beside what pruning needs.
    Destroy,
}

/// Rights, and what each is for.
pub(super) type NeededRights = BTreeMap<Right, RightPurpose>;

/// The rights to deploy objects of these kinds in these namespaces, with the inventory `parent`, and to read `others` there (kind in URLs, namespace, name).
pub(super) fn rights(places: &BTreeSet<(Resource, String)>, parent: &Parent, others: &[(&str, &str, &str)]) -> NeededRights {
    let mut rights = NeededRights::new();
    let mut add = |namespace: &str, (group, plural): (&str, &str), name: Option<&str>, verbs: &[&'static str], purpose: RightPurpose| {
        for &verb in verbs {
            let (namespace, group, plural) = (namespace.to_owned(), group.to_owned(), plural.to_owned());
            let right = Right { namespace, group, plural, name: name.map(str::to_owned), verb: verb.into() };
            let known = rights.entry(right).or_insert(purpose);
            *known = purpose.min(*known);
        }
    };
    for (resource, namespace) in places {
        let (group, kind) = (resource.group(), resource.kind.as_str());
        let namespace = if resource.namespaced { namespace.as_str() } else { "" };
        let mut verbs = vec!["get", "list", "create", "patch"];
        verbs.extend((!is_ready_when_applied(group, kind)).then_some("watch"));
        let object =
            Identity { api_version: resource.api_version.clone(), kind: kind.to_owned(), namespace: String::new(), name: String::new() };
        verbs.extend((!is_kept(&object)).then_some("delete"));
        add(namespace, (group, resource.plural.as_str()), None, &verbs, RightPurpose::Deploy);
        if has_pods(group, kind) {
            for object in [("", "pods"), ("apps", "replicasets"), ("", "events")] {
                add(namespace, object, None, &["list", "watch"], RightPurpose::Reasons);
            }
            add(namespace, ("", "pods/log"), None, &["get"], RightPurpose::Logs);
        }
        if (group, kind) == ("apps", "StatefulSet") {
            add(namespace, ("", "pods"), None, &["list", "delete"], RightPurpose::Deploy);
        }
        if matches!((group, kind), ("apps", "Deployment" | "StatefulSet" | "ReplicaSet")) {
            add(namespace, ("autoscaling", "horizontalpodautoscalers"), None, &["list"], RightPurpose::Scaling);
        }
        if resource.namespaced {
            for object in WORKLOADS {
                add(namespace, object, None, &["list"], RightPurpose::Prune);
            }
        }
    }
    add(&parent.namespace, ("", "configmaps"), None, &["create"], RightPurpose::Deploy);
    add(&parent.namespace, ("", "configmaps"), Some(&parent.name), &["get", "update"], RightPurpose::Deploy);
    add(&parent.namespace, ("", "configmaps"), Some(&parent.name), &["delete"], RightPurpose::Destroy);
    for &(plural, namespace, name) in others {
        add(namespace, ("", plural), Some(name), &["get"], RightPurpose::Deploy);
    }
    // What is granted of all is granted of one.
    let all: BTreeSet<Right> = rights.keys().filter(|right| right.name.is_none()).cloned().collect();
    rights.retain(|right, _| right.name.is_none() || !all.contains(&Right { name: None, ..right.clone() }));
    rights
}

/// The rights to remove objects of these kinds in these namespaces.
pub(super) fn pruning(places: &BTreeSet<(Resource, String)>) -> NeededRights {
    let verbs = |(resource, namespace): &(Resource, String)| {
        let namespace = if resource.namespaced { namespace.clone() } else { String::new() };
        let (group, plural) = (resource.group().to_owned(), resource.plural.clone());
        ["delete", "get", "list", "patch"].map(|verb| {
            let (namespace, group, plural) = (namespace.clone(), group.clone(), plural.clone());
            (Right { namespace, group, plural, name: None, verb: verb.into() }, RightPurpose::Prune)
        })
    };
    places.iter().flat_map(verbs).collect()
}

/// What makes pods, whose lists tell what is used (group, name in URLs).
const WORKLOADS: [(&str, &str); 9] = [
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "controllerrevisions"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
];

/// Kinds whose pods tell more than their status.
fn has_pods(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("", "ReplicationController" | "Pod") | ("batch", "Job")
    )
}

/// Those of `rights` that the server does not grant to who asks. It is asked once for each namespace, and then for each right that its answer does not have:
/// an answer can be incomplete. None where the server does not say.
pub(super) async fn missing(server: &Server, rights: &NeededRights) -> Result<NeededRights, Refused> {
    let namespaces: BTreeSet<&str> =
        rights.keys().map(|right| right.namespace.as_str()).filter(|namespace| !namespace.is_empty()).collect();
    let mut granted = BTreeMap::new();
    for namespace in namespaces {
        granted.insert(namespace.to_owned(), rules(server, namespace).await?);
    }
    let is_open = |right: &&Right| !granted.get(&right.namespace).is_some_and(|rules| rules.iter().any(|rule| covers(rule, right)));
    let asked: Vec<_> = rights.keys().filter(is_open).map(|right| is_denied(server, right)).collect();
    let answers: Vec<Result<Option<Right>, Refused>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let denied: BTreeSet<Right> = answers.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok(rights.iter().filter(|(right, _)| denied.contains(*right)).map(|(right, purpose)| (right.clone(), *purpose)).collect())
}

/// That who asks may not read logs in `namespace`, and what comes of it; `None` where it is granted, or the server does not say.
pub(super) async fn logs_denied(server: &Server, namespace: &str) -> Option<String> {
    let (group, plural) = (String::new(), "pods/log".to_owned());
    let right = Right { namespace: namespace.to_owned(), group, plural, name: None, verb: "get".into() };
    let denied = missing(server, &NeededRights::from([(right, RightPurpose::Logs)])).await.ok()?;
    Some(by_objects(denied).first()?.denied(0).reason)
}

async fn rules(server: &Server, namespace: &str) -> Result<Vec<Value>, Refused> {
    let review = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": { "namespace": namespace } });
    let mut answer = server.create("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &review).await?;
    Ok(answer.pointer_mut("/status/resourceRules").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default())
}

/// Whether a rule of that answer (`ResourceRule` of `k8s.io/api/authorization/v1`) grants it.
fn covers(rule: &Value, right: &Right) -> bool {
    let has =
        |field: &str, wanted: &str| rule[field].as_array().is_some_and(|items| items.iter().any(|item| *item == *wanted || *item == *"*"));
    let names = rule["resourceNames"].as_array().filter(|names| !names.is_empty());
    let is_named = names.is_none_or(|names| right.name.as_ref().is_some_and(|name| names.iter().any(|item| *item == **name)));
    has("verbs", &right.verb) && has("apiGroups", &right.group) && has("resources", &right.plural) && is_named
}

/// The right, if the server denies it.
async fn is_denied(server: &Server, right: &Right) -> Result<Option<Right>, Refused> {
    let (plural, part) = right.plural.split_once('/').unwrap_or((right.plural.as_str(), ""));
    let mut attributes =
        json!({ "group": right.group, "resource": plural, "subresource": part, "verb": right.verb, "namespace": right.namespace });
    if let Some(name) = &right.name {
        attributes["name"] = name.as_str().into();
    }
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": { "resourceAttributes": attributes },
    });
    let answer = server.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await?;
    Ok((answer["status"]["allowed"] != true).then(|| right.clone()))
}

/// Rights on the same objects for the same purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectRights {
    /// One of them.
    pub(super) right: Right,
    /// The verbs of all.
    pub(super) verbs: Vec<Cow<'static, str>>,
    /// What they are for.
    pub(super) purpose: RightPurpose,
}

/// The same rights, those on the same objects for the same purpose together.
pub(super) fn by_objects(rights: NeededRights) -> Vec<ObjectRights> {
    let mut found: Vec<ObjectRights> = Vec::new();
    for (right, purpose) in rights {
        let verb = right.verb.clone();
        let is_it = |known: &&mut ObjectRights| known.purpose == purpose && Right { verb: verb.clone(), ..known.right.clone() } == right;
        match found.iter_mut().find(is_it) {
            Some(known) => known.verbs.push(verb),
            None => found.push(ObjectRights { right, verbs: vec![verb], purpose }),
        }
    }
    found
}

impl ObjectRights {
    /// The objects, such as ``deployments.apps in the namespace `shop` ``.
    pub(super) fn objects(&self) -> String {
        let Right { namespace, group, plural, name, .. } = &self.right;
        let kind = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
        let name = name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let place = if namespace.is_empty() { String::new() } else { format!(" in the namespace `{namespace}`") };
        format!("{kind}{name}{place}")
    }

    /// What comes of it when they are denied; nothing more to say where a deploy fails.
    pub(super) fn consequence(&self) -> &'static str {
        match self.purpose {
            RightPurpose::Deploy => "",
            RightPurpose::Granting => ": a role of the release grants it, and RBAC lets nobody grant rights that they do not have",
            RightPurpose::Scaling => ": `replicas` that a HorizontalPodAutoscaler sets are a conflict",
            RightPurpose::Prune => ": what earlier releases left is not removed",
            RightPurpose::Reasons => ": if a rollout fails, less is known of why",
            RightPurpose::Logs => ": what a container that crashes says last is not shown",
            RightPurpose::Destroy => ": `cloze destroy` leaves the inventory",
        }
    }

    /// That they are denied, as are `more` for the same purpose, and what comes of it.
    pub(super) fn denied(&self, more: usize) -> Problem {
        let more = if more == 0 { String::new() } else { format!(" and {more} more, which `cloze doctor` lists") };
        let reason = format!("permission denied to {} {}{more}{}", self.verbs.join(", "), self.objects(), self.consequence());
        Problem::new(Fault::Check, reason, "grant it; `cloze doctor --role` prints the least role that deploys this project")
    }
}

/// A problem for each of those that a deploy needs, and one for each purpose of the others.
pub(super) fn denials(denied: NeededRights) -> (Vec<Problem>, Vec<Problem>) {
    let denied = by_objects(denied);
    let of = |purpose: RightPurpose| denied.iter().filter(move |granted| granted.purpose == purpose);
    let one = |purpose: RightPurpose| Some(of(purpose).next()?.denied(of(purpose).count() - 1));
    let others = [RightPurpose::Scaling, RightPurpose::Prune, RightPurpose::Reasons].into_iter().filter_map(one).collect();
    (of(RightPurpose::Deploy).map(|granted| granted.denied(0)).collect(), others)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::NeededRights;
    use super::Right;
    use super::RightPurpose;
    use super::by_objects;
    use super::covers;
    use super::denials;
    use super::pruning;
    use super::rights;
    use crate::cluster::target::parent::Parent;
    use crate::cluster::target::resource::Resource;

    fn resource(api_version: &str, kind: &str, plural: &str, namespaced: bool) -> Resource {
        Resource { api_version: api_version.into(), kind: kind.into(), plural: plural.into(), namespaced }
    }

    fn of(places: &[(Resource, &str)], others: &[(&str, &str, &str)]) -> NeededRights {
        let places: BTreeSet<(Resource, String)> = places.iter().map(|(kind, namespace)| (kind.clone(), (*namespace).to_owned())).collect();
        rights(&places, &Parent::of("shop", "prod", "shop"), others)
    }

    /// The rights as lines; those for pruning are left out.
    fn lines(places: &[(Resource, &str)], others: &[(&str, &str, &str)]) -> Vec<String> {
        let found = by_objects(of(places, others)).into_iter().filter(|granted| granted.purpose != RightPurpose::Prune);
        found.map(|granted| format!("{:?}: {} {}", granted.purpose, granted.verbs.join(","), granted.objects())).collect()
    }

    #[test]
    fn the_rights_follow_from_kinds_and_namespaces() {
        assert_eq!(
            lines(&[], &[("secrets", "shop", "tls")]),
            [
                "Deploy: create configmaps in the namespace `shop`",
                "Destroy: delete configmaps `cloze.shop.prod` in the namespace `shop`",
                "Deploy: get,update configmaps `cloze.shop.prod` in the namespace `shop`",
                "Deploy: get secrets `tls` in the namespace `shop`",
            ]
        );
        let found = lines(
            &[
                (resource("v1", "ConfigMap", "configmaps", true), "shop"),
                (resource("apps/v1", "StatefulSet", "statefulsets", true), "shop"),
                (resource("v1", "Namespace", "namespaces", false), ""),
            ],
            &[("configmaps", "shop", "theirs")],
        );
        assert_eq!(
            found,
            [
                "Deploy: create,get,list,patch,watch namespaces",
                "Deploy: create,delete,get,list,patch configmaps in the namespace `shop`",
                "Deploy: update configmaps `cloze.shop.prod` in the namespace `shop`",
                "Reasons: list,watch events in the namespace `shop`",
                "Deploy: delete,list pods in the namespace `shop`",
                "Reasons: watch pods in the namespace `shop`",
                "Logs: get pods/log in the namespace `shop`",
                "Reasons: watch replicasets.apps in the namespace `shop`",
                "Deploy: create,delete,get,list,patch,watch statefulsets.apps in the namespace `shop`",
                "Scaling: list horizontalpodautoscalers.autoscaling in the namespace `shop`",
            ]
        );
    }

    #[test]
    fn what_is_removed_is_listed_marked_and_deleted() {
        let services = BTreeSet::from([(resource("v1", "Service", "services", true), "shop".to_owned())]);
        let found: Vec<String> =
            by_objects(pruning(&services)).iter().map(|one| format!("{} {}", one.verbs.join(","), one.objects())).collect();
        assert_eq!(found, ["delete,get,list,patch services in the namespace `shop`"]);
    }

    #[test]
    fn a_rule_grants_what_it_names() {
        let right = |name: Option<&str>| Right {
            namespace: "shop".into(),
            group: "apps".into(),
            plural: "deployments".into(),
            name: name.map(str::to_owned),
            verb: "patch".into(),
        };
        for (rule, all, one) in [
            (json!({ "verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"] }), true, true),
            (json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }), true, true),
            (json!({ "verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"] }), false, true),
            (json!({ "verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["other"] }), false, false),
            (json!({ "verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"] }), false, false),
            (json!({ "verbs": ["patch"], "apiGroups": [""], "resources": ["deployments"] }), false, false),
            (json!({ "verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments/scale"] }), false, false),
        ] {
            assert_eq!((covers(&rule, &right(None)), covers(&rule, &right(Some("web")))), (all, one), "{rule}");
        }
    }

    #[test]
    fn what_is_denied_is_said_with_its_place_and_what_comes_of_it() {
        let rights = of(&[(resource("apps/v1", "Deployment", "deployments", true), "shop")], &[]);
        let denied =
            |plural: &str| by_objects(rights.clone()).into_iter().find(|granted| granted.right.plural == plural).unwrap().denied(0).reason;
        for (plural, expected) in [
            ("deployments", "permission denied to create, delete, get, list, patch, watch deployments.apps in the namespace `shop`"),
            ("events", "permission denied to list, watch events in the namespace `shop`: if a rollout fails, less is known of why"),
            (
                "horizontalpodautoscalers",
                "permission denied to list horizontalpodautoscalers.autoscaling in the namespace `shop`: `replicas` that a HorizontalPodAutoscaler sets are a conflict",
            ),
            ("jobs", "permission denied to list jobs.batch in the namespace `shop`: what earlier releases left is not removed"),
        ] {
            assert_eq!(denied(plural), expected);
        }
        let (needed, others) = denials(rights);
        assert_eq!(needed.len(), 3, "deployments, and the inventory's two");
        let reasons: Vec<&str> = others.iter().map(|problem| problem.reason.as_str()).collect();
        assert_eq!(reasons.len(), 3);
        assert_eq!(
            reasons[1],
            "permission denied to list pods in the namespace `shop` and 7 more, which `cloze doctor` lists: what earlier releases left is not removed"
        );
    }
}
