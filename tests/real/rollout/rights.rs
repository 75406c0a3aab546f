//! What who has the printed role can do beside deploys, and what RBAC lets nobody grant, in a whole cluster.

use serde_json::json;

use super::Rollout;
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
