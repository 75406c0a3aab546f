//! `check --online`

use serde_json::Value;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

#[test]
fn every_blank_is_asked_for_and_nothing_is_written() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.cloze(["check", "--online"]).fails(0, &["4 secrets found", "dev: 11 objects, no problems"]);
    let json: Value = serde_json::from_str(&sandbox.cloze(["check", "--online", "--format", "json"]).ok()).unwrap();
    assert_eq!((&json["objects"], &json["secrets"]["found"]), (&Value::from(11), &Value::from(4)));
    assert!(!sandbox.shop_path(".cloze/history/dev/packs").exists() && !sandbox.shop_path("dist").exists());
}

#[test]
fn a_local_vault_needs_its_key_and_a_vault_behind_a_network_does_not() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    std::fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    sandbox.cloze(["check", "--online"]).fails(0, &["4 secrets found"]);
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).ok(), "a-1");
    let local = Sandbox::shop();
    local.cloze(["check", "--online"]).fails(0, &["4 secrets found (4 had to be read)"]);
    std::fs::remove_file(local.shop_path(".cloze/dev.key")).unwrap();
    local.cloze(["check"]).ok();
    local.cloze(["check", "--online"]).fails(5, &["error: there is no key file `shop/.cloze/dev.key`"]);
}

#[test]
fn every_problem_of_the_run_is_told_at_each_blank_as_a_deploy_tells_it() {
    let server = Hashicorp::serve(seed()).unwrap();
    server.protocol().destroy("secret/api-token", &[]);
    let sandbox = shop(&server, "{ default: { kind: local }, shared: { @@ } }");
    let secrets = sandbox.read("templates/secrets.yaml").replace("name=\"api-token\"", "name=\"api-token\", vault=\"shared\"");
    sandbox.write("templates/secrets.yaml", secrets.replace("name=\"session-key\"", "name=\"session-kay\""));
    let parts = [
        "error: templates/secrets.yaml:14:19: default/session-kay of local vault",
        "there is no secret `session-kay`",
        "error: templates/secrets.yaml:38:13: shared/api-token of HashiCorp Vault at ",
        "version 1 of `api-token` was destroyed\n  write it again",
        "2 problems",
    ];
    let reported = sandbox.cloze(["check", "--online"]).fails(5, &parts);
    assert_eq!(sandbox.cloze(["deploy"]).fails(5, &[]), reported);
    // What is wrong with the manifests is reported in the same run.
    let deployment = sandbox.read("templates/deployment.yaml").replacen("name: web-settings", "name: web-setings", 1);
    sandbox.write("templates/deployment.yaml", deployment);
    let both = sandbox.cloze(["check", "--online"]);
    assert!(both.code == Some(4) && both.err().contains("web-setings") && both.err().contains("session-kay"), "{}", both.err());
}
