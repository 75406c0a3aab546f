//! What who has the printed role can do beside deploys, and what RBAC lets nobody grant, in a whole cluster.

use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;

impl Shop<'_> {
    /// A Role of the release that may do that with Secrets, and its binding.
    fn reader(&self, verbs: &[&str]) {
        let rules = json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": verbs }]);
        let role =
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "reader" }, "rules": rules });
        let to = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" });
        let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "reader" },
            "roleRef": to, "subjects": [{ "kind": "ServiceAccount", "name": "default" }] });
        self.template("reader.yaml", &format!("{role}\n---\n{binding}\n"));
    }
}

#[tokio::test]
async fn the_printed_role_suffices_for_what_each_command_does() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    let class = json!({ "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": rollout.cluster.namespace() }, "value": 5 });
    shop.template("class.yaml", &class.to_string());
    shop.template("plain.yaml", &config_map("plain", "1"));
    shop.reader(&["get", "list"]);
    let role = shop.role();
    assert!(role.iter().any(|document| document["kind"] == "ClusterRole"), "{role:#?}");
    rollout.grant(&role).await;
    shop.runner_says(&["doctor"], "the cluster: no problems").await;
    let run = |words: &[&str]| {
        let (code, said) = shop.runner_said(words);
        assert!(code == 0 && !said.contains("permission denied") && !said.contains("warning: permission"), "{words:?}: {code} {said}");
        said
    };
    run(&["deploy"]);
    run(&["status"]);
    run(&["diff", "--live"]);
    shop.template("web.yaml", &deployment("web:2").to_string());
    std::fs::remove_file(shop.folder.path().join("templates/plain.yaml")).unwrap();
    shop.template("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: debug }\n");
    run(&["deploy", "--dry-run"]);
    assert!(run(&["deploy"]).contains("removed 1 object that nothing needs: ConfigMap NS/plain"));
    run(&["rollback", "--yes"]);
    run(&["prune", "--keep", "1", "--yes"]);
    assert!(run(&["destroy", "--yes"]).contains("PriorityClass NS"));
    // Without waiting, nothing is watched.
    let mut less = role.clone();
    for rule in less.iter_mut().filter_map(|document| document.get_mut("rules")?.as_array_mut()).flatten() {
        rule["verbs"].as_array_mut().unwrap().retain(|verb| verb != "watch");
    }
    for document in &mut less {
        if let Some(rules) = document.get_mut("rules").and_then(Value::as_array_mut) {
            rules.retain(|rule| rule["verbs"] != json!([]));
        }
    }
    rollout.grant(&less).await;
    shop.runner_says(&["deploy", "--dry-run"], "permission denied to watch deployments.apps").await;
    let (code, said) = shop.runner_said(&["deploy", "--wait=false"]);
    assert!(code == 0 && !said.contains("error: "), "{code} {said}");
}

#[tokio::test]
async fn rights_that_a_role_of_the_release_grants_are_named_before_anything_changes() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.reader(&["get"]);
    rollout.grant(&shop.role()).await;
    shop.runner_says(&["doctor"], "the cluster: no problems").await;
    // One more right than the deployer has.
    shop.reader(&["get", "deletecollection"]);
    let (code, said) = shop.runner_said(&["doctor"]);
    let words = "permission denied to deletecollection secrets in the namespace `NS`: a role of the release grants it, and RBAC lets nobody grant rights";
    assert!(code == 4 && said.contains(words), "{code} {said}");
    let (code, said) = shop.runner_said(&["deploy"]);
    let words = "Role NS/reader: RBAC lets nobody grant rights that they do not have, and it grants: deletecollection secrets\n  grant the deployer";
    assert!(code == 4 && said.contains(words), "{code} {said}");
    let (code, said) = shop.runner_said(&["history"]);
    assert!(code == 0 && !said.contains("applied"), "nothing was recorded: {code} {said}");
}
