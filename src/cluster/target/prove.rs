//! Whether a release that was applied runs.

use std::time::Duration;

use serde_json::Value;
use tokio::select;
use tokio::time::sleep;

use crate::cluster::health::Awaited;
use crate::cluster::health::CrashedContainer;
use crate::cluster::health::Health;
use crate::cluster::health::Neighbors;
use crate::cluster::health::Progress;
use crate::cluster::health::Verdict;
use crate::cluster::health::WaitLimits;
use crate::cluster::health::is_ready_when_applied;
use crate::cluster::health::wait;
use crate::cluster::target::attempt::Rules;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::log::logs;
use crate::cluster::target::once::content_of;
use crate::cluster::target::parent::PART_OF;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::target::Claim;
use crate::target::ContainerLog;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::RolloutProgress;
use crate::target::Unproven;

/// Waits until the objects of `set`, members of the rules' set, are ready, but for Jobs that have run before. On the way back, pods of `StatefulSet`s that keep
/// their controller from going on are deleted.
///
/// # Errors
/// One has failed, or they took longer than `limit`; or the cluster does not show them.
pub(super) async fn prove(rules: &Rules<'_>, set: &ManifestSet<'_>, limit: Duration, claim: &Claim) -> Result<(), Unproven> {
    let runs = |manifest: &&Manifest<'_>| content_of(manifest).is_none_or(|content| !claim.done.contains(&content));
    let objects: Vec<&Identity> = set.manifests.iter().filter(runs).map(|manifest| manifest.identity).collect();
    let waiting = failures(rules, &objects, limit);
    let (failures, logs) = if claim.goes_back {
        select! {
            failed = waiting => failed?,
            never = unblock(rules.server, &objects) => match never {},
        }
    } else {
        waiting.await?
    };
    if failures.is_empty() {
        return Ok(());
    }
    Err(Unproven::Fails { failures: failures.into_iter().map(|(object, reason)| (object.clone(), reason)).collect(), logs })
}

/// An object that does not become ready.
struct NotReady<'a> {
    object: &'a Identity,
    reason: String,
    crashed: Option<CrashedContainer>,
}

/// Objects that failed, each with the reason.
type Failures<'a> = Vec<(&'a Identity, String)>;

/// Waits until these objects, members of the rules' set, are ready, or one has failed. Those that have failed, with the reason, and what their containers said
/// last, where the rules ask for that.
///
/// # Errors
/// The cluster does not show them.
pub(super) async fn failures<'a>(
    rules: &Rules<'_>,
    objects: &[&'a Identity],
    limit: Duration,
) -> Result<(Failures<'a>, Vec<ContainerLog>), Problem> {
    let server = rules.server;
    let looked_at = |identity: &&&Identity| !is_ready_when_applied(identity.group(), &identity.kind);
    let objects: Vec<&Identity> = objects.iter().filter(looked_at).copied().collect();
    if objects.is_empty() {
        return Ok(Default::default());
    }
    let kinds = kinds(server, &objects).await.map_err(|refused| unanswered(refused, "ask for the kinds"))?;
    let (objects, awaited): (Vec<&Identity>, Vec<Awaited>) =
        objects.into_iter().filter_map(|object| Some((object, awaited(&kinds, object)?))).unzip();
    let limits = WaitLimits { selector: format!("{PART_OF}={}", rules.id), deadline: limit, grace: WaitLimits::GRACE };
    let tell = |progress: RolloutProgress| rules.observer.iter().for_each(|observer| observer.progress(progress.clone()));
    tell(RolloutProgress::Began { of: awaited.len() });
    let verdicts = wait(server.client(), &awaited, limits, &|progress| said(progress).into_iter().for_each(&tell)).await;
    tell(RolloutProgress::Ended);
    let verdicts = verdicts?;
    let failed: Vec<NotReady<'_>> = objects.into_iter().zip(verdicts).filter_map(|(object, verdict)| failure(object, verdict)).collect();
    let logs = if rules.logs {
        logs(server, failed.iter().filter_map(|failed| Some((failed.object, failed.crashed.as_ref()?))).collect()).await
    } else {
        Vec::new()
    };
    Ok((failed.into_iter().map(|failed| (failed.object, failed.reason)).collect(), logs))
}

async fn kinds(server: &Server, objects: &[&Identity]) -> Result<Kinds, Refused> {
    Kinds::of(server, objects.iter().map(|object| object.api_version.as_str()).collect()).await
}

fn awaited(kinds: &Kinds, object: &Identity) -> Option<Awaited> {
    let resource = kinds.find(object)?;
    let namespace = resource.namespaced.then(|| object.namespace.clone());
    Some(Awaited { resource: resource.to_api(), namespace, name: object.name.clone() })
}

/// What is said of a step of the wait.
fn said(progress: &Progress<'_>) -> Option<RolloutProgress> {
    Some(match progress {
        Progress::Changed { object: Awaited { resource, namespace, name }, health, ready, of } => RolloutProgress::Changed {
            object: Identity {
                api_version: resource.api_version.clone(),
                kind: resource.kind.clone(),
                namespace: namespace.clone().unwrap_or_default(),
                name: name.clone(),
            },
            health: health.word(),
            reason: health.reason().map(str::to_owned),
            ready: *ready,
            of: *of,
        },
        Progress::Away { reason } => RolloutProgress::Away { reason: (*reason).to_owned() },
        Progress::Back => RolloutProgress::Back,
        Progress::Hidden { .. } => return None,
    })
}

/// What has failed.
fn failure(object: &Identity, verdict: Verdict) -> Option<NotReady<'_>> {
    match verdict.health {
        Health::Failed { reason } => Some(NotReady { object, reason, crashed: verdict.crashed }),
        _ => None,
    }
}

/// Deletes, as long as it runs, each pod of the `StatefulSet`s among `objects` that is of another revision and not ready: the controller waits for it, and it never
/// becomes ready (kubernetes.io/docs/concepts/workloads/controllers/statefulset, forced rollback).
async fn unblock(server: &Server, objects: &[&Identity]) -> std::convert::Infallible {
    let is_stateful = |object: &&&Identity| object.group() == "apps" && object.kind == "StatefulSet";
    let stateful: Vec<&Identity> = objects.iter().filter(is_stateful).copied().collect();
    loop {
        sleep(BETWEEN).await;
        // What cannot be read or deleted now is tried again; the wait says what came of it.
        let Ok(kinds) = kinds(server, &stateful).await else { continue };
        for path in stateful.iter().filter_map(|object| Some(kinds.find(object)?.path_of(object))) {
            let Ok(object) = server.get(&path, Part::Whole).await else { continue };
            let pods = format!("/api/v1/namespaces/{}/pods", object["metadata"]["namespace"].as_str().unwrap_or_default());
            if object["status"]["observedGeneration"] != object["metadata"]["generation"] {
                continue;
            }
            let Ok(found) = server.list(&pods, &selector(&object), Part::Whole).await else { continue };
            for name in Neighbors::of(&found, [], []).related(&object).blocking {
                let uid = found.iter().find(|pod| pod["metadata"]["name"] == name).and_then(|pod| pod["metadata"]["uid"].as_str());
                let _ = server.delete(&format!("{pods}/{name}"), uid.unwrap_or_default(), None).await;
            }
        }
    }
}

/// The label selector of a workload's pods, as far as it is of plain labels.
fn selector(object: &Value) -> String {
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let one = |(key, value): (&String, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
    labels.map(|labels| labels.iter().map(one).collect::<Vec<_>>().join(",")).unwrap_or_default()
}

/// How often it is looked for pods in the way.
const BETWEEN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use kube::core::ApiResource;
    use serde_json::json;

    use super::failure;
    use super::selector;
    use crate::cluster::health::Awaited;
    use crate::cluster::health::Health;
    use crate::cluster::health::Verdict;
    use crate::manifest::Identity;

    #[test]
    fn only_what_has_failed_is_a_failure() {
        let resource = ApiResource {
            group: "apps".into(),
            version: "v1".into(),
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            plural: "deployments".into(),
        };
        let object = Awaited { resource, namespace: Some("shop".into()), name: "web".into() };
        let identity = Identity { api_version: "apps/v1".into(), kind: "Deployment".into(), namespace: "shop".into(), name: "web".into() };
        let said = |health| failure(&identity, Verdict { object: object.clone(), health, crashed: None }).map(|failed| failed.reason);
        assert_eq!(said(Health::Failed { reason: "it crashes".into() }).unwrap(), "it crashes");
        assert_eq!(said(Health::Ready), None);
        assert_eq!(said(Health::Progressing { reason: "1 of 2".into() }), None);
    }

    #[test]
    fn pods_are_selected_by_the_labels_of_their_owner() {
        let object = json!({ "spec": { "selector": { "matchLabels": { "app": "db", "tier": "1" } } } });
        assert_eq!(selector(&object), "app=db,tier=1");
    }
}
