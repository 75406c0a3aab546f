//! What would keep a release from being applied, found before anything changes.

use std::collections::BTreeSet;
use std::collections::HashSet;

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use crate::cluster::target::attempt::Attempt;
use crate::cluster::target::attempt::Rules;
use crate::cluster::target::attempt::attempt;
use crate::cluster::target::external;
use crate::cluster::target::external::ExternalObject;
use crate::cluster::target::item::Item;
use crate::cluster::target::item::problem_of;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::members::Members;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::manifest::Node;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::target::Manifest;
use crate::target::ManifestSet;

/// The objects of a release whose kinds the server has.
pub(super) fn items<'a>(set: &'a ManifestSet<'a>, kinds: &Kinds, id: &str) -> Vec<Result<Item<'a>, Unready<'a>>> {
    let one = |manifest: &'a Manifest<'a>| match kinds.find(manifest.identity) {
        None => Err(Unready::NoKind(manifest)),
        Some(resource) => Item::new(manifest, resource.clone(), id).map_err(Unready::Wrong),
    };
    set.manifests.iter().map(one).collect()
}

/// An object that cannot be sent.
pub(super) enum Unready<'a> {
    /// The server does not have its kind, or not yet.
    NoKind(&'a Manifest<'a>),
    /// What is wrong with it.
    Wrong(Problem),
}

/// Where members of the set may be: the kinds and namespaces of its objects.
pub(super) fn places(items: &[Item<'_>]) -> BTreeSet<(Resource, String)> {
    items.iter().map(|item| (item.resource.clone(), item.identity().namespace.clone())).collect()
}

/// Objects that were tried on the server.
pub(super) struct Tried<'a> {
    /// Those that differ from what is there, and what the server answered; `None` where what they need comes with the release.
    pub(super) differing: Vec<(Item<'a>, Option<DryRunAnswer>)>,
    /// Those whose kind comes with the release.
    pub(super) late: Vec<&'a Manifest<'a>>,
    /// What was there before.
    pub(super) members: Members,
}

/// What the server would make of an object.
pub(super) enum DryRunAnswer {
    /// It would be created.
    Created(Value),
    /// It would be this one.
    Changed(Value),
}

/// Tries each of the objects on the server, unless it is there already or what it needs comes with the release, and looks for what it needs of
/// `external`. `beside` is where members may be, too.
///
/// # Errors
/// Every problem of every object.
pub(super) async fn check<'a>(
    rules: &Rules<'_>,
    external: &[ExternalObject],
    set: &'a ManifestSet<'a>,
    kinds: &Kinds,
    beside: BTreeSet<(Resource, String)>,
) -> Result<Tried<'a>, Problems> {
    let mut problems = Vec::new();
    let mut ready = Vec::new();
    let (mut defined, mut unknown) = (HashSet::new(), Vec::new());
    for item in items(set, kinds, rules.id) {
        match item {
            Ok(item) => {
                defined.extend(definition(&item));
                ready.push(item);
            }
            Err(Unready::NoKind(manifest)) => unknown.push(manifest),
            Err(Unready::Wrong(problem)) => problems.push(problem),
        }
    }
    let is_defined = |manifest: &&Manifest<'_>| defined.contains(&(manifest.identity.group().to_owned(), manifest.identity.kind.clone()));
    let (late, unknown): (Vec<_>, Vec<_>) = unknown.into_iter().partition(is_defined);
    for manifest in unknown {
        let reason = format!("the cluster does not know the kind of {} ({})", manifest.identity, manifest.identity.api_version);
        let next = "install its CustomResourceDefinition first, or add it to the templates; `kubectl api-resources` lists the kinds";
        problems.push(problem_of(manifest, Fault::Check, reason, next));
    }
    let made: BTreeSet<&str> = set
        .manifests
        .iter()
        .filter(|manifest| manifest.identity.kind == "Namespace")
        .map(|manifest| manifest.identity.name.as_str())
        .collect();
    let of_roles = |manifest: &&Manifest<'_>| matches!(manifest.identity.kind.as_str(), "Role" | "ClusterRole");
    let released_roles: BTreeSet<(&str, &str)> =
        set.manifests.iter().filter(of_roles).map(|manifest| (manifest.identity.kind.as_str(), manifest.identity.name.as_str())).collect();
    problems.extend(external::problems(rules.server, external, &ready).await);
    let places = places(&ready).into_iter().chain(beside).collect();
    let members = Members::of(rules.server, rules.id, places).await.map_err(|refused| unanswered(refused, "list its objects"))?;
    let trials: Vec<_> = ready.into_iter().map(|item| trial(rules, item, &members, &made, &released_roles)).collect();
    let mut differing = Vec::new();
    // In the order of the release.
    for tried in stream::iter(trials).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match tried {
            Ok(tried) => differing.extend(tried),
            // A namespace that is being removed is one problem, of all its objects.
            Err(problem) => match problems.iter_mut().find(|known| known.reason == problem.reason) {
                Some(known) => known.also.extend(problem.place.filter(|place| known.place.as_ref() != Some(place))),
                None => problems.push(problem),
            },
        }
    }
    Problems::or(Tried { differing, late, members }, problems)
}

/// An object that differs, with the server's answer where there is one.
///
/// # Errors
/// What is wrong with it, as the server says.
async fn trial<'a>(
    rules: &Rules<'_>,
    mut item: Item<'a>,
    members: &Members,
    made: &BTreeSet<&str>,
    released_roles: &BTreeSet<(&str, &str)>,
) -> Result<Option<(Item<'a>, Option<DryRunAnswer>)>, Problem> {
    let live = members.get(&item.path());
    let words = match attempt(rules, &mut item, live, None).await {
        Attempt::Unchanged => return Ok(None),
        Attempt::Created(object) => return Ok(Some((item, Some(DryRunAnswer::Created(object))))),
        Attempt::Changed(object) => return Ok(Some((item, Some(DryRunAnswer::Changed(object))))),
        // RBAC looks for the role that is bound.
        Attempt::Refused(Refused::Absent) if is_bound(&item, released_roles) => return Ok(Some((item, None))),
        Attempt::Refused(Refused::NoNamespace) if made.contains(item.identity().namespace.as_str()) => return Ok(Some((item, None))),
        Attempt::Refused(refused @ Refused::NamespaceGoing) => {
            let reason = format!("the namespace `{}` is being removed", item.identity().namespace);
            return Err(item.problem(Fault::Check, reason, refused.words().next));
        }
        Attempt::Refused(refused) => refused.words(),
        Attempt::Foreign(words) => words,
        Attempt::Overtaken(problem) => return Err(problem),
    };
    Err(item.problem(Fault::Check, format!("{}: {}", item.identity(), words.reason), words.next))
}

/// Whether it binds one of the roles that the release brings.
fn is_bound(item: &Item<'_>, released_roles: &BTreeSet<(&str, &str)>) -> bool {
    let text = |key: &str| item.at(&["roleRef", key]).and_then(Node::as_text).unwrap_or_default();
    released_roles.contains(&(text("kind"), text("name")))
}

/// The group and kind that a CustomResourceDefinition defines.
pub(super) fn definition(item: &Item<'_>) -> Option<(String, String)> {
    let text = |path: &[&str]| item.at(path).and_then(Node::as_text).map(str::to_owned);
    if item.identity().kind != "CustomResourceDefinition" {
        return None;
    }
    Some((text(&["spec", "group"])?, text(&["spec", "names", "kind"])?))
}
