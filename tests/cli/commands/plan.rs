//! `plan` and `deploy --plan`

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;
use vault_mock::hashicorp::Hashicorp;

use crate::commands::init::mode;
use crate::commands::lock::put;
use crate::commands::select::with_prod;
use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

/// What a deploy emits.
fn emitted(sandbox: &Sandbox, arguments: &[&str]) -> String {
    sandbox.cloze([&["deploy", "-o", "-"], arguments].concat()).ok()
}

#[test]
fn what_was_planned_is_released_and_no_vault_is_asked() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let meant = emitted(&sandbox.twin(), &[]);
    let before = sandbox.files();
    let plan = sandbox.cloze(["plan", "-o", "shop/dev.plan", "--note", "approved"]);
    let words = "wrote the plan `shop/dev.plan`: release 1, as long as there is no other release";
    assert!(plan.out().starts_with("11 objects: 11 added, 0 changed, 0 removed\nsecrets:\n+ default/api-token "), "{}", plan.out());
    plan.fails(0, &[words]);
    let mut after = sandbox.files();
    let file = after.remove(std::path::Path::new("work/shop/dev.plan")).unwrap();
    assert_eq!(after, before, "a plan writes its file and nothing else");
    assert_eq!(mode(&sandbox.shop_path("dev.plan")), 0o600);
    assert!(file.starts_with(b"cloze plan\n"));
    // Neither the vault nor the templates are there any more.
    drop(server);
    fs::remove_dir_all(sandbox.shop_path("templates")).unwrap();
    assert_eq!(emitted(&sandbox, &["--plan", "shop/dev.plan"]), meant);
    let shown: Value = serde_json::from_str(&sandbox.cloze(["show", "--format", "json"]).ok()).unwrap();
    assert_eq!((&shown["summary"]["note"], &shown["summary"]["manifests"]), (&"approved".into(), &11.into()));
    // As JSON, and into a directory, it is the same release.
    let json = sandbox.cloze(["deploy", "--plan", "shop/dev.plan", "-o", "-", "--syntax", "json"]);
    assert!(json.out().starts_with('{'));
    json.fails(0, &["release 1 is current"]);
}

#[test]
fn a_plan_that_was_overtaken_is_refused() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["plan", "-o", "first.plan"]).fails(0, &["release 1, as long as there is no other release"]);
    sandbox.cloze(["deploy", "--note", "in between", "--set", "replicas=3"]).fails(0, &["release 1 recorded"]);
    let history = || sandbox.files().keys().filter(|path| path.starts_with("work/shop/.cloze/history")).count();
    let before = history();
    sandbox.cloze(["deploy", "--plan", "first.plan"]).fails(
        6,
        &[
            "error: the plan `first.plan` was made before there was any release, and release 1 was recorded since then by ",
            "\n  make a new plan with `cloze plan`",
        ],
    );
    sandbox.cloze(["plan", "-o", "second.plan"]).fails(0, &["release 2, as long as release 1 is the newest"]);
    sandbox.cloze(["deploy", "--set", "replicas=4"]).fails(0, &["release 2 recorded"]);
    let words = "error: the plan `second.plan` was made after release 1, and release 2 was recorded since then by ";
    sandbox.cloze(["deploy", "--plan", "second.plan"]).fails(6, &[words]);
    sandbox.cloze(["deploy", "--plan", "second.plan", "--dry-run"]).fails(6, &[words]);
    assert!(history() > before);
    let releases: Value = serde_json::from_str(&sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
    assert_eq!(releases["releases"].as_array().unwrap().len(), 2, "nothing was recorded");
}

#[test]
fn a_plan_is_released_once_and_carried_on() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    sandbox.cloze(["plan", "-o", "p", "--set", "replicas=3"]).fails(0, &["release 2, as long as release 1 is the newest"]);
    sandbox.cloze(["deploy", "--plan", "p"]).fails(0, &["release 2 recorded"]);
    // As when the run was killed before it wrote the manifests.
    fs::remove_dir_all(sandbox.shop_path(".cloze/history/dev/events/0000/00/00000002")).unwrap();
    fs::remove_file(sandbox.shop_path(".cloze/pins/dev.json")).unwrap();
    fs::remove_dir_all(sandbox.shop_path("dist")).unwrap();
    sandbox
        .cloze(["deploy", "--plan", "p"])
        .fails(0, &["release 2 was recorded by an interrupted run; this run finished it", "wrote 11 manifests"]);
    sandbox.cloze(["deploy", "--plan", "p"]).fails(0, &["release 2 is current"]);
    // What changes nothing can be planned, too.
    let same = sandbox.cloze(["plan", "-o", "same", "--set", "replicas=3", "--exit-code"]);
    assert_eq!(same.out(), "no differences\n");
    same.fails(0, &["wrote the plan `same`: release 2 stays as it is"]);
    sandbox.cloze(["deploy", "--plan", "same"]).fails(0, &["release 2 is current"]);
    let _ = sandbox.cloze(["plan", "-o", "other", "--exit-code"]).code(1);
}

#[test]
fn a_rotation_is_noticed_where_it_is_asked_for() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.cloze(["plan", "-o", "p"]).ok();
    let reads = server.journal().of("read").len();
    sandbox.cloze(["deploy", "--plan", "p", "--online", "--dry-run"]).ok();
    put(&server, "api-token", "another");
    let words = [
        "error: templates/secrets.yaml:38:13: default/api-token is planned at version 1, and HashiCorp Vault at http://",
        " holds version 2\n  make a new plan with `cloze plan`",
    ];
    let said = sandbox.cloze(["deploy", "--plan", "p", "--online"]).fails(6, &words);
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    let now = server.journal().of("read").len();
    assert_eq!(now, reads, "no value is read");
    server.protocol().destroy("secret/smtp", &[1]);
    sandbox.cloze(["deploy", "--plan", "p"]).fails(0, &["release 1 recorded"]);
    sandbox.cloze(["deploy", "--online"]).fails(2, &["--plan <FILE>"]);
}

#[test]
fn what_is_not_a_plan_of_this_environment_is_named() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["plan", "-o", "p"]).ok();
    let deploy = |file: &str| sandbox.cloze(["deploy", "--plan", file]);
    deploy("absent").fails(2, &["error: there is no file `absent`\n  make the plan with `cloze plan -o FILE`"]);
    deploy("shop").fails(2, &["error: `shop` is not a regular file\n  name the file itself"]);
    deploy("shop/cloze.yaml")
        .fails(2, &["error: `shop/cloze.yaml` cannot be deployed: it is not a plan\n  name a file that `cloze plan -o FILE` wrote"]);
    let plan = fs::read(sandbox.work().join("p")).unwrap();
    fs::write(sandbox.work().join("cut"), &plan[..plan.len() - 1]).unwrap();
    deploy("cut").fails(6, &["error: `cut` cannot be deployed: it was changed, or is cut off\n  make a new plan with `cloze plan`"]);
    let line = plan.windows(10).position(|bytes| bytes == b"\"format\":2").unwrap();
    fs::write(sandbox.work().join("newer"), [&plan[..line + 9], b"3", &plan[line + 10..]].concat()).unwrap();
    deploy("newer").fails(2, &["error: `newer` cannot be deployed: its format is 3, which this cloze does not know\n  update cloze"]);
    let other = Sandbox::shop();
    other.cloze(["plan", "-o", "p"]).ok();
    fs::copy(other.work().join("p"), sandbox.work().join("other")).unwrap();
    deploy("other").fails(6, &["error: `other` cannot be deployed: it was made with the keys of history `"]);
    with_prod(&sandbox);
    sandbox.cloze(["key", "init", "-e", "prod"]).ok();
    sandbox.cloze(["deploy", "-e", "prod", "--plan", "p"]).fails(
        2,
        &["error: `p` cannot be deployed: it is a plan of shop/dev, not of shop/prod\n  deploy it in project `shop` with `-e dev`"],
    );
}

#[test]
fn a_plan_is_reviewed_in_every_format() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let plan = |format: &str| sandbox.cloze(["plan", "-o", "p", "--set", "replicas=3", "--format", format]).ok();
    let diff = |format: &str| sandbox.cloze(["diff", "--set", "replicas=3", "--format", format]).ok();
    for format in ["human", "markdown", "html"] {
        assert_eq!(plan(format), diff(format), "{format}");
    }
    let json: Value = serde_json::from_str(&plan("json")).unwrap();
    assert_eq!(
        (&json["kind"], &json["file"], &json["release"], &json["follows"]),
        (&"PlanReport".into(), &"p".into(), &2.into(), &1.into())
    );
    assert_eq!(json["changes"]["changes"][0]["fields"][0]["path"], "spec.replicas");
    let preview = sandbox.cloze(["deploy", "--plan", "p", "--dry-run"]).ok();
    assert_eq!(preview, diff("human"));
    sandbox.cloze(["deploy", "--plan", "p", "--set", "replicas=4"]).fails(2, &["--plan <FILE>"]);
    sandbox.cloze(["plan"]).fails(2, &["--output <FILE>"]);
}

#[test]
fn a_plan_goes_to_a_file_and_replaces_nothing_else() {
    let sandbox = Sandbox::shop();
    let refused = |file: &str| {
        let words = format!("error: `{file}` is not a regular file, and a plan is written to one\n  name another file");
        sandbox.cloze(["plan", "-o", file]).fails(2, &[&words]);
    };
    symlink("/dev/null", sandbox.work().join("device")).unwrap();
    symlink("missing", sandbox.work().join("link")).unwrap();
    let before = sandbox.files();
    let pipe = sandbox.work().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for file in ["device", "link", "pipe", "shop"] {
        refused(file);
    }
    let words = "error: `-o` needs a file for the plan: stdout has what changes\n  name a file, such as `-o prod.plan`";
    for file in ["-", ""] {
        sandbox.cloze(["plan", "-o", file]).fails(2, &[words]);
    }
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
    fs::remove_file(pipe).unwrap();
    assert!(sandbox.work().join("link").is_symlink() && sandbox.files() == before);
    // A plan takes the place of an older one.
    sandbox.write("old", "old");
    sandbox.cloze(["plan", "-o", "shop/old"]).ok();
    assert!(fs::read(sandbox.shop_path("old")).unwrap().starts_with(b"cloze plan\n"));
}
