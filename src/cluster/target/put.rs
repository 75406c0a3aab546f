//! A release is applied: the fence is raised, then its objects go there, what others need first.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use tokio::time::sleep;

use crate::cluster::target::attempt::Attempt;
use crate::cluster::target::attempt::Rules;
use crate::cluster::target::attempt::attempt;
use crate::cluster::target::check::Unready;
use crate::cluster::target::check::definition;
use crate::cluster::target::check::items;
use crate::cluster::target::check::places;
use crate::cluster::target::fence::Fence;
use crate::cluster::target::item::Item;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::members::Members;
use crate::cluster::target::once::content_of;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::prove::failures;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::group_kind;
use crate::cluster::target::resource::namespaces;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::cluster::target::steps::Steps;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Claim;
use crate::target::ContainerLog;
use crate::target::Effect;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::ObjectEffect;
use crate::target::Put;

/// Applies `set` for `claim`. What became of each object is in the answer, and what stopped it, such as a newer release that came first; an error changed
/// nothing. An object that others come after may take `limit` to become ready. Jobs that run once stay until it is remembered that they
/// have.
pub(super) async fn put(rules: &Rules<'_>, parent: &Parent, claim: &Claim, set: &ManifestSet<'_>, limit: Duration) -> Result<Put, Problem> {
    let mut done = PutState { effects: HashMap::new(), logs: Vec::new() };
    let stopped = apply(&mut done, rules, &Fence { server: rules.server, parent, claim }, set, limit).await.err();
    let PutState { mut effects, logs } = done;
    let stopped = if effects.is_empty() { stopped.map_or(Ok(None), Err)? } else { stopped };
    let untried = || Effect::Failed {
        reason: if stopped.is_some() { "it was not tried" } else { "it was not tried, since others failed" }.to_owned(),
    };
    let of = |manifest: &Manifest<'_>| ObjectEffect {
        object: manifest.named_by_template(),
        effect: effects.remove(manifest.identity).unwrap_or_else(untried),
    };
    Ok(Put { objects: set.manifests.iter().map(of).collect(), logs, stopped, ..Put::default() })
}

/// What was done so far.
struct PutState<'a> {
    effects: HashMap<&'a Identity, Effect>,
    logs: Vec<ContainerLog>,
}

/// Applies `set` step by step, until an object fails or something else stops it.
async fn apply<'a>(
    done: &mut PutState<'a>,
    rules: &Rules<'_>,
    fence: &Fence<'_>,
    set: &'a ManifestSet<'a>,
    limit: Duration,
) -> Result<(), Problem> {
    let Fence { server, parent, claim } = *fence;
    let PutState { effects, logs } = done;
    let versions: BTreeSet<&str> = set.manifests.iter().map(|manifest| manifest.identity.api_version.as_str()).collect();
    let kinds = Kinds::of(server, versions).await.map_err(|refused| unanswered(refused, "ask for the kinds"))?;
    let (mut ready, mut late) = (Vec::new(), Vec::new());
    for item in items(set, &kinds, rules.id) {
        match item {
            Ok(item) => ready.push(item),
            Err(Unready::NoKind(manifest)) => late.push(manifest),
            Err(Unready::Wrong(problem)) => return Err(problem),
        }
    }
    ready.iter_mut().filter(|item| content_of(item.manifest).is_some()).for_each(Item::stay);
    let identities = || set.manifests.iter().map(|manifest| manifest.identity);
    let namespaces = namespaces(identities());
    let group_kinds = identities().map(group_kind).collect();
    let places = places(&ready);
    let mut raised = fence.raise(&places, &group_kinds, &namespaces).await?;
    if raised.is_none() {
        // The namespace of the inventory comes with the release: it is made first, unless it is there already.
        let own = |item: &Item<'_>| item.identity().kind == "Namespace" && item.identity().name == parent.namespace;
        let Some(at) = ready.iter().position(own) else {
            let reason = format!("the namespace `{}` of the inventory does not exist", parent.namespace);
            let next = "create it with `kubectl create namespace`, or add a Namespace to the templates";
            return Err(Problem::new(Fault::Check, reason, next));
        };
        let mut item = ready.remove(at);
        let came = attempt(rules, &mut item, None, None).await;
        effects.insert(item.identity(), effect(came, false)?);
        raised = fence.raise(&places, &group_kinds, &namespaces).await?;
    }
    let members = raised.ok_or_else(|| unanswered(Refused::NoNamespace, "write its inventory"))?;
    let bases: HashMap<&Identity, &str> = set.manifests.iter().map(|manifest| (manifest.identity, manifest.base)).collect();
    let steps = Steps::of(set);
    let ran: BTreeSet<&Identity> = set.manifests.iter().filter(|one| is_done(one, claim)).map(|one| one.identity).collect();
    let mut awaited: BTreeSet<&Identity> = BTreeSet::new();
    for step in &steps.all {
        let mut now: Vec<Item<'_>> = ready.extract_if(.., |item| steps.step(item.identity()) == *step).collect();
        for item in now.extract_if(.., |item| members.get(&item.path()).is_none() && ran.contains(item.identity())) {
            effects.insert(item.identity(), Effect::Unchanged);
        }
        let before: Vec<&Identity> = now.iter().flat_map(|item| steps.before(item.identity())).copied().collect();
        let before: Vec<&Identity> = before.into_iter().filter(|object| !ran.contains(object) && awaited.insert(*object)).collect();
        let (failed, said) = failures(rules, &before, limit).await?;
        logs.extend(said);
        if !failed.is_empty() {
            effects.extend(failed.into_iter().map(|(object, reason)| (object, Effect::Failed { reason })));
            return Ok(());
        }
        let definitions: BTreeSet<(String, String)> = now.iter().filter_map(definition).collect();
        let tries: Vec<_> = now.iter_mut().map(|item| try_one(rules, item, &members, fence)).collect();
        let came: Vec<(&Identity, Attempt)> = stream::iter(tries).buffer_unordered(AT_ONCE).collect().await;
        let (mut has_failed, mut overtaken) = (false, None);
        for (identity, came) in came {
            let folder = kinds.find(identity).map(|resource| resource.path(&identity.namespace)).unwrap_or_default();
            match effect(came, members.has_base(&folder, bases.get(identity).copied().unwrap_or_default())) {
                Ok(effect) => {
                    has_failed |= matches!(effect, Effect::Failed { .. });
                    effects.insert(identity, effect);
                }
                Err(problem) => overtaken = Some(problem),
            }
        }
        if has_failed || overtaken.is_some() {
            return overtaken.map_or(Ok(()), Err);
        }
        if !definitions.is_empty() {
            let made = established(server, &now, &definitions).await;
            let kinds = Kinds::of(server, late.iter().map(|manifest| manifest.identity.api_version.as_str()).collect()).await;
            let kinds = kinds.map_err(|refused| unanswered(refused, "ask for the kinds"))?;
            for manifest in std::mem::take(&mut late) {
                match kinds.find(manifest.identity).filter(|_| made).map(|kind| Item::new(manifest, kind.clone(), rules.id)) {
                    Some(item) => ready.push(item?),
                    None => late.push(manifest),
                }
            }
        }
    }
    for manifest in late {
        effects.entry(manifest.identity).or_insert_with(|| Effect::Failed { reason: "the cluster does not know its kind".to_owned() });
    }
    Ok(())
}

/// Whether it is a Job whose content has run before.
fn is_done(manifest: &Manifest<'_>, claim: &Claim) -> bool {
    content_of(manifest).is_some_and(|content| claim.done.contains(&content))
}

async fn try_one<'a>(rules: &Rules<'_>, item: &mut Item<'a>, members: &Members, fence: &Fence<'_>) -> (&'a Identity, Attempt) {
    let live = members.get(&item.path());
    let came = attempt(rules, item, live, Some(fence)).await;
    (item.identity(), came)
}

/// What an attempt did; `renamed` is whether an object of that base name was there.
fn effect(came: Attempt, renamed: bool) -> Result<Effect, Problem> {
    Ok(match came {
        Attempt::Created(_) if renamed => Effect::Changed,
        Attempt::Created(_) => Effect::Created,
        Attempt::Changed(_) => Effect::Changed,
        Attempt::Unchanged => Effect::Unchanged,
        Attempt::Refused(refused) => Effect::Failed { reason: refused.words().reason },
        Attempt::Foreign(words) => Effect::Failed { reason: words.reason },
        Attempt::Overtaken(problem) => return Err(problem),
    })
}

/// Whether the server serves what the definitions among `items` define, at last.
async fn established(server: &Server, items: &[Item<'_>], definitions: &BTreeSet<(String, String)>) -> bool {
    let is_true = |object: &Value| {
        let conditions = object["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Established" && one["status"] == "True"))
    };
    for item in items.iter().filter(|item| definition(item).is_some_and(|defined| definitions.contains(&defined))) {
        let mut tries = 0;
        while !server.get(&item.path(), Part::Whole).await.is_ok_and(|object| is_true(&object)) {
            tries += 1;
            if tries > ESTABLISHED_TRIES {
                return false;
            }
            sleep(ESTABLISHED_PAUSE).await;
        }
    }
    // The paths of a new kind are there a moment after the condition.
    sleep(ESTABLISHED_PAUSE).await;
    true
}

const ESTABLISHED_PAUSE: Duration = Duration::from_millis(200);
const ESTABLISHED_TRIES: u32 = 150;
