//! What an apply would change of what is live: `cloze diff --live` and `cloze deploy --dry-run` in a whole cluster.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::Patch;
use kube::api::PatchParams;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::resource;
use super::shop::Shop;
use super::with_container;

const CANARIES: [&str; 3] = ["canary-one-5521", "canary-two-9034", "canary-typed-7710"];

fn secret(field: &str) -> String {
    let annotations = json!({ "cloze.dev/names": "stable", "cloze.dev/literals": "accepted" });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db", "annotations": annotations }, "stringData": { "kept": "k", "pw": field } })
        .to_string()
}

impl Rollout {
    /// Applies an object with other values as cloze does, as another machine would.
    async fn rewrite(&self, api_version: &str, kind: &str, name: &str, values: Value) {
        let mut object = self.live(api_version, kind, name).await.unwrap();
        for key in ["managedFields", "resourceVersion", "uid", "creationTimestamp"] {
            object["metadata"].as_object_mut().unwrap().remove(key);
        }
        for (field, values) in values.as_object().unwrap() {
            for (key, value) in values.as_object().unwrap() {
                object[field][key] = value.clone();
            }
        }
        self.api(&resource(api_version, kind)).patch(name, &PatchParams::apply("cloze").force(), &Patch::Apply(&object)).await.unwrap();
    }
}

impl Shop<'_> {
    /// What is said of the differences, with the exit code and without warnings. No canary is in it.
    fn live(&self, more: &[&str]) -> (i32, String) {
        let output = self.run(&[&["diff", "--live", "--exit-code"], more].concat());
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let all = format!("{out}{err}");
        for canary in CANARIES {
            assert!(!all.contains(canary) && !all.contains(&STANDARD.encode(canary)), "{all}");
        }
        let said = if err.contains("error") { all } else { out };
        (output.status.code().unwrap(), said.replace(self.rollout.cluster.namespace(), "NS"))
    }
}

#[tokio::test]
async fn what_an_apply_would_change_is_shown_and_no_secret() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let web = |image: &str| with_container(deployment(image), &json!({ "envFrom": [{ "secretRef": { "name": "db" } }] })).to_string();
    shop.template("web.yaml", &web("web:1"));
    shop.template("db.yaml", &secret(CANARIES[0]));
    shop.template("plain.yaml", &config_map("plain", "one"));
    let (code, said) = shop.live(&[]);
    assert!(code == 1 && said.contains("4 objects against cluster lab: 4 added, 0 changed, 0 removed\n"), "{said}");
    shop.ok(&["deploy"]);
    assert_eq!(shop.live(&[]), (0, "no differences\n".to_owned()));
    // Drift, of others and of values.
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "paused": true, "minReadySeconds": 3 } })).await;
    rollout.change("v1", "ConfigMap", "plain", json!({ "data": { "key": "drifted", "more": CANARIES[0] } })).await;
    rollout.change("v1", "Secret", "db", json!({ "data": { "pw": STANDARD.encode("other") } })).await;
    shop.template("web.yaml", &web("web:2"));
    // What is held by others is a problem, as in `check`, and their values are not shown.
    let (code, said) = shop.live(&[]);
    assert!(code == 4 && said.contains("ConfigMap NS/plain: `.data.key` is held by "), "{code} {said}");
    rollout.rewrite("v1", "ConfigMap", "plain", json!({ "data": { "key": "rewritten" } })).await;
    rollout.rewrite("v1", "Secret", "db", json!({ "data": { "pw": STANDARD.encode(CANARIES[2]) } })).await;
    shop.template("db.yaml", &secret(CANARIES[1]));
    let (code, said) = shop.live(&["--format", "json"]);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error} {code}: {said}"));
    let schema: Value = serde_json::from_str(&shop.ok(&["schema", "--of", "diff"])).unwrap();
    let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    let changes = report["changes"].as_array().unwrap();
    let of = |kind: &str| changes.iter().find(|change| change["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {report:#}"));
    let (before, after) = (of("Deployment")["before"].as_str().unwrap(), of("Deployment")["after"].as_str().unwrap());
    assert!(before.contains("image: web:1") && after.contains("image: web:2"), "{before}\n{after}");
    assert!(
        !before.contains("minReadySeconds") && !before.contains("terminationGracePeriodSeconds"),
        "defaults and what others set stay: {before}"
    );
    let (before, after) = (of("ConfigMap")["before"].as_str().unwrap(), of("ConfigMap")["after"].as_str().unwrap());
    // A field of that name may be a secret, as far as can be seen.
    assert!(before.contains("key: \"<literal ") && after.contains("key: one") && !before.contains("more"), "{before}\n{after}");
    let (before, after) = (of("Secret")["before"].as_str().unwrap(), of("Secret")["after"].as_str().unwrap());
    let line = |text: &str, key: &str| text.lines().find(|line| line.trim_start().starts_with(key)).unwrap().to_owned();
    assert_eq!(line(before, "kept"), line(after, "kept"));
    assert_ne!(line(before, "pw"), line(after, "pw"));
    assert_eq!(report["restarts"][0]["name"], "web");
    // Members that the release no longer has.
    fs::remove_file(shop.folder.path().join("templates/plain.yaml")).unwrap();
    let (_, said) = shop.live(&[]);
    assert!(said.contains("in the cluster, and not in the release:\n  ConfigMap NS/plain\n"), "{said}");
    let dry = shop.said(&["deploy", "--dry-run"]);
    assert_eq!((dry.0, shop.outcomes().len()), (0, 1), "{}", dry.1);
}

#[tokio::test]
async fn a_new_name_is_compared_with_the_object_that_has_the_last_one() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    shop.template("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: debug }\n");
    let (code, said) = shop.live(&[]);
    assert!(
        code == 1
            && said.contains(
                "1 object against cluster lab: 0 added, 1 changed, 0 removed\nobjects:\n~ ConfigMap NS/settings  level: info → debug\n"
            ),
        "{said}"
    );
    assert!(said.contains("\n\nConfigMap NS/settings\n~ level: info → debug\n"), "{said}");
    // With `-o` it is compared with the last release.
    let dry = |more: &[&str]| shop.ok(&[&["deploy", "--dry-run"], more].concat());
    assert!(dry(&[]).starts_with("1 object against cluster lab: ") && dry(&["-o", "out"]).starts_with("1 object against release 1 of "));
    let (code, said) = shop.said(&["diff", "--live", "--context", "nowhere"]);
    assert!(code == 6 && said.contains("the kubeconfig has no context `nowhere`"), "{code} {said}");
}

#[tokio::test]
async fn a_rollback_is_shown_against_what_is_live_too() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.template("db.yaml", &secret(CANARIES[0]));
    shop.ok(&["deploy"]);
    shop.template("web.yaml", &deployment("web:2").to_string());
    shop.template("db.yaml", &secret(CANARIES[1]));
    shop.ok(&["deploy"]);
    // Another machine applied as cloze does.
    rollout.rewrite("v1", "Secret", "db", json!({ "data": { "pw": STANDARD.encode(CANARIES[2]) } })).await;
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "minReadySeconds": 3 } })).await;
    let shown = shop.ok(&["rollback", "--dry-run"]);
    for canary in CANARIES {
        assert!(!shown.contains(canary) && !shown.contains(&STANDARD.encode(canary)), "{shown}");
    }
    assert!(shown.starts_with("2 objects against cluster lab: 0 added, 2 changed, 0 removed\n"), "{shown}");
    assert!(shown.contains("image: web:2 → web:1") && !shown.contains("minReadySeconds"), "{shown}");
    assert!(shop.ok(&["rollback", "--dry-run", "-o", "out"]).starts_with("2 objects against release 2 of "));
    assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:2", 2));
    // What keeps it from being applied is said before.
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "replicas": 5 } })).await;
    let (code, said) = shop.said(&["rollback", "--dry-run"]);
    assert!(code == 4 && said.contains("Deployment NS/web: `.spec.replicas` is held by "), "{code} {said}");
    let shown = shop.ok(&["rollback", "--dry-run", "--force-conflicts"]);
    assert!(shown.contains("spec.replicas: 5 → 2"), "{shown}");
}
