//! What containers said last, and what is reported of a release that does not run, in a whole cluster whose kubelet has no logs: a proxy answers for it.

use std::fs;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;
use super::with_container;
use crate::fixture::Proxy;
use crate::fixture::User;

impl Shop<'_> {
    /// A command whose API server is `proxy`.
    pub(super) fn through(&self, proxy: &Proxy, words: &[&str]) -> Output {
        let cluster = &self.rollout.cluster;
        let mut command = cluster.cloze(self.folder.path(), User::Admin);
        command.env("KUBECONFIG", cluster.kubeconfig_through(User::Admin, proxy)).args(words).output().unwrap()
    }

    /// The report of a command that fails with that code, which keeps to its schema.
    pub(super) fn failed_report(&self, code: i32, output: &Output) -> Value {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        let schema: Value = serde_json::from_str(&self.ok(&["schema", "--of", "deploy"])).unwrap();
        let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
        report
    }
}

const TOKEN: &str = "canary <token> 4711";

/// The project with a Secret that its Deployment uses.
fn with_secret(rollout: &Rollout) -> Shop<'_> {
    let shop = Shop::new(rollout);
    let values = shop.folder.path().join("secret");
    fs::create_dir(&values).unwrap();
    fs::write(values.join("token"), TOKEN).unwrap();
    shop.ok(&["vault", "import", "secret"]);
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: { name: token }\nstringData: { url: 'https://app:{{ secret(name=\"token\") }}@db/' }\n";
    shop.template("token.yaml", secret);
    shop.template("web.yaml", &web("web:1"));
    shop
}

fn web(image: &str) -> String {
    with_container(deployment(image), &json!({ "envFrom": [{ "secretRef": { "name": "token" } }] })).to_string()
}

#[tokio::test]
async fn what_a_container_said_last_is_shown_without_values_of_the_release() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = with_secret(&rollout);
    let proxy = rollout.cluster.proxy();
    let encoded = STANDARD.encode(format!("app:{TOKEN}"));
    let log = format!("starting\n\u{1b}[31mno database\u{1b}[0m at https://app:{TOKEN}@db/ ({encoded})\n::error::{TOKEN}\r\n");
    proxy.log(log.as_bytes());
    shop.ok(&["deploy"]);
    shop.template("web.yaml", &web("broken:2"));
    let output = shop.through(&proxy, &["deploy", "--logs"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{said}");
    let (verdict, log) = said.split_once("\nlast lines of container `main` of pod `web-").unwrap_or_else(|| panic!("{said}"));
    assert!(verdict.contains("container `main` crashed (Error, exit code 1)") && verdict.contains("took it back to release 1"), "{said}");
    let (_, lines) = log.split_once("`:\n").unwrap();
    assert_eq!(lines, "  | starting\n  | no database at *** (YXBwOm***E=)\n  | ::error::***\n");
    let asked: Vec<String> = proxy.requests().into_iter().map(|passed| passed.what).filter(|what| what.contains("/log?")).collect();
    assert!(asked[0].contains("container=main&previous=") && asked[0].contains("&tailLines=20&limitBytes=16384"), "{asked:?}");
    // Not where it is not asked for: what stands in the log of a runner stays there.
    let output = shop.through(&proxy, &["deploy", "--format", "json"]);
    let report = shop.failed_report(7, &output);
    assert_eq!(report["failure"]["objects"][0]["log"], Value::Null, "{report:#}");
    assert!(!proxy.requests().iter().any(|passed| passed.what.contains("/log?")));
}

#[tokio::test]
async fn a_release_that_fails_is_reported_with_what_became_of_each_object() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = with_secret(&rollout);
    shop.template("plain.yaml", &config_map("plain", "1"));
    shop.ok(&["deploy"]);
    let proxy = rollout.cluster.proxy();
    proxy.log(b"no config\n");
    shop.template("web.yaml", &web("broken:2"));
    shop.template("plain.yaml", &config_map("plain", "2"));
    let report = shop.failed_report(7, &shop.through(&proxy, &["deploy", "--logs", "--format", "json"]));
    assert_eq!((&report["release"], &report["recorded"], &report["outcome"]), (&json!(2), &json!(true), &json!("rolled back by 3")));
    let failure = &report["failure"];
    assert_eq!(failure["taken_back"], json!({ "to": 1, "by": 3 }), "{report:#}");
    let object = &failure["objects"][0];
    assert!(object["kind"] == "Deployment" && object["reason"].as_str().unwrap().contains("crashed (Error, exit code 1)"), "{report:#}");
    assert_eq!((&object["log"]["container"], &object["log"]["lines"]), (&json!("main"), &json!(["no config"])), "{report:#}");
    let outcomes: Vec<[&str; 2]> =
        report["objects"].as_array().unwrap().iter().map(|one| ["kind", "outcome"].map(|key| one[key].as_str().unwrap())).collect();
    for outcome in [["ConfigMap", "changed"], ["Deployment", "changed"], ["Secret", "unchanged"]] {
        assert!(outcomes.contains(&outcome), "{report:#}");
    }
    // Left as it is.
    shop.set_cluster("{ context: lab, on-failure: stop }");
    let report = shop.failed_report(7, &shop.run(&["deploy", "--format", "json"]));
    assert_eq!((&report["outcome"], &report["failure"]["taken_back"]), (&json!("failed"), &Value::Null));
    assert!(report["failure"]["reason"].as_str().unwrap().ends_with("; it was left as it is (`on-failure: stop`)"), "{report:#}");
    // What was changed in place is in the report of a release that runs.
    let uses = json!({ "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "plain", "key": "key" } } }] });
    shop.template("web.yaml", &with_container(deployment("web:3"), &uses).to_string());
    shop.ok(&["deploy"]);
    shop.template("plain.yaml", &config_map("plain", "3"));
    let report: Value = serde_json::from_str(&shop.ok(&["deploy", "--format", "json"])).unwrap();
    let changed = &report["in_place"][0];
    assert_eq!((&changed["name"], &changed["files"], &changed["environment"][0]["name"]), (&json!("plain"), &json!([]), &json!("web")));
    assert_eq!((&report["outcome"], &report["failure"]), (&json!("applied"), &Value::Null));
}

#[tokio::test]
async fn without_the_right_to_read_logs_the_verdict_comes_first_and_the_right_is_named() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let mut role = shop.role();
    let mut taken = 0;
    for rule in role.iter_mut().filter_map(|document| document.get_mut("rules")?.as_array_mut()).flatten() {
        let resources = rule["resources"].as_array_mut().unwrap();
        taken += resources.len();
        resources.retain(|plural| plural != "pods/log");
        taken -= resources.len();
    }
    assert_eq!(taken, 1, "{role:#?}");
    for rules in role.iter_mut().filter_map(|document| document.get_mut("rules")?.as_array_mut()) {
        rules.retain(|rule| rule["resources"] != json!([]));
    }
    rollout.grant(&role).await;
    shop.runner_says(&["doctor"], "the cluster: no problems").await;
    let (code, said) = shop.runner_said(&["deploy"]);
    assert!(code == 0 && !said.contains("permission denied"), "{code} {said}");
    shop.template("web.yaml", &deployment("broken:2").to_string());
    let (code, said) = shop.runner_said(&["deploy", "--logs"]);
    let (verdict, after) = said.split_once("permission denied to ").unwrap_or_else(|| panic!("{said}"));
    assert!(code == 7 && verdict.contains("crashed (Error, exit code 1)") && verdict.contains("took it back to release 1"), "{said}");
    assert_eq!(after, "get pods/log in the namespace `NS`: what a container that crashes says last is not shown\n");
    let report = shop.failed_report(7, &shop.as_runner(&["deploy", "--logs", "--format", "json"]));
    let object = &report["failure"]["objects"][0];
    assert!(
        object["log"].is_null() && object["log_denied"].as_str().unwrap().starts_with("permission denied to get pods/log "),
        "{report:#}"
    );
}
