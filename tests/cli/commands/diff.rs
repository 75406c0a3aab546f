//! What a review sees first: a summary, between a release and the templates, and between any two releases.

use serde_json::Value;
use serde_json::json;

use crate::support::Sandbox;

/// What precedes the first unified diff.
fn summary(out: &str) -> &str {
    out.split_once("\n\n--- ").map_or(out, |(summary, _)| summary)
}

fn json_of(sandbox: &Sandbox, arguments: &str) -> Value {
    serde_json::from_str(&sandbox.cloze(arguments.split(' ').chain(["--format", "json"])).ok()).unwrap()
}

#[test]
fn a_summary_says_which_secrets_change_and_which_workloads_restart() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "db-password"], b"another").ok();
    let expected = "\
3 objects against release 1: 0 added, 3 changed, 0 removed
~ Secret shop-dev/web-credentials
~ Secret shop-dev/web-settings
~ Deployment shop-dev/web
secrets:
~ default/db-password  version 1 → 2
restarts: Deployment shop-dev/web";
    for command in [["diff"].as_slice(), &["deploy", "--dry-run"]] {
        assert_eq!(summary(&sandbox.cloze(command).ok()), expected);
    }
    sandbox.cloze(["deploy"]).ok();
    // A value that comes back is no change of it, though it has another version.
    let value = sandbox.cloze(["show", "1", "--reveal"]).ok();
    assert!(!value.is_empty());
    sandbox.feed(["vault", "set", "db-password"], b"another").ok();
    assert_eq!(sandbox.cloze(["diff"]).ok(), "no differences\n");
    let out = sandbox.cloze(["diff", "--set", "replicas=4"]).ok();
    assert_eq!(summary(&out), "1 object against release 2: 0 added, 1 changed, 0 removed\n~ Deployment shop-dev/web");
    // A rollback shows the same before it is done.
    let err = sandbox.cloze(["rollback"]).err();
    assert!(err.contains("\n~ default/db-password  version 2 → 1\nrestarts: Deployment shop-dev/web\n\n--- Secret"), "{err}");
}

#[test]
fn objects_are_in_apply_order_and_what_is_gone_is_last() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    std::fs::remove_file(sandbox.shop_path("templates/service.yaml")).unwrap();
    sandbox.write("templates/account.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: web }\n");
    let out = sandbox.cloze(["diff", "--set", "replicas=4"]).ok();
    let expected = "\
3 objects against release 1: 1 added, 1 changed, 1 removed
+ ServiceAccount shop-dev/web
~ Deployment shop-dev/web
- Service shop-dev/web";
    assert_eq!(summary(&out), expected);
}

#[test]
fn two_releases_are_compared_without_templates_or_vaults() {
    let sandbox = Sandbox::shop();
    for replicas in ["replicas=1", "replicas=2", "replicas=3"] {
        sandbox.cloze(["deploy", "--set", replicas]).ok();
    }
    std::fs::remove_dir_all(sandbox.shop_path("templates")).unwrap();
    std::fs::remove_file(sandbox.shop_path("secrets/dev.vault")).unwrap();
    let between = |arguments: &str| sandbox.cloze(arguments.split(' ')).silent().ok();
    assert!(between("diff 1 3").starts_with("1 object against release 1: 0 added, 1 changed, 0 removed\n~ Deployment shop-dev/web\n\n---"));
    assert!(between("diff 1 3").contains("-  replicas: 1\n+  replicas: 3\n"));
    assert!(between("diff 3 1").contains("-  replicas: 3\n+  replicas: 1\n"));
    assert!(between("show 2 --diff").contains("-  replicas: 1\n+  replicas: 2\n"));
    assert!(between("show --diff").contains("-  replicas: 2\n+  replicas: 3\n"));
    assert!(between("show 1 --diff").starts_with("11 objects: 11 added, 0 changed, 0 removed\n"));
    assert_eq!(between("diff 2 2"), "no differences\n");
    sandbox.cloze(["diff", "1", "3", "--exit-code"]).code(1);
    let report = json_of(&sandbox, "diff 1 3");
    assert_eq!(json!([report["kind"], report["against"], report["release"]]), json!(["DiffReport", 1, 3]));
    assert_eq!((&report["secrets"], &report["restarts"]), (&json!([]), &json!([])));
    let first = json_of(&sandbox, "show 1 --diff");
    assert_eq!(json!([first["against"], first["release"], first["secrets"][0]["change"]]), json!([null, 1, "added"]));
    for (arguments, words) in
        [("diff 1 4", "there is no release 4"), ("diff 0 1", "there is no release 0"), ("show 4 --diff", "there is no release 4")]
    {
        sandbox.cloze(arguments.split(' ')).fails(6, &[words, "list the releases with `cloze history`"]);
    }
    for option in ["--online", "--locked", "--strict", "--set=a=b"] {
        let words = format!("`LATER` cannot be used together with `{}", option.split('=').next().unwrap());
        sandbox.cloze(["diff", "1", "2", option]).fails(2, &[&words]);
    }
    sandbox.cloze(["diff", "1", "--against", "2"]).fails(2, &["cannot be used together with"]);
    sandbox.cloze(["show", "1", "--diff", "--reveal"]).fails(2, &["cannot be used together with"]);
}

#[test]
fn a_masked_review_and_a_release_have_their_keys_in_one_order() {
    let sandbox = Sandbox::shop();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata: { zeta: a, alpha: b, mid: c }\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData:\n  zeta: '{{ secret(name=\"api-token\") }}'\n  alpha: x\ntype: Opaque\n";
    sandbox.write("templates/more.yaml", format!("{map}---\n{secret}"));
    sandbox.cloze(["deploy"]).ok();
    let keys = |out: String| -> Vec<String> {
        let lines = out.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    assert_eq!(keys(sandbox.cloze(["render"]).ok()), keys(sandbox.cloze(["show"]).ok()));
}

#[test]
fn a_diff_has_colours_where_they_are_wanted() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let diff = |color: &str| sandbox.cloze(["diff", "--set", "replicas=4", "--color", color]).ok();
    let painted = diff("always");
    for line in
        ["\u{1b}[33m~ Deployment shop-dev/web\u{1b}[0m\n", "\u{1b}[31m-  replicas: 1\u{1b}[0m\n", "\u{1b}[32m+  replicas: 4\u{1b}[0m\n"]
    {
        assert!(painted.contains(line), "{painted}");
    }
    assert!(!diff("auto").contains('\u{1b}') && !diff("never").contains('\u{1b}'));
}
