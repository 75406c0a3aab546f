//! What a review sees first: a summary, between a release and the templates, and between any two releases.

use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::support::Sandbox;

/// What precedes what differs in the first object.
fn summary(out: &str) -> &str {
    out.split_once("\n\n").map_or(out, |(summary, _)| summary)
}

/// The review without when and by whom the release before was recorded.
#[track_caller]
fn undated(out: &str) -> String {
    let (start, rest) = out.split_once(" of 20").unwrap_or_else(|| panic!("no date: {out}"));
    let (recorded, rest) = rest.split_at(rest.find([':', '`']).unwrap());
    assert_eq!(recorded.split(' ').nth(1), Some("by"), "{out}");
    format!("{start}{rest}")
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
secrets:
~ default/db-password  version 1 → 2  made today  used by Secret shop-dev/web-credentials, Secret shop-dev/web-settings
objects:
~ Secret shop-dev/web-credentials  DATABASE_URL: default/db-password@1 → @2
~ Secret shop-dev/web-settings     appsettings.secrets.json: default/db-password@1 → @2
names only: Deployment shop-dev/web
restarts: Deployment shop-dev/web
";
    assert_eq!(undated(&sandbox.cloze(["diff", "--stat"]).ok()), expected);
    // What is said of the objects is all that changes of them.
    for command in [["diff"].as_slice(), &["deploy", "--dry-run"]] {
        assert_eq!(undated(&sandbox.cloze(command).ok()), expected);
    }
    let all = sandbox.cloze(["diff", "--all"]).ok();
    assert!(all.contains("\n~ DATABASE_URL: default/db-password@1 → @2\n"), "{all}");
    assert!(all.contains("\n~ metadata.name: web-credentials-") && all.contains("].envFrom[1].secretRef.name: web-credentials-"), "{all}");
    sandbox.cloze(["deploy"]).ok();
    // A value that comes back is no change of it, though it has another version.
    let value = sandbox.cloze(["show", "1", "--reveal"]).ok();
    assert!(!value.is_empty());
    sandbox.feed(["vault", "set", "db-password"], b"another").ok();
    assert_eq!(sandbox.cloze(["diff"]).ok(), "no differences\n");
    let out = sandbox.cloze(["diff", "--set", "replicas=4"]).ok();
    assert_eq!(
        undated(summary(&out)),
        "1 object against release 2: 0 added, 1 changed, 0 removed\nobjects:\n~ Deployment shop-dev/web  replicas: 1 → 4"
    );
    // A rollback shows the same before it is done.
    let err = sandbox.cloze(["rollback"]).err();
    assert!(err.contains("\n~ default/db-password  version 2 → 1  used by Secret shop-dev/web-credentials, "), "{err}");
    assert!(err.contains("\n~ Secret shop-dev/web-credentials  DATABASE_URL: default/db-password@2 → @1\n"), "{err}");
    assert!(err.contains("\nrestarts: Deployment shop-dev/web\n"), "{err}");
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
objects:
+ ServiceAccount shop-dev/web
~ Deployment shop-dev/web      replicas: 1 → 4
- Service shop-dev/web";
    assert_eq!(undated(summary(&out)), expected);
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
    assert_eq!(
        undated(&between("diff 1 3")),
        "1 object against release 1: 0 added, 1 changed, 0 removed\nobjects:\n~ Deployment shop-dev/web  replicas: 1 → 3\n\n\
         Deployment shop-dev/web\n~ spec.replicas: 1 → 3\n"
    );
    assert!(between("diff 3 1").contains("\n~ spec.replicas: 3 → 1\n"));
    assert!(between("show 2 --diff").contains("\n~ spec.replicas: 1 → 2\n"));
    assert!(between("show --diff").contains("\n~ spec.replicas: 2 → 3\n"));
    assert!(between("show 1 --diff").starts_with("11 objects: 11 added, 0 changed, 0 removed\n"));
    assert_eq!(between("diff 2 2"), "no differences\n");
    sandbox.cloze(["diff", "1", "3", "--exit-code"]).code(1);
    let report = json_of(&sandbox, "diff 1 3");
    assert_eq!(json!([report["kind"], report["against"], report["release"]]), json!(["DiffReport", 1, 3]));
    let first = json_of(&sandbox, "history")["releases"][2].clone();
    let recorded = json!({"time": first["time"], "actor": first["actor"], "revision": null});
    assert_eq!((&first["release"], &report["recorded"]), (&json!(1), &recorded));
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
    for line in [
        "\u{1b}[33m~ Deployment shop-dev/web  replicas: 1 → 4\u{1b}[0m\n",
        "\n\u{1b}[1mDeployment shop-dev/web\u{1b}[0m\n",
        "\n\u{1b}[33m~ spec.replicas: 1 → 4\u{1b}[0m\n",
    ] {
        assert!(painted.contains(line), "{painted}");
    }
    assert!(!diff("auto").contains('\u{1b}') && !diff("never").contains('\u{1b}'));
}

/// Names and contents that end a fence, a code span, a table or an element, or begin one.
const MARKUP: &str =
    "</summary></details><script>alert(1)</script> ``` ```` | a | b | [x](javascript:y) @everyone #1 https://example.com <!-- & \" '";

fn marked_up() -> Sandbox {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "db-password"], b"another").ok();
    let template = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x, annotations: {{ cloze.dev/names: stable }} }}\ndata:\n  one: \"{text}\"\n  more: \"a\\n{text}\\n```\\nb\\n\"\n"
        )
    };
    sandbox.write("templates/x.yaml", template("a"));
    sandbox.cloze(["deploy"]).ok();
    sandbox.write("templates/x.yaml", template(MARKUP));
    std::fs::remove_file(sandbox.shop_path("templates/service.yaml")).unwrap();
    sandbox
}

#[test]
fn markdown_has_tables_and_a_fenced_diff_for_each_object() {
    let sandbox = marked_up();
    let out = undated(&sandbox.cloze(["diff", "--format", "markdown", "--against", "1"]).silent().ok());
    let today = &json_of(&sandbox, "diff --against 1")["secrets"][0]["created"].as_str().unwrap()[..10].to_owned();
    let start = format!(
        "<!-- cloze:shop/dev -->\n### `shop/dev: 5 objects against release 1: 1 added, 3 changed, 1 removed`\n\n| | secret | version | used by |\n\
                 |---|---|---|---|\n| ~ | `default/db-password` | `1 → 2, made {today}` | `Secret shop-dev/web-credentials, Secret shop-dev/web-settings` |\n"
    );
    assert!(out.starts_with(&start), "{out}");
    for line in [
        "| + | `ConfigMap shop-dev/x` |  |",
        "| ~ | `Secret shop-dev/web-credentials` | `DATABASE_URL: default/db-password@1 → @2` |",
        "| - | `Service shop-dev/web` |  |",
        "**Names only:** `Deployment shop-dev/web`",
        "**Restarts:** `Deployment shop-dev/web`",
        "<details><summary>~ <code>Secret shop-dev/web-credentials</code></summary>",
        "! DATABASE_URL: default/db-password@1 → @2",
    ] {
        assert!(out.lines().any(|found| found == line), "{line} in\n{out}");
    }
    // Nothing of a value leaves its fence or its code span.
    let mut fence: Option<&str> = None;
    for line in out.lines() {
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches("diff")),
            None => assert!(!line.contains("alert"), "{line}"),
        }
    }
    assert_eq!((fence, out.matches("<script>").count()), (None, 2));
    for command in [["show", "2", "--diff"].as_slice(), &["deploy", "--dry-run"], &["rollback", "1", "--dry-run"]] {
        let out = sandbox.cloze(command.iter().chain(&["--format", "markdown"])).ok();
        assert!(out.starts_with("<!-- cloze:shop/dev -->\n### `shop/dev: "), "{out}");
    }
    sandbox.cloze(["deploy"]).ok();
    let out = undated(&sandbox.cloze(["diff", "--format", "markdown"]).ok());
    assert_eq!(out, "<!-- cloze:shop/dev -->\n### `shop/dev: no differences against release 3`\n");
}

#[test]
fn markdown_is_cut_between_objects() {
    let sandbox = Sandbox::shop();
    let objects: String = (0..300)
        .map(|number| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings-{number} }}\ndata: {{ text: \"{{{{ logLevel }}}}\" }}\n"
            )
        })
        .collect();
    sandbox.write("templates/many.yaml", objects);
    sandbox.cloze(["deploy", "--set-string", "logLevel=a"]).ok();
    let out = sandbox.cloze(["diff", "--set-string", "logLevel=b", "--format", "markdown"]).ok();
    assert!(out.len() < 60_000, "{} bytes", out.len());
    let shown = out.matches("<details>").count();
    assert_eq!(shown, out.matches("</details>").count());
    assert!(shown > 50, "{shown} objects");
    let more = out.lines().filter(|line| line.starts_with("… and ") && line.ends_with("`cloze diff` shows all")).count();
    assert_eq!(more, usize::from(shown < 303), "{out}");
}

#[test]
fn html_is_one_file_that_runs_nothing() {
    let sandbox = marked_up();
    let out = sandbox.cloze(["diff", "--format", "html", "--against", "1"]).silent().ok();
    assert!(out.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{out}");
    assert!(out.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""), "{out}");
    assert!(!out.contains("<script") && !out.contains("src=\"") && !out.contains("url(") && !out.contains("href=\"http"), "{out}");
    assert!(out.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{out}");
    for link in ["href=\"#secret-shop-dev-web-credentials\"", "href=\"#secret-0\"", "href=\"#deployment-shop-dev-web\""] {
        assert!(out.contains(link), "{link}");
    }
    // Every link leads to one place.
    let targets = out.split("href=\"#").skip(1).map(|rest| rest.split_once('"').unwrap().0);
    targets.for_each(|target| assert_eq!(out.matches(&format!("id=\"{target}\"")).count(), 1, "{target}"));
    assert!(
        out.contains("main:has(#kind-0:checked) section:not([data-kind=\"0\"])") && out.contains("id=\"kind-0\"> ConfigMap (1)</label>")
    );
}

#[test]
fn a_report_has_what_differs_field_by_field() {
    let sandbox = marked_up();
    let report = json_of(&sandbox, "diff --against 1 --set replicas=3");
    let change = |name: &str| report["changes"].as_array().unwrap().iter().find(|change| change["name"] == name).unwrap();
    assert_eq!(report["secrets"][0]["usedBy"][0]["name"], "web-credentials");
    assert_eq!(change("web")["fields"][0], json!({"path": "spec.replicas", "change": "changed", "before": "1", "after": "3"}));
    assert!(change("web")["fields"].as_array().unwrap().iter().skip(1).all(|field| field["change"] == "follows"), "{report}");
    assert_eq!(change("x")["fields"], json!([]));
    let report = json_of(&sandbox, "diff");
    let fields = report["changes"][0]["fields"].as_array().unwrap();
    let lines = json!(["@@ -1 +1 @@", " a", "-a", format!("+{MARKUP}"), " ```", " b"]);
    let paths: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
    assert_eq!((paths, &fields[0]["lines"]), (vec!["data.more", "data.one"], &lines), "{report}");
}

#[test]
fn a_command_that_is_not_a_review_does_not_write_one() {
    let sandbox = Sandbox::shop();
    for command in ["check", "deploy", "history", "show", "status", "render"] {
        sandbox.cloze([command, "--format", "markdown"]).fails(
            2,
            &[
                "this command does not write Markdown or HTML",
                "use it with `diff`, `plan`, `show --diff`, `deploy --dry-run` or `rollback --dry-run`",
            ],
        );
    }
    sandbox.cloze(["diff", "--stat", "--all"]).fails(2, &["cannot be used together with"]);
}

#[test]
fn two_revisions_are_compared_without_a_key() {
    let sandbox = Sandbox::shop();
    let secret =
        |value: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: s }}\nstringData: {{ one: {value}, two: same }}\n");
    sandbox.write("templates/literal.yaml", secret("first-value"));
    sandbox.cloze(["diff", "--base", "base"]).fails(2, &["there is no directory `base`", "check out the other revision there"]);
    sandbox.keep("base");
    for gone in ["secrets", ".cloze"] {
        std::fs::remove_dir_all(sandbox.shop_path(gone)).unwrap();
    }
    let diff = |more: &[&str]| sandbox.cloze(["diff", "--base", "base"].iter().chain(more));
    assert_eq!(diff(&["--exit-code"]).ok(), "no differences\n");
    let template = sandbox.read("templates/secrets.yaml").replace("name=\"session-key\"", "name=\"session-key\", version=\"3\"");
    sandbox.write("templates/secrets.yaml", template);
    sandbox.write("templates/literal.yaml", secret("other-value"));
    let values = sandbox.read("values/common.yaml").replace("replicas: 1", "replicas: 3");
    sandbox.write("values/common.yaml", values);
    let out = diff(&["--exit-code"]).code(1);
    assert!(!out.contains("-value"), "{out}");
    for line in [
        "3 objects against base: 0 added, 3 changed, 0 removed",
        "~ default/session-key  version 3  used by Secret shop-dev/web-credentials",
        "~ Secret shop-dev/s                one: another literal value",
        "~ spec.replicas: 1 → 3",
        "restarts: Deployment shop-dev/web",
    ] {
        assert!(out.lines().any(|found| found == line), "{line} in\n{out}");
    }
    assert_eq!(json_of(&sandbox, "diff --base base")["base"], "base");
    // The problems of both are reported, each with its place.
    std::fs::write(sandbox.work().join("base/templates/service.yaml"), "a: [\n").unwrap();
    sandbox.write("templates/cronjob.yaml", "b: [\n");
    diff(&[]).fails(4, &["error: base/templates/service.yaml:", "error: templates/cronjob.yaml:", "2 problems"]);
    std::fs::write(sandbox.work().join("base/values/dev.yaml"), "a: [\n").unwrap();
    diff(&[]).fails(3, &["error: base/values/dev.yaml:2:1: this is not valid YAML"]);
    std::fs::write(sandbox.work().join("base/cloze.yaml"), "project: shop\nwrong: 1\n").unwrap();
    diff(&[]).fails(3, &["error: base/cloze.yaml:2:1: "]);
    std::fs::remove_file(sandbox.work().join("base/cloze.yaml")).unwrap();
    diff(&[]).fails(3, &["error: in base: there is no file `cloze.yaml`"]);
}

#[test]
fn another_revision_is_compared_from_gits_objects() {
    let sandbox = Sandbox::shop();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=ada", "-c", "user.email=ada@example.com"]).args(arguments).current_dir(sandbox.shop_path(""));
        assert!(command.env("HOME", sandbox.root()).output().unwrap().status.success(), "git {arguments:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "one"]);
    // Neither key nor vault is there, and the change is not committed.
    std::fs::remove_dir_all(sandbox.shop_path(".cloze")).unwrap();
    sandbox.write(
        "templates/deployment.yaml",
        sandbox.read("templates/deployment.yaml").replace("replicas: {{", "paused: true\n  replicas: {{"),
    );
    let before = sandbox.files();
    let said = sandbox.cloze(["diff", "--git", "main"]).silent().ok();
    assert!(said.starts_with("1 object against main: 0 added, 1 changed, 0 removed\n"), "{said}");
    assert!(said.contains("+ spec.paused: true"), "{said}");
    assert_eq!(sandbox.files(), before, "nothing is left behind, also of temporary files");
    assert_eq!(json_of(&sandbox, "diff --git HEAD")["base"], "HEAD");
    sandbox.cloze(["diff", "--git", "v1"]).fails(2, &["error: there is no revision `v1` in this clone\n  fetch it (`git fetch`;"]);
    sandbox.cloze(["diff", "--git", "main", "--online"]).fails(2, &["--git <REV>"]);
    // The problems of the other revision are its own.
    git(&["commit", "-q", "-a", "-m", "two"]);
    sandbox.write("templates/service.yaml", "a: [\n");
    git(&["commit", "-q", "-a", "-m", "broken"]);
    git(&["revert", "--no-edit", "-n", "HEAD"]);
    sandbox.cloze(["diff", "--git", "HEAD"]).fails(4, &["error: HEAD/templates/service.yaml:"]);
}
