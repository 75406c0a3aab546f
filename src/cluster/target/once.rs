//! Jobs that are named by their content: each content runs once.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::cluster::target::item::Item;
use crate::cluster::target::item::TTL;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::Mode;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;
use crate::manifest::annotation_in;
use crate::target::Manifest;
use crate::target::ManifestSet;

/// The annotation that tells two contents of a Job apart, but for the secrets that it names.
const CONTENT: &str = "cloze.dev/content";

/// How far a Job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobState {
    /// It runs, or has yet to begin.
    Underway,
    /// It has ended well.
    Complete,
    /// It has failed.
    Failed,
}

impl JobState {
    /// Of a Job as the server gave it.
    pub(super) fn of(job: &Value) -> Self {
        let is_true = |kind: &str| {
            let conditions = job["status"]["conditions"].as_array();
            conditions.is_some_and(|all| all.iter().any(|one| one["type"] == kind && one["status"] == "True"))
        };
        match (is_true("Complete"), is_true("Failed")) {
            (true, _) => Self::Complete,
            (_, true) => Self::Failed,
            _ => Self::Underway,
        }
    }
}

/// What a history remembers of a Job that is named by its content, once that has ended well; `None` for every other object.
pub(super) fn content_of(manifest: &Manifest<'_>) -> Option<String> {
    let Identity { kind, namespace, name, .. } = manifest.identity;
    if kind != "Job" || manifest.identity.group() != "batch" || manifest.base == name {
        return None;
    }
    let content = annotation_in(manifest.bytes, CONTENT);
    Some(format!("{kind} {namespace}/{} {}", manifest.base, content.as_deref().unwrap_or(name)))
}

/// What of the Jobs of `set` that are named by their content has ended well: what is `done` already, and what the cluster shows.
pub(super) async fn finished(server: &Server, set: &ManifestSet<'_>, done: &[String]) -> Vec<String> {
    let jobs: Vec<(&Identity, String)> = set.manifests.iter().filter_map(|one| Some((one.identity, content_of(one)?))).collect();
    let versions = jobs.iter().map(|(job, _)| job.api_version.as_str()).collect();
    // What cannot be read now is asked for by the next release that has it.
    let kinds = if jobs.is_empty() { Kinds::default() } else { Kinds::of(server, versions).await.unwrap_or_default() };
    let mut finished = Vec::new();
    for (job, content) in jobs {
        let is_complete = match kinds.find(job) {
            _ if done.contains(&content) => true,
            Some(kind) => server.get(&kind.path_of(job), Part::Whole).await.is_ok_and(|job| JobState::of(&job) == JobState::Complete),
            None => false,
        };
        if is_complete {
            finished.push(content);
        }
    }
    finished
}

/// Lets Kubernetes remove the Jobs of `set` that have ended well after the time that they give: until it was remembered that they had, they stayed. What
/// does not work now is done by the next release that has the Job.
pub(super) async fn expire(server: &Server, id: &str, set: &ManifestSet<'_>) {
    let has_end = |one: &&Manifest<'_>| content_of(one).is_some() && one.bytes.windows(TTL.len()).any(|text| text == TTL.as_bytes());
    let jobs: Vec<&Manifest<'_>> = set.manifests.iter().filter(has_end).collect();
    let versions = jobs.iter().map(|job| job.identity.api_version.as_str()).collect();
    let kinds = if jobs.is_empty() { Kinds::default() } else { Kinds::of(server, versions).await.unwrap_or_default() };
    for job in jobs {
        let Some(Ok(mut item)) = kinds.find(job.identity).map(|kind| Item::new(job, kind.clone(), id)) else { continue };
        let Ok(live) = server.get(&item.path(), Part::Whole).await else { continue };
        if JobState::of(&live) == JobState::Complete && live["spec"].get(TTL).is_none() {
            let version = live["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            let _ = server.apply(&item.path(), item.body(version), Mode::Real, false).await;
        }
    }
}

/// Removes a Job that has failed, so that it can be made again.
pub(super) async fn clear(server: &Server, path: &str, job: &Value) -> Result<(), Refused> {
    let uid = job["metadata"]["uid"].as_str().unwrap_or_default();
    server.delete(path, uid, None).await?;
    let end = Instant::now() + PATIENCE;
    loop {
        match server.get(path, Part::Metadata).await {
            Err(Refused::Absent) => return Ok(()),
            Err(refused) => return Err(refused),
            Ok(there) if there["metadata"]["uid"] != uid => return Ok(()),
            Ok(_) if Instant::now() > end => return Err(Refused::Stale),
            Ok(_) => sleep(BETWEEN).await,
        }
    }
}

/// How long a Job may take to go.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JobState;
    use super::content_of;
    use crate::manifest::Identity;
    use crate::target::Manifest;

    #[test]
    fn the_conditions_say_how_far_a_job_has_come() {
        let run = |conditions: serde_json::Value| JobState::of(&json!({ "status": { "conditions": conditions } }));
        assert_eq!(run(json!(null)), JobState::Underway);
        assert_eq!(run(json!([{ "type": "Complete", "status": "True" }])), JobState::Complete);
        assert_eq!(run(json!([{ "type": "FailureTarget", "status": "True" }, { "type": "Failed", "status": "True" }])), JobState::Failed);
        assert_eq!(run(json!([{ "type": "Complete", "status": "False" }])), JobState::Underway);
    }

    #[test]
    fn only_jobs_that_are_named_by_their_content_run_once() {
        let content = |kind: &str, base: &str, text: &str| {
            let identity =
                Identity { api_version: "batch/v1".into(), kind: kind.into(), namespace: "shop".into(), name: "migrate-1".into() };
            content_of(&Manifest::new(&identity, base, text.as_bytes()))
        };
        let text = "kind: Job\nmetadata: { annotations: { cloze.dev/content: abc } }\n";
        assert_eq!(content("Job", "migrate", text).unwrap(), "Job shop/migrate abc");
        assert_eq!(content("Job", "migrate", "kind: Job\n").unwrap(), "Job shop/migrate migrate-1", "of an older release");
        assert_eq!((content("Job", "migrate-1", text), content("CronJob", "migrate", text)), (None, None));
    }
}
