//! `policy:` in the project file

use serde_json::Value;

use crate::support::Sandbox;

/// The starter project with these lines of `policy:`.
fn governed(rules: &str) -> Sandbox {
    let sandbox = Sandbox::shop();
    let project = sandbox.read("cloze.yaml");
    sandbox.write("cloze.yaml", project.replacen("environments:", &format!("policy:\n{rules}environments:"), 1));
    sandbox
}

const PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: one, namespace: shop-dev }\nspec:\n  containers:\n  - name: a\n    image: {{ \"busybox\" }}\n---\n\
                    apiVersion: v1\nkind: Pod\nmetadata: { name: two, namespace: shop-dev }\nspec:\n  containers:\n  - { name: b, image: \"x:latest\" }\n";

#[test]
fn every_violation_is_told_at_its_line_by_all_that_comes_before_a_release() {
    let sandbox = governed("- rule: disallow-latest-tag\n");
    sandbox.write("templates/pods.yaml", PODS);
    let parts = [
        "error: templates/pods.yaml:7:12: Pod shop-dev/one: the image `busybox` of container `a` has no tag (rule `disallow-latest-tag`)",
        "error: templates/pods.yaml:14:23: Pod shop-dev/two: the image `x:latest` of container `b` has the tag `latest`",
        "2 problems",
    ];
    // No key is needed to know it.
    std::fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let reported = sandbox.cloze(["check"]).fails(4, &parts);
    for command in [&["deploy"][..], &["deploy", "--dry-run"], &["plan", "-o", "../plan"], &["diff"], &["check", "--online"]] {
        assert_eq!(sandbox.cloze(command).fails(4, &[]), reported, "{command:?}");
    }
    assert!(!sandbox.shop_path("dist").exists() && !sandbox.work().join("plan").exists());
    sandbox.cloze(["render", "-o", "../rendered"]).ok();
}

#[test]
fn a_violation_and_what_else_is_wrong_are_told_in_one_run() {
    let sandbox = governed("- rule: disallow-latest-tag\n");
    sandbox
        .write("templates/pods.yaml", PODS.replace("image: {{ \"busybox\" }}", "image: a:1\n    envFrom: [{ secretRef: { name: gone } }]"));
    sandbox.cloze(["check"]).fails(4, &["Secret shop-dev/gone is not in the release", "has the tag `latest`", "2 problems"]);
}

#[test]
fn machines_get_the_name_of_the_rule() {
    let sandbox = governed("- rule: disallow-latest-tag\n");
    sandbox.write("templates/pods.yaml", PODS);
    let json = |format: &str| serde_json::from_str::<Value>(&sandbox.cloze(["check", "--format", format]).out()).unwrap();
    let sarif = json("sarif");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "disallow-latest-tag");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "disallow-latest-tag");
    assert_eq!(json("gitlab")[0]["check_name"], "disallow-latest-tag");
    let line = sandbox.cloze(["check", "--format", "json"]).err();
    let line: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!((&line["fault"], &line["rule"]), (&"check".into(), &"disallow-latest-tag".into()));
}

#[test]
fn what_is_exempt_is_a_waiver_of_every_review_and_of_the_deploy() {
    let sandbox = governed("- { rule: disallow-latest-tag, exempt: [Pod/two] }\n");
    let pods = PODS.replace("name: one,", "name: one, annotations: { cloze.dev/exempt: disallow-latest-tag },");
    sandbox.write("templates/pods.yaml", pods);
    let parts = [
        "templates/pods.yaml:1:1: Pod shop-dev/one is exempt from the rule `disallow-latest-tag`",
        "templates/pods.yaml:9:1: Pod shop-dev/two is exempt from the rule `disallow-latest-tag`",
    ];
    for command in [&["check"][..], &["check", "--online"], &["deploy"], &["diff"]] {
        sandbox.cloze(command).fails(0, &parts);
    }
    let report: Value = serde_json::from_str(&sandbox.cloze(["check", "--format", "json"]).ok()).unwrap();
    let waiver = &report["waivers"][0];
    assert_eq!(
        (&waiver["rule"], &waiver["policy"], &waiver["object"]),
        (&"exempt".into(), &"disallow-latest-tag".into(), &"Pod shop-dev/one".into())
    );
}

#[test]
fn a_warning_stops_nothing_but_a_strict_run_and_an_environment_has_the_last_word() {
    let sandbox = governed("- rule: disallow-latest-tag\n");
    sandbox.write("templates/pods.yaml", PODS);
    let own =
        sandbox.read("cloze.yaml").replacen("  dev:\n", "  dev:\n    policy: [{ rule: disallow-latest-tag, severity: warning }]\n", 1);
    sandbox.write("cloze.yaml", own);
    sandbox.cloze(["check"]).fails(0, &["warning: templates/pods.yaml:7:12: Pod shop-dev/one", "2 warnings"]);
    sandbox.cloze(["check", "--strict"]).fails(4, &["error: templates/pods.yaml:7:12: Pod shop-dev/one"]);
    let config = sandbox.cloze(["config"]).ok();
    assert!(config.lines().any(|line| line.starts_with("policy.disallow-latest-tag") && line.contains("warning")), "{config}");
}
