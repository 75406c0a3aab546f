//! A project whose environment is a namespace of a whole cluster.

use std::fs;
use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use super::Rollout;
use super::deployment;
use crate::fixture::User;

/// The project `shop`, whose environment `dev` is the namespace of a rollout.
pub(super) struct Shop<'r> {
    pub(super) rollout: &'r Rollout,
    pub(super) folder: TempDir,
}

impl<'r> Shop<'r> {
    pub(super) fn new(rollout: &'r Rollout) -> Self {
        let shop = Self { rollout, folder: tempfile::tempdir().unwrap() };
        shop.ok(&["init", "--here", "--bare", "shop"]);
        shop.set_cluster("{ context: lab }");
        fs::create_dir_all(shop.folder.path().join("templates")).unwrap();
        shop.template("web.yaml", &deployment("web:1").to_string());
        shop.template("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: info }\n");
        shop
    }

    /// Writes the project file, with that section `cluster:`.
    pub(super) fn set_cluster(&self, cluster: &str) {
        let environment = format!("namespace: {}, cluster: {cluster}", self.rollout.cluster.namespace());
        let project = format!(
            "apiVersion: cloze.dev/v1\nproject: shop\ntemplates: [\"templates/*.yaml\"]\nenvironments:\n  dev: {{ {environment} }}\n"
        );
        fs::write(self.folder.path().join("cloze.yaml"), project).unwrap();
    }

    /// Writes a template.
    pub(super) fn template(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join("templates").join(name), text).unwrap();
    }

    pub(super) fn run(&self, words: &[&str]) -> Output {
        self.rollout.cluster.cloze(self.folder.path(), User::Admin).args(words).output().unwrap()
    }

    #[track_caller]
    pub(super) fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The exit code, and what was said beside the result, under the name `NS` for the namespace.
    pub(super) fn said(&self, words: &[&str]) -> (i32, String) {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr).replace(self.rollout.cluster.namespace(), "NS");
        (output.status.code().unwrap(), said)
    }

    /// The outcome of each release, the newest first.
    pub(super) fn outcomes(&self) -> Vec<String> {
        let history: Value = serde_json::from_str(&self.ok(&["history", "--format", "json"])).unwrap();
        let outcome = |release: &Value| format!("{} {}", release["release"], release["outcome"].as_str().unwrap());
        history["releases"].as_array().unwrap_or_else(|| panic!("{history:#}")).iter().map(outcome).collect()
    }

    pub(super) fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--format", "json"])).unwrap()
    }

    /// The status as soon as the Deployment has that health.
    pub(super) async fn status_with(&self, health: &str) -> Value {
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
