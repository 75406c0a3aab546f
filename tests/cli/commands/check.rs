//! `check --online`

use std::fs;

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
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    sandbox.cloze(["check", "--online"]).fails(0, &["4 secrets found"]);
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).ok(), "a-1");
    let local = Sandbox::shop();
    local.cloze(["check", "--online"]).fails(0, &["4 secrets found (4 had to be read)"]);
    fs::remove_file(local.shop_path(".cloze/dev.key")).unwrap();
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

#[test]
fn problems_are_annotations_of_ci_systems() {
    let sandbox = Sandbox::shop();
    fs::create_dir(sandbox.work().join(".git")).unwrap();
    sandbox.write("templates/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n");
    let text = sandbox.read("templates/secrets.yaml").replace("name=\"api-token\"", "name=\"api token\"");
    sandbox.write("templates/secrets.yaml", text);
    let said = sandbox.cloze(["check", "--format", "github"]);
    let err = said.err();
    assert_eq!(said.code, Some(4));
    let out = said.out();
    let error =
        out.lines().find(|line| line.starts_with("::error file=shop/templates/secrets.yaml,line=")).unwrap_or_else(|| panic!("{out}"));
    // The log has the same for people.
    let reason = error.split_once("title=cloze::").unwrap().1.rsplit_once("; ").unwrap().0;
    assert!(err.contains(&format!(": {reason}\n  ")), "{err}");
    let code = |format: &str| {
        let said = sandbox.cloze(["check", "--format", format]);
        assert!(said.err().contains(reason), "{}", said.err());
        assert_eq!(said.code, Some(4));
        serde_json::from_str::<Value>(&said.out()).unwrap()
    };
    let listed = code("gitlab");
    assert_eq!(listed[0]["location"]["path"], "shop/templates/secrets.yaml");
    assert!(listed[0]["description"].as_str().unwrap().starts_with(reason), "{listed}");
    let log = code("sarif");
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "shop/templates/secrets.yaml");
    assert_eq!(place["region"]["startLine"], listed[0]["location"]["lines"]["begin"]);
    // Warnings alone are no failure, and without any there is nothing.
    let text = sandbox.read("templates/secrets.yaml").replace("name=\"api token\"", "name=\"api-token\"");
    sandbox.write("templates/secrets.yaml", text);
    let out = sandbox.cloze(["check", "--format", "github"]).out();
    assert!(out.starts_with("::warning file=shop/templates/x.yaml,line=3,col=19,title=cloze::nothing in the release refers to "), "{out}");
    fs::remove_file(sandbox.shop_path("templates/x.yaml")).unwrap();
    assert_eq!(sandbox.cloze(["check", "--format", "gitlab"]).ok(), "[]\n");
    assert!(!sandbox.cloze(["check", "--format", "github"]).ok().contains("::"));
    let all = sandbox.cloze(["check", "--all", "--format", "sarif"]);
    assert_eq!(serde_json::from_str::<Value>(&all.out()).unwrap()["version"], "2.1.0");
    for command in ["deploy", "diff", "render"] {
        sandbox.cloze([command, "--format", "sarif"]).fails(2, &["this command does not write annotations", "use it with `check`"]);
    }
}
