//! `cloze status` of an environment in a whole cluster.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Stdio;

use kube::api::Patch;
use kube::api::PatchParams;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::plain;
use super::resource;
use super::shop::Shop;
use crate::fixture::User;

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

#[tokio::test]
async fn what_others_changed_is_named_with_its_manager_and_needs_no_key() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.set_cluster("{ context: lab, prune: false }");
    for name in ["one", "two", "three"] {
        shop.template(&format!("{name}.yaml"), &config_map(name, "ours"));
    }
    shop.ok(&["deploy"]);
    fs::remove_file(shop.folder.path().join("templates/three.yaml")).unwrap();
    shop.ok(&["deploy"]);
    let fresh = shop.status();
    assert_eq!((&fresh["drift"], &fresh["foreign"]), (&json!([]), &json!([])), "{fresh:#}");
    assert_eq!((&fresh["unused"]["removed"][0]["name"], &fresh["unused"]["removed"][1]), (&"three".into(), &Value::Null), "{fresh:#}");
    rollout.change("v1", "ConfigMap", "one", json!({ "data": { "key": "theirs", "more": "theirs" } })).await;
    rollout.change("v1", "ConfigMap", "two", json!({ "data": { "key": null } })).await;
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "minReadySeconds": 1 } })).await;
    let words = shop.ok(&["status"]).replace(rollout.cluster.namespace(), "NS");
    assert!(
        words.ends_with(
            "no longer as the release says:\n  ConfigMap NS/one  data.key by unknown\n  ConfigMap NS/two  data.key was removed\nset by others:\n  \
             ConfigMap NS/one  data.more by unknown\n  Deployment NS/web  spec.minReadySeconds by unknown\nused by nothing any more, so that a prune removes them:\n  ConfigMap NS/three\n"
        ),
        "{words}"
    );
    let key = shop.folder.path().join(".cloze/dev.key");
    fs::rename(&key, shop.folder.path().join("kept")).unwrap();
    let without = shop.status();
    assert_eq!(
        (&without["drift"], &without["unused"], without["foreign"].as_array().unwrap().len()),
        (&Value::Null, &Value::Null, 3),
        "{without:#}"
    );
    fs::rename(shop.folder.path().join("kept"), &key).unwrap();
    // What changes is shown without being asked for again.
    let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
    let mut watch = command.args(["status", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut until = |words: &str| lines.by_ref().map(Result::unwrap).find(|line| line.contains(words)).unwrap();
    until("minReadySeconds");
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "paused": true } })).await;
    until("spec.paused by unknown");
    watch.kill().unwrap();
    watch.wait().unwrap();
}
