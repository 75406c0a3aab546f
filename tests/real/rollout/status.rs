//! `cloze status` of an environment in a whole cluster.

use std::fs;
use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use kube::api::Patch;
use kube::api::PatchParams;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

use super::Rollout;
use super::deployment;
use super::plain;
use super::resource;
use crate::fixture::User;

/// The project `shop`, whose environment `dev` is the namespace of a rollout.
struct Shop<'r> {
    rollout: &'r Rollout,
    folder: TempDir,
}

impl<'r> Shop<'r> {
    fn new(rollout: &'r Rollout) -> Self {
        let shop = Self { rollout, folder: tempfile::tempdir().unwrap() };
        shop.ok(&["init", "--here", "--bare", "shop"]);
        let environment = format!("namespace: {}, cluster: {{ context: lab }}", rollout.cluster.namespace());
        let project = format!(
            "apiVersion: cloze.dev/v1\nproject: shop\ntemplates: [\"templates/*.yaml\"]\nenvironments:\n  dev: {{ {environment} }}\n"
        );
        fs::write(shop.folder.path().join("cloze.yaml"), project).unwrap();
        fs::create_dir_all(shop.folder.path().join("templates")).unwrap();
        fs::write(shop.folder.path().join("templates/web.yaml"), deployment("web:1").to_string()).unwrap();
        let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: info }\n";
        fs::write(shop.folder.path().join("templates/settings.yaml"), settings).unwrap();
        shop
    }

    fn run(&self, words: &[&str]) -> Output {
        self.rollout.cluster.cloze(self.folder.path(), User::Admin).args(words).output().unwrap()
    }

    #[track_caller]
    fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--format", "json"])).unwrap()
    }

    /// The status as soon as the Deployment has that health.
    async fn status_with(&self, health: &str) -> Value {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let status = self.status();
            if status["objects"][0]["health"] == health {
                return status;
            }
            assert!(Instant::now() < end, "{status:#}");
            sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn the_status_shows_the_release_and_the_health_of_each_object() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let before = shop.status();
    assert_eq!((&before["release"], &before["recorded"], &before["objects"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!(shop.ok(&["status"]), "nothing is in the cluster lab yet\n");
    shop.ok(&["deploy"]);
    let ready = shop.status_with("ready").await;
    assert_eq!((&ready["release"], &ready["recorded"]["release"], &ready["others"]), (&1.into(), &1.into(), &1.into()), "{ready:#}");
    let schema: Value = serde_json::from_str(&shop.ok(&["schema", "--of", "status"])).unwrap();
    let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&ready).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    let named = format!("Deployment {}/web", rollout.cluster.namespace());
    assert_eq!(shop.ok(&["status"]), format!("release 1 is in the cluster lab\nready        {named}\n"));
    // What others change in the cluster shows, too.
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "main", "image": "missing:2" }] } } } });
    let patch = Patch::Strategic(image);
    rollout.api(&resource("apps/v1", "Deployment")).patch("web", &PatchParams::default(), &patch).await.unwrap();
    let failed = shop.status_with("failed").await;
    let reason = plain(failed["objects"][0]["reason"].as_str().unwrap()).replace("ImagePullBackOff", "ErrImagePull");
    assert_eq!(reason, "pod `web-…`: container `main` has no image: image `missing:2` cannot be pulled: not found (ErrImagePull)");
    let words = shop.ok(&["status"]);
    assert!(words.contains(&format!("\nfailed       {named}  pod `web-")), "{words}");
}
