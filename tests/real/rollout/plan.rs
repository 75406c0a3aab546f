//! Plans for a whole cluster: compared with what is live, released exactly, proven, and taken back.

use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;

#[tokio::test]
async fn a_plan_is_compared_with_what_is_live_and_released_as_it_was_made() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    shop.template("web.yaml", &deployment("web:2").to_string());
    let changes = shop.ok(&["plan", "-o", "web.plan"]);
    assert!(changes.contains("image: web:1 → web:2"), "{changes}");
    assert_eq!(rollout.image().await, "web:1", "a plan changes nothing");
    // What the templates say meanwhile does not count.
    shop.template("web.yaml", &deployment("missing:3").to_string());
    let changes = shop.ok(&["deploy", "--plan", "web.plan", "--dry-run"]);
    assert!(changes.contains("cluster lab") && changes.contains("image: web:1 → web:2"), "{changes}");
    // It is checked against what is live then.
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "replicas": 3 } })).await;
    let (code, said) = shop.said(&["deploy", "--plan", "web.plan"]);
    assert!(code == 4 && said.contains("`.spec.replicas` is held by"), "{said}");
    rollout.change("apps/v1", "Deployment", "web", json!({ "spec": { "replicas": 2 } })).await;
    let (code, said) = shop.said(&["deploy", "--plan", "web.plan"]);
    assert!(code == 0 && said.ends_with("release 2 runs in cluster lab\n"), "{said}");
    assert_eq!(rollout.image().await, "web:2");
    let (code, said) = shop.said(&["deploy", "--plan", "web.plan"]);
    assert!(code == 0 && said.contains("2 unchanged"), "{said}");
    assert_eq!(shop.outcomes(), ["2 applied", "1 applied"]);
}

#[tokio::test]
async fn a_plan_that_does_not_run_is_taken_back_as_any_release() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    shop.template("web.yaml", &deployment("missing:2").to_string());
    shop.template("extra.yaml", &config_map("extra", "1"));
    shop.ok(&["plan", "-o", "web.plan"]);
    let (code, said) = shop.said(&["deploy", "--plan", "web.plan"]);
    assert_eq!((code, rollout.image().await.as_str()), (7, "web:1"), "{said}");
    assert_eq!(rollout.live("v1", "ConfigMap", "extra").await, None);
    assert_eq!(shop.outcomes(), ["3 applied", "2 rolled back by 3", "1 applied"]);
    // Two releases came since.
    let (code, said) = shop.said(&["deploy", "--plan", "web.plan"]);
    assert!(code == 6 && said.contains("was made after release 1, and release 3 was recorded since then"), "{said}");
}
