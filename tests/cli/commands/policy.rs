//! `policy:` in the project file

use std::fs;
use std::process::Command;
use std::time::Instant;

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
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
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

#[test]
fn a_condition_is_told_with_its_message_at_the_object_and_one_without_an_answer_says_why() {
    let sandbox = governed(
        "- { name: few, expression: 'object.spec.containers.size() < 1', message: no containers, match: { kinds: [Pod] } }\n\
         - { name: deep, expression: 'object.spec.absent.deeper', match: { kinds: [Pod] } }\n\
         - { name: broken, expression: 'object.spec.' }\n\
         - { name: stray, expression: 'params.x == 1', severity: warning }\n\
         - { name: number, expression: '1 + 1' }\n\
         - { name: fine, expression: 'environment == \"dev\" && project == \"shop\"' }\n",
    );
    sandbox.write("templates/pods.yaml", PODS);
    let parts = [
        "error: templates/pods.yaml:1:1: Pod shop-dev/one: no containers (rule `few`)\n  change the object, or exempt the object with the annotation `cloze.dev/exempt: few`",
        "error: templates/pods.yaml:9:1: Pod shop-dev/two: no containers (rule `few`)",
        "Pod shop-dev/one: the expression reads `absent`, which is not there (rule `deep`)\n  ask for it with `has(…)` first, or read it as in `object.spec.?replicas.orValue(1)`, or exempt",
        ": the expression of the rule `broken` is not an expression in CEL from line 1, column ",
        ": the expression of the rule `stray` names `params`, which is neither a variable nor a function",
        ": the expression of the rule `number` is not a condition: it comes to a value of type int",
        "7 problems",
    ];
    let err = sandbox.cloze(["check"]).fails(3, &parts);
    assert!(!err.contains("rule `fine`"), "{err}");
}

#[test]
fn conditions_see_no_secret() {
    let sandbox = governed(
        "- { name: seen, expression: 'object.stringData.all(k, object.stringData[k].startsWith(\"<\"))', match: { kinds: [Secret] } }\n",
    );
    sandbox.write("templates/more.yaml", "apiVersion: v1\nkind: Secret\nmetadata: { name: more }\ndata: { a: aHVudGVyMg== }\nstringData: { b: '{{ secret(name=\"api-token\") }}' }\n");
    fs::remove_file(sandbox.shop_path("config/secrets/appsettings.secrets.json")).ok();
    let err = sandbox.cloze(["check"]).err();
    assert!(!err.contains("Secret shop-dev/more: "), "{err}");
}

#[test]
fn a_condition_without_end_is_a_problem_of_its_rule_and_object() {
    let list = "[0,1,2,3,4,5,6,7,8,9]";
    let nested = |depth: usize| {
        let open: String = (0..depth).map(|level| format!("{list}.all(x{level}, ")).collect();
        format!("{open}true{}", ")".repeat(depth))
    };
    let memory = format!(
        "object.metadata.name.replace('o', '{0}').replace('x', '{0}').replace('x', '{0}').replace('x', '{0}').replace('x', '{0}').size() > 0",
        "x".repeat(200)
    );
    for (name, bomb) in
        [("nested", nested(12)), ("memory", memory), ("deep", format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000)))]
    {
        let sandbox = governed(&format!("- {{ name: bomb, expression: \"{bomb}\", match: {{ kinds: [Pod] }} }}\n"));
        sandbox.write("templates/pods.yaml", PODS);
        let began = Instant::now();
        let said = sandbox.cloze(["check"]);
        let err = said.err();
        assert!(matches!(said.code, Some(3 | 4)) && said.signal.is_none(), "{name}: {err}");
        assert!(err.contains("`bomb`"), "{name}: {err}");
        if name == "nested" {
            assert!(err.contains("Pod shop-dev/one: the expression costs more than a rule may (rule `bomb`)"), "{err}");
        }
        assert!(began.elapsed().as_secs() < 60, "{name}");
    }
}

#[test]
fn the_owners_rules_count_whatever_the_project_says() {
    let mut sandbox = governed("- { rule: disallow-latest-tag, severity: warning }\n");
    let pods = PODS.replace("name: one,", "name: one, annotations: { cloze.dev/exempt: disallow-latest-tag },");
    sandbox.write("templates/pods.yaml", pods);
    let owner = sandbox.root().join("owner.yaml");
    fs::write(&owner, "policy:\n- { rule: disallow-latest-tag, exempt: [Pod/two] }\n").unwrap();
    sandbox.cloze(["check"]).ok();
    sandbox.variable("CLOZE_POLICY", owner.to_str().unwrap());
    let parts =
        ["Pod shop-dev/one: the image `busybox` of container `a` has no tag", ", or ask who keeps `CLOZE_POLICY` to exempt the object"];
    sandbox.cloze(["check"]).fails(4, &parts);
    sandbox.cloze(["deploy"]).fails(4, &parts);
    let config = sandbox.cloze(["config"]).ok();
    assert!(config.lines().any(|line| line.starts_with("policy.disallow-latest-tag") && line.contains("CLOZE_POLICY")), "{config}");
    fs::write(&owner, "policy:\n- { rule: disallow-latest-tag, severity: warning }\n").unwrap();
    let said = sandbox.cloze(["check"]);
    assert_eq!(said.err().matches("Pod shop-dev/two: the image").count(), 1, "both find it: {}", said.err());
    fs::write(&owner, "policy:\n- { rule: no-such }\n").unwrap();
    sandbox.cloze(["check"]).fails(3, &["owner.yaml:2:11: unknown word `no-such` at `policy[0].rule`"]);
    fs::write(&owner, "rules: []\n").unwrap();
    sandbox.cloze(["check"]).fails(3, &["unknown key `rules`", "the policy has no `policy`"]);
    sandbox.variable("CLOZE_POLICY", "nowhere.yaml");
    sandbox.cloze(["check"]).fails(2, &["`nowhere.yaml` of `CLOZE_POLICY` is not there"]);
    sandbox.write("own.yaml", "policy: []\n");
    let own = sandbox.shop_path("own.yaml");
    let link = sandbox.root().join("link.yaml");
    std::os::unix::fs::symlink(&own, &link).unwrap();
    for path in [own, link] {
        sandbox.variable("CLOZE_POLICY", path.to_str().unwrap());
        sandbox.cloze(["check"]).fails(2, &["lies in the repository that it is to rule, where a pull request can change it"]);
    }
}

#[test]
fn a_change_is_held_to_the_rules_of_the_revision_that_it_changes() {
    let sandbox = governed("- rule: disallow-latest-tag\n- rule: no-reveal\n");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        assert!(
            Command::new("git").args(identity).args(arguments).current_dir(sandbox.shop_path("")).output().unwrap().status.success(),
            "{arguments:?}"
        );
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "base"]);
    // Nothing changes: no rule is spoken of.
    let quiet = sandbox.cloze(["diff", "--git", "HEAD"]);
    assert!(quiet.code == Some(0) && !quiet.err().contains("rule"), "{}", quiet.err());
    let project = sandbox.read("cloze.yaml");
    sandbox.write(
        "cloze.yaml",
        project.replace("- rule: disallow-latest-tag\n- rule: no-reveal\n", "- { rule: no-reveal, severity: warning }\n"),
    );
    let report: Value = serde_json::from_str(&sandbox.cloze(["diff", "--git", "HEAD", "--format", "json"]).ok()).unwrap();
    let waived: Vec<(&str, &str)> =
        report["waivers"].as_array().unwrap().iter().map(|one| (one["rule"].as_str().unwrap(), one["policy"].as_str().unwrap())).collect();
    assert_eq!(waived, [("removed", "disallow-latest-tag"), ("changed", "no-reveal")]);
    sandbox.cloze(["diff", "--git", "HEAD"]).fails(0, &["the rule `disallow-latest-tag` is removed, and was applied all the same"]);
    sandbox.write("templates/pods.yaml", PODS);
    sandbox.cloze(["check"]).ok();
    let parts = ["Pod shop-dev/one: the image `busybox`", ", or change the policy in a change of its own", "2 problems"];
    sandbox.cloze(["diff", "--git", "HEAD"]).fails(4, &parts);
    // An exemption that the change brings does not count either; one that was there does.
    sandbox.write("cloze.yaml", &project);
    sandbox.write(
        "templates/pods.yaml",
        PODS.replace(", namespace: shop-dev }", ", namespace: shop-dev, annotations: { cloze.dev/exempt: disallow-latest-tag } }"),
    );
    sandbox.cloze(["check"]).ok();
    sandbox.cloze(["diff", "--git", "HEAD"]).fails(4, &["2 problems"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "exempt"]);
    sandbox.cloze(["diff", "--git", "HEAD"]).ok();
}
