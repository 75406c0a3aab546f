//! `cloze status` of an environment in a whole cluster.

use kube::api::Patch;
use kube::api::PatchParams;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::plain;
use super::resource;
use super::shop::Shop;

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
