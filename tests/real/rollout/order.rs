//! The order in a release, and Jobs that run once for each content, in a whole cluster.

use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use kube::api::ListParams;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;

use super::Rollout;
use super::resource;
use super::shop::Shop;
use super::workload;
use crate::fixture::User;

impl Rollout {
    /// The Jobs, each with its name and uid.
    async fn jobs(&self) -> Vec<(String, String)> {
        let found = self.api(&resource("batch/v1", "Job")).list(&ListParams::default()).await.unwrap();
        let mut jobs: Vec<(String, String)> =
            found.items.into_iter().map(|job| (job.metadata.name.unwrap(), job.metadata.uid.unwrap())).collect();
        jobs.sort();
        jobs
    }
}

/// A migration of an image, which is given the Secret `token`.
fn migrate(image: &str) -> String {
    let env = json!([{ "name": "TOKEN", "valueFrom": { "secretKeyRef": { "name": "token", "key": "token" } } }]);
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "migrate", "annotations": { "cloze.dev/names": "versioned" } },
        "spec": { "backoffLimit": 0, "template": { "spec": { "restartPolicy": "Never", "containers": [
            { "name": "main", "image": image, "env": env },
        ] } } },
    })
    .to_string()
}

/// The same that Kubernetes removes a second after it has ended.
fn removes_itself(image: &str) -> String {
    let mut job: Value = serde_json::from_str(&migrate(image)).unwrap();
    job["spec"]["ttlSecondsAfterFinished"] = 1.into();
    job.to_string()
}

/// The project with the Secret that migrations are given.
fn with_token(rollout: &Rollout) -> Shop<'_> {
    let shop = Shop::new(rollout);
    shop.ok(&["vault", "set", "token", "--generate"]);
    let token = "apiVersion: v1\nkind: Secret\nmetadata: { name: token }\nstringData: { token: '{{ secret(name=\"token\") }}' }\n";
    shop.template("token.yaml", token);
    shop
}

fn web_after(name: &str, image: &str) -> String {
    let mut web = workload("Deployment", image, &json!({ "replicas": 1 }));
    web["metadata"]["annotations"] = json!({ "cloze.dev/after": name });
    web.to_string()
}

#[tokio::test]
async fn a_job_runs_before_what_comes_after_it_and_once_for_each_content() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = with_token(&rollout);
    shop.template("web.yaml", &web_after("Job/migrat", "web:1"));
    shop.template("migrate.yaml", &migrate("broken:1"));
    let (code, said) = shop.said(&["check"]);
    assert!(code == 4 && said.contains("`cloze.dev/after` names Job/migrat, which is not in the release\n  write `Job/migrate`"), "{said}");
    // One that fails stops there.
    shop.template("web.yaml", &web_after("Job/migrate", "web:1"));
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 7 && said.contains("Job NS/migrate: "), "{code} {said}");
    assert_eq!(rollout.live("apps/v1", "Deployment", "web").await, None);
    let failed = rollout.jobs().await;
    assert_eq!(shop.said(&["deploy"]).0, 7);
    let again = rollout.jobs().await;
    assert!(failed.len() == 1 && again.len() == 1 && failed[0].0 == again[0].0 && failed[0].1 != again[0].1, "{failed:?} {again:?}");
    // One that ends well is followed by the rest.
    shop.template("migrate.yaml", &migrate("job:1"));
    shop.ok(&["deploy"]);
    let (web, job) = (rollout.live("apps/v1", "Deployment", "web").await.unwrap(), rollout.jobs().await);
    let ran = job.iter().find(|(name, _)| *name != failed[0].0).unwrap().clone();
    let ended = rollout.live("batch/v1", "Job", &ran.0).await.unwrap()["status"]["completionTime"].clone();
    assert!(web["metadata"]["creationTimestamp"].as_str() >= ended.as_str() && ended.is_string(), "{web:#}");
    // Neither once more, nor when it is gone, nor for a secret alone, nor by a rollback.
    rollout.delete("batch/v1", "Job", &ran.0).await;
    shop.ok(&["deploy"]);
    shop.ok(&["vault", "set", "token", "--generate"]);
    shop.template("web.yaml", &web_after("Job/migrate", "web:2"));
    shop.ok(&["deploy"]);
    shop.ok(&["rollback"]);
    let left: Vec<_> = rollout.jobs().await.into_iter().filter(|(name, _)| *name != failed[0].0).collect();
    assert_eq!(left, []);
    assert_eq!(rollout.image().await, "web:1");
    let shown: Value = serde_json::from_str(&shop.ok(&["show", "--format", "json"])).unwrap();
    let whats: Vec<&str> = shown["events"].as_array().unwrap().iter().filter_map(|event| event["what"].as_str()).collect();
    assert_eq!(whats, ["jobs completed", "applied"], "{shown:#}");
    // Other content is another Job.
    shop.template("migrate.yaml", &migrate("job:2"));
    shop.ok(&["deploy"]);
    assert_eq!(rollout.jobs().await.into_iter().filter(|(name, _)| *name != failed[0].0).count(), 1);
}

#[tokio::test]
async fn a_job_that_removes_itself_is_not_run_again_by_the_run_after_a_killed_one() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = with_token(&rollout);
    shop.template("web.yaml", &web_after("Job/migrate", "unready:1"));
    shop.template("migrate.yaml", &removes_itself("job:1"));
    let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
    let mut deploy = command.arg("deploy").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    // What comes after it is there: it has ended well, and the run waits for the rest.
    while rollout.live("apps/v1", "Deployment", "web").await.is_none() {
        assert!(Instant::now() < end, "{:?}", rollout.jobs().await);
        sleep(Duration::from_millis(100)).await;
    }
    deploy.kill().unwrap();
    deploy.wait().unwrap();
    let ran = rollout.jobs().await;
    assert_eq!((ran.len(), shop.outcomes()), (1, vec!["1 outcome unknown".to_owned()]));
    sleep(Duration::from_secs(3)).await;
    shop.template("web.yaml", &web_after("Job/migrate", "web:1"));
    assert_eq!(rollout.jobs().await, ran, "nobody knows yet that it ran");
    shop.ok(&["deploy"]);
    while !rollout.jobs().await.is_empty() {
        assert!(Instant::now() < end, "it is known now, and it removes itself");
        sleep(Duration::from_millis(100)).await;
    }
    shop.ok(&["deploy"]);
    assert_eq!(rollout.jobs().await, []);
    assert_eq!(shop.status()["drift"], json!([]));
}

#[tokio::test]
async fn a_job_that_removes_itself_and_that_nobody_waits_for_runs_once() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = with_token(&rollout);
    shop.template("migrate.yaml", &removes_itself("job:1"));
    shop.ok(&["deploy", "--wait=false"]);
    let ran = rollout.jobs().await;
    let end = Instant::now() + Duration::from_mins(1);
    while rollout.live("batch/v1", "Job", &ran[0].0).await.unwrap()["status"]["completionTime"].is_null() {
        assert!(Instant::now() < end, "{ran:?}");
        sleep(Duration::from_millis(100)).await;
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(rollout.jobs().await, ran, "nobody knows yet that it ran");
    // The next release has another one, and notes that this one ended well.
    shop.template("migrate.yaml", &removes_itself("job:2"));
    shop.ok(&["deploy", "--wait=false"]);
    while rollout.jobs().await.contains(&ran[0]) {
        assert!(Instant::now() < end, "it is known now, and it removes itself");
        sleep(Duration::from_millis(100)).await;
    }
    let shown: Value = serde_json::from_str(&shop.ok(&["show", "1", "--format", "json"])).unwrap();
    let whats: Vec<&str> = shown["events"].as_array().unwrap().iter().filter_map(|event| event["what"].as_str()).collect();
    assert_eq!(whats, ["emitted", "jobs completed"], "{shown:#}");
    assert_eq!(shop.outcomes()[1], "1 emitted");
    shop.ok(&["rollback", "1", "--yes"]);
    assert!(!rollout.jobs().await.iter().any(|(name, _)| *name == ran[0].0), "it does not run again");
}
