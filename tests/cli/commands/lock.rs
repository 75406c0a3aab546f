//! `lock` and `--locked`

use std::fs;

use serde_json::Value;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

const FIRST: &str = "\
# made by cloze lock
apiVersion: cloze.dev/lock/v1
environment: \"dev\"
secrets:
  - { vault: \"default\", name: \"api-token\", version: \"1\" }
  - { vault: \"default\", name: \"db-password\", version: \"2\" }
  - { vault: \"default\", name: \"session-key\", version: \"1\" }
  - { vault: \"default\", name: \"smtp\", version: \"1\" }
";

fn put(server: &Server<Hashicorp>, name: &str, value: &str) {
    server.protocol().put(&format!("secret/{name}"), [("value".to_owned(), value.into())].into_iter().collect()).unwrap();
}

#[test]
fn it_writes_the_resolved_versions_and_says_what_changed() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let outcome = sandbox.cloze(["lock", "--check"]);
    assert_eq!(outcome.out().lines().next(), Some("default/api-token new → 1"));
    outcome.fails(1, &["locks/dev.lock is not there: `cloze lock` writes it"]);
    assert!(!sandbox.shop_path("locks").exists());
    sandbox.cloze(["lock"]).fails(0, &["4 secrets exist, ", "wrote locks/dev.lock: 4 secrets"]);
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST);
    let outcome = sandbox.cloze(["lock", "--check"]);
    assert_eq!(outcome.out(), "");
    outcome.fails(0, &["locks/dev.lock is up to date: 4 secrets"]);
    put(&server, "api-token", "a-2");
    let outcome = sandbox.cloze(["lock", "--check", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out()).unwrap();
    assert_eq!(json["changes"][0]["name"], "api-token");
    assert_eq!((&json["changes"][0]["before"], &json["changes"][0]["after"], &json["written"]), (&"1".into(), &"2".into(), &false.into()));
    outcome.code(1);
    sandbox.cloze(["lock", "--check"]).fails(1, &["locks/dev.lock is stale: `cloze lock` brings it up to date"]);
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST);
    assert_eq!(sandbox.cloze(["lock"]).ok(), "default/api-token 1 → 2\n");
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST.replace("api-token\", version: \"1", "api-token\", version: \"2"));
}

#[test]
fn a_locked_run_fills_with_exactly_those_versions() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let absent = "error: environment `dev` has no lock file at `locks/dev.lock`\n  run `cloze lock`, and keep the file in version control";
    sandbox.cloze(["deploy", "--locked"]).fails(3, &[absent]);
    sandbox.cloze(["check", "--online", "--locked"]).fails(3, &[absent]);
    sandbox.cloze(["check", "--locked"]).fails(2, &["--online"]);
    sandbox.cloze(["lock"]).ok();
    put(&server, "api-token", "a-2");
    sandbox.cloze(["check", "--online", "--locked"]).fails(0, &["4 secrets exist, "]);
    sandbox.cloze(["deploy", "--locked"]).fails(0, &["recorded release 1"]);
    assert!(sandbox.cloze(["show", "--reveal"]).ok().contains("token: YS0x\n"));
    sandbox
        .cloze(["diff", "--locked"])
        .fails(2, &["error: `--locked` compares values, and vaults behind a network are not asked for any\n  give `--online` too"]);
    assert_eq!(sandbox.cloze(["diff", "--online", "--locked"]).ok(), "no differences\n");
    sandbox.cloze(["deploy"]).fails(0, &["recorded release 2"]);
    assert!(sandbox.cloze(["show", "--reveal"]).ok().contains("token: YS0y\n"));
}

#[test]
fn a_blank_without_an_entry_is_an_error_and_an_entry_without_a_blank_a_warning() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let lock = FIRST.replace("name: \"api-token\", version", "name: \"api-tokens\", version");
    sandbox.write("locks/dev.lock", &lock);
    let words =
        "error: templates/secrets.yaml:38:13: the lock file of environment `dev` has no version of default/api-token\n  run `cloze lock`";
    for command in ["deploy --locked", "check --online --locked", "diff --online --locked"] {
        sandbox.cloze(command.split(' ')).fails(4, &[words]);
    }
    assert!(server.journal().calls().is_empty());
    sandbox.write("locks/dev.lock", format!("{FIRST}  - {{ vault: other, name: old, version: \"1\" }}\n"));
    let words = "warning: locks/dev.lock:9:5: no blank asks for other/old\n  run `cloze lock` to take it out";
    for command in ["deploy --locked", "check --online --locked", "diff --online --locked"] {
        sandbox.cloze(command.split(' ')).fails(0, &[words]);
    }
    assert_eq!(sandbox.cloze(["lock"]).ok(), "other/old 1 → gone\n");
}

#[test]
fn a_pinned_blank_is_locked_as_it_asks() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "api-token"], b"second").ok();
    let secrets = sandbox.read("templates/secrets.yaml").replace("name=\"api-token\"", "name=\"api-token\", version=\"1\"");
    sandbox.write("templates/secrets.yaml", secrets);
    assert!(sandbox.cloze(["lock"]).ok().starts_with("default/api-token@1 new → 1\n"));
    assert!(sandbox.read("locks/dev.lock").contains("{ vault: \"default\", name: \"api-token\", asked: \"1\", version: \"1\" }\n"));
    sandbox.cloze(["deploy", "--locked"]).ok();
}

#[test]
fn a_lock_file_is_read_with_care() {
    let sandbox = Sandbox::shop();
    let cases = [
        ("secrets: []\n", "error: locks/dev.lock:1:1: the lock file has no `apiVersion`\n  add `apiVersion: …`"),
        (
            &FIRST.replace("name: \"smtp\"", "nmae: \"smtp\""),
            "error: locks/dev.lock:8:25: unknown key `nmae` in `secrets[3]`\n  write `name`",
        ),
        (
            &FIRST.replace("\"dev\"", "\"prod\""),
            "error: locks/dev.lock:3:14: this is the lock of environment `prod`, not of `dev`\n  restore the file",
        ),
    ];
    for (text, words) in cases {
        sandbox.write("locks/dev.lock", text);
        sandbox.cloze(["deploy", "--locked"]).fails(3, &[words]);
        sandbox.cloze(["lock"]).fails(3, &[words]);
    }
    fs::remove_dir_all(sandbox.shop_path("locks")).unwrap();
    std::os::unix::fs::symlink(sandbox.root().join("home"), sandbox.shop_path("locks")).unwrap();
    sandbox.cloze(["lock"]).fails(3, &["leaves the project"]);
    assert_eq!(fs::read_dir(sandbox.root().join("home")).unwrap().count(), 0);
}
