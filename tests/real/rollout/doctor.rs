//! `cloze doctor` and the role that it prints, of an environment in a whole cluster: who has it can deploy, and each right that is missing is named.

use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use kube::api::DynamicObject;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::core::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::Value;
use serde_json::json;
use tokio::time::sleep;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;
use crate::fixture::User;

impl Shop<'_> {
    /// A command of the runner, whose history is a directory.
    pub(super) fn as_runner(&self, words: &[&str]) -> Output {
        let mut command = self.rollout.cluster.cloze(self.folder.path(), User::Runner);
        command.args(words).env("CLOZE_HISTORY_URL", "history").output().unwrap()
    }

    /// The exit code, and all that a command of the runner says, under the name `NS` for the namespace.
    pub(super) fn runner_said(&self, words: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = self.as_runner(words);
        let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (status.code().unwrap(), said.replace(self.rollout.cluster.namespace(), "NS"))
    }

    /// The exit code and what is said as soon as that says `words`: the API server learns of roles a moment later.
    pub(super) async fn runner_says(&self, command: &[&str], words: &str) -> (i32, String) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let (code, said) = self.runner_said(command);
            if said.contains(words) || Instant::now() > end {
                assert!(said.contains(words), "{words}: {code} {said}");
                return (code, said);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The documents of the role that the project needs, with the runner as its subject.
    pub(super) fn role(&self) -> Vec<Value> {
        let text = String::from_utf8(self.as_runner(&["doctor", "--role"]).stdout).unwrap().replace("FILL-IN-THE-DEPLOYER", "runner");
        text.split("---\n").map(|document| serde_yaml::from_str(document).unwrap()).collect()
    }
}

impl Rollout {
    /// Makes these objects be as they are given.
    pub(super) async fn grant(&self, documents: &[Value]) {
        for document in documents {
            let kind = document["kind"].as_str().unwrap();
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", kind));
            let api: kube::Api<DynamicObject> = if document["metadata"]["namespace"].is_null() {
                kube::Api::all_with(self.client.clone(), &resource)
            } else {
                kube::Api::namespaced_with(self.client.clone(), self.cluster.namespace(), &resource)
            };
            let name = document["metadata"]["name"].as_str().unwrap();
            api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(document)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_printed_role_deploys_and_each_right_that_is_missing_is_named() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let (code, said) = shop.runner_said(&["doctor"]);
    for words in ["cluster  context     lab\n", "cluster  identity    runner\n", "cluster  version     v", "failed: permission denied to "]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(code, 4, "{said}");
    let role = shop.role();
    rollout.grant(&role).await;
    let (code, said) = shop.runner_says(&["doctor"], "the cluster: no problems").await;
    assert_eq!(code, 0, "{said}");
    // Deploy, wait, go back.
    let (code, said) = shop.runner_said(&["deploy"]);
    assert_eq!(code, 0, "{said}");
    shop.template("web.yaml", &deployment("missing:2").to_string());
    shop.template("extra.yaml", &config_map("extra", "1"));
    let (code, said) = shop.runner_said(&["deploy"]);
    assert!(code == 7 && said.contains("took it back to release 1"), "{code} {said}");
    assert_eq!(rollout.live("v1", "ConfigMap", "extra").await, None, "{said}");
    // What is missing is named, before anything is recorded.
    shop.template("web.yaml", &deployment("web:3").to_string());
    let at = role.iter().position(|document| document["kind"] == "Role").unwrap();
    let rules = role[at]["rules"].as_array().unwrap();
    let mut codes = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        // Without logs, less is shown, and nothing else.
        for plural in rule["resources"].as_array().unwrap().iter().filter(|plural| **plural != "pods/log") {
            let mut less = role[at].clone();
            less["rules"][number]["resources"].as_array_mut().unwrap().retain(|other| other != plural);
            less["rules"].as_array_mut().unwrap().retain(|rule| rule["resources"] != json!([]));
            rollout.grant(&[less]).await;
            let kind = match (plural.as_str().unwrap(), rule["apiGroups"][0].as_str().unwrap()) {
                (plural, "") => plural.to_owned(),
                (plural, group) => format!("{plural}.{group}"),
            };
            let name = rule["resourceNames"][0].as_str().map(|name| format!(" `{name}`")).unwrap_or_default();
            let words = format!(" {kind}{name} in the namespace `NS`");
            let (code, said) = shop.runner_says(&["deploy", "--dry-run"], &words).await;
            let named: String = said.lines().filter(|line| line.contains("permission denied to ") && line.contains(&words)).collect();
            for verb in rule["verbs"].as_array().unwrap() {
                assert!(named.contains(verb.as_str().unwrap()), "{verb} {kind}: {said}");
            }
            assert_eq!(code, if said.contains("error: permission denied") { 4 } else { 0 }, "{said}");
            codes.push(code);
        }
    }
    assert!(codes.len() > 10 && codes.contains(&4) && codes.contains(&0), "{codes:?}");
    let history: Value = serde_json::from_slice(&shop.as_runner(&["history", "--format", "json"]).stdout).unwrap();
    assert_eq!(history["releases"].as_array().unwrap().len(), 3, "{history:#}");
}

#[tokio::test]
async fn what_others_keep_is_looked_for_before_anything_is_recorded() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let project = shop.folder.path().join("cloze.yaml");
    let text = std::fs::read_to_string(&project).unwrap();
    std::fs::write(&project, format!("{text}external:\n  - {{ kind: Secret, name: theirs }}\n  - {{ kind: ConfigMap, name: unused }}\n"))
        .unwrap();
    let mut web = deployment("web:1");
    let reference = json!({ "name": "PW", "valueFrom": { "secretKeyRef": { "name": "theirs", "key": "pw" } } });
    web["spec"]["template"]["spec"]["containers"][0]["env"] = json!([reference]);
    shop.template("web.yaml", &web.to_string());
    let (code, said) = shop.said(&["deploy"]);
    let words = "error: cloze.yaml:7:5: Secret NS/theirs is listed under `external:` and does not exist in the cluster\n  ask its owner to create it, or correct the entry\n";
    assert!(code == 4 && said.ends_with(words), "{code} {said}");
    assert!(!said.contains("unused"), "{said}");
    let secret = |keys: Value| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "theirs" }, "data": keys });
    rollout.apply(&[secret(json!({ "other": "eA==" }))]).await;
    let (code, said) = shop.said(&["deploy"]);
    assert!(code == 4 && said.contains("templates/web.yaml: Secret NS/theirs has no key `pw` in the cluster"), "{code} {said}");
    assert_eq!((shop.outcomes().len(), rollout.live("apps/v1", "Deployment", "web").await), (0, None), "nothing was recorded or applied");
    assert_eq!(rollout.live("v1", "ConfigMap", "cloze.shop.dev").await, None);
    rollout.apply(&[secret(json!({ "other": "eA==", "pw": "eA==" }))]).await;
    let (code, said) = shop.said(&["deploy"]);
    assert_eq!(code, 0, "{said}");
}
